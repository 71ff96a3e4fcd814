"""Modular arithmetic: labels against their defining equations."""

import pytest

from grokmodels import Modular

PRIMES = [2, 3, 5, 7, 11, 13, 23, 97]
OPERATIONS = ["add", "subtract", "multiply", "divide", "divide-or-subtract"]


def satisfies(operation: str, p: int, a: int, b: int, c: int) -> bool:
    """The defining equation of each operation, written without using the operation's own code."""
    return {
        "add": (c - a - b) % p == 0,
        "subtract": (c + b - a) % p == 0,
        "multiply": (a * b - c) % p == 0,
        "divide": (c * b - a) % p == 0,
        "divide-or-subtract": ((c * b - a) if b % 2 else (c + b - a)) % p == 0,
    }[operation]


def check(operation: str, p: int) -> None:
    task = Modular(operation=operation, p=p)
    for (a, b), label in zip(task.inputs.tolist(), task.labels.tolist(), strict=True):
        assert satisfies(operation, p, a, b, label)
        if p < 20:
            assert [c for c in range(p) if satisfies(operation, p, a, b, c)] == [label]


@pytest.mark.parametrize("p", PRIMES)
@pytest.mark.parametrize("operation", OPERATIONS)
def test_labels_solve_their_equation_uniquely(operation, p):
    check(operation, p)


@pytest.mark.parametrize("p", [4, 6, 9, 12])
@pytest.mark.parametrize("operation", ["add", "subtract", "multiply"])
def test_what_needs_no_division_needs_no_prime(operation, p):
    check(operation, p)


@pytest.mark.parametrize("operation", OPERATIONS)
def test_inputs_are_every_pair_once(operation):
    task = Modular(operation=operation, p=7)
    expected = {(a, b) for a in range(7) for b in range(7) if operation != "divide" or b != 0}
    assert {tuple(pair) for pair in task.inputs.tolist()} == expected
    assert task.n_inputs == len(expected)
