"""Simulated worlds against the theory that they stand for, and the shapes of the studies made in them."""

import itertools

import numpy as np
import pandas as pd
import pytest

from grokmodels.theory import basins, escape, evidence, growth, langevin, plateau, ridge, rivals
from grokmodels.theory.circuits import Circuits, simulate
from grokmodels.theory.evidence import At

QUIET = growth.Runs(first=1.0, start=8.0, luck=0.0, noise=1e-3, scatter=0.0)


def at(n=1, **given):
    """Runs of the usual recipe, with no luck."""
    usual = {"fraction": 0.6, "share": 0.1, "eta": 0.00125, "decay": 2.0, "p": 31.0, "luck": 0.0, "data": 0.0}
    return At(**{name: np.broadcast_to(np.asarray(value, float), n) for name, value in (usual | given).items()})


def rng():
    return np.random.default_rng(0)


@pytest.mark.parametrize("rho", [0.4, 1.5, 3.0])
def test_the_log_odds_solve_the_law_of_the_plateau(rho):
    share = plateau.SHARE(np.linspace(0.5, 8, 40), 1e-4, rho, 1.0)
    reading = plateau.LOG_ODDS(1e-4, rho) + 2 * (rho - 1) * np.linspace(0.5, 8, 40)
    got = growth.log_odds_of(reading, np.full(40, rho))
    assert 1 / (1 + np.exp(-got)) == pytest.approx(share, rel=1e-8)


@pytest.mark.parametrize("rho", [1.5, 2.5])
def test_growth_turns_when_the_toy_does(rho):
    circuits = Circuits(generalizing_efficiency=rho, weight_decay=0.02)
    table = simulate(circuits, 0.1, 1e-6, np.linspace(0, 1500, 6001))
    # From where the data are fitted; the margin drifts by the logarithm of ρ afterwards.
    fitted = table[table["decay_time"] > 1].iloc[0]
    start = -plateau.LOG_ODDS(fitted["share"], rho)
    there = table["decay_time"][table["share"] > 0.5].iloc[0]
    world = growth.Growth(QUIET._replace(first=fitted["decay_time"], start=start), lambda at: at.fraction, 1.0)
    assert world.turn(at(fraction=rho), rng())[0] == pytest.approx(there, abs=0.5 * np.log(rho))


def test_below_one_the_rule_never_comes_and_log_odds_fall_at_the_clock_s_rate():
    world = growth.Growth(QUIET, lambda at: at.fraction, 1.0)
    assert np.isinf(world.turn(at(fraction=0.7), rng()))
    end = world.quench(at(3, fraction=0.7), np.full(3, -3.0), 6.0, rng())
    assert end == pytest.approx(-3 + 2 * (0.7 - 1) * 6 + (0.7 - 1) * np.log1p(np.exp(-3)), abs=0.05)


def test_noise_widens_waits_and_leaves_their_mean():
    world = growth.Growth(QUIET._replace(noise=0.4), lambda at: at.fraction, 1.0)
    turn = world.turn(at(20000, fraction=1.5), rng())
    assert turn.mean() == pytest.approx(1 + np.log(2) / 2 + 8, abs=0.02)
    # The inverse Gaussian law: variance noise² far / (2 (ρ − 1))³.
    assert turn.std() == pytest.approx(0.4 * np.sqrt(8), rel=0.03)


def test_runs_at_the_edge_turn_at_the_decay_time_at_which_it_was_sought():
    for name, draw in rivals.SYSTEMS.items():
        world = draw(rng())
        many = at(400, p=97.0, luck=rng().normal(size=400))
        odds = world.log_odds(many, np.zeros(400), 20.0, np.array([20.0]), rng())
        assert odds.shape == (1, 400)
        if name != "renewal":  # the data do not matter to it
            assert 0.35 < (odds > 0).mean() < 0.65, name


@pytest.mark.parametrize(
    ("fraction", "share", "rho"), [(0.78, 1.0, 1.0), (0.78, 0.25, 2.0), (0.39, 1 / 16, 1.0), (0.6, 1.0, 0.5917)]
)
def test_the_price_list_at_cells(fraction, share, rho):
    assert growth.price_ratio(np.array(fraction), np.array(share), 0.78) == pytest.approx(rho, rel=1e-3)


