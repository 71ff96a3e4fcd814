"""Tasks: labels against an independent recomputation, splits, and the group each task claims."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from grokmodels import Modular, Parity, RandomLabels

PRIMES = [2, 3, 5, 7, 11, 13, 23, 97]
OPERATIONS = ["add", "subtract", "multiply", "divide"]


def satisfies(operation: str, p: int, a: int, b: int, c: int) -> bool:
    """The defining equation of each operation, written without using the operation's own code."""
    return {
        "add": (c - a - b) % p == 0,
        "subtract": (c + b - a) % p == 0,
        "multiply": (a * b - c) % p == 0,
        "divide": (c * b - a) % p == 0,
    }[operation]


@pytest.mark.parametrize("p", PRIMES)
@pytest.mark.parametrize("operation", OPERATIONS)
def test_modular_labels_solve_their_equation_uniquely(operation, p):
    task = Modular(operation=operation, p=p)
    for (a, b), label in zip(task.inputs.tolist(), task.labels.tolist(), strict=True):
        assert satisfies(operation, p, a, b, label)
        if p < 20:
            assert [c for c in range(p) if satisfies(operation, p, a, b, c)] == [label]


@pytest.mark.parametrize("operation", OPERATIONS)
def test_modular_inputs_are_every_pair_once(operation):
    task = Modular(operation=operation, p=7)
    expected = {(a, b) for a in range(7) for b in range(7) if operation != "divide" or b != 0}
    assert {tuple(pair) for pair in task.inputs.tolist()} == expected
    assert task.n_inputs == len(expected)


@pytest.mark.parametrize("bits", [2, 3, 7, 10])
def test_parity_labels_are_the_exclusive_or(bits):
    task = Parity(bits=bits)
    assert task.inputs.shape == (2**bits, bits)
    assert len(np.unique(task.inputs, axis=0)) == 2**bits
    assert (task.labels == np.bitwise_xor.reduce(task.inputs, axis=1)).all()


@given(p=st.sampled_from([5, 7, 11]), operation=st.sampled_from(OPERATIONS), data=st.data())
def test_modular_orbits_are_those_of_the_group(p, operation, data):
    """Moving any cell by a random group element keeps its orbit; the rule's cells are a union of orbits."""
    task = Modular(operation=operation, p=p)
    row = {tuple(pair): i for i, pair in enumerate(task.inputs.tolist())}
    a, b = data.draw(st.sampled_from(sorted(row)))
    c = data.draw(st.integers(0, p - 1))
    if operation in ("add", "subtract"):
        s, t = data.draw(st.integers(0, p - 1)), data.draw(st.integers(0, p - 1))
        moved = (a + s) % p, (b + t) % p, (c + s + (t if operation == "add" else -t)) % p
    else:
        s, t = data.draw(st.integers(1, p - 1)), data.draw(st.integers(1, p - 1))
        factor = t if operation == "multiply" else pow(t, -1, p)
        moved = a * s % p, b * t % p, c * s * factor % p
    assert task.orbits[row[a, b], c] == task.orbits[row[moved[:2]], moved[2]]
    right = set(task.orbits[np.arange(task.n_inputs), task.labels])
    assert (np.isin(task.orbits, list(right)).sum(axis=1) == 1).all()


@pytest.mark.parametrize(("operation", "p"), [("add", 7), ("subtract", 7), ("multiply", 7), ("divide", 7)])
def test_modular_orbits_are_not_finer_than_the_group(operation, p):
    """Group elements connect every two cells that share an orbit number."""
    task = Modular(operation=operation, p=p)
    row = {tuple(pair): i for i, pair in enumerate(task.inputs.tolist())}
    for orbit in np.unique(task.orbits):
        cells = np.argwhere(task.orbits == orbit)
        i, c = cells[0].tolist()
        a, b = task.inputs[i].tolist()
        reached = set()
        for s in range(p):
            for t in range(p):
                if operation in ("add", "subtract"):
                    reached.add((row[(a + s) % p, (b + t) % p], (c + s + (t if operation == "add" else -t)) % p))
                elif s and t:
                    factor = t if operation == "multiply" else pow(t, -1, p)
                    reached.add((row[a * s % p, b * t % p], c * s * factor % p))
        assert reached == {tuple(cell) for cell in cells.tolist()}


@given(bits=st.integers(2, 8), data=st.data())
def test_parity_orbits_are_those_of_bit_flips(bits, data):
    task = Parity(bits=bits)
    x = data.draw(st.integers(0, 2**bits - 1))
    flips = data.draw(st.integers(0, 2**bits - 1))
    c = data.draw(st.integers(0, 1))
    assert task.orbits[x, c] == task.orbits[x ^ flips, c ^ (flips.bit_count() % 2)]
    assert len(np.unique(task.orbits)) == 2


@given(seed=st.integers(0, 2**32), fraction=st.floats(0.01, 0.99), p=st.integers(11, 40))
def test_a_split_parts_all_inputs(seed, fraction, p):
    task = Modular(p=p)
    train, test = task.split(fraction, seed)
    assert len(train) == round(fraction * p * p)
    assert sorted([*train, *test]) == list(range(p * p))
    assert (train == task.split(fraction, seed).train).all()


@pytest.mark.parametrize(
    "task",
    [
        *(Modular(operation=name, p=7) for name in OPERATIONS),
        Parity(bits=5),
        RandomLabels(base=Modular(operation="divide")),
    ],
)
def test_a_task_knows_its_sizes_without_listing_its_inputs(task):
    assert (task.n_inputs, task.length) == task.inputs.shape
    assert task.n_train(0.3) == len(task.split(0.3, 0).train)


@pytest.mark.parametrize("fraction", [0.0, 1.0, 1e-6, -0.5, 1.5])
def test_a_split_without_training_or_test_inputs_is_refused(fraction):
    with pytest.raises(ValueError, match="fraction"):
        Modular(p=11).split(fraction, 0)


def test_random_labels_keep_everything_but_the_labels():
    base = Modular(p=11)
    task = RandomLabels(base=base, label_seed=3)
    assert (task.inputs == base.inputs).all()
    assert (task.orbits == base.orbits).all()
    assert (task.labels == RandomLabels(base=base, label_seed=3).labels).all()
    assert (task.labels != RandomLabels(base=base, label_seed=4).labels).any()
    assert abs((task.labels == base.labels).mean() - 1 / 11) < 0.1


def test_chance_is_the_share_of_the_most_frequent_label():
    assert Modular(p=97).chance == pytest.approx(1 / 97)
    assert Parity(bits=10).chance == pytest.approx(1 / 2)
    # 0 is the product of 2 p - 1 of the p² pairs.
    assert Modular(operation="multiply", p=7).chance == pytest.approx(13 / 49)


@pytest.mark.parametrize(
    ("make", "names"),
    [
        (lambda: Modular(p=1), ["p", "1", "greater than or equal to 2"]),
        (lambda: Modular(operation="divide", p=10), ["p", "10", "prime"]),
        (lambda: Modular(operation="power"), ["operation", "'power'", "'add', 'subtract', 'multiply' or 'divide'"]),
        (lambda: Parity(bits=1), ["bits", "1", "greater than or equal to 2"]),
        (lambda: Modular(q=5), ["q", "5", "no such field; must be one of ['kind', 'operation', 'p']"]),
    ],
)
def test_a_bad_task_names_field_value_and_what_is_allowed(make, names):
    with pytest.raises(ValueError, match="got") as raised:
        make()
    assert all(name in str(raised.value) for name in names)
