"""Training: the same run twice, what the optimizers do, how runs end."""

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from grokmodels import Experiment, Optimizer, Schedule, measures, train
from grokmodels.engine.training import Member, make_optimizer, pick_device, train_stack
from grokmodels.engine.transformer import Transformer

SMALL = Experiment().but(
    task__p=11, architecture__width=16, batch_size=16, steps=60, evaluate_every=10, optimizer__learning_rate=0.01
)
PARITY = SMALL.but(task={"kind": "parity", "bits": 6}, architecture__attention="bidirectional")
DEVICES = ["cpu", pytest.param("cuda", marks=pytest.mark.gpu)]


@pytest.fixture(params=DEVICES)
def device(request):
    if request.param == "cuda" and not torch.cuda.is_available():
        pytest.skip("no CUDA device here")
    return request.param


@pytest.mark.parametrize("precision", ["float32", "float64", "bfloat16"])
@pytest.mark.parametrize("experiment", [SMALL, PARITY], ids=["modular", "parity"])
def test_the_same_experiment_gives_the_same_bits_twice(experiment, precision, device):
    experiment = experiment.but(precision=precision)
    pd.testing.assert_frame_equal(
        train(experiment, device=device).history, train(experiment, device=device).history, check_exact=True
    )


def test_another_seed_gives_another_run():
    assert not train(SMALL).history.equals(train(SMALL.but(seed=1)).history)


def test_both_forward_passes_train_alike():
    experiment = SMALL.but(precision="float64", steps=30)
    fast, textbook = train(experiment), train(experiment, forward="textbook")
    assert (fast.provenance["forward"], textbook.provenance["forward"]) == ("necessary", "textbook")
    pd.testing.assert_frame_equal(fast.history, textbook.history, rtol=1e-9, atol=1e-9)
    assert train(PARITY.but(steps=1)).provenance["forward"] == "textbook"


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # torch's own
def test_a_compiled_forward_pass_trains_alike():
    experiment = SMALL.but(precision="float64", architecture__layers=1, steps=10)
    compiled = train(experiment, forward="compiled")
    assert compiled.provenance["forward"] == "necessary, compiled"
    pd.testing.assert_frame_equal(compiled.history, train(experiment).history, rtol=1e-9, atol=1e-9)


def test_devices_agree_over_the_first_steps(device):
    experiment = SMALL.but(steps=10)
    pd.testing.assert_frame_equal(
        train(experiment, device=device).history, train(experiment, device="cpu").history, rtol=1e-3, atol=1e-3
    )


def test_a_full_batch_step_of_sgd_with_l2_is_gradient_descent_on_the_penalized_loss():
    experiment = SMALL.but(
        batch_size=None, precision="float64", steps=3, evaluate_every=1,
        optimizer=Optimizer(
            name="sgd", learning_rate=0.1, weight_decay=0.3, learning_rate_schedule=Schedule.constant()
        ),
    )  # fmt: skip
    run = train(experiment, checkpoints=[3])
    task = experiment.task
    model = Transformer(experiment.architecture, task, experiment.seed).double()
    rows = task.split(experiment.fraction, experiment.seed).train
    inputs, labels = torch.as_tensor(task.inputs[rows]), torch.as_tensor(task.labels[rows])
    for _ in range(3):
        penalty = 0.15 * sum(x.square().sum() for x in model.parameters())
        loss = torch.nn.functional.cross_entropy(model(inputs), labels) + penalty
        gradients = torch.autograd.grad(loss, list(model.parameters()))
        with torch.no_grad():
            for x, g in zip(model.parameters(), gradients, strict=True):
                x -= 0.1 * g
    for name, x in model.named_parameters():
        assert np.allclose(run.checkpoints[3][name], x.detach().numpy(), atol=1e-10)


def test_decoupled_decay_shrinks_weights_that_have_no_gradient_and_l2_under_adam_steps_them():
    model = torch.nn.Linear(4, 1, bias=False)
    torch.nn.init.constant_(model.weight, 2.0)
    after = {}
    for name in ("adamw", "adam"):
        net = torch.nn.Linear(4, 1, bias=False)
        net.load_state_dict(model.state_dict())
        optimizer = make_optimizer(Optimizer(name=name, learning_rate=0.1, weight_decay=0.5), net)
        net.weight.grad = torch.zeros_like(net.weight)
        optimizer.step()
        after[name] = net.weight[0, 0].item()
    assert after["adamw"] == pytest.approx(2 * (1 - 0.1 * 0.5))
    # Adam divides a gradient by its own size, so that decay of any strength moves a weight by the learning rate.
    assert after["adam"] == pytest.approx(2 - 0.1)


