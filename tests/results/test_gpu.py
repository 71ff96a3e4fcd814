"""The command for a borrowed accelerator, from its checks to the runs that come back, on a device that everyone has."""

import json
import subprocess
import sys

import pytest

from grokmodels import studies
from grokmodels.engine import checks
from grokmodels.studies import gpu, store

TINY = """
question = "Does it come back?"
prediction = "It does."
seeds = { first = 0, last = 4 }
test_seeds = [5]

[base]
task.p = 7
architecture.width = 8
batch_size = 10
steps = 20
evaluate_every = 10

[[block]]
name = "decay"
grid.optimizer.weight_decay = [0.0, 1.0]
checkpoints = { last = 20, every = 20 }
checkpoint_seeds = [0]
"""


@pytest.fixture
def root(tmp_path):
    (tmp_path / "studies").mkdir()
    (tmp_path / "studies" / "tiny.toml").write_text(TINY, encoding="utf-8")
    return tmp_path


def test_missing_runs_come_back_as_packs_that_merge(root, monkeypatch, capsys):
    monkeypatch.setattr(gpu, "BENCHMARK_SHARE", 0)
    monkeypatch.setattr(checks, "CHECKS", dict(list(checks.CHECKS.items())[-1:]))
    out = root / "out"
    report = gpu.borrow(["tiny"], root, out, minutes=5, device="cpu", stack=4)
    assert report["studies"]["tiny"]["made"] == 10
    assert set(report["checks"].values()) == {"passed"}
    assert {row["device"] for row in report["stacks"]} == {"cpu"}
    assert json.loads((out / "report.json").read_text(encoding="utf-8"))["studies"] == report["studies"]
    files = [path.name for path in out.iterdir() if path.is_file() and not path.name.startswith(".")]
    assert sorted(files) == ["report.json", "tiny.parquet", "tiny.safetensors"]
    assert studies.unpack(out, root) == [("tiny", 10, 0)]
    study, folder = studies.shipped("tiny", root)
    assert len(studies.stored(study, folder)) == 10
    assert list(studies.load(folder, studies.stored(study, folder)[0].experiment.key).checkpoints) == [0, 20]
    # Nothing is made again, and test seeds come when they are asked for.
    again = gpu.borrow(["tiny"], root, root / "again", minutes=5, device="cpu", stack=4, test=True)
    assert again["studies"]["tiny"] == {"missing": 2, "made": 2, "seconds": again["studies"]["tiny"]["seconds"]}


def test_no_run_starts_after_the_time_is_up_and_what_is_done_is_packed(root, monkeypatch):
    monkeypatch.setattr(checks, "CHECKS", {})
    monkeypatch.setattr(gpu, "_benchmark", lambda *_: {})
    report = gpu.borrow(["tiny"], root, root / "out", minutes=1e-9, device="cpu", stack=4)
    assert report["studies"]["tiny"]["made"] == 0
    assert store.keys(root / "out" / "tiny") == set()


def test_nothing_is_run_on_a_device_that_fails_a_check(root, monkeypatch):
    def broken(device):
        raise AssertionError("adds two and two to five")

    monkeypatch.setattr(checks, "CHECKS", {"arithmetic": broken})
    with pytest.raises(RuntimeError, match=r"arithmetic.*adds two and two to five.*no run is made"):
        gpu.borrow(["tiny"], root, root / "out", minutes=5, device="cpu")
    report = json.loads((root / "out" / "report.json").read_text(encoding="utf-8"))
    assert report["checks"] == {"arithmetic": "AssertionError: adds two and two to five"}
    assert not (root / "out" / "tiny").exists()


# All that the library uses elsewhere, beside torch and what reads and writes runs.
ABSENT = ("altair", "anywidget", "distributed", "ipywidgets", "lifelines", "matplotlib", "rich", "tqdm")


@pytest.mark.slow
def test_the_command_needs_no_more_than_it_says(root):
    code = f"""
import sys
for name in {ABSENT}:
    sys.modules[name] = None
from grokmodels.studies import cli, gpu
gpu.BENCHMARK_SHARE = 0
cli.main(["--root", {str(root)!r}, "gpu", "tiny", "--minutes", "5", "--out", {str(root / "out")!r}, "--device", "cpu"])
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "tiny: 10 of 10 missing runs" in done.stdout
