"""The statistics of the verdict on tables made by hand, and a small calibration on systems with known answers."""

import itertools

import numpy as np
import pandas as pd
import pytest

from grokmodels.claims import motion
from grokmodels.theory import evidence, rivals
from grokmodels.theory.evidence import Evidence

FRACTIONS, SHARES = (0.5, 0.6, 0.7, 0.8, 0.9), (1, 1 / 2, 1 / 4, 1 / 8, 1 / 16)


def told(**tables):
    """The statistics that some tables tell."""
    return motion.statistics_of(Evidence(**tables)).dropna()


def made(columns, rows):
    return pd.DataFrame(rows, columns=columns.split())


def test_the_plane():
    def turn(f, x, seed):
        """Waits of 2 f^−3 at 1/16, half as long again for each halving of the noise; a full batch turns at .9 only."""
        return 25.0 if x == 1 and f < 0.85 else 2 * f**-3 * 1.5 ** np.log2(16 * x) * (1 + 0.01 * (seed - 4.5))

    rows = [(f, x, s, min(turn(f, x, s), 20), turn(f, x, s) > 20) for f in FRACTIONS for x in SHARES for s in range(10)]
    table = made("fraction share seed turn censored", rows)
    found = told(plane=table)
    assert found.to_dict() == pytest.approx(
        {
            "full batch, 60 %: share that turns": 0,
            "full batch, 90 %: share that turns": 1,
            "batch 1/16, 60 %: share that turns": 1,
            "wait at batch 1/4 over 1/16, log": 2 * np.log(1.5),
            "bend of the wait in the batch, log": 0,
            "wait against fraction, exponent": -3,
        },
        abs=1e-9,
    )
    pd.testing.assert_series_equal(told(plane=table.sample(frac=1, random_state=0)), found)
    with pytest.raises(ValueError, match="each must have the same number"):
        told(plane=table[1:])


def test_the_rates():
    grid = itertools.product(evidence.RATES, evidence.DECAYS, (1.0, 0.11), range(6))
    rows = [
        (eta, lam, x, s, 15.0 if x == 1 else 3 * lam**0.3 * (eta / 0.01) ** -0.1, x == 1 and (eta < 0.003 or s == 0))
        for eta, lam, x, s in grid
    ]
    found = told(rates=made("eta decay share seed turn censored", rows))
    assert found.to_list() == pytest.approx([0.3, -0.1, 0, 5 / 6])


def test_the_edge_tells_a_log_normal_wait_from_an_exponential_one():
    rng = np.random.default_rng(0)
    waits = {"narrow": np.exp(rng.normal(1, 0.3, (3, 2000))), "memoryless": rng.exponential(6, (3, 2000))}
    for name, drawn in waits.items():
        rows = [(c, s, min(t, 10), t > 10) for c in range(3) for s, t in enumerate(drawn[c])]
        share, spread, gain = told(edge=made("cell seed turn censored", rows))
        assert share == pytest.approx((drawn <= 10).mean())
        if name == "narrow":
            assert spread == pytest.approx(0.3, abs=0.02)
            assert gain < -0.5
        else:
            assert gain > 0.02
    # The likelihoods are those of the textbook, runs that are still waiting included.
    t, still = np.array([1.0, 2.0, 4.0, 4.0]), np.array([False, False, False, True])
    spread, gain = motion.wait_law(t, still)
    assert spread > np.log(t[:3]).std()
    rate, (mu, sigma) = 3 / 11, _log_normal(t, still)
    from scipy.stats import expon, lognorm

    exponential = expon(scale=1 / rate).logpdf(t[:3]).sum() + expon(scale=1 / rate).logsf(4.0)
    law = lognorm(sigma, scale=np.exp(mu))
    assert gain == pytest.approx((exponential - law.logpdf(t[:3]).sum() - law.logsf(4.0)) / 4, abs=1e-3)
    assert motion.wait_law(t, np.array([True, True, False, False])) is None
    nothing = motion.statistics_of(
        Evidence(edge=made("cell seed turn censored", [(0, s, 20.0, True) for s in range(9)]))
    )
    assert nothing["edge: share that turns"] == 0
    assert nothing.isna().sum() == len(motion.NAMES) - 1


def _log_normal(t, still):
    """The best log-normal by brute force."""
    from scipy.optimize import minimize
    from scipy.stats import norm

    def cost(free):
        z = (np.log(t) - free[0]) / np.exp(free[1])
        return -(norm.logpdf(z[~still]) - free[1]).sum() - norm.logsf(z[still]).sum()

    mu, log_sigma = minimize(cost, [1.0, 0.0], method="Nelder-Mead", options={"xatol": 1e-8, "fatol": 1e-10}).x
    return mu, np.exp(log_sigma)


