"""Many rules in one task: their answers, their shares of the data, and that unrelated ones are unrelated."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from grokmodels.recipes.tasks import Skills

TASKS = st.builds(
    Skills,
    skills=st.integers(1, 6),
    p=st.integers(7, 13),
    structure=st.sampled_from(["shared", "unrelated"]),
    power=st.sampled_from([0.0, 0.5, 1.0]),
    nested=st.booleans(),
    skill_seed=st.integers(0, 9),
)


@given(task=TASKS)
def test_inputs_are_every_skill_and_every_pair_once(task):
    assert (task.n_inputs, task.length) == task.inputs.shape
    assert len(np.unique(task.inputs, axis=0)) == task.n_inputs == task.skills * task.p**2
    assert set(task.inputs[:, 0]) == set(range(task.p, task.n_tokens))
    assert set(task.labels) == set(range(task.n_classes))


def test_a_shared_skill_is_a_plus_its_number_times_b():
    task = Skills(skills=3, p=7)
    for (skill, a, b), label in zip(task.inputs.tolist(), task.labels.tolist(), strict=True):
        assert label == (a + (skill - 6) * b) % 7


@given(task=TASKS.filter(lambda task: task.structure == "unrelated"))
def test_an_unrelated_skill_is_addition_under_other_names(task):
    """Its table is a Latin square whose rows are shifts of one another: that of a cyclic group, renamed."""
    for skill in range(task.skills):
        table = task.labels.reshape(task.skills, task.p, task.p)[skill]
        assert all(len(set(line)) == task.p for line in (*table, *table.T))
        # Rows as permutations of the answers: those of a cyclic group commute.
        first = np.argsort(table[0])
        moves = [row[first] for row in table]
        assert all(np.array_equal(x[y], y[x]) for x in moves for y in moves)


def test_unrelated_skills_differ():
    tables = Skills(skills=5, structure="unrelated").labels.reshape(5, -1)
    alike = [(one == other).mean() for i, one in enumerate(tables) for other in tables[:i]]
    assert max(alike) < 0.1


@given(task=TASKS, fraction=st.floats(0.1, 0.5), seed=st.integers(0, 99))
def test_each_skill_has_its_share_of_the_training_inputs(task, fraction, seed):
    try:
        train, test = task.split(fraction, seed)
    except ValueError:
        weights = np.arange(1, task.skills + 1.0) ** -task.power
        sizes = np.round(fraction * task.n_inputs * weights / weights.sum())
        assert sizes.max() >= task.p**2 or sizes.min() < 1
        return
    assert sorted([*train, *test]) == list(range(task.n_inputs))
    assert len(train) == task.n_train(fraction)
    skill, pair = np.divmod(train, task.p**2)
    counts = np.bincount(skill, minlength=task.skills)
    assert counts.tolist() == task.sizes(fraction).tolist()
    assert np.ptp(counts * np.arange(1, task.skills + 1) ** task.power) <= task.skills**task.power
    pairs = [set(pair[skill == i]) for i in range(task.skills)]
    if task.nested:
        assert all(rarer <= other for other, rarer in itertools.pairwise(pairs))


def test_pairs_of_its_own_are_not_nested():
    train = Skills(skills=2, p=13).split(0.5, 0).train
    assert set(train[train < 169]) != {row - 169 for row in train[train >= 169]}


@pytest.mark.parametrize(
    ("fields", "said"),
    [({"skills": 31}, "skills: got 31; must be less than p, which is 31"), ({"power": -1}, "power: got -1")],
)
def test_skills_that_cannot_be_are_refused(fields, said):
    with pytest.raises(ValueError, match=said):
        Skills(**fields)


def test_a_skill_without_test_inputs_is_refused():
    with pytest.raises(ValueError, match=r"fraction: 0.5 with power 1.0 trains on 1414 to 177 pairs a skill"):
        Skills(power=1.0).split(0.5, 0)
