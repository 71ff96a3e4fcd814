"""A contributed study is replayed: judged by runs made here; results of its own that were tampered with are refused."""

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from grokmodels import studies
from grokmodels.studies import files, store
from grokmodels.studies.runners import run_job
from tools.student_notebooks import ROOT

TINY = """
question = "Does a tiny network memorize eleven hours?"
seeds = [0]
test_seeds = [1]

[base]
task.p = 11
architecture.width = 8
batch_size = 10
steps = 60
evaluate_every = 10

[[block]]
name = "only"

[[predicted]]
sentence = "It has not memorized after 60 steps."
quantity = "memorized"
statistic = "share"
comparison = "below"
bounds = 0.5
"""


def replay(*files: Path) -> tuple[int, str, str]:
    environment = os.environ | {"PYTHON": sys.executable, "PYTHONPATH": str(ROOT / "src"), "MINUTES": "60"}
    done = subprocess.run(
        [ROOT / ".ci" / "replay", *files], env=environment, capture_output=True, text=True, check=False
    )
    return done.returncode, done.stdout, done.stderr


@pytest.fixture
def study(tmp_path: Path) -> Path:
    path = tmp_path / "tiny.toml"
    path.write_text(TINY, encoding="utf-8")
    return path


@pytest.fixture
def runs(study: Path, tmp_path: Path) -> Path:
    """The folder of all runs of the study, its test seed's too, which are not packed yet."""
    folder = tmp_path / "tiny"
    run_job(list(studies.read(study).points()), str(folder), "cpu", 1, float("inf"))
    return folder


@pytest.mark.slow
def test_verdicts_are_printed_of_what_was_given_and_of_what_was_made(study: Path, runs: Path) -> None:
    studies.pack(runs)
    status, out, error = replay(study, runs.with_suffix(".parquet"))
    assert (status, error) == (0, "")
    given, made = out.split("## tiny: ")[1:]
    assert "2 new runs" in given
    assert given.count("largest difference") == 2, "both runs were sampled"
    assert "1 to do; 1 of test seeds wait" in made
    for part in (given, made):
        assert "It has not memorized after 60 steps." in part
    assert not any(path.name == "tiny" for path in (ROOT / "results").iterdir()), "the repository is left as it was"


@pytest.mark.slow
def test_a_forged_run_is_refused(study: Path, runs: Path) -> None:
    for point in studies.read(study).points():
        run = store.load(runs, point.experiment.key)
        forged = run.history.assign(train_loss=run.history["train_loss"] * 0.5)
        files.save(replace(run, history=forged), runs)
    studies.pack(runs)
    status, out, error = replay(study, runs.with_suffix(".parquet"))
    assert status != 0
    assert "the first evaluations differ" in error
    assert "trained here" not in out


@pytest.mark.slow
def test_a_damaged_file_is_refused(study: Path, runs: Path) -> None:
    studies.pack(runs)
    pack = runs.with_suffix(".parquet")
    data = bytearray(pack.read_bytes())
    data[len(data) // 3] ^= 1
    pack.write_bytes(data)
    status, _, error = replay(study, pack)
    assert status != 0
    assert str(pack) in error
    assert len(error.splitlines()) == 1


@pytest.mark.slow
def test_a_study_that_cannot_be_read_is_refused(study: Path) -> None:
    study.write_text(TINY.replace("width = 8", "width = 9"), encoding="utf-8")
    status, _, error = replay(study)
    assert status != 0
    assert "width: got 9; must be a multiple of heads" in error
    assert len(error.splitlines()) == 1


@pytest.mark.parametrize(
    ("names", "words"),
    [
        ([], "got 0 files; must be a study"),
        (["none.toml"], "file: got 'none.toml'; must be a file"),
        ([ROOT / "README.md"], "must be a file NAME.toml"),
        ([ROOT / "studies" / "canonical.toml", ROOT / "results" / "delay.parquet"], "must be a file canonical.parquet"),
    ],
)
def test_what_is_no_contribution_is_refused(names: list[Path], words: str) -> None:
    status, out, error = replay(*names)
    assert (status, out) == (2, "")
    assert words in error
