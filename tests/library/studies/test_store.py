"""The store: runs singly and packed, moved from one form to the other, and lost in none of a hundred accidents."""

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from grokmodels import Experiment, studies
from grokmodels.engine.training import Run
from grokmodels.studies import files, packs, store

STUDY = """
question = "Is it there?"
prediction = "It is."
seeds = [0, 1, 2]
[base]
task.p = 7
architecture.width = 8
batch_size = 10
steps = 40
evaluate_every = 10
[[block]]
name = "only"
"""
COLUMNS = ["step", "decay_time", "train_loss", "train_accuracy", "test_accuracy", "weight_norm"]


def made_up(seed, rows=5, *, weights=False, **changes):
    """A run that nobody trained: random numbers, some of them NaN, under a true recipe."""
    chance = np.random.default_rng(seed)
    # Numbers that are stored as they are: of a dozen bits.
    values = np.round(chance.normal(size=(rows, len(COLUMNS))) * 512) / 512
    history = pd.DataFrame(values, columns=COLUMNS).astype("float32")
    history["step"], history["decay_time"] = np.arange(rows) * 10, chance.normal(size=rows)
    history.loc[history.index[1:2], "train_loss"] = np.nan
    for name in changes.pop("extra", ()):
        history.insert(2, name, np.float32(seed))
    kept = {"embedding": chance.normal(size=(7, 8)), "blocks.0.query.weight": chance.normal(size=(8, 8))}
    checkpoints = {step: {name: x.astype("float16").astype("float32") for name, x in kept.items()} for step in (0, 10)}
    recipe = Experiment().but(
        task__p=7, architecture__width=8, batch_size=10, steps=40, evaluate_every=10, seed=seed, **changes
    )
    status = "finished" if rows == 5 else "diverged"
    return Run(recipe, history, status, {"seconds": seed / 3}, checkpoints if weights else {})


def assert_same(one, other):
    pd.testing.assert_frame_equal(one.history, other.history, check_exact=True)
    assert (one.experiment, one.status, one.provenance) == (other.experiment, other.status, other.provenance)
    assert list(one.checkpoints) == list(other.checkpoints)
    for step, kept in one.checkpoints.items():
        assert kept.keys() == other.checkpoints[step].keys()
        assert all((other.checkpoints[step][name] == x).all() for name, x in kept.items())


@pytest.fixture
def runs():
    """Of several kinds: with weights, without any evaluation, with one, and with columns of their own in between."""
    return [
        made_up(0, weights=True),
        made_up(1, rows=0),
        made_up(2, rows=1, extra=["norm.b"]),
        made_up(3, weights=True, extra=["norm.c", "norm.a"]),
        made_up(4, extra=["norm.a", "norm.c"]),
    ]


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "studies").mkdir()
    (tmp_path / "studies" / "tiny.toml").write_text(STUDY, encoding="utf-8")
    return tmp_path / "results" / "tiny"


def save(runs, folder):
    for run in runs:
        files.save(run, folder)


def assert_all_there(folder, runs):
    assert store.keys(folder) == {run.experiment.key for run in runs}
    for run in runs:
        assert_same(store.load(folder, run.experiment.key), run)
    assert store.verify(folder) == len(runs)


def names(folder):
    return sorted(path.name for path in folder.iterdir() if not path.name.startswith("."))


def test_packed_runs_are_those_that_were_saved(runs, folder):
    save(runs[:2], folder)
    assert_all_there(folder, runs[:2])
    assert store.pack(folder) == 2
    assert names(folder) == []
    assert names(folder.parent) == ["tiny", "tiny.parquet", "tiny.safetensors"]
    assert_all_there(folder, runs[:2])
    # More come, and join those that are packed.
    save(runs[2:], folder)
    assert_all_there(folder, runs)
    assert store.pack(folder) == 3
    assert store.pack(folder) == 0
    assert_all_there(folder, runs)
    assert store.load(folder, runs[0].experiment.key, checkpoints=False).checkpoints == {}


def as_before(path):
    """The same runs in a file of format 2: compressed otherwise, all numbers as they are."""
    table = files.Rows(path).table
    pq.write_table(table.replace_schema_metadata({b"grokmodels": b"2"}), path, compression="zstd")


