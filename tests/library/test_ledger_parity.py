"""The analysis of the parity runs, on tables whose answer is known."""

import numpy as np
import pandas as pd
import pytest

from grokmodels.ledger import parity
from grokmodels.tasks import Parity, Split


@pytest.mark.parametrize(
    ("t_mem", "t_gen", "mem_open", "gen_open", "expected"),
    [
        (100, 250, False, False, "grokked"),
        (100, 150, False, False, "at once"),
        (100, 2500, False, True, "not within budget"),
        (2500, 2500, True, True, "did not memorize"),
    ],
)
def test_fates(t_mem, t_gen, mem_open, gen_open, expected):
    row = {"t_mem": t_mem, "t_gen": t_gen, "t_mem_censored": mem_open, "t_gen_censored": gen_open}
    assert parity.fate(row) == expected


def test_below_chance_is_seen_only_while_the_run_waits():
    step = np.arange(0, 1000, 25)
    accuracy = np.where(step < 100, 0.3, np.where(step < 600, 0.44, 0.99))
    history = pd.DataFrame({"step": step, "test_accuracy": accuracy, "m_hat": accuracy - 0.5})
    row = {"t_mem": 100, "t_gen": 600, "t_gen_censored": False}
    found = parity.waiting(history, row, held_out=717)
    assert (found["at_mem"], found["lowest"], found["below"], found["last"]) == (0.44, 0.44, True, 0.99)
    assert not parity.waiting(history, row, held_out=100)["below"]


def test_neighbors_of_a_stored_string_have_the_other_label():
    task = Parity(bits=6)
    stored = np.array([0b000000])
    near = np.flatnonzero(task.inputs.sum(axis=1) == 1)
    assert parity.vote_accuracy(task, Split(stored, near), 0.1) == 0
    two_away = np.flatnonzero(task.inputs.sum(axis=1) == 2)
    assert parity.vote_accuracy(task, Split(stored, two_away), 0.1) == 1


def test_a_blurring_table_is_below_chance_and_a_negative_blur_is_the_rule():
    task = Parity()
    split = task.split(0.3, seed=0)
    assert parity.vote_accuracy(task, split, 0.01) < 0.1
    assert parity.vote_accuracy(task, split, -0.9) == 1


def test_popcounts_seen():
    task = Parity(bits=4)
    ones = task.inputs.sum(axis=1)
    split = Split(
        np.flatnonzero(ones == 2)[:3], np.concatenate([np.flatnonzero(ones == 2)[3:], np.flatnonzero(ones == 1)])
    )
    assert parity.popcounts_seen(task, split) == pytest.approx(3 / 7)


def table(with_decay, without, seeds=5):
    """A table in which so many of ``seeds`` generalize with decay and without, at 30 % and at 50 %."""
    rows = []
    for fraction, yes, no in zip((0.3, 0.5), with_decay, without, strict=True):
        for decay, done in ((1.0, yes), (0.0, no)):
            for seed in range(seeds):
                row = {"t_mem": 100, "t_mem_censored": False, "t_gen": 900, "t_gen_censored": seed >= done}
                rows.append({"block": "decay", "fraction": fraction, "decay": decay, "seed": seed, **row})
    made = pd.DataFrame(rows)
    return made.assign(fate=[parity.fate(row) for row in made.to_dict("records")])


def test_verdicts_follow_their_rule():
    assert parity.needs_decay(table((5, 5), (0, 0)))[0] == "holds"
    assert parity.needs_decay(table((5, 5), (0, 3)))[0] == "holds with limits"
    assert parity.needs_decay(table((4, 4), (0, 1)))[0] == "holds with limits"
    assert parity.needs_decay(table((2, 1), (2, 2)))[0] == "fails"
    assert parity.needs_decay(table((5, 5), (0, 0)).query("decay > 0"))[0] == "open"
    assert parity.needs_decay(pd.DataFrame())[0] == "open"


def test_counts_have_all_fates_and_all_runs():
    found = parity.counts(table((5, 4), (0, 1)))
    assert list(found.columns) == [*parity.FATES, "n"]
    assert (found[list(parity.FATES)].sum(axis=1) == found["n"]).all()
    assert found.loc[("decay", 0.5, 1.0), "grokked"] == 4


def test_rows_six_and_seven():
    assert [row.number for row in parity.rows()] == [6, 7]
    assert parity.rows()[1].verdict == "fails"
