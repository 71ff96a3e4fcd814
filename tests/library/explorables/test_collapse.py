"""The explorable of data collapse, against the library's residual and pandas."""

import itertools

import numpy as np
import pandas as pd
import pytest

from grokmodels.explorables.collapse import Collapse
from grokmodels.explorables.words import fill
from grokmodels.statistics.collapse import collapse_residual
from tests.explorable_samples import points


@pytest.fixture(scope="module")
def clean():
    return Collapse(points=points())


@pytest.fixture(scope="module")
def noisy():
    # Not in order: the curves are drawn from left to right all the same.
    return Collapse(points=points(noise=0.03).sample(frac=1, random_state=0))


def told(explorable, **state):
    return explorable.rows(explorable.state | state)["readout"]


def states(controls):
    """All corners of the controls, and many states between."""
    values = {trait: control.values for trait, control in controls.items()}
    draw = np.random.default_rng(0)
    for corner in itertools.product(*((allowed[0], allowed[-1]) for allowed in values.values())):
        yield dict(zip(values, corner, strict=True))
    for _ in range(60):
        yield {trait: float(draw.choice(allowed)) for trait, allowed in values.items()}


@pytest.mark.slow
def test_points_and_distance_are_those_of_the_library(noisy):
    measured, undefined = points(noise=0.03), 0
    for state in states(noisy.controls):
        ratio = measured["p"] / 23
        table = measured.assign(
            size=ratio**2, x=np.log(measured["fraction"] / (state["critical"] * ratio ** -state["fall"]))
        )
        table["across"] = table["x"] * table["size"] ** state["stretch"]
        seen = noisy.rows(state)
        pd.testing.assert_frame_equal(
            pd.DataFrame(seen["points"]),
            table.sort_values(["p", "fraction"], ignore_index=True)[["p", "fraction", "across", "mean", "error"]],
            check_dtype=False,
            rtol=1e-9,
        )
        pairs = table.merge(table.groupby("p")["across"].agg(["min", "max"]).reset_index(), "cross", suffixes=("", "2"))
        over = pairs[(pairs["p"] != pairs["p2"]) & pairs["across"].between(pairs["min"], pairs["max"])]
        met = len(over[["p", "fraction"]].drop_duplicates())
        assert seen["readout"]["met"] == met, state
        expected = collapse_residual(table, 0.0, state["stretch"])
        assert np.isfinite(expected) == (met >= len(measured) / 2)
        undefined += np.isinf(expected)
        assert seen["readout"]["distance"] == (pytest.approx(expected, rel=1e-9) if np.isfinite(expected) else None)
    assert 0 < undefined < 20


def test_the_distance_is_least_at_the_truth(clean):
    truth = {"critical": 0.5, "fall": 0.8, "stretch": 0.5}
    table = points().assign(size=lambda row: row["p"] ** 2.0, x=lambda row: np.log(row["fraction"]))
    shift = np.log(np.unique(table["p"]) / 23).mean()
    expected = collapse_residual(table, np.log(0.5) - 0.8 * shift, 0.5, shift=0.4)
    seen = told(clean, **truth)
    assert seen["distance"] == pytest.approx(expected, rel=0.02)
    assert (seen["met"] > 30, seen["distance"] < 0.3) == (True, True)
    for wrong in ({"stretch": 0.0}, {"critical": 0.55}, {"fall": 0.6}):
        assert told(clean, **(truth | wrong))["distance"] > 5 * seen["distance"]


def test_curves_that_do_not_meet_have_no_distance():
    apart = points().query("p in (17, 43)")
    apart.loc[apart["p"] == 43, "fraction"] /= 8
    explorable = Collapse(points=apart, fall=0)
    seen = told(explorable)
    assert (seen["distance"], seen["met"], seen["measured"]) == (None, 0, "too few for a distance")
    assert "(about 1 is a collapse) <strong>–</strong>" in explorable.html()


def test_alt_texts_follow_the_state(clean):
    state = {"stretch": 0.5, "critical": 0.5, "fall": 0.8}
    words = clean.words(state, clean.rows(state))
    alt = fill(clean.charts["scaled"].alt, words)
    assert "is 0.50 at p = 23 and falls with p to the power 0.80, stretched by the size to the power 0.50" in alt
    met, distance = words["met"], words["distance"]
    assert alt.endswith(f"of 36 points {met} meet another curve, at a distance of {distance:.2f} squared errors.")


def test_bad_points_are_named():
    with pytest.raises(ValueError, match=r"points: lacks the columns \['error'\]"):
        Collapse(points=points().drop(columns="error"))
    with pytest.raises(ValueError, match="points: got 1 modulus; a collapse needs at least 2"):
        Collapse(points=points().query("p == 17"))


@pytest.mark.parametrize("bad", [{"stretch": 9}, {"critical": 0.05}, {"fall": -1}])
def test_what_no_control_takes_is_refused(bad):
    with pytest.raises(ValueError, match=r"got .*; must be between"):
        Collapse(points=points(), **bad)


def test_the_page_stays_small_and_names_the_curves(clean):
    html = clean.html()
    assert len(html) < 100_000
    assert all(html.count(f"p = {p}%3C/text") == 2 for p in (17, 23, 31, 43))
