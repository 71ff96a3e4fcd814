"""Components of variance whose answers are known."""

import itertools

import numpy as np
import pandas as pd
import pytest

from grokmodels.statistics import balanced, components, intraclass


def cross(x):
    """A table of numbers (rows, columns, replicas)."""
    return pd.DataFrame([{"a": i, "b": j, "x": x[i, j, k]} for i, j, k in itertools.product(*map(range, x.shape))])


def test_cells_are_put_on_the_axes_of_their_levels():
    table = pd.DataFrame({"f": [0.9, 0.5, 0.9, 0.5], "s": list("abba"), "y": [1, 2, 3, 4]})
    (f, s), y = balanced(table, ["f", "s"], "y")
    assert (f.tolist(), s.tolist(), y.tolist()) == ([0.5, 0.9], ["a", "b"], [[[4], [2]], [[1], [3]]])
    # Columns do as well as a table, and the runs of a cell stay in their order.
    (f,), y = balanced({"f": table["f"].to_numpy(), "y": table["y"].to_numpy()}, ["f"], "y")
    assert y.tolist() == [[2, 4], [1, 3]]
    for rows in (slice(1, None), slice(0, 0)):
        with pytest.raises(ValueError, match="each must have the same number"):
            balanced(table[rows], ["f"], "y")


def test_a_table_worked_by_hand():
    # Cell means 2, 4, 6, 12; row means 3, 9; column means 4, 8; mean 6. Mean squares: rows 72, columns 32,
    # interaction 8, within 2.
    found = components(cross(np.array([[[1.0, 3.0], [3.0, 5.0]], [[5.0, 7.0], [11.0, 13.0]]])), "a", "b", "x")
    assert found.to_dict() == pytest.approx({"a": 16, "b": 6, "interaction": 3, "within": 2})


@pytest.mark.parametrize("one", ["a", "b", "interaction", "within"])
def test_what_varies_alone_is_all_there_is(one):
    shapes = {"a": (40, 1, 1), "b": (1, 40, 1), "interaction": (40, 40, 1), "within": (40, 40, 2)}
    x = np.broadcast_to(np.random.default_rng(0).normal(size=shapes[one]), (40, 40, 2))
    share = components(cross(x), "a", "b", "x") / x.var(ddof=1)
    assert share[one] == pytest.approx(1, abs=0.1)
    assert np.abs(share.drop(one)).max() < 0.1


def test_averaged_over_draws_each_is_what_was_drawn_from():
    rng, true = np.random.default_rng(1), {"a": 0.5, "b": 0.0, "interaction": 2.0, "within": 1.0}
    shapes = {"a": (8, 1, 1), "b": (1, 6, 1), "interaction": (8, 6, 1), "within": (8, 6, 3)}
    drawn = [
        components(
            cross(sum(true[name] ** 0.5 * rng.normal(size=shape) for name, shape in shapes.items())), "a", "b", "x"
        )
        for _ in range(200)
    ]
    assert pd.DataFrame(drawn).mean().to_dict() == pytest.approx(true, abs=0.1)
    # Unbiased, an estimate of nothing is negative now and then.
    assert 0.3 < (pd.DataFrame(drawn)["b"] < 0).mean() < 0.8


def test_order_and_names_of_rows_do_not_matter():
    table = cross(np.random.default_rng(2).normal(size=(3, 4, 2)))
    other = table.sample(frac=1, random_state=0).rename(columns={"a": "b", "b": "a"})
    one, two = components(table, "a", "b", "x"), components(other, "a", "b", "x")
    assert one.to_dict() == pytest.approx(two.rename({"a": "b", "b": "a"}).to_dict())


@pytest.mark.parametrize(
    ("rows", "told"),
    [(slice(0, 23), "1, 2"), (slice(0, 22), "0, 2"), (slice(0, None, 2), "of .1. rows"), (slice(0, 8), "1 x 4")],
    ids=["a replica missing", "a cell missing", "no replicas", "one row"],
)
def test_a_cross_that_is_not_balanced_is_refused(rows, told):
    table = cross(np.zeros((3, 4, 2)))
    with pytest.raises(ValueError, match=told):
        components(table.iloc[rows], "a", "b", "x")


def test_members_of_a_group_have_in_common_what_was_put_in():
    rng = np.random.default_rng(0)
    own, common, member = rng.normal(size=(400, 8)), rng.normal(size=(400, 1)), 5 * rng.normal(size=8)
    assert intraclass(own) == pytest.approx(0, abs=0.05)
    assert intraclass(own + 2 * common + member) == pytest.approx(0.8, abs=0.05)
    assert intraclass(common + member) == pytest.approx(1)
    # One group of opposites: less than independent.
    assert intraclass([[0, 1], [1, 0], [0, 1.0]]) == pytest.approx(-1)


def test_one_group_tells_nothing_of_what_members_have_in_common():
    with pytest.raises(ValueError, match=r"values: got the shape \(1, 3\)"):
        intraclass([[1, 2, 3]])