@pytest.mark.parametrize("old", ["pack", "singles"])
def test_runs_of_the_format_before_join_new_ones(runs, folder, old):
    save(runs[:2], folder)
    if old == "singles":
        for path in folder.glob("*.parquet"):
            as_before(path)
    store.pack(folder)
    if old == "pack":
        as_before(folder.with_name("tiny.parquet"))
    assert_all_there(folder, runs[:2])
    save(runs[2:], folder)
    assert_all_there(folder, runs)
    assert store.pack(folder) == 3
    assert_all_there(folder, runs)
    assert pq.read_metadata(folder.with_name("tiny.parquet")).metadata[b"grokmodels"] == b"3"


def test_a_pack_of_the_format_before_is_unpacked(runs, folder, elsewhere):
    as_before(elsewhere.with_name("tiny.parquet"))
    save(runs[4:], folder)
    store.pack(folder)
    assert store.unpack(elsewhere.parent, folder.parents[1]) == [("tiny", 4, 1)]
    assert_all_there(folder, runs)


def test_nothing_is_stored_where_there_is_nothing(folder):
    assert store.keys(folder) == set()
    assert store.verify(folder) == 0
    assert store.pack(folder) == 0
    with pytest.raises(files.ResultError, match="tiny: holds no run 0123456789abcdef"):
        store.load(folder, "0123456789abcdef")


def test_a_run_that_is_not_in_the_pack_is_named(runs, folder):
    save(runs, folder)
    store.pack(folder)
    with pytest.raises(files.ResultError, match=r"tiny\.parquet: holds no run 0123456789abcdef"):
        store.load(folder, "0123456789abcdef")


def test_a_study_resumes_on_both_forms(folder):
    study, _ = studies.shipped("tiny", folder.parents[1])
    save([made_up(0), made_up(1, rows=0)], folder)
    store.pack(folder)
    save([made_up(2)], folder)
    assert [point.experiment.seed for point in studies.stored(study, folder)] == [0, 1, 2]
    assert studies.missing(study, folder) == []
    (folder / f"{made_up(2).experiment.key}.parquet").unlink()
    assert [point.experiment.seed for point in studies.missing(study, folder)] == [2]
    record = studies.record(study, folder)
    table = record.runs
    assert table["status"].to_list() == ["finished", "diverged"]
    assert table.loc[1, ["t_mem", "t_mem_censored", "t_gen", "t_gen_censored"]].to_list() == [5, True, 5, True]
    histories = record.histories
    assert histories["run"].to_list() == [0] * 5
    assert (histories[COLUMNS[2:]].dtypes == "float32").all()
    assert studies.overview(folder.parents[1]).loc["tiny", ["stored", "diverged"]].to_list() == [2, 1]


def test_a_single_run_is_newer_than_the_packed_one_and_replaces_it(runs, folder):
    save(runs, folder)
    store.pack(folder)
    for number, weights in ((0, False), (3, True), (4, True)):
        again = made_up(100 + number, weights=weights)
        runs[number] = Run(runs[number].experiment, again.history, "finished", {}, again.checkpoints)
        files.save(runs[number], folder)
        assert_all_there(folder, runs)
    assert store.pack(folder) == 3
    assert_all_there(folder, runs)


def test_weights_that_do_not_fit_one_file_go_into_several(folder, monkeypatch):
    monkeypatch.setattr(packs, "PART", 1000)
    many = [made_up(seed, weights=True) for seed in range(5)]
    for batch in (many[:2], many[2:]):
        save(batch, folder)
        store.pack(folder)
    assert_all_there(folder, many)
    # Two of 480 bytes fit into one file.
    assert [path.name for path in packs.parts(folder.with_name("tiny.parquet"))] == [
        "tiny.safetensors", "tiny.2.safetensors", "tiny.3.safetensors",
    ]  # fmt: skip


def test_a_pack_is_read_again_when_it_has_changed(runs, folder):
    save(runs[:1], folder)
    store.pack(folder)
    kept = folder.with_name("kept")
    shutil.copy(folder.with_name("tiny.parquet"), kept)
    save(runs[1:], folder)
    store.pack(folder)
    assert len(store.keys(folder)) == 5
    shutil.copy(kept, folder.with_name("tiny.parquet"))
    assert len(store.keys(folder)) == 1


