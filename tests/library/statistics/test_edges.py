"""One exponent for several diverging waits: known laws come back, rivals do not fit, bad input is refused."""

import numpy as np
import pytest

from grokmodels.statistics import edges
from grokmodels.statistics.edges import EXPONENTS, Waits, fit_edges

COARSE = EXPONENTS[::5]


def draw(seed, edge, exponent, amplitude=5.0, budget=200.0, runs=20, law=None, growth=0.0):
    rng = np.random.default_rng(seed)
    x = np.repeat(edge * np.geomspace(0.8, 2, 9), runs)
    with np.errstate(divide="ignore"):
        median = amplitude * np.maximum(x / edge - 1, 0) ** -exponent if law is None else law(x)
        spread = 0.25 * np.maximum(x / edge - 1, 0) ** -growth
    times = median * np.exp(np.where(np.isfinite(median), spread, 1) * rng.standard_normal(len(x)))
    return Waits(x, np.minimum(times, budget), times > budget)


@pytest.mark.parametrize("exponent", [0.8, 1.6])
def test_edge_and_exponent_come_back_within_their_intervals(exponent):
    systems = {p: draw(p, 7.0 / p, exponent) for p in (31, 59)}
    found = fit_edges(systems, COARSE)
    assert found.exponent.low - 0.25 <= exponent <= found.exponent.high + 0.25
    for p, one in found.systems.items():
        assert one.edge.estimate == pytest.approx(7.0 / p, rel=0.04)
        assert one.amplitude == pytest.approx(5.0, rel=0.35)
        assert one.scale == pytest.approx(0.25, rel=0.2)
        assert one.edge.low <= one.edge.estimate <= one.edge.high


def test_an_edge_is_where_no_run_below_it_has_ended():
    waits = draw(0, 0.2, 1.5)
    found = fit_edges({"one": waits}, COARSE)
    assert found.systems["one"].edge.high < waits.x[~waits.censored].min()
    median = found.median("one", [0.1, found.systems["one"].edge.estimate, 0.4])
    assert np.isinf(median[:2]).all()
    assert np.isfinite(median[2])


def test_the_likelihood_is_the_one_of_a_censored_normal():
    from scipy.stats import norm

    waits = draw(1, 0.2, 1.5)
    found = fit_edges({"one": waits}, COARSE)
    one, above = found.systems["one"], waits.x > found.systems["one"].edge.estimate
    z = (np.log(waits.times[above]) - np.log(found.median("one", waits.x[above]))) / one.scale
    by_hand = np.where(waits.censored[above], norm.logsf(z), norm.logpdf(z) - np.log(one.scale)).sum()
    assert found.aic == pytest.approx(2 * 4 - 2 * by_hand, rel=1e-6)
    # Of a single system the exponent is its own.
    assert one.alone == pytest.approx((found.exponent.estimate, found.aic))


def test_a_spread_that_grows_toward_the_edge_is_told_from_one_that_does_not():
    for growth in (0.0, 0.5):
        systems = {p: draw(p, 7.0 / p, 1.5, growth=growth) for p in (31, 59)}
        found = {tried: fit_edges(systems, COARSE, tried) for tried in (0.0, 0.5)}
        assert found[growth].aic < found[0.5 - growth].aic - 20
        assert found[growth].exponent.low - 0.25 <= 1.5 <= found[growth].exponent.high + 0.25
        for one in found[growth].systems.values():
            assert one.scale == pytest.approx(0.25, rel=0.2)


def test_the_likelihood_with_a_growing_spread_is_that_of_such_waits():
    from scipy.stats import norm

    waits = draw(1, 0.2, 1.5, growth=0.5)
    found = fit_edges({"one": waits}, COARSE, 0.5)
    one, above = found.systems["one"], waits.x > found.systems["one"].edge.estimate
    spread = one.scale * (waits.x[above] / one.edge.estimate - 1) ** -0.5
    z = (np.log(waits.times[above]) - np.log(found.median("one", waits.x[above]))) / spread
    by_hand = np.where(waits.censored[above], norm.logsf(z), norm.logpdf(z) - np.log(spread)).sum()
    assert found.aic == pytest.approx(2 * 4 - 2 * by_hand, rel=1e-6)


def test_other_systems_narrow_an_edge():
    systems = {p: draw(p, 7.0 / p, 1.6) for p in (31, 59)}
    both, alone = (fit_edges(of, COARSE).systems[31].edge for of in (systems, {31: systems[31]}))
    assert both.high - both.low < alone.high - alone.low


def test_an_interval_ends_between_the_values_that_were_tried():
    tried = np.arange(5.0)
    found = edges._interval(tried, (tried - 2.0) ** 2 * 3, 2.0)
    # Straight lines between 1 and 0, and 3 and 4, meet the limit of 3.84 a little inside of where the parabola does.
    assert (found.low, found.high) == pytest.approx((1 - 0.84 / 9, 3 + 0.84 / 9))


def test_a_pure_power_has_its_edge_far_below():
    found = fit_edges({"one": draw(2, 0.2, 0.0, law=lambda x: 20 * (x / 0.3) ** -4.0)}, COARSE)
    assert found.systems["one"].edge.estimate < 0.1


def test_too_few_places_are_refused():
    waits = draw(3, 0.2, 1.5)
    few = Waits(waits.x, waits.times, waits.censored | (waits.x < 0.35))
    with pytest.raises(ValueError, match="systems: one: waits ended at 2 places; an edge needs at least 3"):
        fit_edges({"one": few}, COARSE)
