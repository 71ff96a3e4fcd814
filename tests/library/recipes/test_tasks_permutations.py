"""Permutations: labels by composing tuples and with sympy."""

from itertools import permutations
from math import factorial

import pytest
from sympy.combinatorics import Permutation

from grokmodels import Permutations


@pytest.mark.parametrize("degree", [2, 3, 4])
@pytest.mark.parametrize("operation", ["compose", "conjugate", "sandwich"])
def test_labels_are_products_of_tuples(operation, degree):
    elements = list(permutations(range(degree)))

    def times(x, y):
        return tuple(x[y[i]] for i in range(degree))

    def answer(a, b):
        match operation:
            case "compose":
                return times(a, b)
            case "conjugate":
                [inverse] = [x for x in elements if times(a, x) == elements[0]]
                return times(times(a, b), inverse)
            case "sandwich":
                return times(times(a, b), a)

    task = Permutations(degree=degree, operation=operation)
    assert task.n_classes == task.n_tokens == factorial(degree)
    assert task.inputs.tolist() == [[a, b] for a in range(len(elements)) for b in range(len(elements))]
    assert task.labels.tolist() == [elements.index(answer(a, b)) for a in elements for b in elements]


@pytest.mark.parametrize(
    ("operation", "answer"),
    [
        ("compose", lambda a, b: b * a),
        ("conjugate", lambda a, b: a**-1 * b * a),
        ("sandwich", lambda a, b: a * b * a),
    ],
)
def test_labels_of_the_group_of_120_are_sympys(operation, answer):
    """Sympy does the left factor first, so that its products are written backwards."""
    elements = [Permutation(values) for values in permutations(range(5))]
    number = {tuple(x.array_form): i for i, x in enumerate(elements)}
    task = Permutations(operation=operation)
    assert task.n_inputs == 120**2
    for row in range(0, 120**2, 37):
        a, b = (elements[i] for i in task.inputs[row])
        assert task.labels[row] == number[tuple(answer(a, b).array_form)]
