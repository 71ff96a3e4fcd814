"""The runs that were stored one file each came into the packs with every number: compared with digests of those files.

``carried_over.txt`` was made from the old files, without this library but for the keys. A line has a run's key and the
first half of the SHA-256 of its recipe, status and provenance, the columns of its history, and its weights.
"""

import hashlib
import json
from pathlib import Path

import pyarrow.parquet as pq
import pytest
import safetensors.numpy

from grokmodels.studies import ROOT

# Fields that recipes did not have then, with what they are in every one of these runs.
NEW = {
    "split_seed": None, "init_seed": None, "batch_seed": None, "perturbation_seed": None, "perturbation": 0.0,
    "data_schedule": {"knots": [[0, 1.0]], "period": None},
}  # fmt: skip


def carried():
    """Digests by key, by study."""
    studies = {}
    for line in Path(__file__).with_name("carried_over.txt").read_text(encoding="utf-8").splitlines():
        if line.startswith("["):
            studies[line.strip("[]")] = runs = {}
        else:
            key, digest = line.split()
            runs[key] = digest
    return studies


def then(recipe):
    """The recipe as it was written then: a schedule of the data only where it does something."""
    for field, value in NEW.items():
        if field != "data_schedule" or recipe[field] == value:
            assert recipe.pop(field) == value
    return recipe


def digest(row, tensors):
    """Of one row of a pack, read with nothing but Parquet and NumPy."""
    said = {
        "experiment": then(json.loads(row["experiment"].as_py())),
        "status": row["status"].as_py(),
        "provenance": json.loads(row["provenance"].as_py()),
    }
    sha = hashlib.sha256(json.dumps(said, sort_keys=True).encode())
    for name in row["columns"].as_py():
        values = row[name].values.to_numpy()
        sha.update(f"{name} {values.dtype} {len(values)} ".encode())
        sha.update(values.tobytes())
    for name, values in sorted(tensors.items()):
        sha.update(f"{name} {values.dtype} {values.shape} ".encode())
        sha.update(values.tobytes())
    return sha.hexdigest()[:32]


@pytest.mark.parametrize("study", carried())
def test_every_number_came_along(study):
    pack = ROOT / "results" / f"{study}.parquet"
    kept = {}
    for part in pack.parent.glob(f"{study}*.safetensors"):
        for name, values in safetensors.numpy.load_file(part).items():
            key, name = name.split("/", 1)
            kept.setdefault(key, {})[name] = values
    table = pq.read_table(pack)
    found = {}
    for number, key in enumerate(table["key"].to_pylist()):
        row = {name: table[name][number] for name in table.column_names}
        found[key] = digest(row, kept.get(key, {}))
    expected = carried()[study]
    assert {key: found.get(key) for key in expected} == expected


def test_all_of_them_are_compared():
    assert sum(map(len, carried().values())) == 2056
