"""A table's leak against the right answer: its formulas against the votes themselves, counted."""

import numpy as np
import pytest

from grokmodels import Modular, Parity, measures
from grokmodels.recipes import Split
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


@pytest.mark.parametrize(("p", "fraction"), [(11, 0.15), (11, 0.6), (31, 0.45)])
def test_random_labels_leak_nothing_and_their_floor_is_below_that_of_noise(p, fraction):
    task, shares, signals, splits = Modular(p=p), [], [], 80
    for seed in range(splits):
        split = task.split(fraction, seed)
        # A seed of its own: the split is drawn from the other.
        labels = np.random.default_rng(1000 + seed).integers(p, size=p * p)
        logits = leak.votes(p, split, 0.1, 0.0, labels)[split.test]
        shares.append(measures.rule_share(logits, task.orbits[split.test]))
        signals.append(measures.signal(logits, task.labels[split.test]))
    at = {leak.p: p, leak.f: fraction}
    derived, of_sums = (float(floor.subs(at)) for floor in (leak.FLOOR_RANDOM_LABELS, leak.FLOOR))
    # A share is the sum of p - 1 squares of chance.
    assert np.mean(shares) == pytest.approx(derived, rel=4 * np.sqrt(2 / (p - 1) / splits))
    assert derived < 1 / (p * p * (1 - fraction)) < of_sums
    # With sums for labels the signal is that of the leak, -2 f sharing.
    assert abs(np.mean(signals)) < 0.1 * 2 * fraction * 0.1


def test_answers_that_do_not_tell_a_pair_from_its_mirror_have_up_to_twice_the_share_of_noise():
    task, times = Modular(p=31), []
    for seed in range(20):
        rows = task.split(0.3, seed).test
        noise = np.random.default_rng(seed).normal(size=(31, 31, 31))
        alike = (noise + noise.transpose(1, 0, 2)).reshape(-1, 31)[rows]
        times.append(measures.rule_share(alike, task.orbits[rows]) * len(rows))
    assert np.mean(times) == pytest.approx(2 - 0.3, rel=0.2)


def test_a_held_out_pair_has_no_vote_of_its_row_or_column():
    task = Modular(p=11)
    split = task.split(0.5, 0)
    rows_only = leak.votes(11, split, 1.0, 0.0)
    assert (rows_only[split.test, task.labels[split.test]] == 0).all()


def test_neighbors_of_a_stored_string_have_the_other_parity():
    task = Parity(bits=6)
    ones = task.inputs.sum(axis=1)
    stored = np.flatnonzero(ones == 0)
    for distance, right in ((1, 0), (2, 1), (3, 0)):
        assert leak.vote_accuracy(task, Split(stored, np.flatnonzero(ones == distance)), 0.1) == right


def test_a_table_of_parities_that_blurs_is_below_chance_and_a_negative_blur_is_the_rule():
    task = Parity()
    split = task.split(0.3, seed=0)
    accuracies = [leak.vote_accuracy(task, split, blur) for blur in (0.01, 0.3, 0.7)]
    assert accuracies == sorted(accuracies)
    assert accuracies[0] < 0.1 < accuracies[-1] < 0.5
    assert leak.vote_accuracy(task, split, -0.9) == 1


@pytest.mark.parametrize("blur", [0.02, 0.3])
def test_a_leak_has_a_rule_share_far_above_that_of_noise(blur):
    """It is blind to sign: m̂ is negative where it is large."""
    task = Parity()
    split = task.split(0.3, seed=0)
    vote = leak.kernel_vote(task, split, blur)
    logits = np.stack([-vote, vote], axis=1)[split.test]
    assert measures.rule_share(logits, task.orbits[split.test]) > 100 / len(split.test)
    assert measures.signal(logits, task.labels[split.test]) < 0