@pytest.mark.parametrize(
    ("fraction", "share", "quiet", "rho"), [(0.6, 1.0, 0.0, 0.0), (0.6, 0.25, 0.0, 1.05), (0.9, 1.0, 1.0, 1.05)]
)
def test_saturation_at_cells(fraction, share, quiet, rho):
    got = growth.saturated_ratio(np.array(fraction), np.array(share), 1.4, 1.0, quiet)
    assert got == pytest.approx(rho)


def test_barriers_and_rates_are_those_of_the_library():
    decay, rho = np.array([0.05, 0.1, 0.25]), np.array([0.8, 2.0, 3.1])
    height, rate = rivals.heights(decay, rho)
    for i in range(3):
        circuits = Circuits(degree=3, generalizing_efficiency=rho[i], weight_decay=decay[i])
        assert height[i] == pytest.approx(basins.barrier(circuits), rel=0.01)
        temperature = height[i] / 4
        law = escape.escape_rate(circuits, temperature) / decay[i]
        assert rate[i] * np.exp(-height[i] / temperature) == pytest.approx(law, rel=0.03)


@pytest.mark.slow
def test_escapes_are_exponential_at_the_rate_of_simulated_walkers():
    circuits = Circuits(degree=3, generalizing_efficiency=2.0, weight_decay=0.2)
    temperature = basins.barrier(circuits) / 3.5
    walked = langevin.escapes(circuits, temperature, 0.2, 12_000, 400, rng())
    times = 0.2 * walked.times
    assert walked.censored < 40
    assert walked.collapsed < 20
    height, rate = (x[0] for x in rivals.heights(np.array([0.2]), np.array([2.0])))
    # In units of Λ; the law is asymptotic, and 20 to 30 % off where the barrier is 3.5 T.
    assert times.mean() == pytest.approx(np.exp(height / temperature) / rate, rel=0.4)
    assert times.std() / times.mean() == pytest.approx(1, abs=0.2)


def test_escape_waits_for_noise_and_the_longer_the_stronger_the_decay():
    world = rivals.Escape(QUIET, 0.4, 1.5, 0.1, 0.004, 1e-4, attempts=20.0)
    turn = {
        key: np.median(world.turn(at(4000, share=key[0], eta=key[1], decay=key[2]), rng()))
        for key in itertools.product((1 / 16, 1 / 8), (0.00125, 0.0025), (1.0, 2.0))
    }
    assert turn[1 / 8, 0.00125, 2.0] > 3 * turn[1 / 16, 0.00125, 2.0]
    assert turn[1 / 16, 0.00125, 2.0] > 1.3 * turn[1 / 16, 0.00125, 1.0]
    assert turn[1 / 16, 0.0025, 2.0] < turn[1 / 16, 0.00125, 2.0]


def test_the_null_forgets_as_the_ridge_student_does():
    """Log odds of signal against noise climb by 2 a unit of decay time, and end at a level set by the data."""
    model = ridge.Ridge(features=300, strong=30, weak_variance=0.01, examples=150, initial_scale=3.0, weight_decay=1e-5)
    data, lam = ridge.modes(model), np.array([1.0, 1.5, 2.0])
    weights = ridge.student(model, data, lam / model.weight_decay)
    signal = (weights * data.variances) @ data.teacher
    noise = weights**2 @ data.variances - signal**2
    climb = np.diff(np.log(signal**2 / noise)) / np.diff(lam)
    assert climb == pytest.approx([2, 2], abs=0.2)
    world = rivals.Smooth(QUIET, 2.0, 4.0, 0.0, 0.0, 1.0, forgets=True)
    odds = world.log_odds(at(), np.array([50.0]), 20.0, 1 + lam, rng())
    assert np.diff(odds[:, 0]) / 0.5 == pytest.approx([2, 2])
    odds = world.log_odds(at(), np.array([0.1]), 20.0, np.array([40.0]), rng())
    assert odds[0, 0] == pytest.approx(0.2)


