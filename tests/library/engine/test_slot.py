"""What is a member's own: its seeds, its batches, its share of the data, its weights at the start."""

import numpy as np
import pytest
import torch

from grokmodels import Experiment, Schedule, TwoHop
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


def test_a_data_schedule_takes_the_core_of_a_task_last():
    task = TwoHop(entities=5, relations=2)
    slot = Slot(Member(Experiment(task=task, fraction=0.5, batch_size=None, data_schedule=HALVED, steps=60)))
    left = slot.training_rows(30)
    assert len(left) == round(HALVED(30) * len(slot.split.train)) < len(slot.split.train)
    assert set(np.flatnonzero(task.core)) <= set(left)


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


# -- batches that change, labels that are wrong -----------------------------------------------------------------------


def test_a_batch_size_schedule_changes_the_batches_and_each_epoch_still_sees_no_input_twice():
    growing = EXACT.but(batch_size_schedule=Schedule(knots=((0, 1.0), (3, 1.0), (3, 2.0), (6, 2.0), (6, 3.0))))
    slot = Slot(Member(growing))
    batches = [slot.next_batch() for _ in range(8)]
    assert [len(batch) for batch in batches] == [16, 16, 16, 32, 32, 32, 48, 48]
    assert len(torch.cat(batches[:3]).unique()) == 48
    assert all(len(batch.unique()) == len(batch) for batch in batches)
    # What a batch of 32 leaves of 48 inputs is dropped, and the next epoch is another order.
    assert not torch.equal(batches[3], batches[4])


def test_a_full_batch_may_become_a_small_one_and_a_full_one_again():
    quench = Schedule(knots=((0, 1.0), (2, 1.0), (2, 0.25), (6, 0.25), (6, 1.0)))
    slot = Slot(Member(EXACT.but(batch_size=None, batch_size_schedule=quench)))
    assert [len(slot.next_batch()) for _ in range(8)] == [48, 48, 12, 12, 12, 12, 48, 48]


@pytest.mark.parametrize(
    ("size", "factor", "sizes"), [(16, 4.0, r"\[64\]"), (None, 1.5, r"\[72\]"), (16, 0.01, r"\[0\]")]
)
def test_batches_that_cannot_be_drawn_are_refused(size, factor, sizes):
    with pytest.raises(ValueError, match=f"batch_size_schedule: got batches of {sizes}; must be 1 to 48"):
        EXACT.but(batch_size=size, batch_size_schedule=Schedule(knots=((0, factor),)))


def test_corrupted_labels_are_a_share_of_the_training_inputs_and_no_others():
    for share in (0.25, 1.0):
        slot = Slot(Member(EXACT.but(corrupted=share)))
        labels, right = slot.labels(), EXACT.task.labels
        changed = np.flatnonzero(labels != right)
        assert set(changed) <= set(slot.split.train)
        # A random label is the right one in one of p times.
        assert 0.6 * share * 48 < len(changed) <= round(share * 48)
        assert np.array_equal(slot.split.train, EXACT.split.train)
        assert np.array_equal(labels, Slot(Member(EXACT.but(corrupted=share))).labels())
    assert not np.array_equal(labels, Slot(Member(EXACT.but(corrupted=1.0, split_seed=5))).labels())


def test_label_noise_strikes_each_label_with_its_chance_and_anew_at_each_step():
    slot = Slot(Member(EXACT.but(label_noise=0.3)))
    drawn = torch.stack([slot.next_labels(1000) for _ in range(20)])
    struck = drawn >= 0
    assert struck.float().mean().item() == pytest.approx(0.3, abs=0.02)
    assert set(drawn[struck].tolist()) == set(range(11))
    assert not torch.equal(drawn[0], drawn[1])
    # The batches are those of the run without noise.
    assert torch.equal(slot.next_batch(), Slot(Member(EXACT)).next_batch())
