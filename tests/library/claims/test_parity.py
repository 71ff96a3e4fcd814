"""The analysis of the parity runs, on runs whose answer is known."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from grokmodels import studies
from grokmodels.claims import parity
from grokmodels.statistics import median_wait


@pytest.mark.parametrize(
    ("t_mem", "t_gen", "mem_open", "gen_open", "expected"),
    [
        (100, 200, False, False, "grokked"),
        (100, 175, False, False, "at once"),
        (100, 2500, False, True, "not within budget"),
        (2500, 2500, True, True, "did not memorize"),
        # Stopped as it had generalized, before its training accuracy had lasted.
        (250, 150, True, False, "at once"),
    ],
)
def test_fates(t_mem, t_gen, mem_open, gen_open, expected):
    ratio = np.nan if mem_open else t_gen / t_mem
    assert parity.fate({"t_mem_censored": mem_open, "t_gen_censored": gen_open, "delay_ratio": ratio}) == expected


class Invented:
    """A record of two runs at 30 %: one waits from step 100 to 600, one that has generalized when it has memorized."""

    def __init__(self, waiting, held_out_fraction=0.3):
        step = np.arange(0, 1000, 25)
        accuracy = np.where(step < 100, 0.3, np.where(step < 600, waiting, 0.99))
        # A single evaluation counts for nothing: medians of three are looked at.
        accuracy[step == 400] = 0.1
        slow = {"test_accuracy": accuracy, "m_hat": accuracy - 0.5, "train_accuracy": np.where(step == 300, 0.7, 1.0)}
        quick = {"test_accuracy": np.where(step < 100, 0.3, 0.99), "m_hat": 1.0, "train_accuracy": 1.0}
        parts = [pd.DataFrame({"run": i, "step": step} | run) for i, run in enumerate((slow, quick))]
        self.histories = pd.concat(parts, ignore_index=True)
        self.runs = pd.DataFrame(
            {"t_mem": [100, 100], "t_gen": [600, 100], "t_mem_censored": False, "t_gen_censored": False}
            | {"delay_ratio": [6.0, 1.0], "fraction": held_out_fraction, "seed": [0, 1]}
        )

    def measured(self, *_):
        return self.runs


def test_below_chance_is_seen_only_while_the_run_waits():
    slow, quick = parity.waits(Invented(0.44)).to_dict("records")
    assert (slow["lowest"], slow["below"], slow["dip"], slow["last"]) == (0.44, True, 0.7, 0.99)
    assert slow["m_hat"] == pytest.approx(-0.06)
    assert np.isnan([quick["lowest"], quick["m_hat"], quick["dip"]]).all()
    assert not quick["below"]
    # Of the 102 strings that are held out at 90 %, a share of 44 % is within two standard errors of a half.
    assert not parity.waits(Invented(0.44, held_out_fraction=0.9))["below"].any()


@pytest.mark.parametrize(("waiting", "seeds"), [(0.49, 1), (0.51, 0)])
def test_seeds_are_below_half_only_while_they_wait(waiting, seeds):
    assert parity.seeds_below_half(Invented(waiting)) == seeds


def table(with_decay, without, seeds=5):
    """A table in which so many of ``seeds`` grok with decay and without, at 30 % and 50 %."""
    rows = []
    for fraction, yes, no in zip((0.3, 0.5), with_decay, without, strict=True):
        for decay, done in ((1.0, yes), (0.0, no)):
            rows += [
                {"fraction": fraction, parity.DECAY: decay, "t_gen_censored": seed >= done}
                | {"fate": "grokked" if seed < done else "not within budget"}
                for seed in range(seeds)
            ]
    return pd.DataFrame(rows)


@pytest.mark.parametrize(
    ("with_decay", "without", "verdict"),
    [
        ((5, 5), (0, 0), "holds"),
        ((5, 5), (0, 3), "holds with limits"),
        ((4, 4), (0, 1), "holds with limits"),
        ((2, 1), (2, 2), "fails"),
        ((0, 0), (5, 5), "fails"),
    ],
)
def test_verdicts_follow_their_rule(with_decay, without, verdict):
    assert parity.judge_decay(parity.outcomes(table(with_decay, without))) == verdict


def test_runs_that_learn_at_once_are_not_grokked():
    quick = table((5, 5), (0, 0)).replace({"fate": {"grokked": "at once"}})
    assert parity.judge_decay(parity.outcomes(quick)) == "holds with limits"


@pytest.mark.parametrize(
    "lacking", ["`optimizer.weight_decay` > 0", "fraction < 0.4", "fraction > 0.4 or `optimizer.weight_decay` > 0"]
)
def test_conditions_without_runs_leave_it_open(lacking):
    counts = parity.outcomes(table((5, 5), (0, 0)).query(lacking))
    assert parity.judge_decay(counts) == "open"
    assert parity.reason(counts) == "not all conditions have stored runs"


@given(numbers=st.tuples(*[st.integers(0, 5)] * 4))
def test_more_runs_that_generalize_without_decay_never_help(numbers):
    order = ["fails", "holds with limits", "holds"]
    a, b, c, d = numbers
    verdicts = [parity.judge_decay(parity.outcomes(table((a, b), (c, no)))) for no in (d, min(d + 1, 5))]
    assert order.index(verdicts[1]) <= order.index(verdicts[0])


def test_the_rows_report_the_stored_runs():
    six, seven = parity.rows()
    runs = studies.record("parity").only("decay").runs
    assert (six.number, six.runs, six.censored) == (6, len(runs), runs["t_gen_censored"].sum())
    assert (seven.number, seven.verdict) == (7, "fails")
    # With decay at 30 % more than half of the runs generalize, by a median of the waits.
    decayed = runs[(runs["fraction"] == 0.3) & (runs[parity.DECAY] > 0)]
    assert np.isfinite(median_wait(decayed["t_gen"], decayed["t_gen_censored"]))


def test_networks_leak_as_a_blurred_table_does():
    """Some stored networks are an anti-rule at t_mem, with a rule share far above that of noise."""
    at_mem = studies.record("parity").only("decay").measured("m_hat at t_mem", "rule_share at t_mem")
    against = at_mem[at_mem["m_hat at t_mem"] < -0.1]
    assert len(against) >= 5
    assert (against["rule_share at t_mem"] > 10 / 717).all()
