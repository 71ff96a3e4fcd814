"""Studies: what a file means, that runs are stored once, and that damage or haste loses nothing."""

import math
import multiprocessing
import time
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor

import pandas as pd
import pytest

from grokmodels import Experiment, studies, train
from grokmodels.engine import training
from grokmodels.studies import cli, files, runners
from grokmodels.studies.board import Board

TINY = """
question = "Does it run?"
prediction = "It does."
seeds = [0, 1]
test_seeds = [2]

[base]
task.p = 7
architecture.width = 8
batch_size = 10
steps = 20
evaluate_every = 10

[[block]]
name = "decay"
grid.optimizer.weight_decay = [0.0, 1.0]
checkpoints = { last = 20, every = 10 }
checkpoint_seeds = [0]
keep = ["embedding"]

[[block]]
name = "wide"
base.architecture.width = 16
"""


@pytest.fixture
def root(tmp_path):
    (tmp_path / "studies").mkdir()
    (tmp_path / "studies" / "tiny.toml").write_text(TINY, encoding="utf-8")
    return tmp_path


@pytest.fixture
def study(root):
    return studies.read(root / "studies" / "tiny.toml")


def test_a_study_is_its_blocks_times_seeds_times_grid(study):
    points = list(study.points())
    assert [(p.block, p.experiment.seed, p.experiment.optimizer.weight_decay) for p in points] == [
        ("decay", 0, 0.0), ("decay", 0, 1.0),
        ("decay", 1, 0.0), ("decay", 1, 1.0),
        ("decay", 2, 0.0), ("decay", 2, 1.0),
        ("wide", 0, 1.0), ("wide", 1, 1.0), ("wide", 2, 1.0),
    ]  # fmt: skip
    assert {p.experiment.architecture.width for p in points if p.block == "wide"} == {16}
    assert [p.checkpoints for p in points[:3]] == [(0, 10, 20), (0, 10, 20), ()]
    assert set(studies.varied(study)) == {"seed", "optimizer.weight_decay", "architecture.width"}


def test_a_schedule_of_the_data_can_vary_within_a_study(root, tmp_path):
    swept = TINY + "base.data_schedule.knots = [[0, 1.0], [10, 0.5]]\n"
    (root / "studies" / "tiny.toml").write_text(swept, encoding="utf-8")
    study = studies.read(root / "studies" / "tiny.toml")
    assert "data_schedule.knots" in studies.varied(study)
    with ThreadPoolExecutor(1) as executor:
        list(studies.run_points(studies.missing(study, tmp_path), tmp_path, executor))
    record = studies.record(study, tmp_path)
    assert record.runs["data_schedule.knots"].nunique() == 2
    assert record.along("data_schedule.knots")["data_schedule.knots"].nunique() == 2


def test_the_overview_has_studies_without_runs(study, root):
    (root / "studies" / "unrun.toml").write_text(TINY, encoding="utf-8")
    with ThreadPoolExecutor(1) as executor:
        list(studies.run_points(studies.missing(study, root)[:2], root / "results" / "tiny", executor))
    found = studies.overview(root)
    assert found.loc["tiny", ["declared", "stored", "test", "t_gen censored", "diverged"]].to_list() == [9, 2, 0, 2, 0]
    assert found.loc["unrun", ["declared", "stored"]].to_list() == [9, 0]
    nothing = studies.record(*studies.shipped("unrun", root))
    assert nothing.histories.empty
    assert nothing.runs.empty
    assert {"block", "cohort", "optimizer.weight_decay", "delay_censored"} <= set(nothing.runs)


def test_test_seeds_wait_until_they_are_asked_for(study, tmp_path):
    assert {p.experiment.seed for p in studies.missing(study, tmp_path)} == {0, 1}
    assert {p.experiment.seed for p in studies.missing(study, tmp_path, test=True)} == {0, 1, 2}


@pytest.mark.slow
def test_local_processes_store_each_run_once(study, tmp_path):
    todo = studies.missing(study, tmp_path)
    with ProcessPoolExecutor(2, mp_context=multiprocessing.get_context("spawn")) as executor:
        paths = list(studies.run_points(todo, tmp_path, executor))
    assert sorted(p.stem for p in paths) == sorted(p.experiment.key for p in todo)
    assert studies.missing(study, tmp_path) == []
    record = studies.record(study, tmp_path)
    table = record.runs
    assert len(table) == 6
    assert (table["status"] == "finished").all()
    assert table["t_gen_censored"].all()
    histories = record.only("decay").along("optimizer.weight_decay")
    assert len(histories) == 4 * 3
    assert set(histories["optimizer.weight_decay"]) == {0.0, 1.0}
    kept = studies.load(tmp_path, todo[0].experiment.key).checkpoints
    assert list(kept) == [0, 10, 20]
    assert [studies.replay(point, tmp_path, 20) for point in studies.sample(study, tmp_path, 2)] == [
        pytest.approx(0, abs=2**-16)
    ] * 2


