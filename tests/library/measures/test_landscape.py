"""Paths, barriers, pruning and tickets, on networks whose answer is known by construction."""

import numpy as np
import pytest
import torch

from grokmodels import Experiment, train
from grokmodels.engine.transformer import Transformer
from grokmodels.measures import landscape, paths

SMALL = Experiment().but(
    task__p=7, fraction=0.6, architecture__layers=1, architecture__width=8, architecture__heads=2,
    batch_size="full", steps=60, evaluate_every=10, optimizer__learning_rate=0.01,
)  # fmt: skip


def initial(experiment=SMALL):
    model = Transformer(experiment.architecture, experiment.task, experiment.seed)
    return {name: values.detach().numpy().astype(float) for name, values in model.named_parameters()}


@pytest.fixture(scope="module")
def trained():
    run = train(SMALL.but(steps=300, optimizer__weight_decay=0.1), checkpoints=[300])
    return run.checkpoints[300]


def test_logits_are_those_of_the_network():
    weights = initial()
    model = Transformer(SMALL.architecture, SMALL.task, SMALL.seed).double()
    with torch.no_grad():
        expected = model(torch.as_tensor(SMALL.task.inputs)).numpy()
    np.testing.assert_allclose(landscape.logits(SMALL, weights), expected, atol=1e-6)


@pytest.mark.slow
def test_the_stored_loss_is_found_again(trained):
    run = train(SMALL.but(steps=300, optimizer__weight_decay=0.1))
    path = landscape.along(SMALL, paths.straight_path(trained, trained), points=2)
    assert path["train_loss"][0] == pytest.approx(run.history["train_loss"].iloc[-1], rel=1e-4)
    assert path["norm"][0] == pytest.approx(run.history["weight_norm"].iloc[-1], rel=1e-5)


def test_a_path_between_equal_networks_has_no_barrier(trained):
    path = landscape.along(SMALL, paths.straight_path(trained, trained), points=7)
    for column in ("train_loss", "norm"):
        assert paths.barrier(path[column]) == pytest.approx(0, abs=1e-5)


def permuted(weights, seed=0):
    """The same function: neurons of the perceptron in another order."""
    order = np.random.default_rng(seed).permutation(len(weights["blocks.0.mlp_in.weight"]))
    return weights | {
        "blocks.0.mlp_in.weight": weights["blocks.0.mlp_in.weight"][order],
        "blocks.0.mlp_out.weight": weights["blocks.0.mlp_out.weight"][:, order],
    }


def test_permuted_neurons_give_the_same_function_and_a_barrier_between(trained):
    other = permuted(trained)
    np.testing.assert_allclose(landscape.logits(SMALL, trained), landscape.logits(SMALL, other), atol=1e-6)
    path = landscape.along(SMALL, paths.straight_path(trained, other))
    assert paths.barrier(path["train_loss"]) > 0.1


@pytest.mark.slow
def test_a_bent_path_goes_around_nearly_all_of_the_barrier(trained):
    # The best curve met is never worse than the straight path, so that only a large gain says that the search works.
    ends = trained, permuted(trained)
    straight = landscape.along(SMALL, paths.straight_path(*ends))
    bent = landscape.along(SMALL, paths.curved_path(*landscape.bend(SMALL, *ends, steps=60, rate=0.05)))
    assert paths.barrier(bent["train_loss"]) < 0.1 * paths.barrier(straight["train_loss"])


@pytest.mark.slow
def test_the_points_of_a_bent_path_stay_in_a_ball_that_they_would_leave(trained):
    ends, radius = (trained, permuted(trained)), landscape.norm(trained)
    free, held = (
        landscape.norm(landscape.bend(SMALL, *ends, steps=60, rate=0.05, within=within)[1]) for within in (None, radius)
    )
    assert free > 1.03 * radius
    assert held <= radius * (1 + 1e-9)


def test_without_steps_the_bent_path_is_the_straight_one(trained):
    middle = landscape.bend(SMALL, initial(), trained, steps=0)[1]
    for name, values in paths.straight_path(initial(), trained)(0.5).items():
        np.testing.assert_allclose(middle[name], values, atol=1e-12)


