"""The lab without a browser: controls, training in a thread, stopping, and what is said."""

import time

import numpy as np
import pandas as pd
import pytest

from grokmodels import MLP, Experiment, Optimizer, Parity, studies, train
from grokmodels.engine.stack import Stack
from grokmodels.workbench import Workbench

SMALL = Experiment().but(
    task__p=11, architecture__width=16, architecture__layers=1, batch_size=None, steps=60, evaluate_every=10
)


@pytest.fixture
def bench():
    bench = Workbench(SMALL)
    yield bench
    bench.stop()
    bench.wait(60)


def set_to(bench, **values):
    for field, value in values.items():
        bench.controls[field].value = value


def until(condition, seconds=60):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.005)


def test_controls_begin_at_the_recipe_and_give_it_back(bench):
    assert bench.experiment == SMALL
    changes = {
        "task__operation": "multiply", "task__p": 13, "fraction": 0.5, "architecture__layers": 2,
        "architecture__width": 32, "architecture__norm": "none", "optimizer__name": "sgd",
        "optimizer__learning_rate": 0.1, "optimizer__weight_decay": 0.01, "optimizer__momentum": 0.9,
        "batch_size": "16", "steps": 30, "seed": 5,
    }  # fmt: skip
    assert bench.controls.keys() == changes.keys()
    set_to(bench, **changes)
    assert bench.experiment == SMALL.but(**changes)
    set_to(bench, batch_size="full")
    assert bench.experiment.batch_size is None


def test_only_what_the_recipe_has_is_offered():
    bench = Workbench(Experiment(task=Parity(bits=6), architecture=MLP(width=16), batch_size=None))
    assert not {"task__operation", "task__p", "architecture__norm"} & bench.controls.keys()
    assert bench.controls["architecture__width"].value == 16


def test_a_run_is_what_train_gives_to_the_last_bit(bench):
    assert bench.run is None
    set_to(bench, seed=3, optimizer__weight_decay=0.5)
    bench.train_button.click()
    run = bench.wait()
    assert run is bench.run
    assert run.experiment == SMALL.but(seed=3, optimizer__weight_decay=0.5)
    assert run.status == "finished"
    pd.testing.assert_frame_equal(run.history, train(run.experiment).history, check_exact=True)
    assert (bench.progress.value, bench.progress.max) == (60, 60)
    assert "step 60 of 60" in bench.words.value
    assert "Run 1: all steps were taken. 99 % accuracy in training: " in bench.note.value
    assert (bench.train_button.disabled, bench.stop_button.disabled) == (False, True)


def test_what_was_trained_until_stop_is_the_run_of_a_shorter_recipe(bench, tmp_path):
    set_to(bench, steps=1_000_000)
    bench.train_button.click()
    assert (bench.train_button.disabled, bench.stop_button.disabled) == (True, False)
    bench.train_button.click()  # one at a time
    until(lambda: "<svg" in bench.chart.value)
    assert bench.progress.value > 0
    assert "s left" in bench.words.value
    bench.stop_button.click()
    run = bench.wait(60)
    step = run.experiment.steps
    assert run.history["step"].iloc[-1] == step < 1_000_000
    assert (run.status, run.experiment) == ("finished", SMALL.but(steps=step))
    pd.testing.assert_frame_equal(
        run.history.head(200), train(SMALL.but(steps=min(step, 1990))).history, check_exact=True
    )
    assert f"Run 1: it was stopped at step {step:,}." in bench.note.value
    assert bench.runs == [run]
    # It is stored and found as any other.
    studies.files.save(run, tmp_path)
    assert studies.load(tmp_path, run.experiment.key).experiment == run.experiment


def test_stopped_before_the_first_step_there_is_no_run(bench, monkeypatch):
    advance = Stack.advance
    monkeypatch.setattr(Stack, "advance", lambda stack: (bench.stop(), advance(stack)))
    bench.start()
    assert bench.wait(60) is None
    assert "nothing to keep" in bench.note.value


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"architecture__width": 18}, "width: got 18; must be a multiple of heads, which is 4"),
        ({"batch_size": "512"}, "batch_size: got 512; must be at most the 48 training inputs"),
        ({"batch_size": "some"}, "batch_size: got &#x27;some&#x27;"),
        ({"task__operation": "divide", "task__p": 12}, "p: got 12; must be a prime"),
        ({"steps": 0}, "steps: got 0"),
        ({"optimizer__name": "muon"}, "momentum: got 0.0; muon orthogonalizes one, usually 0.95"),
    ],
)
def test_what_is_no_recipe_is_refused_in_words_and_nothing_starts(bench, changes, words):
    set_to(bench, **changes)
    bench.train_button.click()
    assert words in bench.note.value
    assert "grok-refused" in bench.note.value
    assert not bench.train_button.disabled
    assert (bench.wait(), bench.progress.value) == (None, 0)


def test_what_does_not_fit_the_memory_is_refused_in_words(bench, monkeypatch):
    monkeypatch.setattr("grokmodels.engine.memory.available", lambda device: 1)
    bench.start()
    assert "grok-refused" in bench.note.value
    assert bench.wait() is None


@pytest.mark.parametrize("scale", [1.0, 30.0])
def test_a_run_that_diverges_is_kept_and_told(scale):
    rule = Optimizer(name="sgd", learning_rate=1e6, weight_decay=0)
    recipe = SMALL.but(
        optimizer=rule.model_dump(), architecture__norm="none", architecture__layers=4, architecture__init_scale=scale
    )
    bench = Workbench(recipe)
    bench.start()
    run = bench.wait(60)
    assert run.status == "diverged"
    pd.testing.assert_frame_equal(run.history, train(recipe).history, check_exact=True)
    assert np.isfinite(run.history["train_loss"]).all()
    assert "it diverged: a loss became NaN or infinite" in bench.note.value


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_an_error_in_the_thread_is_told_and_the_next_run_can_start(bench, monkeypatch):
    def fail(stack):
        raise RuntimeError("the card is gone")

    with monkeypatch.context() as broken:
        broken.setattr(Stack, "advance", fail)
        bench.start()
        assert bench.wait(60) is None
    assert "RuntimeError: the card is gone" in bench.note.value
    bench.start()
    assert bench.wait(60).status == "finished"


def test_earlier_runs_stay_as_faint_curves(bench):
    for seed in (0, 1):
        set_to(bench, seed=seed)
        bench.start()
        bench.wait(60)
        assert bench.chart.value.count("stroke-opacity: 0.3") == 2 * seed
    assert "Earlier runs, 1 of them, are faint." in bench.chart.value


def test_a_page_without_a_kernel_shows_the_recorded_run_and_says_how_to_train():
    run = train(SMALL)
    bundle = Workbench(recorded=run)._repr_mimebundle_()
    assert bundle["text/plain"] == "Workbench(0 runs)"
    assert "application/vnd.jupyter.widget-view+json" in bundle
    page = bundle["text/html"]
    assert page.count("<svg") == 1
    assert 'aria-label="Training and test accuracy against training steps. At step 60: ' in page
    assert "var(--grok-test, #D55E00)" in page
    assert "A recorded run: operation add, p 11, " in page
    assert "open this page live" in page
    assert "<svg" not in Workbench()._repr_mimebundle_()["text/html"]