@pytest.mark.parametrize(
    ("counts", "workers", "stack", "sizes"),
    [
        # Of one shape, ten to each worker, of which five at a time.
        ([40], 4, 5, [10, 10, 10, 10]),
        ([30, 10], 4, 5, [10, 10, 10, 10]),
        ([7], 3, 2, [2, 3, 2]),
        ([2, 1], 1, 8, [2, 1]),
        ([2], 8, 4, [1, 1]),
        # One at a time, one to a job.
        ([3], 2, 1, [1, 1, 1]),
        ([], 2, 4, []),
    ],
)
def test_jobs_have_one_shape_and_keep_every_worker_busy(study, counts, workers, stack, sizes):
    first = next(study.points())
    points = [
        first._replace(experiment=first.experiment.but(architecture__width=8 * (shape + 1), seed=seed))
        for shape, count in enumerate(counts)
        for seed in range(count)
    ]
    work = studies.jobs(points, workers, stack)
    assert sorted(map(len, work)) == sorted(sizes)
    assert [point for job in work for point in job] == points
    assert all(len({point.experiment.shape for point in job}) == 1 for job in work)


def test_a_job_leaves_out_what_is_stored_meanwhile_and_starts_nothing_after_its_deadline(study, tmp_path):
    points = list(study.points())[:2]
    assert studies.run_job(points, str(tmp_path), "cpu", 2, time.time() - 1) == []
    for point, some in zip(points, [points[:1], points], strict=True):
        assert studies.run_job(some, str(tmp_path), "cpu", 1, math.inf) == [f"{point.experiment.key}.parquet"]


def test_stacks_share_a_shape_and_store_what_single_runs_do(study, tmp_path):
    todo = studies.missing(study, tmp_path)
    with ThreadPoolExecutor(1) as executor:
        list(studies.run_points(todo, tmp_path / "stacked", executor, stack=3))
        list(studies.run_points(todo, tmp_path / "single", executor))
    stacked, single = (studies.record(study, tmp_path / name).histories for name in ("stacked", "single"))
    pd.testing.assert_frame_equal(stacked, single, rtol=1e-3, atol=1e-5)


@pytest.mark.slow
def test_one_block_can_be_run_alone(root, study, capsys):
    cli.main(["--root", str(root), "study", "tiny", "--block", "wide", "--workers", "1", "--stack", "2"])
    assert {point.block for point in studies.stored(study, root / "results" / "tiny")} == {"wide"}
    with pytest.raises(SystemExit):
        cli.main(["--root", str(root), "study", "tiny", "--block", "high"])
    assert "block: got 'high'; must be one of ['decay', 'wide']" in capsys.readouterr().err


def test_the_board_counts_runs_by_block_and_estimates_the_rest(study, tmp_path):
    todo = studies.missing(study, tmp_path)
    times = iter([0.0, 90.0])
    board = Board(todo, clock=lambda: next(times))
    assert board.estimate == "0 of 6 runs"
    for point in todo[:3]:
        board.add(train(point.experiment, progress=False))
    assert board.estimate == "3 of 6 runs, about 2 minutes left"
    assert board.done["decay"] == {"done": 3, "memorized": 0, "generalized": 0, "diverged": 0}
    assert board.done["wide"]["done"] == 0


def test_commands_run_list_show_and_verify(root, capsys):
    cli.main(["--root", str(root), "list"])
    assert "0 of 9 runs  Does it run?" in capsys.readouterr().out
    study = studies.read(root / "studies" / "tiny.toml")
    with ThreadPoolExecutor(1) as executor:
        list(studies.run_points(studies.missing(study, root / "results/tiny"), root / "results/tiny", executor))
    cli.main(["--root", str(root), "study", "tiny"])
    assert "6 of 9 runs stored" in capsys.readouterr().out
    cli.main(["--root", str(root), "show", "tiny"])
    assert "It does." in capsys.readouterr().out
    cli.main(["--root", str(root), "verify", "tiny", "--runs", "1", "--steps", "20"])
    assert "largest difference" in capsys.readouterr().out


def test_verify_notices_a_run_that_cannot_be_remade(root, study, capsys):
    from dataclasses import replace

    point = next(study.points())
    run = train(point.experiment)
    history = run.history.assign(train_loss=run.history["train_loss"] * 1.1)
    files.save(replace(run, history=history), root / "results" / "tiny")
    with pytest.raises(SystemExit):
        cli.main(["--root", str(root), "verify", "tiny"])
    assert "the first evaluations differ by" in capsys.readouterr().err