class AccidentError(Exception):
    pass


@pytest.fixture
def accidents(monkeypatch):
    """Every call that changes what is on disk, counted; from the number ``at`` on they all fail."""
    calls = {"at": None, "made": 0}

    def watch(owner, name):
        original = getattr(owner, name)

        def counted(*arguments, **options):
            calls["made"] += 1
            # What would clean up is dead, too.
            if calls["at"] is not None and calls["made"] > calls["at"]:
                raise AccidentError(name)
            return original(*arguments, **options)

        monkeypatch.setattr(owner, name, counted)

    for owner, name in [(os, "fsync"), (Path, "replace"), (Path, "unlink"), (Path, "open")]:
        watch(owner, name)
    return calls


@pytest.mark.slow
def test_packing_that_stops_at_any_step_loses_nothing(runs, folder, accidents, monkeypatch):
    monkeypatch.setattr(packs, "PART", 600)
    save(runs[:2], folder)
    store.pack(folder)
    save(runs[2:], folder)
    save([runs[0]], folder)
    before = folder.parents[1] / "before"
    shutil.copytree(folder.parent, before)
    accidents["made"] = 0
    store.pack(folder)
    steps = accidents["made"]
    assert steps > 15
    for step in range(steps):
        shutil.rmtree(folder.parent)
        shutil.copytree(before, folder.parent)
        accidents.update(at=step, made=0)
        with pytest.raises(AccidentError):
            store.pack(folder)
        accidents["at"] = None
        assert_all_there(folder, runs)
        store.pack(folder)
        assert names(folder) == []
        assert_all_there(folder, runs)


PACKING = """
import sys
from grokmodels.studies import store
print("ready", flush=True)
sys.stdin.readline()
store.pack(sys.argv[1])
"""


