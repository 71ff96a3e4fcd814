"""Statistics on synthetic data with known answers, censoring included."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from lifelines import LogNormalAFTFitter

from grokmodels import statistics
from grokmodels.statistics import waits

DECAYS = np.repeat(np.geomspace(0.02, 2, 9), 5)


def power_law(seed, exponent=-1.0, budget=200.0, noise=0.2):
    """Delays of 5 seeds at each of 9 decays, cut off at a budget that censors the weakest."""
    rng = np.random.default_rng(seed)
    times = 10 * DECAYS**exponent * np.exp(noise * rng.normal(size=len(DECAYS)))
    return np.minimum(times, budget), times >= budget


def test_the_exponent_is_within_its_interval_at_the_stated_rate_though_runs_are_censored():
    inside = []
    for seed in range(24):
        times, censored = power_law(seed, exponent=-0.8)
        assert censored.any()
        slope = statistics.fit_law(times, censored, ln_decay=np.log(DECAYS)).slopes["ln_decay"]
        inside.append(slope.low <= -0.8 <= slope.high)
    # 24 draws at 95 %: fewer than 19 has a chance below 1 in 100.
    assert sum(inside) >= 19


def test_taking_the_budget_for_the_delay_is_wrong_and_dropping_too():
    times, censored = power_law(0, budget=100)
    ln = np.log(DECAYS)
    honest = statistics.fit_law(times, censored, ln_decay=ln).slopes["ln_decay"]
    naive = np.polyfit(ln, np.log(times), 1)[0]
    assert honest.low <= -1 <= honest.high
    assert naive > -0.9


def test_a_law_predicts_medians_and_says_its_scatter():
    times, censored = power_law(1, budget=1e6)
    law = statistics.fit_law(times, censored, ln_decay=np.log(DECAYS))
    assert law.predict(ln_decay=np.log([0.1])) == pytest.approx([100], rel=0.15)
    assert law.scale == pytest.approx(0.2, rel=0.3)
    assert (law.runs, law.censored) == (45, 0)


@pytest.mark.parametrize("budget", [200.0, 12.0])
def test_a_law_is_the_one_that_lifelines_fits(budget):
    times, censored = power_law(2, budget=budget)
    law = statistics.fit_law(times, censored, ln_decay=np.log(DECAYS))
    table = pd.DataFrame({"ln_decay": np.log(DECAYS), "time": times, "done": ~censored})
    with waits._quiet():
        fit = LogNormalAFTFitter().fit(table, "time", "done")
    rows = fit.summary[["coef", "coef lower 95%", "coef upper 95%"]]
    assert law.slopes["ln_decay"] == pytest.approx(tuple(rows.loc[("mu_", "ln_decay")]), abs=1e-4)
    assert law.intercept == pytest.approx(tuple(rows.loc[("mu_", "Intercept")]), abs=1e-4)
    assert np.log(law.scale) == pytest.approx(rows.loc[("sigma_", "Intercept"), "coef"], abs=1e-4)
    assert law.aic == pytest.approx(fit.AIC_, abs=1e-4)


FRACTIONS = np.repeat([0.22, 0.26, 0.3, 0.35, 0.45, 0.6, 0.9], 8)


def both_laws(delays, budget=5000):
    """The critical law, its x_c and the power law fitted to delays that a budget cuts off."""
    times, censored = np.minimum(delays, budget), delays >= budget
    x_c, critical = statistics.fit_critical_law(FRACTIONS, times, censored, [0.2, 0.22, 0.24])
    return x_c, critical, statistics.fit_law(times, censored, ln_fraction=np.log(FRACTIONS))


def test_criteria_tell_the_law_that_made_the_data():
    found = []
    for seed in range(6):
        noise = np.exp(0.15 * np.random.default_rng(seed).normal(size=len(FRACTIONS)))
        distance = np.where(FRACTIONS > 0.24, FRACTIONS - 0.24, 1e-9)
        x_c, critical, power = both_laws(100 / distance * noise)
        assert power.aic - critical.aic > 10
        slope = critical.slopes["ln_distance"]
        found.append(x_c.low <= 0.24 <= x_c.high and slope.low <= -1 <= slope.high)
    assert sum(found) >= 5
    _, critical, power = both_laws(100 * FRACTIONS**-2.0 * noise)
    assert power.aic < critical.aic


@pytest.mark.parametrize(
    ("draw", "name"),
    [
        (lambda rng: rng.exponential(100, 150), "exponential"),
        (lambda rng: rng.lognormal(4, 0.3, 150), "log-normal"),
        (lambda rng: 100 * rng.weibull(4, 150), "Weibull"),
    ],
)
def test_waiting_laws_find_the_distribution_and_reject_the_others(draw, name):
    times = draw(np.random.default_rng(0))
    censored = times > np.quantile(times, 0.9)
    table = statistics.waiting_laws(np.minimum(times, np.quantile(times, 0.9)), censored)
    assert table.loc[name, "worse_by"] <= 2.5
    other = "exponential" if name != "exponential" else "log-normal"
    assert table.loc[other, "worse_by"] > 2.5


@pytest.mark.slow
@given(st.lists(st.tuples(st.integers(1, 50), st.booleans()), min_size=1, max_size=30))
def test_the_share_waiting_is_kaplan_and_meiers_product(runs):
    times, censored = map(np.array, zip(*runs, strict=True))
    expected = 1.0
    for t in np.unique(times):
        expected *= 1 - ((times == t) & ~censored).sum() / (times >= t).sum()
        assert statistics.share_waiting(times, censored)[t] == pytest.approx(expected)


def test_the_median_is_infinite_where_most_are_still_waiting():
    assert statistics.median_wait([1, 2, 3, 9], [False, False, False, True]) == 2
    assert statistics.median_wait([1, 9, 9, 9], [False, True, True, True]) == float("inf")


@pytest.mark.slow
def test_the_median_is_not_one_event_late_through_rounding():
    assert all(statistics.median_wait(range(1, n + 1), [False] * n) == -(-n // 2) for n in range(2, 120))


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: statistics.share_waiting([1, 2], [False]), "censored: got shape"),
        (lambda: statistics.share_waiting([0, 2], [False, False]), r"times: got \[0.0\]; must be positive and finite"),
        (lambda: statistics.share_waiting([3, np.inf, np.nan], [False] * 3), r"times: got \[inf, nan\]"),
        (lambda: statistics.fit_law([1, 2, 3], [True, True, False]), "censored: got 1 runs"),
        (lambda: statistics.fit_law([1, 2, 3], [False] * 3, width=[8] * 3), r"covariates: got \['width'\]; each must"),
        (lambda: statistics.fit_law([1, 2, 3], [False] * 3, a=[1, 2, 4], b=[2, 4, 8]), "none may follow"),
        (lambda: statistics.fit_critical_law([1, 2, 3], [1, 2, 3], [False] * 3, [5]), "critical: got"),
    ],
)
def test_bad_input_is_named(call, words):
    with pytest.raises(ValueError, match=words):
        call()
