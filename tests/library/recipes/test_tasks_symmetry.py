"""The group that each task claims: its orbits are those of the group, no coarser and no finer."""

from itertools import permutations, product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from grokmodels import Modular, Parity, Permutations, Polynomial
from grokmodels.recipes.tasks import IntArray

OPERATIONS = ["add", "subtract", "multiply", "divide"]


def components(task, moves) -> IntArray:
    """The orbits of cells (n_inputs, n_classes) under moves of (operands, class), by walking along them."""
    row = {tuple(x): i for i, x in enumerate(task.operands.tolist())}
    orbit = np.full((task.n_inputs, task.n_classes), -1)
    for number, start in enumerate(product(row, range(task.n_classes))):
        reached = [start]
        while reached:
            x, c = reached.pop()
            if orbit[row[x], c] < 0:
                orbit[row[x], c] = number
                reached += [move(x, c) for move in moves]
    return orbit


def require_same_parts(orbits: IntArray, others: IntArray) -> None:
    pairs = set(zip(orbits.ravel().tolist(), others.ravel().tolist(), strict=True))
    assert len(pairs) == len(np.unique(orbits)) == len(np.unique(others))


def require_the_rule_is_a_union_of_orbits(task) -> None:
    right = task.orbits[np.arange(task.n_inputs), task.labels]
    assert (np.isin(task.orbits, right).sum(axis=1) == 1).all()


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


@pytest.mark.parametrize(
    ("formula", "p", "coefficients"),
    [
        ("a", 6, [1]),
        ("a + b", 6, [1, 1]),
        ("3 - a + 2*b", 6, [-1, 2]),
        ("a + 6*b", 6, [1, 0]),
        ("a*0 + b + 1", 5, [0, 1]),
        ("a + b + c", 4, [1, 1, 1]),
        ("(a + b)**2 - a**2 - b*(2*a + b) + b - 2*a", 7, [-2, 1]),
    ],
)
def test_orbits_of_an_affine_polynomial_are_those_of_shifts(formula, p, coefficients):
    task = Polynomial(formula=formula, p=p)

    def shift(i):
        return lambda x, c: (
            tuple((value + (i == j)) % p for j, value in enumerate(x)),
            (c + coefficients[i]) % p,
        )

    require_same_parts(task.orbits, components(task, [shift(i) for i in range(len(coefficients))]))
    require_the_rule_is_a_union_of_orbits(task)


@pytest.mark.parametrize("degree", [2, 3])
def test_orbits_of_a_composition_are_those_of_the_three_factors(degree):
    elements = list(permutations(range(degree)))

    def number(*factors):
        """Of a product of permutations, the last done first."""
        return elements.index(tuple(_through(factors, i) for i in range(degree)))

    def _through(factors, i):
        for factor in reversed(factors):
            i = factor[i]
        return i

    def inverse(x):
        return tuple(sorted(range(degree), key=lambda i: x[i]))

    def move(g, h, k):
        def moved(x, c):
            a, b, answer = (elements[i] for i in (*x, c))
            return (number(g, a, inverse(k)), number(k, b, h)), number(g, answer, h)

        return moved

    task, one = Permutations(degree=degree), elements[0]
    moves = [move(*triple) for x in elements for triple in ((x, one, one), (one, x, one), (one, one, x))]
    require_same_parts(task.orbits, components(task, moves))
    require_the_rule_is_a_union_of_orbits(task)


def test_orbits_of_the_group_of_120_are_its_7_conjugacy_classes():
    task = Permutations()
    orbits = task.orbits_of(slice(1000, 1010))
    # Of the identity, transpositions, pairs of them, and cycles of 3, of 3 and 2, of 4 and of 5.
    assert all(sorted(np.bincount(row)) == sorted([1, 10, 15, 20, 20, 30, 24]) for row in orbits)
    identity = orbits[np.arange(10), task.labels[1000:1010]]
    assert (identity == identity[0]).all()
    assert ((orbits == identity[0]).sum(axis=1) == 1).all()


@given(bits=st.integers(2, 8), data=st.data())
def test_orbits_of_a_parity_of_few_bits_are_those_of_flips(bits, data):
    relevant = data.draw(st.integers(1, bits - 1))
    task = Parity(bits=bits, relevant=relevant)
    x, flips = data.draw(st.integers(0, 2**bits - 1)), data.draw(st.integers(0, 2**bits - 1))
    c = data.draw(st.integers(0, 1))
    assert task.orbits[x, c] == task.orbits[x ^ flips, c ^ ((flips >> (bits - relevant)).bit_count() % 2)]
    assert len(np.unique(task.orbits)) == 2
    require_the_rule_is_a_union_of_orbits(task)


def test_orbits_of_a_sample_are_those_of_all_inputs_where_it_is():
    whole, task = Parity(bits=8, relevant=3), Parity(bits=8, relevant=3, sample=50, sample_seed=4)
    numbers = task.inputs @ 2 ** np.arange(8)[::-1]
    assert (task.orbits == whole.orbits[numbers]).all()


@pytest.mark.parametrize(
    "task", [Modular(operation="divide", p=5), Parity(bits=5), Permutations(degree=3), Polynomial(formula="a+b", p=5)]
)
def test_orbits_of_some_inputs_are_rows_of_all(task):
    assert task.has_symmetry
    assert (task.orbits_of(slice(3, 9)) == task.orbits[3:9]).all()
