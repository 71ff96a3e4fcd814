"""Studies under fire: killed at random moments, started twice at once, on a full or read-only disk, on Dask."""

import os
import random
import signal
import subprocess
import sys
import time

import pandas as pd
import pytest

from grokmodels import studies
from grokmodels.studies import files

STUDY = """
question = "Does it survive?"
prediction = "It does."
seeds = [0, 1, 2, 3, 4, 5]

[base]
task.p = 7
architecture.width = 8
batch_size = 10
steps = 60
evaluate_every = 10

[[block]]
name = "only"
checkpoints = { last = 60, every = 20 }
checkpoint_seeds = [0, 1, 2, 3, 4, 5]
"""
# The command on one worker, in this interpreter: what is killed is the process that trains and writes.
COMMAND = """
import sys
from concurrent.futures import Executor, Future
from grokmodels import studies

class Here(Executor):
    def submit(self, function, *arguments):
        future = Future()
        future.set_result(function(*arguments))
        return future

study = studies.read(sys.argv[1])
for path in studies.run_points(studies.missing(study, sys.argv[2]), sys.argv[2], Here()):
    print(path, flush=True)
"""


@pytest.fixture(scope="module")
def study_file(tmp_path_factory):
    path = tmp_path_factory.mktemp("studies") / "survivor.toml"
    path.write_text(STUDY, encoding="utf-8")
    return path


def start(study_file, folder, **options):
    return subprocess.Popen(
        [sys.executable, "-c", COMMAND, str(study_file), str(folder)],
        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, **options,
    )  # fmt: skip


def finish(process):
    with process:
        error = process.stderr.read()
    assert process.returncode == 0, error


@pytest.fixture(scope="module")
def undisturbed(study_file, tmp_path_factory):
    """The study's runs without trouble, and the seconds they took."""
    folder = tmp_path_factory.mktemp("undisturbed")
    begun = time.perf_counter()
    finish(start(study_file, folder))
    seconds = time.perf_counter() - begun
    runs = list(map(files.load, folder.glob("*.parquet")))
    assert sorted(run.experiment.seed for run in runs) == [0, 1, 2, 3, 4, 5]
    assert all(list(run.checkpoints) == [0, 20, 40, 60] and run.checkpoints[60] for run in runs)
    return folder, seconds


def assert_same_runs(folder, expected):
    """Exactly the expected runs, each with the same numbers, and no half of a file beside them."""
    assert sorted(p.name for p in folder.iterdir() if not p.name.startswith(".")) == sorted(
        p.name for p in expected.iterdir()
    )
    for run in map(files.load, expected.glob("*.parquet")):
        again = files.load(folder / f"{run.experiment.key}.parquet")
        pd.testing.assert_frame_equal(again.history, run.history, check_exact=True)
        assert again.checkpoints.keys() == run.checkpoints.keys()
        for step, kept in run.checkpoints.items():
            assert again.checkpoints[step].keys() == kept.keys()
            assert all((again.checkpoints[step][name] == x).all() for name, x in kept.items())


@pytest.mark.slow
def test_a_study_killed_twenty_times_ends_as_if_undisturbed(study_file, undisturbed, tmp_path):
    expected, seconds = undisturbed
    chance = random.Random(0)
    for _ in range(20):
        process = start(study_file, tmp_path)
        time.sleep(chance.uniform(0.3, 0.9) * seconds)
        process.send_signal(signal.SIGKILL)
        process.communicate()
        for run in map(files.load, tmp_path.glob("*.parquet")):  # whatever is there is whole
            assert run.status == "finished"
    finish(start(study_file, tmp_path))
    assert_same_runs(tmp_path, expected)


def test_two_studies_started_at_once_in_one_folder_do_not_disturb_each_other(study_file, undisturbed, tmp_path):
    both = [start(study_file, tmp_path) for _ in range(2)]
    for process in both:
        finish(process)
    assert_same_runs(tmp_path, undisturbed[0])