def test_decay_time_is_the_sum_of_rate_times_decay():
    run = train(
        SMALL.but(optimizer__weight_decay=0.5, optimizer__weight_decay_schedule=Schedule.delayed(20).model_dump())
    )
    expected = [0.01 * 0.5 * max(step - 20, 0) for step in run.history["step"]]
    assert run.history["decay_time"].to_numpy() == pytest.approx(expected)


def test_schedules_reach_the_optimizer():
    off = SMALL.but(optimizer__learning_rate_schedule=Schedule.delayed(30).model_dump())
    history = train(off).history.set_index("step")
    assert history.loc[0, "train_loss"] == history.loc[30, "train_loss"] != history.loc[40, "train_loss"]


def test_clipping_bounds_the_first_step():
    experiment = SMALL.but(
        steps=1, optimizer=Optimizer(name="sgd", weight_decay=0, learning_rate=1.0, clip=0.01,
                                     learning_rate_schedule=Schedule.constant()),
    )  # fmt: skip
    run = train(experiment, checkpoints=[0, 1])
    moved = sum(np.square(run.checkpoints[1][name] - x).sum() for name, x in run.checkpoints[0].items())
    assert np.sqrt(moved) == pytest.approx(0.01, rel=1e-3)


def test_a_diverging_run_ends_as_diverged_and_keeps_what_was_before():
    run = train(SMALL.but(optimizer__name="sgd", optimizer__learning_rate=1e6, optimizer__weight_decay=0))
    assert run.status == "diverged"
    assert len(run.history) >= 1
    assert np.isfinite(run.history[["train_loss", "test_loss"]]).all(axis=None)


def test_a_run_stops_once_its_generalization_has_lasted():
    run = train(EASY.but(stop_when_generalized=True))
    assert run.status == "generalized"
    t_gen = run.milestones.t_gen
    assert not t_gen.censored
    assert run.history["step"].iloc[-1] == t_gen.step + 80
    # A milestone lasts where most of five evaluations are there: a dip among them is allowed.
    assert (run.history["test_accuracy"].tail(5) >= 0.99).sum() >= 3


def test_checkpoints_are_copies_of_what_was_asked_for():
    run = train(SMALL, checkpoints=[0, 60], keep=lambda name: name == "embedding")
    assert list(run.checkpoints) == [0, 60]
    assert list(run.checkpoints[0]) == ["embedding"]
    assert run.checkpoints[0]["embedding"].shape == (11, 16)
    initial = Transformer(SMALL.architecture, SMALL.task, SMALL.seed).embedding.detach().numpy()
    assert np.array_equal(run.checkpoints[0]["embedding"], initial)
    assert not np.array_equal(run.checkpoints[60]["embedding"], initial)


def test_the_history_is_what_the_weights_say():
    """The last row, recomputed from the stored weights by the textbook's forward pass."""
    run = train(SMALL.but(precision="float64"), checkpoints=[60])
    model = Transformer(SMALL.architecture, SMALL.task).double()
    model.load_state_dict({name: torch.as_tensor(x) for name, x in run.checkpoints[60].items()})
    logits = model(torch.as_tensor(SMALL.task.inputs)).detach().numpy()
    last, split = run.history.iloc[-1], SMALL.task.split(SMALL.fraction, SMALL.seed)
    labels, orbits = SMALL.task.labels, SMALL.task.orbits
    assert last["test_accuracy"] == measures.accuracy(logits[split.test], labels[split.test])
    assert last["train_loss"] == pytest.approx(measures.cross_entropy(logits[split.train], labels[split.train]))
    assert last["rule_share"] == pytest.approx(measures.rule_share(logits[split.test], orbits[split.test]))
    assert last["m_hat"] == pytest.approx(
        measures.signal(logits[split.test], labels[split.test])
        / measures.signal(logits[split.train], labels[split.train])
    )
    assert last["weight_norm"] == pytest.approx(np.sqrt(sum(np.square(x).sum() for x in run.checkpoints[60].values())))


@pytest.mark.filterwarnings("error")
def test_a_network_that_says_nothing_is_measured_and_has_no_share_of_the_rule():
    member = Member(SMALL, torch.device("cpu"))
    member.record(0, np.zeros((SMALL.task.n_inputs, SMALL.task.n_classes), dtype="float32"))
    (row,) = member.rows
    assert (row["m_hat"], row["train_margin"], row["test_signal"]) == (0, 0, 0)
    assert row["train_loss"] == row["test_loss"] == pytest.approx(np.log(11))
    assert np.isnan([row["rule_share"], row["rule_share_train"]]).all()


