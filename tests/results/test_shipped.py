"""What is shipped can be remade: sampled runs of every study are trained again from their recipes."""

import pytest

from grokmodels import studies
from grokmodels.studies import store

NAMES = sorted(path.stem for path in (studies.ROOT / "studies").glob("*.toml"))


@pytest.fixture(params=NAMES)
def shipped(request):
    return studies.shipped(request.param)


def test_sampled_runs_begin_as_they_did(shipped):
    study, folder = shipped
    points = studies.sample(study, folder, 2)
    assert points, "no run of this study is shipped"
    for point in points:
        assert studies.replay(point, folder, 50) <= studies.REPLAY_TOLERANCE


def test_every_run_is_sound_and_belongs_to_its_study(shipped):
    study, folder = shipped
    keys = store.keys(folder)
    assert keys, "no run of this study is shipped"
    assert keys <= {point.experiment.key for point in study.points()}
    assert store.verify(folder) == len(keys)


def test_files_are_few_and_small():
    # Beside a reader's own new runs, each in a file of its own until it is packed.
    sizes = [path.stat().st_size for path in (studies.ROOT / "results").glob("*.*")]
    assert len(sizes) < 60
    assert max(sizes) < 16_000_000
    assert sum(sizes) < 45_000_000


def test_a_run_takes_few_bytes():
    """10,000 runs like those that ship are at most 45 MB (of 2²⁰ bytes)."""
    packs = [path for name in NAMES if (path := studies.ROOT / "results" / f"{name}.parquet").exists()]
    runs = sum(len(store.keys(path.with_suffix(""))) for path in packs)
    assert sum(path.stat().st_size for path in packs) / runs * 10_000 < 45 * 2**20
