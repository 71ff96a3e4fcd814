"""Studies that are told to stop: by Ctrl-C, which a terminal sends to a whole process group, or by their own clock."""

import contextlib
import os
import signal
import subprocess
import sys
import time

import pytest

from grokmodels import studies
from grokmodels.studies import files

# Two runs of a moment; and four that would take minutes, evaluated every few steps or at their end only. They are too
# short to be compiled, which is one long step.
STUDY = """
question = "Does it stop?"
prediction = "It does."
seeds = [0, 1]

[base]
task.p = 31
architecture.width = 128
batch_size = 256
steps = 20
evaluate_every = 10

[[block]]
name = "quick"

[[block]]
name = "long"
base.steps = 20000
grid.evaluate_every = [EVERY]
grid.optimizer.weight_decay = [0.5, 1.0]
"""
SELDOM, OFTEN = "20000", "10"


def heed_interrupts():
    """As in a terminal; what a shell starts in the background ignores interrupts, and so would all that it starts."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


@pytest.fixture
def start(tmp_path):
    """Start a study by its command, in a process group of its own, as a terminal does; none of it may stay behind."""
    (tmp_path / "studies").mkdir()
    groups = []

    def begin(every, *options):
        (tmp_path / "studies" / "stop.toml").write_text(STUDY.replace("EVERY", every), encoding="utf-8")
        command = [sys.executable, "-m", "grokmodels", "--root", str(tmp_path), "study", "stop", *options]
        process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, encoding="utf-8",
            start_new_session=True, preexec_fn=heed_interrupts,
        )  # fmt: skip
        groups.append(process.pid)
        return process

    yield begin
    for group in groups:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(group, signal.SIGKILL)
            pytest.fail("a worker outlived its study")


def until(true, seconds=60):
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end
        time.sleep(0.05)


def results(tmp_path):
    return list((tmp_path / "results" / "stop").glob("*.parquet"))


def finish(process, seconds):
    """The command's lines, having ended within so many seconds, with every process of its group."""
    out, error = process.communicate(timeout=seconds)
    assert error == ""
    finish_group(process)
    return out.splitlines()


def finish_group(process):
    """Wait until every process of its group has ended."""

    def gone():
        try:
            os.killpg(process.pid, 0)
        except ProcessLookupError:
            return True
        return False

    until(gone)


def assert_stopped(process, seconds, stored):
    lines = finish(process, seconds)
    assert lines[-1] == f"stopped: {stored} of 6 runs stored, start again to go on"
    assert process.returncode == 130


@pytest.mark.parametrize("whole_group", [True, False])
def test_an_interrupt_stops_all_workers_at_once_and_keeps_what_is_done(start, tmp_path, whole_group):
    process = start(SELDOM, "--workers", "2")
    until(lambda: len(results(tmp_path)) == 2, 120)
    time.sleep(1)
    (os.killpg if whole_group else os.kill)(process.pid, signal.SIGINT)
    assert_stopped(process, 60, stored=2)
    assert [files.load(path).status for path in results(tmp_path)] == ["finished"] * 2
    assert not [path for path in (tmp_path / "results" / "stop").iterdir() if path.name.startswith(".")]
    # Start again: only the long runs are left.
    study, folder = studies.shipped("stop", tmp_path)
    assert {point.block for point in studies.missing(study, folder)} == {"long"}


@pytest.mark.slow
@pytest.mark.parametrize("wait", [0.0, 0.3, 1.0, 2.5])
def test_an_interrupt_while_workers_start_is_as_quiet(start, wait):
    process = start(SELDOM, "--workers", "2", "--block", "long")
    assert "4 to do" in process.stdout.readline()
    time.sleep(wait)
    os.killpg(process.pid, signal.SIGINT)
    os.killpg(process.pid, signal.SIGINT)
    assert_stopped(process, 60, stored=0)


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL])
def test_workers_of_a_study_that_is_killed_end_with_it(start, tmp_path, how):
    process = start(SELDOM, "--workers", "2")
    until(lambda: len(results(tmp_path)) == 2, 120)
    process.send_signal(how)
    process.communicate(timeout=60)
    finish_group(process)
    assert len(results(tmp_path)) == 2


@pytest.mark.parametrize("stack", ["1", "2"])
def test_a_study_ends_when_its_minutes_are_over(start, tmp_path, stack):
    process = start(OFTEN, "--workers", "2", "--minutes", "0.2", "--stack", stack)
    lines = finish(process, 120)
    # How many are done by then is the machine's business; the long ones are not.
    done = len(results(tmp_path))
    assert done <= 2
    assert lines[-1] == f"time is up: {done} of 6 runs stored, {6 - done} left, start again to go on"
    assert process.returncode == 0


@pytest.mark.filterwarnings("default")
def test_an_interrupt_reaches_the_workers_of_a_dask_cluster(start, tmp_path):
    from distributed import Client, LocalCluster

    def busy(dask_worker):
        return bool(dask_worker.active_threads)

    with (
        LocalCluster(n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None) as cluster,
        Client(cluster) as client,
    ):
        process = start(OFTEN, "--scheduler", cluster.scheduler_address)
        until(lambda: len(results(tmp_path)) == 2, 120)
        until(lambda: all(client.run(busy).values()))
        os.killpg(process.pid, signal.SIGINT)
        assert_stopped(process, 60, stored=2)
        until(lambda: not any(client.run(busy).values()))
        # The cluster is free for the next study, whose time is soon over.
        again = start(OFTEN, "--scheduler", cluster.scheduler_address, "--minutes", "0.05")
        assert finish(again, 120)[-1] == "time is up: 2 of 6 runs stored, 4 left, start again to go on"
        assert again.returncode == 0
