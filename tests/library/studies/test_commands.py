"""The command line as readers meet it: in any folder, any terminal, with and without what it can do without."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from grokmodels import studies
from grokmodels.studies import cli

TINY = """
question = "Is the delay ∝ 1/λ?"
prediction = "It is."
seeds = [0]
test_seeds = [1, 2]

[base]
task.p = 7
architecture.width = 8
batch_size = 10
steps = 20
evaluate_every = 10

[[block]]
name = "only"
"""
REPOSITORY = Path(__file__).parents[3]


@pytest.fixture
def root(tmp_path, monkeypatch):
    monkeypatch.delenv("GROKMODELS_ROOT", raising=False)
    folder = tmp_path / "root"
    (folder / "studies").mkdir(parents=True)
    (folder / "studies" / "tiny.toml").write_text(TINY, encoding="utf-8")
    return folder


def command(*arguments, cwd, **environment):
    """Run the command in a process of its own: its status, standard output and standard error."""
    done = subprocess.run(
        [sys.executable, "-m", "grokmodels", *arguments],
        cwd=cwd, env=os.environ | environment, capture_output=True, text=True, encoding="utf-8", check=False,
    )  # fmt: skip
    return done.returncode, done.stdout, done.stderr


def test_studies_are_found_from_the_working_directory_upward_or_where_one_says(root, tmp_path, monkeypatch):
    deep = root / "book" / "part"
    deep.mkdir(parents=True)
    monkeypatch.chdir(deep)
    assert studies.find_root() == root
    assert studies.shipped("tiny")[1] == root / "results" / "tiny"
    other = tmp_path / "other"
    shutil.copytree(root, other)
    monkeypatch.setenv("GROKMODELS_ROOT", str(other))
    assert studies.find_root() == other
    assert studies.find_root(root) == root


def test_an_editable_install_falls_back_to_its_repository(tmp_path, monkeypatch):
    monkeypatch.delenv("GROKMODELS_ROOT", raising=False)
    monkeypatch.chdir(tmp_path)
    assert studies.find_root() == REPOSITORY


@pytest.mark.parametrize("arguments", ["list", "verify", "show tiny", "study tiny"])
def test_a_place_without_studies_is_refused_by_every_command(tmp_path, arguments, capsys):
    with pytest.raises(SystemExit) as raised:
        cli.main(["--root", str(tmp_path), *arguments.split()])
    assert raised.value.code == 2
    assert f"root: got '{tmp_path}'; must be a folder with studies/*.toml" in capsys.readouterr().err


@pytest.mark.parametrize("arguments", ["verify", "verify tiny", "show tiny"])
def test_a_study_without_stored_runs_says_how_to_make_them(root, arguments, capsys):
    with pytest.raises(SystemExit) as raised:
        cli.main(["--root", str(root), *arguments.split()])
    assert raised.value.code == 2
    error = capsys.readouterr().err
    assert f"runs: found none in {root / 'results'}" in error
    assert "python -m grokmodels study" in error


@pytest.mark.slow
def test_test_seeds_that_wait_are_counted(root, capsys):
    cli.main(["--root", str(root), "study", "tiny", "--workers", "1"])
    assert "1 to do; 2 of test seeds wait for --test" in capsys.readouterr().out
    cli.main(["--root", str(root), "study", "tiny"])
    assert "0 to do; 2 of test seeds wait for --test" in capsys.readouterr().out


@pytest.mark.parametrize("minutes", ["0", "-1", "nan", "soon"])
def test_minutes_are_above_zero(root, minutes, capsys):
    with pytest.raises(SystemExit) as raised:
        cli.main(["--root", str(root), "study", "tiny", "--minutes", minutes])
    assert raised.value.code == 2
    assert f"--minutes: got {minutes}; must be a number above 0" in capsys.readouterr().err


def test_no_command_is_answered_with_help_and_the_version_is_told(capsys):
    with pytest.raises(SystemExit) as raised:
        cli.main([])
    assert raised.value.code == 2
    assert "COMMAND" in capsys.readouterr().err
    with pytest.raises(SystemExit) as raised:
        cli.main(["--version"])
    assert raised.value.code == 0
    assert capsys.readouterr().out.startswith("grokmodels ")


def test_a_terminal_that_knows_ascii_only_is_no_obstacle(root):
    status, out, error = command("list", cwd=root, LC_ALL="C", PYTHONUTF8="0", PYTHONCOERCECLOCALE="0")
    assert (status, error) == (0, "")
    assert "Is the delay \\u221d 1/\\u03bb?" in out


def test_who_has_seen_enough_may_hang_up(root):
    for i in range(40):
        shutil.copy(root / "studies" / "tiny.toml", root / "studies" / f"tiny{i}.toml")
    first = f'{sys.executable} -u -m grokmodels list | head -n 1; echo "${{PIPESTATUS[@]}}"'
    done = subprocess.run(["bash", "-c", first], cwd=root, capture_output=True, text=True, check=True)
    assert done.stderr == ""
    assert done.stdout.splitlines()[1] == "141 0"


# What only some commands need, and a machine that trains may lack.
SPARED = ("altair", "anywidget", "distributed", "ipywidgets", "lifelines", "matplotlib", "rich", "tqdm")
BARE = f"""
import sys
for name in {SPARED}:
    sys.modules[name] = None
import grokmodels.engine.training, grokmodels.measures, grokmodels.recipes, grokmodels.studies
from grokmodels.studies import cli
if __name__ == "__main__":
    cli.main(["study", "tiny", "--workers", "1"])
"""


@pytest.mark.slow
def test_training_needs_few_packages(root):
    (root / "bare.py").write_text(BARE, encoding="utf-8")
    done = subprocess.run([sys.executable, "bare.py"], cwd=root, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines()[-1].endswith("(1 of 1 runs, about 0 minutes left)")
    assert len(list((root / "results" / "tiny").glob("*.parquet"))) == 1


@pytest.mark.slow
def test_a_wheel_outside_any_clone_says_where_it_looked_and_works_where_studies_are(root, tmp_path):
    source = tmp_path / "source"
    for part in ("src", "pyproject.toml", "README.md", "LICENSE"):
        copy = shutil.copytree if (REPOSITORY / part).is_dir() else shutil.copy
        (source / part).parent.mkdir(parents=True, exist_ok=True)
        copy(REPOSITORY / part, source / part)
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-build-isolation"]
    target = tmp_path / "installed" / "lib" / "packages"
    subprocess.run([*pip, "--target", str(target), str(source)], check=True, capture_output=True)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    for arguments in ("list", "verify", "show tiny", "study tiny"):
        status, out, error = command(*arguments.split(), cwd=elsewhere, PYTHONPATH=str(target))
        assert (status, out) == (2, "")
        assert f"found no studies/*.toml in {elsewhere} or above it" in error
        assert "--root or GROKMODELS_ROOT" in error
    status, out, _ = command("list", cwd=root, PYTHONPATH=str(target))
    assert (status, out[:4]) == (0, "tiny")
