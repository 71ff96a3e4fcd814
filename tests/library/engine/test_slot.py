"""What is a member's own: its seeds, its batches, its share of the data, its weights at the start."""

import numpy as np
import pytest
import torch

from grokmodels import Schedule
from grokmodels.engine.slot import Member, Slot
from grokmodels.engine.transformer import Transformer
from grokmodels.recipes import keys
from tests.library.engine.recipes import EXACT

HALVED = Schedule(knots=((0, 1.0), (20, 1.0), (20, 0.5), (40, 0.5), (40, 1.0)))
REPLICA = EXACT.but(perturbation=1e-6, seed=3)


def drawn(experiment):
    """What seeds decide: the split, the initial weights, and the order of the training inputs in an epoch."""
    slot = Slot(Member(experiment))
    train = slot.split.train
    epoch = torch.cat([slot.next_batch() for _ in range(3)])
    weights = torch.cat([x.flatten() for x in slot.initial(torch.float64).values()])
    return {"split": train, "weights": weights.numpy(), "order": np.searchsorted(train, epoch.numpy())}


@pytest.mark.parametrize(
    ("seed", "decides"),
    [
        ("split_seed", {"split"}),
        ("init_seed", {"weights"}),
        ("batch_seed", {"order"}),
        ("perturbation_seed", {"weights"}),
        ("seed", {"split", "weights", "order"}),
    ],
)
def test_each_seed_decides_what_it_is_for_and_nothing_else(seed, decides):
    before, after = drawn(REPLICA), drawn(REPLICA.but(**{seed: 7}))
    assert {name for name in before if not np.array_equal(before[name], after[name])} == decides


def test_a_seed_of_its_own_that_is_the_common_one_changes_nothing():
    same = {f"{name}_seed": 3 for name in ("split", "init", "batch", "perturbation")}
    before, after = drawn(REPLICA), drawn(REPLICA.but(**same))
    assert all(np.array_equal(before[name], after[name]) for name in before)


@pytest.mark.parametrize("size", [1e-6, 1e-2])
def test_replicas_begin_as_near_to_each_other_as_their_perturbation(size):
    one, other = (drawn(REPLICA.but(perturbation=size, perturbation_seed=seed))["weights"] for seed in (0, 1))
    whole = drawn(REPLICA.but(perturbation=0))["weights"]
    for weights in (one, other):
        assert np.linalg.norm(weights - whole) / np.linalg.norm(whole) == pytest.approx(size, rel=0.1)
    assert np.linalg.norm(one - other) / np.linalg.norm(whole) == pytest.approx(2**0.5 * size, rel=0.1)


def test_without_perturbation_a_run_begins_with_the_textbooks_weights_whatever_that_seed():
    for seed in (0, 1):
        values = Slot(Member(EXACT.but(perturbation_seed=seed))).initial(torch.float32)
        model = Transformer(EXACT.architecture, EXACT.task, EXACT.seed)
        assert list(values) == [name for name, _ in model.named_parameters()]
        assert all(torch.equal(values[name], x) for name, x in model.named_parameters())


def test_every_training_input_is_seen_once_an_epoch():
    slot = Slot(Member(EXACT))
    epoch = torch.cat([slot.next_batch() for _ in range(48 // 16)])
    assert len(epoch.unique()) == 48
    assert set(epoch.tolist()) == set(slot.split.train.tolist())


def test_a_data_schedule_takes_training_inputs_away_and_puts_the_same_back():
    experiment = EXACT.but(batch_size=None, data_schedule=HALVED, steps=60)
    slot = Slot(Member(experiment))
    full, half, again = (set(slot.training_rows(step)) for step in (0, 30, 50))
    assert half < full == again == set(slot.split.train)
    assert len(half) == round(0.5 * len(full))
    batches = [slot.next_batch() for _ in range(60)]
    assert [len(batches[step]) for step in (19, 20, 39, 40)] == [48, 24, 24, 48]
    with pytest.raises(ValueError, match="data_schedule: got shares"):
        EXACT.but(data_schedule=Schedule(knots=((0, 1.5),)))
    # A schedule that does nothing leaves the recipe's name alone.
    assert EXACT.but(data_schedule=Schedule.constant()).key == EXACT.key
    assert "data_schedule" not in keys.deviations(EXACT.but(data_schedule=Schedule.constant()))
