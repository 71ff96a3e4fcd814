"""Files: what comes back, and what is refused."""

import random

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from grokmodels import Experiment, train
from grokmodels.studies import files

EXPERIMENT = Experiment().but(
    task__p=7, architecture__width=8, batch_size=None, steps=40, evaluate_every=10, corrupted=0.2
)


@pytest.fixture(scope="module")
def run():
    return train(EXPERIMENT, checkpoints=[0, 40], keep=lambda name: name == "embedding")


@pytest.fixture
def path(run, tmp_path):
    return files.save(run, tmp_path)


def test_a_run_comes_back(run, path):
    again = files.load(path)
    assert again.experiment == run.experiment
    assert (again.status, again.provenance) == (run.status, run.provenance)
    exact = list(files.EXACT)
    stored = run.history[exact].astype(files.EXACT)
    pd.testing.assert_frame_equal(again.history[exact], stored, check_exact=True)
    # Half of the last bit, of 16, or of 12 for the norm of one parameter.
    norms = [name for name in run.history if name.startswith("norm.")]
    pd.testing.assert_frame_equal(again.history[norms], run.history[norms], check_dtype=False, rtol=2**-12, atol=0)
    others = run.history.drop(columns=norms)
    pd.testing.assert_frame_equal(again.history[others.columns], others, check_dtype=False, rtol=2**-16, atol=0)
    assert list(again.history) == list(run.history)
    assert list(again.checkpoints) == [0, 40]
    assert again.checkpoints[40]["embedding"] == pytest.approx(run.checkpoints[40]["embedding"], rel=1e-3, abs=1e-7)
    assert path.stem == run.experiment.key


def test_accuracies_of_subsets_come_back_to_the_last_bit(tmp_path):
    task = {"kind": "skills", "skills": 3, "p": 7}
    run = train(EXPERIMENT.but(task=task, fraction=0.5, steps=20), progress=False)
    again = files.load(files.save(run, tmp_path)).history
    subsets = [name for name in again if "_accuracy." in name]
    assert len(subsets) == 6
    assert all(np.array_equal(again[name], run.history[name].astype("float32")) for name in subsets)


def test_saving_leaves_no_temporary_files(path):
    assert sorted(p.suffix for p in path.parent.iterdir()) == [".parquet", ".safetensors"]


def refused(path, *words):
    with pytest.raises(files.ResultError) as raised:
        files.load(path)
    message = str(raised.value)
    assert all(word in message for word in words), message
    assert "\n" not in message


def test_a_missing_file_is_named(tmp_path):
    refused(tmp_path / "none.parquet", "none.parquet", "no such file")


def test_missing_weights_are_named(path):
    path.with_suffix(".safetensors").unlink()
    refused(path, ".safetensors", "cannot be read")


@pytest.mark.slow
@pytest.mark.parametrize("suffix", [".parquet", ".safetensors"])
def test_no_flipped_bit_is_accepted_as_another_run(path, suffix):
    target = path.with_suffix(suffix)
    original, sound = files.load(path), target.read_bytes()
    chance = random.Random(0)
    refusals = []
    for _ in range(150):
        damaged = bytearray(sound)
        damaged[chance.randrange(len(sound))] ^= 1 << chance.randrange(8)
        target.write_bytes(damaged)
        try:
            again = files.load(path)
        except files.ResultError as error:
            refusals.append(str(error))
        else:  # a byte that carries nothing, such as padding or statistics
            pd.testing.assert_frame_equal(again.history, original.history, check_exact=True)
            assert (again.experiment, again.provenance) == (original.experiment, original.provenance)
            for step, kept in original.checkpoints.items():
                assert (again.checkpoints[step]["embedding"] == kept["embedding"]).all()
    assert len(refusals) > 40
    assert all(path.stem in message for message in refusals)


@pytest.mark.parametrize("suffix", [".parquet", ".safetensors"])
def test_a_truncated_file_is_refused_wherever_it_ends(path, suffix):
    target = path.with_suffix(suffix)
    sound = target.read_bytes()
    for length in [*range(0, len(sound), len(sound) // 60), len(sound) - 1]:
        target.write_bytes(sound[:length])
        refused(path, target.name)


def test_a_foreign_parquet_file_is_refused(tmp_path):
    path = tmp_path / "foreign.parquet"
    pq.write_table(pa.table({"step": [1, 2]}), path)
    refused(path, "foreign.parquet", "not of runs written by grokmodels in format 2 or 3")


def test_distances_that_are_no_numbers_are_refused(path):
    table = files.Rows(path).table
    holes = pa.array([[1, None]], pa.list_(pa.int32()))
    table = table.set_column(table.column_names.index("train_loss"), "train_loss", holes)
    pq.write_table(table.replace_schema_metadata({b"grokmodels": files.FORMAT}), path)
    refused(path, path.name, "not a readable Parquet file")


def rewrite(path, form=files.FORMAT, **changes):
    """The same file with another record, the checksum that goes with it, and all numbers as they are."""
    table = files.Rows(path).table
    (record,) = table.select(files.RECORD.names).to_pylist()
    history = {name: table[name][0].values.to_numpy() for name in record["columns"]}
    record |= changes
    record["sha256"] = files._digest(record, history)
    record = pa.Table.from_pylist([record], schema=files.RECORD)
    for name in files.RECORD.names:
        table = table.set_column(table.column_names.index(name), name, record[name])
    pq.write_table(table.replace_schema_metadata({b"grokmodels": form}), path)


@pytest.mark.parametrize("form", [b"2", b"3"])
def test_a_file_of_numbers_as_they_are_is_read(path, form):
    before = files.load(path)
    rewrite(path, form)
    again = files.load(path)
    pd.testing.assert_frame_equal(again.history, before.history, check_exact=True)
    assert again.experiment == before.experiment


@pytest.mark.parametrize("form", [b"1", b"4", b"{}"])
def test_another_format_is_refused(path, form):
    rewrite(path, form)
    refused(path, path.name, "not of runs written by grokmodels in format 2 or 3")


def test_a_recipe_of_another_version_is_refused(path):
    rewrite(path, experiment='{"dropout": 0.1}')
    refused(path, path.name, path.stem, "recipe", "dropout")


def test_another_recipe_under_the_key_is_refused(path):
    rewrite(path, experiment="{}")
    refused(path, path.name, "its recipe is that of 44136fa355b3678a")


def test_a_renamed_run_is_refused(path):
    moved = path.rename(path.with_name("0123456789abcdef.parquet"))
    refused(moved, "0123456789abcdef.parquet", "not the one it is named after")


def test_weights_of_another_run_are_refused(path, tmp_path):
    other = files.save(train(EXPERIMENT.but(seed=1), checkpoints=[0, 40]), tmp_path)
    other.with_suffix(".safetensors").replace(path.with_suffix(".safetensors"))
    refused(path, ".safetensors", "checksum")


def test_a_failed_write_keeps_what_was_there(run, path, monkeypatch):
    before = path.read_bytes()

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(OSError, match="No space left"):
        files.save(run, path.parent)
    assert path.read_bytes() == before
    assert len(list(path.parent.iterdir())) == 2
