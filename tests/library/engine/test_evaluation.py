"""What is measured on the device against :mod:`grokmodels.measures`, which computes it run by run in numpy."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from grokmodels import Modular, Parity, measures
from grokmodels.engine import stack
from grokmodels.engine.evaluation import Evaluation
from grokmodels.engine.losses import losses
from grokmodels.engine.slot import Member
from grokmodels.engine.textbook import textbook
from grokmodels.recipes.tasks import Agreement, RandomLabels, Skills, TwoHop
from tests.library.engine.recipes import EXACT, EXACT_PARITY

CPU = torch.device("cpu")
RULES = st.one_of(
    st.builds(Modular, operation=st.sampled_from(["add", "subtract"]), p=st.integers(3, 8)),
    st.builds(Modular, operation=st.sampled_from(["multiply", "divide"]), p=st.sampled_from([3, 5, 7])),
    st.builds(Parity, bits=st.integers(2, 5)),
)
TASKS = st.one_of(
    RULES,
    st.builds(RandomLabels, base=RULES, label_seed=st.integers(0, 9)),
    st.builds(Skills, skills=st.integers(1, 3), p=st.integers(4, 5)),
    st.builds(TwoHop, entities=st.integers(4, 5), relations=st.integers(2, 3), unused=st.sampled_from([0.0, 0.2])),
    st.builds(Agreement, nouns=st.just(2), prepositions=st.just(1), verbs=st.integers(1, 2)),
)


def in_numpy(task, logits, train, test):
    """The measures of one network's logits by their column names."""
    parts = {"train": train, "test": test}
    of = {part: (logits[rows], task.labels[rows]) for part, rows in parts.items()}
    signals = {part: measures.signal(*of[part]) for part in parts}
    shares = {
        part: measures.rule_share(logits[rows], task.orbits[rows]) if task.has_symmetry else np.nan
        for part, rows in parts.items()
    }
    named = {
        f"{part}_{name}": value
        for part in parts
        for name, value in {
            "loss": measures.cross_entropy(*of[part]),
            "accuracy": measures.accuracy(*of[part]),
            "margin": float(measures.margins(*of[part]).mean()),
            "signal": signals[part],
        }.items()
    }
    m_hat = signals["test"] / signals["train"] if signals["train"] else 0.0
    apart = np.setdiff1d(np.arange(task.n_inputs), np.concatenate([train, test]))
    rows = {"train": train, "test": test, "apart": apart}
    for part, subset in task.breakdown:
        chosen = rows[part][task.subset(subset)[rows[part]]]
        right = logits[chosen].argmax(axis=1) == task.labels[chosen]
        named[f"{part}_accuracy.{subset}"] = right.mean() if len(right) else np.nan
    return named | {"m_hat": m_hat, "rule_share": shares["test"], "rule_share_train": shares["train"]}


def all_labels(task, members):
    return torch.as_tensor(task.labels).expand(members, -1)


def in_subsets(task, parts):
    """The parts and subsets of a task's breakdown, (S, B, N)."""
    part = {"train": parts[:, 0], "test": parts[:, 1], "apart": 1 - parts.sum(dim=1)}
    named = [part[name] * torch.as_tensor(task.subset(subset)) for name, subset in task.breakdown]
    return torch.stack(named, dim=1) if named else parts[:, :0]


def in_pieces(logits, size):
    for start in range(0, logits.shape[1], size):
        piece = slice(start, min(start + size, logits.shape[1]))
        yield piece, logits[:, piece]


@settings(max_examples=100)
@given(
    task=TASKS,
    kind=st.sampled_from(["loud", "tied", "quiet"]),
    members=st.integers(1, 3),
    size=st.integers(1, 70),
    seed=st.integers(0, 999),
)
def test_every_measure_of_every_member_is_numpys_in_pieces_of_any_size(task, kind, members, size, seed):
    rng = np.random.default_rng(seed)
    shape = (members, task.n_inputs, task.n_classes)
    logits = {
        "loud": lambda: 5 * rng.normal(size=shape),
        # Halves, so that many are equal and sums are exact.
        "tied": lambda: rng.integers(-1, 2, size=shape) / 2,
        # The same for every class of an input, as of a network that has collapsed.
        "quiet": lambda: np.broadcast_to(rng.integers(-2, 3, size=(members, task.n_inputs, 1)) / 2, shape).copy(),
    }[kind]()
    splits = [task.split(0.5, seed + member) for member in range(members)]
    parts = torch.zeros(members, 2, task.n_inputs)
    for member, split in enumerate(splits):
        for part, rows in enumerate(split):
            parts[member, part, rows] = 1
    subsets = in_subsets(task, parts)
    measured = Evaluation(task, CPU)(
        in_pieces(torch.as_tensor(logits), size), parts, all_labels(task, members), subsets
    )
    for member, split in enumerate(splits):
        expected = in_numpy(task, logits[member], *split)
        # A ratio to what is zero but for rounding is no number to compare.
        loud = kind == "quiet" or abs(expected["train_signal"]) > 1e-9
        for name, values in measured.items():
            if loud or name != "m_hat":
                assert values[member].item() == pytest.approx(expected[name], rel=1e-10, abs=1e-10, nan_ok=True), name
        assert measured.keys() == expected.keys()


