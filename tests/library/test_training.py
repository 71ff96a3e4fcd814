"""Training: the same run twice, what the optimizers do, how runs end."""

import numpy as np
import pandas as pd
import pytest
import torch

from grokmodels import measures
from grokmodels.experiment import Experiment, Optimizer
from grokmodels.schedules import Schedule
from grokmodels.training import make_optimizer, pick_device, train
from grokmodels.transformer import Transformer

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
    easy = Experiment().but(
        task__p=23, fraction=0.8, architecture__width=64, batch_size=None, steps=2000, evaluate_every=20
    )
    run = train(easy.but(stop_when_generalized=True))
    assert run.status == "generalized"
    t_gen = run.milestones.t_gen
    assert not t_gen.censored
    assert run.history["step"].iloc[-1] == t_gen.step + 80
    assert (run.history["test_accuracy"].tail(5) >= 0.99).all()


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


def test_every_training_input_is_seen_once_an_epoch():
    from grokmodels.training import _Training

    training = _Training(SMALL, torch.device("cpu"), "auto")
    batches = training._batches()
    epoch = torch.cat([next(batches) for _ in range(48 // 16)])
    assert len(epoch.unique()) == 48
    assert set(epoch.tolist()) == set(training.split.train.tolist())


def test_an_unknown_or_absent_device_is_refused():
    assert pick_device("cpu").type == "cpu"
    with pytest.raises(ValueError, match=r"device: got 'tpu'; must be 'auto' or one of \["):
        pick_device("tpu")