@pytest.mark.parametrize("together", [True, False])
def test_pruning_nothing_changes_nothing_and_pruning_all_leaves_constant_logits(trained, together):
    same = landscape.masked(trained, landscape.magnitude_masks(trained, 0, together=together))
    assert all((same[name] == trained[name]).all() for name in trained)
    empty = landscape.masked(trained, landscape.magnitude_masks(trained, 1, together=together))
    assert np.ptp(landscape.logits(SMALL, empty)) == 0


def test_pruning_drops_the_smallest():
    weights = {"a": np.array([[1.0, -4.0], [3.0, 2.0]]), "b": np.array([[10.0, 20.0]]), "norm.weight": np.array([0.1])}
    each = landscape.magnitude_masks(weights, 0.5)
    assert each["a"].tolist() == [[False, True], [True, False]]
    assert each["b"].tolist() == [[False, True]]
    together = landscape.magnitude_masks(weights, 0.5, together=True)
    assert together["a"].tolist() == [[False, True], [False, False]]
    assert together["b"].all()
    assert "norm.weight" not in each
    with pytest.raises(ValueError, match=r"share: got 1.5; must be 0 to 1"):
        landscape.magnitude_masks(weights, 1.5)


def test_shuffled_masks_keep_their_counts(trained):
    masks = landscape.magnitude_masks(trained, 0.5)
    other = landscape.shuffled(masks, seed=1)
    assert {name: mask.sum() for name, mask in masks.items()} == {name: mask.sum() for name, mask in other.items()}
    assert any((masks[name] != other[name]).any() for name in masks)


def test_keeping_all_frequencies_changes_nothing_and_one_keeps_its_circle():
    angles = 2 * np.pi * 2 * np.arange(7)[:, None] / 7
    circle = np.hstack([np.cos(angles), np.sin(angles), np.zeros((7, 6))])
    noise = np.random.default_rng(0).normal(size=(7, 8))
    weights = {"embedding": 3 * circle + 0.1 * noise, "unembedding.weight": noise}
    for name, values in landscape.keep_frequencies(weights, 3).items():
        np.testing.assert_allclose(values, weights[name], atol=1e-12)
    one = landscape.keep_frequencies(weights, 1)
    assert np.linalg.norm(one["embedding"] - 3 * circle) < np.linalg.norm(weights["embedding"] - 3 * circle)
    # Mean, cosine and sine are left.
    assert np.linalg.matrix_rank(one["unembedding.weight"], tol=1e-9) == 3
    with pytest.raises(ValueError, match=r"count: got 4; must be 0 to 3"):
        landscape.keep_frequencies(weights, 4)


def test_masks_stay_zero_in_a_ticket_and_the_rest_starts_as_the_seed_says(trained):
    masks = landscape.magnitude_masks(trained, 0.5)
    tickets = [landscape.ticket("half", SMALL, masks, [0, 60]), landscape.ticket("whole", SMALL, {}, [0, 60])]
    runs = landscape.retrain(tickets)
    half, whole = runs["half"].checkpoints, runs["whole"].checkpoints
    assert masks
    for name, mask in masks.items():
        assert (half[60][name][~mask] == 0).all()
        assert (half[60][name][mask] != 0).any()
        np.testing.assert_array_equal(half[0][name], whole[0][name] * mask)


def test_a_ticket_without_masks_is_the_run_itself():
    ticket = landscape.retrain([landscape.ticket("whole", SMALL, {})])["whole"]
    assert ticket.history.equals(train(SMALL).history)


def test_logits_of_some_rows(trained):
    rows = np.array([3, 0, 11])
    some = landscape.Network(SMALL, rows).logits(trained)
    np.testing.assert_allclose(some, landscape.logits(SMALL, trained)[rows], atol=1e-12)


def test_a_path_is_measured_by_the_loss_and_the_labels_of_its_training():
    squares = SMALL.but(architecture={"kind": "mlp", "width": 8, "activation": "square"}, loss="squared", corrupted=0.5)
    run = train(squares, checkpoints=[60], progress=False)
    weights, last = run.checkpoints[60], run.history.iloc[-1]
    path = landscape.along(squares, paths.straight_path(weights, weights), points=2)
    for column in ("train_loss", "train_accuracy", "test_accuracy"):
        assert path[column][0] == pytest.approx(last[column], rel=1e-3)