@pytest.mark.slow
def test_packing_killed_at_random_moments_loses_nothing(folder):
    many = [made_up(seed, weights=seed % 3 == 0) for seed in range(60)]
    save(many, folder)
    chance, begun = random.Random(0), time.perf_counter()
    shutil.copytree(folder, folder.with_name("copy"))
    store.pack(folder.with_name("copy"))
    seconds = time.perf_counter() - begun
    for _ in range(12):
        with subprocess.Popen(
            [sys.executable, "-c", PACKING, str(folder)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        ) as process:
            process.stdout.readline()
            process.stdin.write("\n")
            process.stdin.flush()
            time.sleep(chance.uniform(0, 1.5) * seconds)
            process.send_signal(signal.SIGKILL)
        assert_all_there(folder, many)
    store.pack(folder)
    assert names(folder) == []
    assert_all_there(folder, many)


@pytest.mark.slow
def test_two_that_pack_at_once_lose_nothing(folder):
    many = [made_up(seed) for seed in range(40)]
    save(many, folder)
    both = [
        subprocess.Popen(
            [sys.executable, "-c", PACKING, str(folder)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        for _ in range(2)
    ]
    for process in both:
        process.stdout.readline()
    for process in both:
        process.communicate("\n")
    assert [process.returncode for process in both] == [0, 0]
    assert names(folder) == []
    assert_all_there(folder, many)


def test_a_damaged_single_stops_the_packing_and_is_named(runs, folder):
    save(runs, folder)
    damaged = folder / f"{runs[3].experiment.key}.safetensors"
    content = bytearray(damaged.read_bytes())
    content[-1] ^= 1
    damaged.write_bytes(content)
    before = names(folder)
    with pytest.raises(files.ResultError, match=f"{damaged.name}: run {damaged.stem}: damaged"):
        store.pack(folder)
    assert names(folder) == before
    assert not folder.with_name("tiny.parquet").exists()


@pytest.mark.slow
def test_damage_in_a_pack_is_noticed_and_named(runs, folder):
    save(runs, folder)
    store.pack(folder)
    chance = random.Random(1)
    refusals = []
    for suffix in (".parquet", ".safetensors"):
        pack = folder.with_name(f"tiny{suffix}")
        sound = pack.read_bytes()
        for _ in range(100):
            damaged = bytearray(sound)
            damaged[chance.randrange(len(sound))] ^= 1 << chance.randrange(8)
            pack.write_bytes(damaged)
            try:
                assert_all_there(folder, runs)  # where the byte carries nothing
            except files.ResultError as error:
                refusals.append(str(error))
            except AssertionError:
                # A key that is no longer one: its run is then missing, not another.
                assert store.keys(folder) != {run.experiment.key for run in runs}
        for length in range(0, len(sound), len(sound) // 40):
            pack.write_bytes(sound[:length])
            with pytest.raises(files.ResultError, match=pack.name):
                store.verify(folder)
        pack.write_bytes(sound)
    assert len(refusals) > 60
    assert all("tiny." in message and "\n" not in message for message in refusals)
    named = [message for message in refusals if ": run " in message]
    assert named
    assert all(any(run.experiment.key in message for run in runs) for message in named)


def test_a_damaged_pack_is_not_packed_over(runs, folder):
    save(runs[:3], folder)
    store.pack(folder)
    pack = folder.with_name("tiny.parquet")
    rows = files.Rows(pack)
    broken = rows.table.set_column(rows.table.column_names.index("status"), "status", [["finished"] * 3])
    pack.write_bytes(files.table_bytes(broken))
    before = pack.read_bytes()
    save(runs[3:], folder)
    with pytest.raises(files.ResultError, match=r"tiny\.parquet: run [0-9a-f]{16}: damaged"):
        store.pack(folder)
    assert pack.read_bytes() == before
    assert len(names(folder)) == 3


def test_missing_weights_of_a_packed_run_are_named(runs, folder):
    save(runs, folder)
    store.pack(folder)
    folder.with_name("tiny.safetensors").unlink()
    assert store.load(folder, runs[0].experiment.key, checkpoints=False).history.equals(runs[0].history)
    with pytest.raises(files.ResultError, match=rf"tiny\.parquet: run {runs[0].experiment.key}: the weights"):
        store.load(folder, runs[0].experiment.key)


@pytest.fixture
def elsewhere(runs, tmp_path):
    """Results of another machine: some packed, some not."""
    theirs = tmp_path / "elsewhere" / "tiny"
    save(runs[:3], theirs)
    store.pack(theirs)
    save(runs[3:], theirs)
    return theirs


def test_unpacking_takes_over_what_is_new(runs, folder, elsewhere):
    root = folder.parents[1]
    assert store.unpack(elsewhere.parent, root) == [("tiny", 5, 0)]
    assert_all_there(folder, runs)
    assert names(folder.parent) == ["tiny.parquet", "tiny.safetensors"]
    assert store.unpack(elsewhere.parent, root) == [("tiny", 0, 5)]
    assert_all_there(folder, runs)
    assert_all_there(elsewhere, runs)


def test_unpacking_keeps_what_is_here(runs, folder, elsewhere):
    ours = made_up(50)
    ours = Run(runs[0].experiment, ours.history, "finished", {}, {})
    files.save(ours, folder)
    assert store.unpack(elsewhere.with_name("tiny.parquet"), folder.parents[1]) == [("tiny", 4, 1)]
    assert_all_there(folder, [ours, *runs[1:]])


def test_unpacking_refuses_damage_and_changes_nothing(runs, folder, elsewhere):
    files.save(made_up(60), folder)
    weights = elsewhere.with_name("tiny.safetensors")
    content = bytearray(weights.read_bytes())
    content[-1] ^= 1
    weights.write_bytes(content)
    with pytest.raises(files.ResultError, match=f"tiny.safetensors: run {runs[0].experiment.key}: damaged"):
        store.unpack(elsewhere.parent, folder.parents[1])
    assert_all_there(folder, [made_up(60)])


def test_unpacking_refuses_what_is_no_study_here(folder, elsewhere, tmp_path):
    elsewhere.with_name("tiny.parquet").rename(elsewhere.with_name("huge.parquet"))
    with pytest.raises(ValueError, match=r"study: got 'huge' in .*elsewhere; must be one of \['tiny'\]"):
        store.unpack(elsewhere.parent, folder.parents[1])
    assert not folder.parent.exists()
    with pytest.raises(ValueError, match=r"source: got .*nowhere; must be a file NAME\.parquet of runs, or a folder"):
        store.unpack(tmp_path / "nowhere", folder.parents[1])
