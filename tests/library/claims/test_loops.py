"""Loops of data sweeps: cut out of histories, and told apart when they close and when they stay."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from grokmodels.claims import loops
from grokmodels.theory import hysteresis


def sweep(steps=1000, seed=3, accuracy=1.0, lowest=0.0, after=None):
    """A run swept down to 0.4 of its data and back: the rule share falls to ``lowest`` at the turn, and climbs late."""
    turn, end = 2000 + steps, 2000 + 2 * steps
    knots = ((0, 1.0), (2000, 1.0), (turn, 0.4), (end, 1.0))
    step = np.arange(0, end + 1, 50)
    share = np.interp(step, [0, 2000, turn, end], [1, 1, 0.4, 1])
    rule = np.where(step < turn, lowest + (1 - lowest) * (share > 0.5), np.where(share > 0.9, 1.0, lowest))
    rule = np.where(step == turn, lowest, rule)
    rule = rule if after is None else np.where(step > turn, after, rule)
    run = {
        "block": f"data, {steps} steps",
        "fraction": 0.6,
        "seed": seed,
        "cohort": "look",
        "data_schedule.knots": knots,
    }
    return run, pd.DataFrame({"step": step, "test_accuracy": accuracy, "rule_share": rule})


def record(*sweeps):
    runs = pd.DataFrame([run for run, _ in sweeps])
    parts = [history.assign(run=number) for number, (_, history) in enumerate(sweeps)]
    return SimpleNamespace(runs=runs, histories=pd.concat(parts, ignore_index=True))


def test_a_sweep_is_cut_into_its_two_ways():
    made = loops.loops(record(sweep()))
    assert made["steps"].unique() == [1000]
    assert (made["fraction"].min(), made["fraction"].max()) == pytest.approx((0.24, 0.6))
    # Down: the rule holds from 1 to 0.5 of the data. Up: it is back from 0.9.
    middle = made["fraction"].between(0.6 * 0.55, 0.6 * 0.85)
    assert (made.loc[middle, "down"] > 0.99).all()
    assert (made.loc[middle, "up"] < 0.01).all()
    assert loops.areas(made)["area"].item() == pytest.approx(0.6 * 0.4, abs=0.03)


def test_a_run_that_had_no_rule_is_left_out():
    assert loops.loops(record(sweep(accuracy=0.5))).empty
    mixed = loops.loops(record(sweep(accuracy=0.5), sweep(seed=4)))
    assert mixed["seed"].unique() == [4]


def test_what_the_sentences_of_the_study_count():
    lost, kept = sweep(seed=0), sweep(seed=1, lowest=0.7)
    never_back = sweep(seed=2, after=0.0)
    fast = sweep(steps=500, seed=0, lowest=0.7)
    some = record(fast, lost, kept, never_back)
    assert loops.share_lost(some) == pytest.approx(2 / 3)
    assert loops.share_found_again(some) == 0.5
    assert np.isnan(loops.share_found_again(record(fast, kept)))
    assert np.isnan(loops.remaining_area(record(fast, kept)))
    assert np.isnan(loops.area_ratio(record(lost)))


def made(width, noise=0.0):
    """Three seeds at three speeds; ``width(rate)`` is the distance between the ways in fraction."""
    fraction = np.linspace(0.24, 0.6, 200)
    rows = []
    for steps in (1000, 4000, 12000):
        for seed in range(3):
            w = width(1 / steps) * (1 + noise * (seed - 1))
            down, up = (1 / (1 + np.exp(-60 * (fraction - 0.4 + s * w / 2))) for s in (1, -1))
            rows.append(pd.DataFrame({"steps": steps, "seed": seed, "fraction": fraction, "down": down, "up": up}))
    return loops.areas(pd.concat(rows, ignore_index=True))


def test_loops_that_close_and_loops_that_stay():
    closing, staying = made(lambda rate: 3 * rate**0.5, 0.1), made(lambda rate: 0.1 + rate**0.5, 0.1)
    assert loops.shrinking(closing) == pytest.approx(12**-0.5, rel=0.05)
    assert loops.remaining(closing) < 0.1
    assert loops.shrinking(staying) > 2 / 3
    assert loops.remaining(staying) == pytest.approx(0.1 / (0.1 + 12000**-0.5), abs=0.3)
    assert loops.remaining(staying) > 0.1


@pytest.mark.slow
@pytest.mark.parametrize(("degree", "shrinks", "stays"), [(2.0, True, False), (3.0, False, True)])
def test_the_toys_loops_are_told_as_the_theory_says(degree, shrinks, stays):
    areas = loops.areas(hysteresis.loops(degree, dwells=(10, 30, 60)))
    assert (loops.shrinking(areas) < 2 / 3) == shrinks
    assert (loops.remaining(areas) > 0.1) == stays


def test_the_toy_loses_the_rule_below_rho_1_only_if_the_table_has_not_starved():
    def at_turn(floor):
        return loops.areas(hysteresis.loops(2, dwells=(15,), between=(0.73, 1.8), floor=floor))["turn"].item()

    assert at_turn(0.15) < 0.4 < 0.7 < at_turn(0.01)


def test_the_decay_sweep_is_read_from_its_start():
    step = np.arange(0, 4001, 50)
    history = pd.DataFrame({"run": 0, "step": step, "rule_share": np.where(step < 2000, 0.0, 0.8)})
    flicker = history.assign(rule_share=history["rule_share"].mask(step == 3000, 0.1))
    for one in (history, flicker):
        table = SimpleNamespace(runs=pd.DataFrame({"block": ["decay, slow"]}), histories=one)
        assert loops.lowest_in_decay_sweep(table) == 0.8
    none = SimpleNamespace(runs=pd.DataFrame({"block": ["data, slow"]}), histories=history)
    assert np.isnan(loops.lowest_in_decay_sweep(none))
