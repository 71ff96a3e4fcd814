"""Shares of a variance with their intervals, on crosses whose components are known."""

import numpy as np
import pandas as pd
import pytest

from grokmodels.statistics import components, shares, variation

NAMES = ("split_seed", "init_seed", "interaction", "within")


def cross(rng, levels, variances):
    shapes = ((levels, 1, 1), (1, levels, 1), (levels, levels, 1), (levels, levels, 2))
    x = sum(rng.normal(0, v**0.5, shape) for v, shape in zip(variances, shapes, strict=True))
    split, init, _ = (index.ravel() for index in np.indices(x.shape))
    return pd.DataFrame({"split_seed": split, "init_seed": init, "value": x.ravel()})


@pytest.mark.slow
@pytest.mark.parametrize("truth", [(0.5, 0.1, 0.2, 0.2), (0.0, 0.1, 0.5, 0.4), (0.05, 0.05, 0.0, 0.9)])
def test_intervals_hold_the_true_shares(truth):
    """In 40 crosses of eight levels; fewer than 33 hits have a chance of one in 2,000 at 95 %."""
    rng, hits = np.random.default_rng(0), np.zeros(4)
    for _ in range(40):
        found = shares(cross(rng, 8, truth), "split_seed", "init_seed", "value")
        hits += [found[name].low <= share <= found[name].high for name, share in zip(NAMES, truth, strict=True)]
    assert (hits >= 33).all(), hits


def test_the_estimates_are_those_of_the_components():
    table = cross(np.random.default_rng(1), 6, (1, 2, 3, 4))
    parts, found = components(table, *NAMES[:2], "value"), shares(table, *NAMES[:2], "value")
    assert [found[name].estimate for name in NAMES] == pytest.approx((parts / parts.sum())[[*NAMES]].tolist())
    assert sum(interval.estimate for interval in found.values()) == pytest.approx(1)


def test_the_variation_of_waits_does_not_narrow_where_they_are_cut_off():
    waits = 3000 * np.exp(np.random.default_rng(0).normal(0, 0.25, 400))
    censored = waits > 3000
    assert 150 < censored.sum() < 250
    assert variation(np.minimum(waits, 3000), censored) == pytest.approx(0.254, abs=0.04)
    # What had been done on the page: the runs that ended, alone.
    ended = waits[~censored]
    assert ended.std() / ended.mean() < 0.18
