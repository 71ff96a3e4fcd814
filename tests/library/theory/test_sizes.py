"""The two systems with known answers at several sizes, as tables of runs."""

import numpy as np
import pytest
from scipy.stats import spearmanr

from grokmodels.theory import hysteresis, sizes


def ratio(runs, early, late):
    """ρ by the law between two moments: ln m − ρ ln(1 − m) grows by 2(ρ − 1)ΔΛ."""
    (m, n), span = (runs[f"m_hat at {moment}"] for moment in (early, late)), 2 * (late - early)
    return (np.log(n / m) + span) / (span + np.log((1 - n) / (1 - m)))


def test_the_saddles_share_obeys_its_law():
    runs = sizes.saddle_runs(moduli=(17,), seeds=6)
    np.testing.assert_allclose(ratio(runs, 4, 6), ratio(runs, 8, 10), rtol=1e-6)
    np.testing.assert_allclose(ratio(runs, 4, 6).groupby(runs["seed"]).max() / 1.9, 1, atol=0.3)
    ended = ~runs["t_gen_censored"]
    assert (runs.loc[ended, "m_hat at 10"] >= 0.5 - 1e-9).all()
    assert (runs.loc[~ended, "m_hat at 10"] < 0.5).all()


@pytest.mark.slow
def test_a_seed_of_the_saddle_is_lucky_at_every_fraction():
    runs = sizes.saddle_runs()
    for _, size in runs.groupby("size"):
        ranks = size.assign(i=size.groupby("seed").cumcount()).pivot(index="seed", columns="i", values="m_hat at 10")
        for a in range(5):
            assert spearmanr(ranks[a], ranks[a + 1]).statistic > 0.98


def test_the_null_model_answers_at_once_in_its_share_and_late_by_its_threshold():
    runs = sizes.null_runs(sizes=(40,), seeds=4)
    assert runs["m_hat at 0.4"].between(0, 1).all()
    means = runs.groupby("fraction")[["m_hat at 0.55", "generalized"]].mean()
    assert means["m_hat at 0.55"].iloc[-1] > 2 * means["m_hat at 0.55"].iloc[0]
    assert means["generalized"].iloc[0] == 0
    assert means["generalized"].iloc[-1] == 1


@pytest.mark.slow
@pytest.mark.parametrize(("degree", "left"), [(2.0, (0, 0.5)), (3.0, (0.8, 1.1))])
def test_the_toys_loop_closes_at_two_and_stays_at_three(degree, left):
    loops = hysteresis.loops(degree, dwells=(10, 60))
    areas = [np.trapezoid(loop["down"] - loop["up"], loop["fraction"]) for _, loop in loops.groupby("steps", sort=True)]
    assert left[0] < areas[1] / areas[0] < left[1]