@pytest.mark.parametrize("whose", ["split", "weights", "replicas"])
def test_whose_luck_it_is(whose):
    rng = np.random.default_rng(0)
    split, weights = rng.normal(size=(2, 100, 8))
    rows = []
    for p, i, j, k in itertools.product((23, 43, 97), range(8), range(8), range(2)):
        value = {"split": split[p, i], "weights": weights[p, j], "replicas": rng.normal()}[whose]
        rows.append((p, i, j, k, value))
    found = told(crossed=made("p split_seed init_seed replica value", rows))
    for p in (23, 97):
        names = {"split": "the split", "weights": "the weights", "replicas": "replicas"}
        shares = {name: found[f"p = {p}: share of {word}"] for name, word in names.items()}
        assert shares.pop(whose) > 0.75
        assert max(shares.values()) < 0.2
    assert told(crossed=made("p split_seed init_seed replica value", [(*row[:4], -6.0) for row in rows])).empty


def sizes(steep, spread, seed=0):
    """Steps of log odds ``steep(p, Λ)`` in x whose runs scatter with a standard deviation ``spread(p)``."""
    rng, rows = np.random.default_rng(seed), []
    for p, middle in ((31, -0.7), (59, -0.9), (97, -1.2)):
        for i, run in itertools.product(range(-3, 4), range(40)):
            own = spread(p) * rng.normal()
            rows.append((p, middle + 0.06 * i, run, *(_share(steep(p, t) * 0.06 * i + own) for t in (10, 20, 40))))
    return told(sizes=made("p x run m@10 m@20 m@40", rows))


def _share(odds):
    return 1 / (1 + np.exp(-odds))


def test_size_and_time_steepen_a_step():
    still = sizes(lambda p, t: 6.0, lambda p: 3 / p)
    assert still["size: steepening of the step"] == pytest.approx(0, abs=0.03)
    assert still["size: growth of fluctuations"] == pytest.approx(0, abs=0.2)
    assert still["size: steepening from 10 to 40"] == pytest.approx(0, abs=0.03)
    assert still["size: dip at the largest"] < 0.08
    sharp = sizes(lambda p, t: 4 * (p / 31) * t / 40, lambda p: 0.02)
    assert sharp["size: steepening of the step"] == pytest.approx(0.5, abs=0.03)
    assert sharp["size: steepening from 10 to 40"] == pytest.approx(np.log(4), abs=0.05)
    two = sizes(lambda p, t: 0.0, lambda p: 60.0)
    assert two["size: growth of fluctuations"] == pytest.approx(1, abs=0.1)
    assert two["size: dip at the largest"] > 0.15


def test_the_quench():
    rows = [(0, -0.5, 2.5, True), (1, -0.5, -1.5, False), (2, 0.0, 1.0, True), (3, 0.0, 1.0, True)]
    found = told(quench=made("seed start end turned", rows))
    assert found.to_list() == [1.0, 0.75]


def test_every_statistic_belongs_to_one_part_and_has_a_resolution():
    numbers = [i for rows in motion.PARTS.values() for i in range(rows.start, rows.stop)]
    assert numbers == list(range(len(motion.NAMES)))
    assert list(motion.PARTS) == list(Evidence._fields) == list(motion.MEASURES)
    assert min(motion.NAMES.values()) > 0
    assert motion.statistics_of(Evidence()).isna().all()


FAR = ("saddle", "escape", "renewal")


@pytest.fixture(scope="module")
def small():
    """A calibration of three systems that are far from one another."""
    seen, fresh = ({name: motion.simulated(name, n, seed) for name in FAR} for n, seed in ((50, 0), (12, 1)))
    return motion.Calibration(seen, fresh)


@pytest.mark.slow
def test_a_small_calibration_knows_its_systems(small):
    table = small.confusion()
    assert tuple(table.index) == FAR
    assert (table["low"] < 0.15).all()
    survives = table[list(FAR)].to_numpy()
    assert np.diag(survives).mean() > 0.85
    assert survives[~np.eye(3, dtype=bool)].max() < 0.1


def test_a_part_alone_says_less(small):
    assert small.confusion(["crossed"])["alone"].mean() < 0.6 < small.confusion(["plane"])["alone"].mean()


@pytest.mark.slow
def test_a_calibration_is_made_again_alike_and_its_halves_differ(small):
    again = motion.calibration(studies=20, fresh=1)
    assert list(again.seen) == list(rivals.SYSTEMS)
    pd.testing.assert_frame_equal(again.seen["escape"], small.seen["escape"][:20])
    assert not np.allclose(again.seen["saddle"][:1], again.fresh["saddle"])


def test_what_is_shipped_is_made_again():
    shipped = motion.kept()
    assert list(shipped.seen) == list(shipped.fresh) == list(rivals.SYSTEMS)
    assert min(len(table) for table in shipped.fresh.values()) >= 200
    for name in rivals.SYSTEMS:
        for table, seed in ((shipped.seen[name], 0), (shipped.fresh[name], 1)):
            again = motion.simulated(name, 2, seed)
            # Single precision; a maximum of a likelihood is found to fewer digits.
            np.testing.assert_allclose(table[:2], again, rtol=1e-3, atol=1e-4)


@pytest.mark.slow
def test_the_error_rate_of_the_whole_verdict_is_kept():
    table = motion.kept().confusion()
    assert table["lost"].mean() < 0.05
    # No system is measurably above 5 %.
    assert (table["low"] <= 0.05).all()
