"""Tables: what is accepted, what is refused, and that they are kept as they were."""

import tomllib

import numpy as np
import pytest

from grokmodels import Experiment, RandomLabels, Table

TOKENS = [[0, 1], [1, 0], [4, 4]]
ANSWERS = [2, 0, 2]
TASK = Table(tokens=TOKENS, answers=ANSWERS)


def test_a_table_is_the_task_that_it_says():
    assert TASK.inputs.tolist() == TOKENS
    assert TASK.labels.tolist() == ANSWERS
    assert (TASK.n_inputs, TASK.length, TASK.n_tokens, TASK.n_classes) == (3, 2, 5, 3)
    assert TASK.chance == pytest.approx(2 / 3)
    assert not TASK.has_symmetry
    assert len(TASK.split(0.34, 0).train) == 1


@pytest.mark.parametrize(
    "make",
    [
        np.array,
        tuple,
        lambda x: np.array(x, dtype=float),
        lambda x: np.array(x, dtype=np.uint8),
        lambda x: [np.array(row) for row in x],
    ],
    ids=["array", "tuple", "float", "uint8", "list of arrays"],
)
def test_arrays_lists_and_tuples_make_the_same_table(make):
    task = Table(tokens=make(TOKENS), answers=make(ANSWERS))
    assert task == TASK
    assert hash(task) == hash(TASK)
    assert {type(x) for row in (*task.tokens, task.answers) for x in row} == {int}
    assert Experiment(task=task, batch_size=1).key == Experiment(task=TASK, batch_size=1).key


def test_a_table_is_changed_in_an_experiment_and_read_from_toml():
    experiment = Experiment(task=TASK, batch_size=1)
    changed = experiment.but(task__answers=[0, 1, 1])
    assert changed.task == Table(tokens=TOKENS, answers=[0, 1, 1])
    assert changed.key != experiment.key
    read = tomllib.loads(f'batch_size = 1\n[task]\nkind = "table"\ntokens = {TOKENS}\nanswers = {ANSWERS}')
    assert Experiment(**read) == experiment


def test_a_large_table_is_shown_by_its_sizes():
    tokens = np.stack(np.divmod(np.arange(10**4), 100), axis=1)
    assert len(repr(Experiment(task=Table(tokens=tokens, answers=tokens.sum(axis=1) % 100)))) < 3000


@pytest.mark.parametrize(
    ("tokens", "answers", "says"),
    [
        ([[0, 1.5], [1, 0]], [0, 1], "tokens: got 1.5 in row 0; must be whole numbers from 0 to 9999"),
        ([[0, 1], [1, float("nan")]], [0, 1], "tokens: got nan in row 1; must be whole numbers"),
        ([[0, 1], [1, float("inf")]], [0, 1], "tokens: got inf in row 1; must be whole numbers"),
        ([[0, 1], [1, -1]], [0, 1], "tokens: got -1 in row 1; must be whole numbers from 0"),
        ([[0, 1], [1, 10**4]], [0, 1], "tokens: got 10000 in row 1; must be whole numbers from 0 to 9999"),
        ([[0, 1], [1, 0]], [0, 10**4], "answers: got 10000 in row 1; must be whole numbers from 0 to 9999"),
        ([[0, 1], [1, 0]], [0.5, 1], "answers: got 0.5 in row 0; must be whole numbers"),
        ([[0, 1], [1, 0]], [False, True], "answers: got the type bool; must be whole numbers"),
        ([["0", "1"], ["1", "0"]], [0, 1], "tokens: got the type <U1; must be whole numbers"),
        ([[0, 1], [1, None]], [0, 1], "tokens: got the type object; must be whole numbers"),
        ([[0, 1], [1, 10**30]], [0, 1], "tokens: got the type object; must be whole numbers"),
        ([[0, 1], [1, 0], [2]], [0, 1, 1], "tokens: got 1 in row 2; must be 2 whole numbers, as many as in row 0"),
        ([[[1, 2]], [[1], [2]]], [0, 1], "tokens: got 2 in row 1; must be 1 whole numbers, as many as in row 0"),
        ([[[1], [2, 3]], [[1, 2], [3]]], [0, 1], "tokens: got rows within rows; must be 2 whole numbers"),
        ([[1, 2], 3], [0, 1], "tokens: got 1 in row 1; must be 2 whole numbers"),
        ([0, 1], [0, 1], r"tokens: got the shape (2,); must be (n, length)"),
        ([[], []], [0, 1], r"tokens: got the shape (2, 0); must be (n, length), without an empty one"),
        ([[0], [1]], [[0], [1]], r"answers: got the shape (2, 1); must be (n,)"),
        ("ab", [0, 1], r"tokens: got the shape (); must be (n, length)"),
        ([[0, 1]], [0], "tokens: got 1 rows; must be 2 to 20000"),
        ([[0, 1], [1, 0]], [0, 1, 1], "answers: got 3; must be one for each of the 2 rows of tokens"),
        ([[0, 1], [1, 0]], [3, 3], "answers: got 3 for every row; must be at least two different ones"),
        ([[0, 1], [1, 0], [0, 1]], [0, 1, 1], "tokens: got (0, 1) in row 0 and in row 2; must be distinct inputs"),
    ],
)
def test_what_is_no_table_is_refused_in_few_words(tokens, answers, says):
    for make in (
        lambda: Table(tokens=tokens, answers=answers),
        lambda: Experiment(task={"kind": "table", "tokens": tokens, "answers": answers}),
        lambda: RandomLabels(base={"kind": "table", "tokens": tokens, "answers": answers}),
    ):
        with pytest.raises(ValueError, match="must be") as raised:
            make()
        assert says in str(raised.value)
        assert len(str(raised.value)) < 160


def test_too_many_rows_are_refused():
    many = np.stack(np.divmod(np.arange(20_001), 200), axis=1)
    with pytest.raises(ValueError, match="tokens: got 20001 rows; must be 2 to 20000"):
        Table(tokens=many, answers=many[:, 0])


def test_a_missing_or_unknown_field_is_named():
    with pytest.raises(ValueError, match="Table: answers: Field required"):
        Table(tokens=np.array(TOKENS))
    with pytest.raises(
        ValueError, match=r"labels: got \[2, 0, 2\]; there is no such field; must be one of .*'answers'"
    ):
        Table(tokens=TOKENS, answers=ANSWERS, labels=ANSWERS)