def test_a_smooth_curve_turns_when_its_own_log_odds_say():
    for forgets in (True, False):
        world = rivals.Smooth(QUIET, 2.0, 1.0, 0.0, 0.0, 2.0, forgets)
        turn = world.turn(at(fraction=0.6), rng())[0]
        # The same final level is reached one half of a unit of ln f from the place of one half.
        odds = world.log_odds(at(fraction=0.6), np.array([0.5]), 20.0, np.array([turn]), rng())
        assert odds[0, 0] == pytest.approx(0, abs=0.15)


def test_kicks_move_what_nothing_else_does():
    world = rivals.Kicks(QUIET, rivals.Edge(0.003, 0.0), every=0.5, size=2.0, power=0.0)
    assert np.isinf(world.turn(at(eta=0.00125), rng()))
    turn = world.turn(at(4000, eta=0.005), rng())
    assert turn.mean() == pytest.approx(1 + 0.5 * 3.5, abs=0.05)
    assert world.quench(at(50), np.full(50, -0.5), 6.0, rng()) == pytest.approx(-0.5, abs=0.3)
    renewed = rivals.Renewal(QUIET, rivals.Edge(0.003, 0.0), 2.0, 3.0, 1.0)
    turn = renewed.turn(at(4, share=[1.0, 1.0, 0.5, 0.1], eta=[0.00125, 0.005, 0.00125, 0.00125]), rng())
    assert np.isinf(turn).tolist() == [True, False, False, False]
    assert turn[1:] == pytest.approx(2.0)


def test_two_phases_are_chosen_once_and_kept():
    world = rivals.FirstOrder(QUIET, 0.78, 0.4, 0.5, 1.0)
    many = at(200, luck=rng().normal(size=200))
    odds = world.log_odds(many, np.zeros(200), 20.0, np.array([10.0, 40.0]), rng())
    assert (np.sign(odds[0]) == np.sign(odds[1])).all()
    assert 60 < (odds[0] > 0).sum() < 140
    assert np.abs(odds).min() > 2


@pytest.mark.parametrize("name", rivals.SYSTEMS)
def test_a_study_has_the_sizes_and_columns_of_the_real_ones(name):
    made = evidence.study(rivals.SYSTEMS[name](rng()), rng())
    wanted = {
        "plane": (250, "fraction share seed turn censored"),
        "rates": (240, "eta decay share seed turn censored"),
        "edge": (150, "cell seed turn censored"),
        "crossed": (384, "p split_seed init_seed replica value"),
        "sizes": (840, "p x run m@10 m@20 m@40"),
        "quench": (10, "seed start end turned"),
    }
    for part, (rows, columns) in wanted.items():
        table = getattr(made, part)
        assert (len(table), " ".join(table.columns)) == (rows, columns)
        assert np.isfinite(table.to_numpy(float)).all()
        seen = ["turn", "turned", "censored", "value", "m@10", "m@20", "m@40", "start", "end"]
        assert not table.drop(columns=seen, errors="ignore").duplicated().any()
    for part, budget in (("plane", 20), ("edge", 20), ("rates", 15)):
        table = getattr(made, part)
        assert table["turn"].between(0, budget).all()
        if part != "rates":
            assert (table["turn"][table["censored"]] == budget).all()
    short = made.rates[(made.rates["eta"] == 0.000625) & (made.rates["decay"] == 0.5)]
    assert short["turn"].max() <= 12.5
    assert made.crossed["value"].abs().max() <= 6
    again = evidence.study(rivals.SYSTEMS[name](rng()), rng())
    pd.testing.assert_frame_equal(made.sizes, again.sizes)


def test_luck_is_shared_as_the_study_says():
    class Mirror:
        """A world that tells the luck it was given."""

        def turn(self, at, random):
            return 10 + at.luck

        def log_odds(self, at, offset, reach, moments, random):
            return np.tile(at.data, (len(moments), 1))

        def quench(self, at, start, window, random):
            return start

    made = evidence.study(Mirror(), rng())
    assert made.crossed.groupby(["p", "split_seed"])["value"].nunique().eq(1).all()
    assert made.crossed.groupby("p")["value"].nunique().eq(8).all()
    seeds = made.plane.pivot_table(index="seed", columns=["fraction", "share"], values="turn")
    assert seeds.corr().to_numpy()[np.triu_indices(25, 1)].mean() > 0.05
