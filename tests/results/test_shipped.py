"""What is shipped can be remade: sampled runs of every study are trained again from their recipes."""

import pytest

from grokmodels import studies
from grokmodels.studies import files

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


def test_every_file_is_sound_and_belongs_to_its_study(shipped):
    study, folder = shipped
    keys = {point.experiment.key for point in study.points()}
    found = {run.experiment.key for run in map(files.load, folder.glob("*.parquet"))}
    assert found <= keys


def test_files_stay_small():
    sizes = {path: path.stat().st_size for path in (studies.ROOT / "results").rglob("*") if path.is_file()}
    assert all(size < 2_000_000 for size in sizes.values())
    assert sum(sizes.values()) < 32_000_000
