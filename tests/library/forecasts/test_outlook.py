"""Outlooks: a surface that is known is found again, and recipes outside of the study are refused."""

import math

import numpy as np
import pytest

from grokmodels import Experiment
from grokmodels.claims import sensitivity
from grokmodels.forecasts import outlook
from grokmodels.forecasts.outlook import Surface, Surfaces, fit_surface, settings
from tools import draw_design

USUAL = Experiment().but(
    task__p=31, fraction=0.6, batch_size=64, steps=5000, architecture__layers=1, architecture__width=32,
    optimizer__learning_rate=0.005, optimizer__weight_decay=0.5,
)  # fmt: skip


def drawn(n=300, seed=0):
    rng = np.random.default_rng(seed)
    points = np.array([settings(of(draw_design.recipe(row))) for row in rng.random((n, 8))])
    truth = 1.5 - 0.8 * points[:, 6] - 1.5 * (points[:, 3] - 0.6) + 0.3 * points[:, 6] * (points[:, 0] - 2.5)
    return points, truth + 0.2 * rng.normal(size=n)


def of(recipe):
    return USUAL.but(
        architecture__layers=recipe.layers, architecture__width=recipe.width,
        architecture__init_scale=recipe.init_scale,
        optimizer__learning_rate=recipe.learning_rate, optimizer__weight_decay=recipe.weight_decay,
        optimizer__weight_decay_on=recipe.weight_decay_on, fraction=recipe.fraction, batch_size=recipe.batch_size,
        steps=recipe.steps,
    )  # fmt: skip


def test_a_known_surface_is_found_from_censored_values():
    points, values = drawn()
    late = values > np.quantile(values, 0.8)
    seen = np.minimum(values, np.quantile(values, 0.8))
    surface = fit_surface(points, seen, late)
    others, came = drawn(seed=1)
    assert np.std(surface(others) - came) < 0.3
    taken_as_ends = fit_surface(points, seen, np.zeros(len(late), bool))
    assert np.mean(surface(others) - came) > np.mean(taken_as_ends(others) - came)


def test_shares_of_a_known_surface():
    points, values = drawn(n=500)
    table = sensitivity.shares(fit_surface(points, values, np.zeros(len(values), bool)))
    assert table["alone"].idxmax() == "ln decay"
    assert table.loc["layers", "with others"] > table.loc["layers", "alone"]
    assert table.loc[["ln width", "ln scale", "ln rate"], "with others"].max() < 0.05
    assert table["alone"].sum() == pytest.approx(1, abs=0.25)


def surfaces(level):
    points, _ = drawn(n=100)
    ends = (tuple(points.min(axis=0)), tuple(points.max(axis=0)))
    flat = Surface(*ends, (level, *[0.0] * 44), 0.2)
    return Surfaces(Surface(*ends, (math.log(100), *[0.0] * 44), 0.1), flat)


def test_an_outlook_follows_the_surface():
    told = outlook.outlook(USUAL, surfaces(math.log(5)))
    assert told.t_mem == pytest.approx(100)
    assert told.t_gen == pytest.approx(5 / 0.0025)
    assert told.generalizes > 0.95
    assert outlook.outlook(USUAL.but(steps=2000), surfaces(math.log(5))).generalizes == pytest.approx(0.5, abs=0.05)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"task__p": 97}, "task: got"), ({"optimizer__weight_decay": 0}, "optimizer: got 'adamw' with decay 0"),
        ({"fraction": 0.99}, "got fraction outside"),
    ],
)  # fmt: skip
def test_a_recipe_that_the_study_does_not_cover_is_refused(change, words):
    with pytest.raises(ValueError, match=words):
        outlook.outlook(USUAL.but(**change), surfaces(1.0))


def test_the_study_is_the_design_that_the_tool_draws():
    assert draw_design.STUDY.read_text(encoding="utf-8").endswith(draw_design.design())


def test_the_verdict():
    table = sensitivity.pd.DataFrame({"alone low": 0.0}, index=list(outlook.SETTINGS))
    assert sensitivity.judge_sensitive(table) == "fails"
    table.loc["ln decay"] = 0.3
    assert sensitivity.judge_sensitive(table) == "holds with limits"
    table.loc["layers"] = 0.1
    assert sensitivity.judge_sensitive(table) == "holds"


def test_brier():
    assert outlook.brier([1.0, 0.0], [True, False]) == 0
    assert outlook.brier([0.5], [True]) == 0.25
