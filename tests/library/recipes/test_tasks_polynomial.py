"""Polynomials: labels by Python's own whole numbers, and what counts as a formula."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from grokmodels import Experiment, Modular, Polynomial
from grokmodels.recipes.tasks import formula as formulas

POWER_ET_AL = {
    "a**2 + b**2": lambda a, b: a**2 + b**2,
    "a**2 + a*b + b**2": lambda a, b: a**2 + a * b + b**2,
    "a**2 + a*b + b**2 + a": lambda a, b: a**2 + a * b + b**2 + a,
    "a**3 + a*b": lambda a, b: a**3 + a * b,
    "a**3 + a*b**2 + b": lambda a, b: a**3 + a * b**2 + b,
}
OTHERS = {
    "a": lambda a: a,
    "a**0": lambda a: 1,
    "-a**20 - 3": lambda a: -(a**20) - 3,
    "0*a": lambda a: 0,
    "a - (b - 2*(a + -b))**3 * 1000003": lambda a, b: a - (b - 2 * (a + -b)) ** 3 * 1000003,
    "a + b + c": lambda a, b, c: a + b + c,
    "a*b**2 - c": lambda a, b, c: a * b**2 - c,
    "(a + b + c + 1)**20": lambda a, b, c: (a + b + c + 1) ** 20,
}


@pytest.mark.slow
@pytest.mark.parametrize("p", [2, 9, 12, 23])
@pytest.mark.parametrize(("formula", "rule"), [*POWER_ET_AL.items(), *OTHERS.items()])
def test_labels_are_those_of_whole_numbers(formula, rule, p):
    task = Polynomial(formula=formula, p=p)
    assert task.labels.tolist() == [rule(*operands) % p for operands in task.inputs.tolist()]


def test_nothing_overflows_at_the_largest_modulus():
    task = Polynomial(formula="(a + 998)**20 * 123456789123456789123456789", p=997)
    assert task.labels.tolist() == [pow(a + 998, 20, 997) * 123456789123456789123456789 % 997 for a in range(997)]


# Python's own operators, on a sum of products with brackets, are the oracle of any formula.
atoms = st.sampled_from(["a", "b"]) | st.integers(0, 99).map(str)
expressions = st.recursive(
    atoms,
    lambda inner: (
        st.tuples(inner, st.sampled_from("+-*"), inner).map(lambda parts: "({} {} {})".format(*parts))
        | inner.map(lambda x: f"-{x}")
        | st.tuples(inner, st.integers(0, 3)).map(lambda parts: "({})**{}".format(*parts))
    ),
    max_leaves=6,
)


@given(formula=expressions.map(lambda text: f"a*b + {text}"), p=st.sampled_from([2, 6, 7]))
def test_any_formula_means_what_python_means_by_it(formula, p):
    try:
        task = Polynomial(formula=formula, p=p)
    except ValueError:
        # Only too high a degree may be refused: powers of powers, or products of them.
        assert "**" in formula
        return
    meant = [eval(formula, {"a": a, "b": b}) % p for a, b in task.inputs.tolist()]
    assert task.labels.tolist() == meant
    assert Polynomial(formula=formula.replace(" ", ""), p=p) == task


@pytest.mark.parametrize(
    ("formula", "p", "affine"),
    [
        ("a + b", 12, True),
        ("2*a - 5*b + c + 3", 4, True),
        ("a", 5, True),
        ("a**0", 5, True),
        ("(a + b)**2 - a**2 - b*(2*a + b) + b", 7, True),
        ("a + 5*a*b", 5, True),
        ("(a + b)**2 - a**2 - b**2 + a", 2, True),
        ("a**2 + a*a", 2, True),
        ("a + 5*a*b", 7, False),
        ("a + b**2", 2, False),
        *((formula, 97, False) for formula in POWER_ET_AL),
    ],
)
def test_the_group_is_known_where_no_degree_is_above_1(formula, p, affine):
    assert Polynomial(formula=formula, p=p).has_symmetry == affine


def test_a_sum_is_the_sum_of_modular_arithmetic():
    task, twin = Polynomial(formula="a + b", p=11), Modular(p=11)
    for name in ("inputs", "labels", "orbits"):
        assert (getattr(task, name) == getattr(twin, name)).all()
    assert (task.split(0.3, 5).train == twin.split(0.3, 5).train).all()


def test_spaces_make_no_other_recipe():
    tasks = [Polynomial(formula=formula) for formula in ("a**2+b", " a ** 2 + b", "a**2 +\tb ")]
    assert len(set(tasks)) == 1
    assert len({Experiment(task=task).key for task in tasks}) == 1
    assert tasks[0].formula == "a**2+b"
    assert Experiment(task=Polynomial(formula="b+a**2")).key != Experiment(task=tasks[0]).key


@pytest.mark.parametrize(
    "formula",
    [
        "", " ", "3", "b", "c", "a + c", "b*c", "a + d", "A + b", "2a", "2(a)", "ab", "a b", "a(b)", "(a)(b)", "a2",
        "0b1 + a", "1e3*a", "0x1 + a", "1_0*a", "a^2", "a/b", "a//b", "a % b", "a**b", "a**-1", "a**21", "2**(a)",
        "a**2**2", "a**(1 + 1)", "a**20*b", "(a**5)**5", "+a", "~a", "a < b", "a if b else c", "a\n+b", "a, b", "[a]",
        "a = b", "a := b", "(a", "a)", "a +", "* a", "a.real", "__import__('os')", "lambda: a", "007*a", "a; b",
        "a + 1" * 50, "+".join("a" * 101), "1" * 150 + "^a", "a\xa0+ b", "a + ٣",
    ],
)  # fmt: skip
def test_what_is_no_polynomial_is_refused(formula):
    with pytest.raises(ValueError, match="Polynomial: formula: got") as raised:
        Polynomial(formula=formula)
    message = str(raised.value)
    assert repr(formula) in message
    assert "must be made of the letters a, or a and b, or a, b and c" in message
    assert "degree of at most 20 in at most 200 characters" in message
    assert ("; a power is written a**2" in message) == ("^" in formula)


@pytest.mark.parametrize("formula", ["-" * 199 + "a", "(" * 99 + "a" + ")" * 99, "9" * 198 + "*a", "a" + " " * 199])
def test_the_longest_formulas_are_read(formula):
    assert Polynomial(formula=formula, p=5).labels.tolist() == [
        {"-": -a, "9": int("9" * 198) * a}.get(formula[0], a) % 5 for a in range(5)
    ]


def test_inputs_are_at_most_a_million():
    assert Polynomial(formula="a + b + c", p=100).n_inputs == Polynomial(formula="a*b", p=1000).n_inputs == 10**6
    with pytest.raises(ValueError, match=r"p: got 101; must be at most 100 for 3 letters"):
        Polynomial(formula="a + b + c", p=101)
    with pytest.raises(ValueError, match=r"p: got 1001; Input should be less than or equal to 1000"):
        Polynomial(formula="a", p=1001)


def test_a_formula_is_expanded_quickly_enough_to_be_asked_often():
    assert not formulas.is_affine("(a+b+c)**10*(a+b+c+1)**10", 97)
    assert np.bincount(Polynomial(formula="a*b", p=5).labels).tolist() == [9, 4, 4, 4, 4]
