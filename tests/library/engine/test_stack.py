"""Stacks: each member is what it is alone, whoever is beside it, and whenever it comes and goes."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from grokmodels import Schedule, train
from grokmodels.engine.slot import Member
from grokmodels.engine.stack import Stack
from grokmodels.engine.training import train_stack
from tests.library.engine.recipes import EASY, EXACT, EXACT_PARITY

HALVED = Schedule(knots=((0, 1.0), (4, 1.0), (4, 0.5), (12, 0.5), (12, 1.0)))
STACKABLE = st.fixed_dictionaries(
    {
        "architecture__norm": st.sampled_from(["pre", "none"]),
        "architecture__layers": st.integers(1, 3),
        "batch_size": st.sampled_from([16, None]),
        "optimizer__name": st.sampled_from(["adamw", "adam", "sgd"]),
        "optimizer__clip": st.sampled_from([None, 0.1]),
        "data_schedule": st.sampled_from([Schedule.constant(), HALVED]).map(Schedule.model_dump),
    }
)


def assert_same(run, alone):
    """Equal but for rounding, checkpoints included."""
    assert run.status == alone.status
    pd.testing.assert_frame_equal(run.history, alone.history, rtol=1e-7, atol=1e-9)
    assert run.checkpoints.keys() == alone.checkpoints.keys()
    for step, kept in alone.checkpoints.items():
        for name, values in kept.items():
            np.testing.assert_allclose(run.checkpoints[step][name], values, rtol=1e-7, atol=1e-9)


@pytest.mark.slow
@settings(max_examples=20)
@given(base=st.sampled_from([EXACT, EXACT_PARITY]), changes=STACKABLE, slots=st.integers(1, 3))
def test_a_run_in_a_stack_is_the_run_alone(base, changes, slots):
    base = base.but(**changes)
    experiments = [
        base.but(seed=seed, optimizer__learning_rate=rate, optimizer__weight_decay=decay)
        for seed, rate, decay in [(0, 0.01, 1.0), (1, 0.003, 0.0), (1, 0.01, 0.3)]
    ]
    members = [Member(experiment, checkpoints=[0, 20]) for experiment in experiments]
    runs = list(train_stack(members, slots=slots))
    assert [run.experiment for run in runs] == experiments
    assert runs[0].provenance["stack"] == slots
    for run in runs:
        assert_same(run, train(run.experiment, checkpoints=[0, 20]))


WILD = {"optimizer__learning_rate": 1e300, "optimizer__learning_rate_schedule": Schedule.delayed(13).model_dump()}


@pytest.mark.slow
@settings(max_examples=12)
@given(
    wild=st.lists(st.sampled_from(["tame", "at once", "later"]), min_size=2, max_size=6),
    slots=st.integers(1, 4),
    batch_size=st.sampled_from([16, None]),
)
def test_members_come_and_go_without_a_trace_in_the_others(wild, slots, batch_size):
    changes = {"tame": {}, "at once": {"architecture__init_scale": 1e200}, "later": WILD}
    base = EXACT.but(
        optimizer__name="sgd",
        architecture__norm="none",
        architecture__layers=1,
        batch_size=batch_size,
        evaluate_every=5,
    )
    experiments = [base.but(seed=seed, **changes[kind]) for seed, kind in enumerate(wild)]
    runs = {run.experiment: run for run in train_stack([Member(one) for one in experiments], slots=slots)}
    assert runs.keys() == set(experiments)
    for kind, experiment in zip(wild, experiments, strict=True):
        run = runs[experiment]
        rows, status = {"tame": (5, "finished"), "at once": (0, "diverged"), "later": (3, "diverged")}[kind]
        assert (len(run.history), run.status) == (rows, status)
        assert_same(run, train(experiment))


@pytest.mark.slow
def test_a_member_that_is_done_leaves_its_stack():
    quick = EASY.but(stop_when_generalized=True)
    patient = quick.but(stop_when_generalized=False, optimizer__weight_decay=0.0)
    runs = list(train_stack([Member(experiment) for experiment in (patient, quick)]))
    assert [run.experiment for run in runs] == [quick, patient]
    assert [run.status for run in runs] == ["generalized", "finished"]
    assert runs[0].history["step"].iloc[-1] < runs[1].history["step"].iloc[-1] == 400


@pytest.mark.slow
@pytest.mark.parametrize("name", ["adamw", "adam", "sgd"])
@pytest.mark.parametrize("slots", [1, 2, 4])
def test_masked_weights_stay_zero_whoever_was_in_the_slot_before(name, slots, device):
    base = EXACT.but(optimizer__name=name)
    masks = {"embedding": np.arange(11 * 16).reshape(11, 16) % 3 > 0}
    others = {"unembedding.weight": np.arange(11 * 16).reshape(11, 16) % 2 > 0}
    given_masks = [{}, masks, others, {}]
    members = [
        Member(base.but(seed=seed), checkpoints=[0, 10, 20], masks=mask) for seed, mask in enumerate(given_masks)
    ]
    for run, mask in zip(train_stack(members, slots=slots, device=device), given_masks, strict=True):
        assert list(run.checkpoints) == [0, 10, 20]
        for kept in run.checkpoints.values():
            for parameter, values in kept.items():
                assert np.array_equal(values != 0, mask.get(parameter, np.ones(values.shape, dtype=bool)))
        if not mask:
            assert_same(run, train(run.experiment, checkpoints=[0, 10, 20]))


def test_what_is_said_about_a_member_is_in_its_runs_provenance_only():
    members = [Member(EXACT, about={"why": "a ticket"}), Member(EXACT.but(seed=1))]
    one, other = (run.provenance for run in train_stack(members))
    assert one["why"] == "a ticket"
    assert "why" not in other


def test_a_stack_has_one_shape_and_somebody_in_it():
    members = [Member(EXACT.but(fraction=fraction)) for fraction in (0.4, 0.5)]
    with pytest.raises(ValueError, match="members: got 2 shapes"):
        train_stack(members)
    with pytest.raises(ValueError, match="members: got 0 shapes"):
        train_stack([])


def test_a_watcher_is_shown_the_stack_after_every_evaluation_before_the_runs_that_are_done_leave():
    seen, recipes = [], [EXACT.but(seed=seed) for seed in range(3)]

    def watch(stack):
        seen.append([(slot.experiment.seed, slot.last["step"], slot.status) for slot in stack.slots])

    assert len(list(train_stack([Member(one) for one in recipes], slots=2, watch=watch))) == 3
    assert seen[:3] == [[(seed, step, None if step < 20 else "finished") for seed in (0, 1)] for step in (0, 10, 20)]
    assert [states[0] for states in seen[3:]] == [(2, 0, None), (2, 10, None), (2, 20, "finished")]


@pytest.mark.parametrize("recipe", [EXACT, EXACT_PARITY, EXACT.but(data_schedule=HALVED.model_dump(), batch_size=None)])
def test_what_a_member_is_so_far_is_the_run_of_its_recipe_with_a_shorter_budget_to_the_last_bit(recipe):
    so_far = []

    def watch(stack):
        if stack.slots[0].step:
            so_far.append(stack.run(0))
        else:
            with pytest.raises(ValueError, match="steps: got 0"):
                stack.run(0)

    [whole] = train_stack([Member(recipe, checkpoints=[0, 10, 20])], watch=watch)
    half, last = so_far
    assert (half.experiment, half.status) == (recipe.but(steps=10), "finished")
    alone = train(half.experiment, checkpoints=[0, 10])
    pd.testing.assert_frame_equal(half.history, alone.history, check_exact=True)
    # What was kept later is not in it.
    assert list(half.checkpoints) == [0, 10]
    assert list(whole.checkpoints) == [0, 10, 20]
    assert last.experiment == whole.experiment
    pd.testing.assert_frame_equal(last.history, whole.history, check_exact=True)


@pytest.mark.parametrize("evaluations", [0, 1, 2])
def test_once_told_to_stop_no_step_is_taken_and_what_is_not_done_is_dropped(monkeypatch, evaluations):
    done = []
    advance = Stack.advance
    monkeypatch.setattr(Stack, "advance", lambda stack: (done.append(stack.slots[0].step), advance(stack)))
    runs = list(train_stack([Member(EXACT), Member(EXACT.but(seed=1))], stop=lambda: len(done) >= evaluations))
    assert runs == []
    assert len(done) == evaluations