def test_a_network_that_says_nothing_is_measured_and_has_no_share_of_the_rule():
    nothing = torch.zeros(1, EXACT.task.n_inputs, EXACT.task.n_classes)
    parts = torch.as_tensor(stack.Slot(Member(EXACT)).parts()).unsqueeze(0)
    pieces = [(slice(0, 121), nothing)]
    measured = Evaluation(EXACT.task, CPU)(pieces, parts, all_labels(EXACT.task, 1), in_subsets(EXACT.task, parts))
    row = {name: x.item() for name, x in measured.items()}
    assert (row["m_hat"], row["train_margin"], row["test_signal"]) == (0, 0, 0)
    assert row["train_loss"] == row["test_loss"] == pytest.approx(np.log(11))
    assert np.isnan([row["rule_share"], row["rule_share_train"]]).all()


@pytest.mark.parametrize("volume", [1.0, 1e-30])
def test_the_share_of_the_rule_does_not_depend_on_how_loudly_it_is_said(volume):
    logits = np.random.default_rng(0).normal(size=(121, 11)).astype("float32") * np.float32(volume)
    parts = torch.as_tensor(stack.Slot(Member(EXACT)).parts()).unsqueeze(0)
    said = Evaluation(EXACT.task, CPU)(
        in_pieces(torch.as_tensor(logits).unsqueeze(0), 50),
        parts,
        all_labels(EXACT.task, 1),
        in_subsets(EXACT.task, parts),
    )
    expected = in_numpy(EXACT.task, logits, *EXACT.split)
    assert said["rule_share"].item() == pytest.approx(expected["rule_share"], rel=1e-5)
    assert said["m_hat"].item() == pytest.approx(expected["m_hat"], rel=1e-4)


@pytest.mark.parametrize("floats", [1, 10_000, 2**20])
@pytest.mark.parametrize("recipe", [EXACT, EXACT_PARITY], ids=["modular", "parity"])
def test_a_stack_measures_what_its_networks_say_however_little_fits(monkeypatch, recipe, floats):
    monkeypatch.setitem(stack.PIECE, "cpu", floats)
    recipes = [recipe.but(seed=seed) for seed in range(3)]
    columns, numbers = stack.Stack([Member(one) for one in recipes], CPU).measure([0, 2])
    for row, one in zip(numbers, [recipes[0], recipes[2]], strict=True):
        model = textbook(one.architecture, one.task, one.seed).double()
        logits = model(torch.as_tensor(one.task.inputs)).detach().numpy()
        expected = in_numpy(one.task, logits, *one.split)
        weights = {name: values.detach().numpy() for name, values in model.named_parameters()}
        expected |= {f"norm.{name}": np.linalg.norm(values) for name, values in weights.items()}
        expected["weight_norm"] = np.sqrt(sum(np.square(values).sum() for values in weights.values()))
        assert dict(zip(columns, row, strict=True)) == pytest.approx(expected, rel=1e-9, abs=1e-9)


def test_wrong_labels_are_what_training_is_measured_by_and_the_rule_what_tests_ask_for():
    recipe = EXACT.but(corrupted=0.5)
    measuring = stack.Stack([Member(recipe), Member(recipe.but(seed=1))], CPU)
    columns, numbers = measuring.measure([0, 1])
    for one, row in zip([recipe, recipe.but(seed=1)], numbers, strict=True):
        split, said = one.split, dict(zip(columns, row, strict=True))
        logits = textbook(one.architecture, one.task, one.seed).double()(torch.as_tensor(one.task.inputs))
        logits, given = logits.detach().numpy(), one.labels(split)
        assert (given != one.task.labels).any()
        assert said["train_accuracy"] == measures.accuracy(logits[split.train], given[split.train])
        assert said["train_rule_accuracy"] == measures.accuracy(logits[split.train], one.task.labels[split.train])
        assert said["test_accuracy"] == measures.accuracy(logits[split.test], one.task.labels[split.test])
        assert said["train_loss"] == pytest.approx(measures.cross_entropy(logits[split.train], given[split.train]))


def test_a_task_without_a_symmetry_has_no_share_of_the_rule():
    recipe = EXACT.but(task={"kind": "polynomial", "formula": "a**2 + b", "p": 11})
    columns, numbers = stack.Stack([Member(recipe)], CPU).measure([0])
    said = dict(zip(columns, numbers[0], strict=True))
    assert np.isnan([said["rule_share"], said["rule_share_train"]]).all()
    assert np.isfinite([said["train_loss"], said["test_signal"], said["m_hat"]]).all()


@pytest.mark.parametrize("loss", ["squared", "stablemax"])
def test_the_loss_that_is_told_is_the_one_that_is_trained(loss):
    recipe = EXACT.but(loss=loss)
    columns, numbers = stack.Stack([Member(recipe)], CPU).measure([0])
    said = dict(zip(columns, numbers[0], strict=True))
    logits = textbook(recipe.architecture, recipe.task, recipe.seed).double()(torch.as_tensor(recipe.task.inputs))
    for part, rows in recipe.split._asdict().items():
        labels = torch.as_tensor(recipe.task.labels[rows])
        assert said[f"{part}_loss"] == pytest.approx(losses(logits[rows], labels, loss).mean().item(), rel=1e-9)