def study_in(root):
    """A root with the study, and the command that runs it there."""
    (root / "studies").mkdir(parents=True)
    (root / "studies" / "survivor.toml").write_text(STUDY, encoding="utf-8")
    return [sys.executable, "-m", "grokmodels", "--root", str(root), "study", "survivor", "--workers", "1"]


def no_powers_of_root():
    """What root may do to files whatever their permissions: CAP_DAC_OVERRIDE is dropped, for others nothing is."""
    import ctypes

    drop_from_bounding_set, dac_override = 24, 1
    ctypes.CDLL(None).prctl(drop_from_bounding_set, dac_override, 0, 0, 0)


@pytest.fixture
def read_only(tmp_path):
    """A function that makes a folder read-only, until the test is over."""
    folders = []

    def protect(folder):
        folders.append(folder)
        folder.chmod(0o500)
        touch = subprocess.run(
            ["touch", str(folder / "probe")], preexec_fn=no_powers_of_root, capture_output=True, check=False
        )
        if touch.returncode == 0:
            pytest.skip("nothing is read-only for this user")

    yield protect
    for folder in folders:
        folder.chmod(0o700)


def test_a_read_only_folder_gives_one_clear_error_and_keeps_what_is_there(undisturbed, tmp_path, read_only):
    command = study_in(tmp_path / "root")
    folder = tmp_path / "root" / "results" / "survivor"
    folder.mkdir(parents=True)
    first = min(undisturbed[0].glob("*.parquet"))
    for suffix in (".parquet", ".safetensors"):
        (folder / first.with_suffix(suffix).name).write_bytes(first.with_suffix(suffix).read_bytes())
    read_only(folder)
    done = subprocess.run(
        command, preexec_fn=no_powers_of_root, capture_output=True, text=True, encoding="utf-8", check=False
    )
    assert done.returncode == 2, done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
    assert f"{folder}: runs are stored here, but it cannot be written" in done.stderr
    assert sorted(path.name for path in folder.iterdir()) == [first.name, first.with_suffix(".safetensors").name]
    files.load(folder / first.name)


def test_a_file_where_the_folder_should_be_gives_one_clear_error_and_stays(tmp_path):
    command = study_in(tmp_path / "root")
    results = tmp_path / "root" / "results"
    results.write_text("a file where the folder should be", encoding="utf-8")
    done = subprocess.run(command, capture_output=True, text=True, encoding="utf-8", check=False)
    assert done.returncode == 2
    assert len(done.stderr.strip().splitlines()) == 1
    assert str(results) in done.stderr
    assert results.read_text(encoding="utf-8") == "a file where the folder should be"


def test_a_full_disk_gives_one_clear_error_and_keeps_what_is_there(study_file, undisturbed, tmp_path):
    expected, _ = undisturbed
    first = min(expected.glob("*.parquet"))
    for suffix in (".parquet", ".safetensors"):
        (tmp_path / first.with_suffix(suffix).name).write_bytes(first.with_suffix(suffix).read_bytes())

    def tiny_files_only():
        import resource

        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))

    process = start(study_file, tmp_path, preexec_fn=tiny_files_only)
    with process:
        error = process.stderr.read()
    assert process.returncode != 0
    assert "File too large" in error
    assert sorted(p.name for p in tmp_path.iterdir()) == [first.name, first.with_suffix(".safetensors").name]
    files.load(tmp_path / first.name)


@pytest.fixture
def cluster():
    """A real Dask cluster of two worker processes, each with one thread."""
    from distributed import Client, LocalCluster

    with (
        LocalCluster(n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None) as cluster,
        Client(cluster) as client,
    ):
        yield client


@pytest.mark.filterwarnings("default")
def test_a_dask_cluster_gives_the_same_runs_though_a_worker_is_killed(study_file, undisturbed, tmp_path, cluster):
    study = studies.read(study_file)
    done = studies.run_points(studies.missing(study, tmp_path), tmp_path, cluster.get_executor())
    next(done)
    victim = next(iter(cluster.run(os.getpid).values()))
    os.kill(victim, signal.SIGKILL)
    assert len(list(done)) == 5
    assert_same_runs(tmp_path, undisturbed[0])
