"""The analysis of the parity runs, on tables whose answer is known."""

import numpy as np
import pandas as pd
import pytest

from grokmodels import Parity
from grokmodels.claims import parity
from grokmodels.recipes import Split


@pytest.mark.parametrize(
    ("t_mem", "t_gen", "mem_open", "gen_open", "expected"),
    [
        (100, 250, False, False, "grokked"),
        (100, 150, False, False, "at once"),
        (100, 2500, False, True, "not within budget"),
        (2500, 2500, True, True, "did not memorize"),
        # Stopped as it had generalized, before its training accuracy had lasted.
        (250, 150, True, False, "at once"),
    ],
)
def test_fates(t_mem, t_gen, mem_open, gen_open, expected):
    row = {"t_mem": t_mem, "t_gen": t_gen, "t_mem_censored": mem_open, "t_gen_censored": gen_open}
    assert parity.fate(row) == expected


def test_below_chance_is_seen_only_while_the_run_waits():
    step = np.arange(0, 1000, 25)
    accuracy = np.where(step < 100, 0.3, np.where(step < 600, 0.44, 0.99))
    fit = np.where(step == 300, 0.7, 1.0)
    history = pd.DataFrame({"step": step, "train_accuracy": fit, "test_accuracy": accuracy, "m_hat": accuracy - 0.5})
    row = {"t_mem": 100, "t_gen": 600, "t_gen_censored": False}
    found = parity.waiting(history, row, held_out=717)
    assert (found["at_mem"], found["lowest"], found["below"], found["last"]) == (0.44, 0.44, True, 0.99)
    assert found["dip"] == 0.7
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
    """A table in which so many of ``seeds`` generalize with decay and without, at 30 % and 50 %; 3 and 4 are tests."""
    rows = []
    for fraction, yes, no in zip((0.3, 0.5), with_decay, without, strict=True):
        for decay, done in ((1.0, yes), (0.0, no)):
            for seed in range(seeds):
                row = {"t_mem": 100, "t_mem_censored": False, "t_gen": 900, "t_gen_censored": seed >= done}
                rows.append({"block": "decay", "fraction": fraction, "decay": decay, "seed": seed, **row})
    made = pd.DataFrame(rows).assign(at_mem=0.5, lowest=0.4, below=True, m_hat=-0.2, last=0.99)
    made["test"], made["ratio"] = made["seed"] > 2, made["t_gen"] / made["t_mem"]
    return made.assign(fate=[parity.fate(row) for row in made.to_dict("records")])


def test_predictions_are_counted_by_kinds_of_seeds():
    found = parity.predictions(table((4, 5), (0, 1)))
    assert list(found.loc["decay, 30 %: grokked"]) == ["3 of 3", "1 of 2", "4 of 5", "38% to 96%"]
    assert list(found.loc["decay, 30 %: memorized by step 600"][:3]) == ["3 of 3", "2 of 2", "5 of 5"]
    assert list(found.loc["no decay, 30 %: not within budget"][:3]) == ["3 of 3", "2 of 2", "5 of 5"]
    assert list(found.loc["no decay, 50 %: not within budget"][:3]) == ["2 of 3", "2 of 2", "4 of 5"]
    assert list(found.loc["decay, 50 %: ratio below 3"][:3]) == ["0 of 3", "0 of 2", "0 of 5"]
    assert list(found.loc["while it waits: below chance"][:3]) == ["12 of 12", "8 of 8", "20 of 20"]
    assert list(found.loc["no positions: at once"]) == ["-", "-", "-", "0% to 100%"]


def test_a_summary_counts_censored_runs_as_late():
    found = parity.summary(table((4, 5), (2, 1)).query("fraction == 0.3"))
    assert found.loc[("decay 1", "all"), ["n", "memorized", "generalized", "t_gen"]].to_list() == [5, 5, 4, "900"]
    assert found.loc[("decay 0", "all"), "t_gen"] == "not within budget"
    assert found.loc[("decay 0", "afterwards"), ["n", "generalized", "below"]].to_list() == [2, 0, 2]
    assert parity.summary(table((1, 1), (0, 0)).query("seed > 99")).empty


def test_seed_by_seed_marks_censored_runs():
    found = parity.seed_by_seed(table((4, 5), (0, 0)).query("fraction == 0.3"))
    assert list(found[found["decay"] == 1]["t_gen"]) == ["900"] * 4 + ["900+"]
    assert list(found["seeds"][:5]) == ["looked at"] * 3 + ["afterwards"] * 2


def test_verdicts_by_kinds_of_seeds():
    found = parity.verdicts(table((4, 4), (0, 0)))
    assert found["looked at"][0] == "holds"
    assert found["all"] == parity.needs_decay(table((4, 4), (0, 0)))
    assert parity.verdicts(table((4, 4), (0, 0)).query("not test"))["afterwards"][0] == "open"


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