def test_every_training_input_is_seen_once_an_epoch():
    training = Member(SMALL, torch.device("cpu"))
    epoch = torch.cat([next(training.batches) for _ in range(48 // 16)])
    assert len(epoch.unique()) == 48
    assert set(epoch.tolist()) == set(training.split.train.tolist())


def test_an_unknown_or_absent_device_is_refused():
    assert pick_device("cpu").type == "cpu"
    with pytest.raises(ValueError, match=r"device: got 'tpu'; must be 'auto' or one of \["):
        pick_device("tpu")


def test_what_could_never_be_kept_and_an_unknown_forward_pass_are_refused():
    with pytest.raises(ValueError, match=r"checkpoints: got \[15, 70\]; must be multiples of 10 up to 60, or 60"):
        train(SMALL, checkpoints=[0, 15, 60, 70])
    with pytest.raises(ValueError, match=r"forward: got 'fast'; must be one of \['auto', 'textbook', 'compiled'\]"):
        train(SMALL, forward="fast")


EASY = Experiment().but(
    task__p=23, fraction=0.8, architecture__width=64, batch_size=None, steps=2000, evaluate_every=20
)
HALVED = Schedule(knots=((0, 1.0), (20, 1.0), (20, 0.5), (40, 0.5), (40, 1.0)))
STACKABLE = st.fixed_dictionaries(
    {
        "architecture__norm": st.sampled_from(["pre", "none"]),
        "architecture__layers": st.integers(1, 3),
        "batch_size": st.sampled_from([16, None]),
        "optimizer__name": st.sampled_from(["adamw", "adam", "sgd"]),
        "optimizer__clip": st.sampled_from([None, 0.1]),
    }
)


@pytest.mark.slow
@settings(max_examples=20)
@given(base=st.sampled_from([SMALL, PARITY]), changes=STACKABLE)
def test_a_run_in_a_stack_is_the_run_alone(base, changes):
    base = base.but(precision="float64", steps=10, **changes)
    experiments = [
        base.but(seed=seed, optimizer__learning_rate=rate, optimizer__weight_decay=decay)
        for seed, rate, decay in [(0, 0.01, 1.0), (1, 0.003, 0.0), (1, 0.01, 0.3)]
    ]
    runs = train_stack([Member(experiment, torch.device("cpu"), checkpoints=[10]) for experiment in experiments])
    for experiment, run in zip(experiments, runs, strict=True):
        alone = train(experiment, checkpoints=[10])
        assert run.experiment == experiment
        assert run.provenance["stack"] == 3
        pd.testing.assert_frame_equal(run.history, alone.history, rtol=1e-7, atol=1e-9)
        for name, values in alone.checkpoints[10].items():
            assert np.allclose(run.checkpoints[10][name], values, rtol=1e-7, atol=1e-9)


def test_a_member_that_is_done_leaves_its_stack():
    quick = EASY.but(stop_when_generalized=True, steps=1_000)
    patient = quick.but(stop_when_generalized=False, optimizer__weight_decay=0.0)
    runs = list(train_stack([Member(experiment, torch.device("cpu")) for experiment in (patient, quick)]))
    assert [run.experiment for run in runs] == [quick, patient]
    assert [run.status for run in runs] == ["generalized", "finished"]
    assert runs[0].history["step"].iloc[-1] < runs[1].history["step"].iloc[-1] == 1_000


def test_a_stack_has_one_shape():
    members = [Member(SMALL.but(fraction=fraction), torch.device("cpu")) for fraction in (0.4, 0.5)]
    with pytest.raises(ValueError, match="members: got 2 shapes"):
        train_stack(members)


def test_a_data_schedule_takes_training_inputs_away_and_puts_the_same_back():
    experiment = SMALL.but(batch_size=None, data_schedule=HALVED, steps=60)
    member = Member(experiment, torch.device("cpu"))
    full, half, again = (set(member.training_rows(step)) for step in (0, 30, 50))
    assert half < full == again == set(member.split.train)
    assert len(half) == round(0.5 * len(full))
    batches = [next(member.batches) for _ in range(60)]
    assert [len(batches[step]) for step in (19, 20, 39, 40)] == [48, 24, 24, 48]
    with pytest.raises(ValueError, match="data_schedule: got shares"):
        SMALL.but(data_schedule=Schedule(knots=((0, 1.5),)))
    # A schedule that does nothing leaves the recipe's name alone.
    assert SMALL.but(data_schedule=Schedule.constant()).key == SMALL.key
    assert "data_schedule" not in SMALL.model_dump()
