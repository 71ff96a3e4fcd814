"""The dip test: its level and power, and the statistic against its definition."""

import numpy as np
import pytest
from scipy.optimize import linprog

from grokmodels.statistics.dip import dip, dip_statistic


def test_the_dip_test_has_its_stated_level_and_power():
    rng = np.random.default_rng(4)
    one = [dip(rng.normal(size=50)) for _ in range(200)]
    two = [dip(np.where(rng.random(50) < 0.5, 0.1, 0.9) + rng.normal(0, 0.12, 50)) for _ in range(50)]
    assert np.mean(np.array(one) < 0.05) <= 0.06
    flat = [dip(rng.random(50)) for _ in range(400)]
    assert 0.02 <= np.mean(np.array(flat) < 0.05) <= 0.08
    assert np.mean(np.array(two) < 0.05) >= 0.95


def nearest_single_peak(values):
    """The dip by its definition: the nearest single-peaked distribution, by linear programming at each mode."""
    x, counts = np.unique(values, return_counts=True)
    n, found = len(x), []
    after = np.cumsum(counts) / len(values)
    before = after - counts / len(values)
    steps = np.diff(x)
    for mode in range(n):
        # Unknown: its value at each point, n; the same just after the mode, where it may jump; its distance.
        unit = np.eye(n + 2)
        rises = np.array([unit[i + 1] - unit[n if i == mode else i] for i in range(n - 1)] + [unit[n] - unit[mode]])
        slopes = rises[: n - 1] / steps[:, None]
        bends = np.diff(slopes, axis=0)
        convex, concave = bends[: max(mode - 1, 0)], -bends[mode:]
        ends = np.where(np.arange(n) == mode, n, np.arange(n))
        near = [sign * unit[rows] - unit[n + 1] for rows in (range(n), ends) for sign in (1, -1)]
        limits = [before, -before, after, -after]
        bounds = [(None, None)] * (n + 1) + [(0, None)]
        rows = np.concatenate([-rises, -convex, -concave, *near])
        values_of = np.concatenate([np.zeros(len(rises) + len(convex) + len(concave)), *limits])
        found.append(linprog(unit[n + 1], rows, values_of, bounds=bounds).fun)
    return min(found)


@pytest.mark.parametrize("seed", range(12))
def test_the_dip_is_the_distance_to_the_nearest_single_peak(seed):
    rng = np.random.default_rng(seed)
    n = int(rng.integers(3, 14))
    for values in (rng.normal(size=n), rng.integers(0, 2, n) + rng.normal(0, 0.1, n), rng.integers(0, 5, n)):
        assert dip_statistic(values) == pytest.approx(nearest_single_peak(values), abs=1e-7)


def test_dips_that_are_known():
    for n in (2, 3, 10, 50):
        assert dip_statistic(np.arange(n)) == pytest.approx(1 / (2 * n))
    # A yes or no in 7 and 3 of 10: one of the two may be the peak, and the other is halved.
    assert dip_statistic([0] * 7 + [1] * 3) == pytest.approx(0.15)
    assert dip_statistic([0.5] * 10) == 0
    values = np.random.default_rng(5).normal(size=40)
    assert dip_statistic(3 * values - 1) == pytest.approx(dip_statistic(values))
    assert dip_statistic(-values) == pytest.approx(dip_statistic(values))
    assert dip(np.append(values, np.nan)) == dip(values)
