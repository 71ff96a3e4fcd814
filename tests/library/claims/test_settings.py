"""Settings side by side: medians and estimates on runs whose answer is known."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from grokmodels import Experiment, studies
from grokmodels.claims import settings
from grokmodels.engine.run import Run
from grokmodels.studies import Point, Record

USUAL = Experiment().but(steps=1000, evaluate_every=100)


def made(t_mem, t_gen, block="block", **fields):
    """A run that memorizes and generalizes at these steps; None: never."""
    recipe = USUAL.but(**fields)
    step = np.arange(0, 1001, 100)
    accuracy = [np.where(step >= t, 1.0, 0.0) if t is not None else np.zeros(11) for t in (t_mem, t_gen)]
    history = pd.DataFrame({"step": step, "train_accuracy": accuracy[0], "test_accuracy": accuracy[1]})
    rule = recipe.optimizer
    history["decay_time"] = step * rule.learning_rate * rule.weight_decay
    return Point(block, recipe, (), (), "look"), Run(recipe, history, "finished", {"seconds": 1.0})


def optimizers(adam, sgd):
    """Five seeds a setting: AdamW turns at Λ = 0.3, Adam with L2 and two settings of SGD at these."""
    parts = [("AdamW", 0.3, {}), ("Adam + L2", adam, {"optimizer__name": "adam"})]
    parts += [("SGD + L2", x, {"optimizer__name": "sgd", "optimizer__momentum": 0.5}) for x in sgd]
    runs = []
    for number, (block, at, fields) in enumerate(parts):
        per_step = at / 500 * (0.5 if "optimizer__momentum" in fields else 1)
        decay = per_step / 0.003 * (1 + number * 1e-6)
        fields = fields | {"optimizer__learning_rate": 0.003, "optimizer__weight_decay": decay}
        runs += [made(100, 500, block, seed=seed, **fields) for seed in range(5)]
    return Record.of(runs)


@pytest.mark.parametrize(("adam", "sgd", "factors"), [(0.02, (0.3, 0.45), (15, 1.5)), (0.6, (0.3, 0.9), (2, 3))])
def test_factors_between_optimizers(adam, sgd, factors):
    record = optimizers(adam, sgd)
    assert settings.adam_apart(record) == pytest.approx(factors[0], rel=1e-4)
    assert settings.sgd_apart(record) == pytest.approx(factors[1], rel=1e-4)


def test_what_does_not_generalize_says_nothing():
    never = Record.of([made(100, None, "SGD + L2", seed=seed) for seed in range(3)])
    assert np.isnan(settings.sgd_apart(never))
    assert np.isnan(settings.adam_apart(never))


def test_medians_count_censored_runs_as_late_and_delays_of_what_memorized():
    found = settings.by_setting(
        Record.of([made(100, t, seed=seed) for seed, t in enumerate([300, 500, None])] + [made(None, 200, seed=3)])
    )
    row = found.loc["block"]
    assert row[["runs", "memorized", "censored"]].to_list() == [4, 3, 1]
    # Of four t_gen two have come by 300; of the three that memorized the delays are 200, 400 and at least 900.
    assert row[["t_gen", "delay"]].to_list() == [300, 400]
    assert np.isinf(settings.by_setting(Record.of([made(100, None, seed=s) for s in range(3)])).loc["block", "t_gen"])
    assert settings.by_setting(Record.of([])).empty


def test_without_decay_no_decay_time_is_a_median():
    found = settings.by_setting(Record.of([made(100, 300, seed=s, optimizer__weight_decay=0.0) for s in range(3)]))
    assert np.isinf(found.loc["block", "decay_time at t_gen"])


def test_shapes_are_held_against_the_canonical_recipe():
    usual = settings.reference()
    assert usual["runs"] == 5
    # The rate warms up over ten steps, so the sum is a little below steps × rate × decay.
    assert 0.98 * usual["t_gen"] * 0.003 < usual["decay_time at t_gen"] < usual["t_gen"] * 0.003
    point, run = made(100, 500, "layers")
    turned = 3 * usual["decay_time at t_gen"]
    history = run.history.assign(decay_time=run.history["step"] / 500 * turned)
    assert settings.shapes_apart(Record.of([(point, replace(run, history=history))])) == pytest.approx(3)


@pytest.mark.slow
def test_the_predictions_of_both_studies_are_judged():
    judged = studies.verdicts("optimizers").query("cohort == 'look'")
    assert judged["verdict"].tolist() == ["open", "true"]
    judged = studies.verdicts("depth-width-init").query("cohort == 'look'")
    assert judged["verdict"].tolist() == ["true", "false", "true"]


def test_row_ten_is_open():
    assert [(row.number, row.verdict) for row in settings.rows()] == [(10, "open")]