@pytest.mark.parametrize("kept", [1, 2])
def test_a_run_that_diverges_when_it_is_made_again_is_not_approved(root, study, monkeypatch, capsys, kept):
    from dataclasses import replace

    point = next(study.points())
    run = train(point.experiment, progress=False)
    files.save(run, root / "results" / "tiny")
    shorter = replace(run, history=run.history[:kept], status="diverged")
    monkeypatch.setattr(training, "train", lambda *_, **__: shorter)
    assert math.isnan(studies.replay(point, root / "results" / "tiny", 20))
    with pytest.raises(SystemExit):
        cli.main(["--root", str(root), "verify", "tiny"])
    assert "differ by nan" in capsys.readouterr().err


def test_a_run_that_was_evaluated_once_is_compared_there(study, tmp_path):
    from dataclasses import replace

    point = next(study.points())
    run = train(point.experiment, progress=False)
    files.save(replace(run, history=run.history[:1], status="diverged"), tmp_path)
    assert studies.replay(point, tmp_path, 20) == pytest.approx(0, abs=2**-16)


@pytest.mark.parametrize("again", [0, 1])
def test_a_run_that_was_never_evaluated_must_not_be_so_again(study, tmp_path, monkeypatch, again):
    from dataclasses import replace

    point = next(study.points())
    run = train(point.experiment, progress=False)
    files.save(replace(run, history=run.history[:0], status="diverged"), tmp_path)
    monkeypatch.setattr(training, "train", lambda *_, **__: replace(run, history=run.history[:again]))
    assert studies.replay(point, tmp_path) == pytest.approx(0 if again == 0 else math.nan, nan_ok=True)


@pytest.mark.parametrize("option", ["study tiny --stack", "study tiny --workers", "verify --runs", "verify --steps"])
@pytest.mark.parametrize("number", ["0", "-2", "two"])
def test_a_number_of_anything_is_at_least_one(root, option, number, capsys):
    with pytest.raises(SystemExit) as raised:
        cli.main(["--root", str(root), *option.split(), number])
    assert raised.value.code == 2
    assert f"{option.split()[-1]}: got {number}; must be a whole number, at least 1" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (("weight_decay = [0.0, 1.0]", "weight_decay = [-1.0]"), ["weight_decay", "-1.0"]),
        (("task.p = 7", "task.q = 7"), ["Modular: q: got 7", "['kind', 'format', 'unordered', 'operation', 'p']"]),
        (("seeds = [0, 1]", "seeds = 3"), ["seeds", "3"]),
        (("question", "questoin"), ["questoin", "no such field", "did you mean 'question'?"]),
        (("[base]", "[base"), ["line"]),
        (("weight_decay = [0.0, 1.0]", "weight_decay = 1.0"), ["optimizer.weight_decay: got 1.0; must be a list"]),
        (("weight_decay = [0.0, 1.0]", "weight_decay = []"), ["optimizer.weight_decay: got []; must be a list"]),
        (("last = 20", "last = 30"), ["checkpoints: got [30]; must be multiples of 10 up to 20, or 20"]),
    ],
)
def test_a_bad_study_file_is_named_before_anything_runs(root, change, words, capsys):
    path = root / "studies" / "tiny.toml"
    path.write_text(TINY.replace(*change, 1), encoding="utf-8")
    with pytest.raises(SystemExit) as raised:
        cli.main(["--root", str(root), "study", "tiny"])
    error = capsys.readouterr().err
    assert raised.value.code == 2
    assert "tiny.toml" in error
    assert all(word in error for word in words)
    assert not (root / "results").exists()


def test_an_unknown_study_lists_the_known(root, capsys):
    with pytest.raises(SystemExit):
        cli.main(["--root", str(root), "show", "nope"])
    assert "study: got 'nope'; must be one of ['tiny']" in capsys.readouterr().err


@pytest.mark.slow
@pytest.mark.parametrize("path", sorted((studies.ROOT / "studies").glob("*.toml")), ids=lambda path: path.stem)
def test_the_shipped_studies_can_be_read(path):
    study = studies.read(path)
    assert study.prediction.strip() or study.predicted
    keys = [point.experiment.key for point in study.points()]
    assert len(set(keys)) == len(keys) > 0


def test_steps_are_compiled_where_there_are_many_of_one_size():
    long = Experiment().but(steps=200_000)
    shrinking = long.but(batch_size_schedule={"knots": [[0, 1.0], [1000, 0.5]]})
    for experiment, pays in [(long, True), (long.but(steps=1000), False), (shrinking, False)]:
        point = studies.Point("block", experiment, (), (), False)
        assert runners.worth_compiling([point], workers=1, stack=1) == pays
