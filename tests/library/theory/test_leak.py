"""A table's leak against the right answer: its formulas against the votes themselves, counted."""

import numpy as np
import pytest

from grokmodels import Modular, measures
from grokmodels.theory import leak


def says(unordered, sharing, mirror, p=31, fraction=0.4, splits=20):
    """Signals on training and held-out pairs, and the rule share of held-out ones: means over splits."""
    task = Modular(p=p, unordered=unordered)
    found = []
    for seed in range(splits):
        split = task.split(fraction, seed)
        logits = leak.votes(p, split, sharing, mirror)
        train, test = (measures.signal(logits[rows], task.labels[rows]) for rows in (split.train, split.test))
        found.append((train, test, measures.rule_share(logits[split.test], task.orbits[split.test])))
    return np.mean(found, axis=0)


@pytest.mark.parametrize("unordered", [False, True])
@pytest.mark.parametrize(("sharing", "mirror"), [(0.1, 0.0), (0.05, 0.3)])
def test_a_table_speaks_against_the_right_answer_as_loudly_as_derived(unordered, sharing, mirror):
    train, test, _ = says(unordered, sharing, mirror)
    at = {leak.p: 31, leak.f: 0.4, leak.sharing: sharing, leak.mirror: mirror}
    formulas = (
        (leak.SIGNAL_TRAIN_UNORDERED, leak.SIGNAL_HELD_OUT_UNORDERED)
        if unordered
        else (leak.SIGNAL_TRAIN, leak.SIGNAL_HELD_OUT)
    )
    # A diagonal pair has no mirror, and a row one pair less than the fraction says: both of the order of 1/p.
    assert (train, test) == pytest.approx([float(one.subs(at)) for one in formulas], abs=0.02)
    assert test < 0 or mirror > 2 * sharing


@pytest.mark.parametrize(("p", "fraction"), [(31, 0.3), (31, 0.6), (59, 0.4)])
def test_the_floor_of_the_rule_share_is_the_leak_and_not_one_over_the_number_of_inputs(p, fraction):
    found = says(False, 0.1, 0.0, p, fraction, splits=8)[2]
    derived = float(leak.FLOOR.subs({leak.p: p, leak.f: fraction}))
    assert found == pytest.approx(derived, rel=0.1)
    assert found > 10 / (p * p * (1 - fraction))


def test_a_held_out_pair_has_no_vote_of_its_row_or_column():
    task = Modular(p=11)
    split = task.split(0.5, 0)
    rows_only = leak.votes(11, split, 1.0, 0.0)
    assert (rows_only[split.test, task.labels[split.test]] == 0).all()
