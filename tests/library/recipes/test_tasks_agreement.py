"""The grammar of agreement: who agrees with whom, and which sentences are trained on."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from grokmodels.recipes.tasks import Agreement

TASKS = st.builds(Agreement, nouns=st.integers(2, 4), prepositions=st.integers(1, 2), verbs=st.integers(1, 3))


def parsed(words):
    """The head, the noun nearest to the verb, and the verb, read off the words."""
    nouns = [word for word in words if word.startswith("noun")]
    head = nouns[1] if words[0].startswith("prep") else nouns[0]
    return head, nouns[-1], int(words[-1].removeprefix("VERB"))


@given(task=TASKS)
def test_the_verb_agrees_with_the_head(task):
    conflicts = []
    for tokens, label in zip(task.inputs.tolist(), task.labels.tolist(), strict=True):
        head, nearest, verb = parsed([task.vocabulary[token] for token in tokens])
        assert label == 2 * verb + head.endswith("s")
        conflicts.append(head.endswith("s") != nearest.endswith("s"))
    assert task.conflicts.tolist() == conflicts
    assert (task.n_inputs, task.length) == task.inputs.shape
    assert len(np.unique(task.inputs, axis=0)) == task.n_inputs
    assert sum(conflicts) == task.n_inputs / 4
    assert set(task.inputs.ravel()) == set(range(task.n_tokens))
    assert set(task.labels) == set(range(task.n_classes))


@given(task=TASKS, fraction=st.floats(0.1, 0.9), seed=st.integers(0, 9))
def test_only_conflicts_are_held_out(task, fraction, seed):
    train, test = task.split(fraction, seed)
    assert sorted([*train, *test]) == list(range(task.n_inputs))
    assert task.conflicts[test].all()
    assert len(train) == task.n_train(fraction)


def test_a_fraction_without_any_conflict_is_refused():
    with pytest.raises(ValueError, match=r"fraction: 0\.0001 trains on 0 of 2400 sentences with a conflict"):
        Agreement().n_train(0.0001)
