"""Training: the same run twice, how runs end, and what is kept of them."""

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from io import StringIO

import numpy as np
import pandas as pd
import pytest
import torch
import tqdm.auto

from grokmodels import Schedule, measures, studies, train
from grokmodels.engine import compiling
from grokmodels.engine.devices import pick_device
from grokmodels.engine.slot import Member
from grokmodels.engine.training import train_stack
from grokmodels.engine.transformer import Transformer
from grokmodels.studies import Point
from tests.library.engine.recipes import EASY, PARITY, SMALL

# Four layers without norms multiply a wide start until single precision overflows, before the first step.
OVERFLOWING = SMALL.but(architecture__norm="none", architecture__layers=4, architecture__init_scale=30)
needs_a_compiler = pytest.mark.skipif(
    not compiling.can_compile(torch.device("cpu")), reason="no C++ compiler for torch.compile"
)


# -- the same, and not the same ---------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("precision", ["float32", "float64", "bfloat16", "tf32"])
@pytest.mark.parametrize("experiment", [SMALL, PARITY], ids=["modular", "parity"])
def test_the_same_experiment_gives_the_same_bits_twice_on_a_core(experiment, precision):
    experiment = experiment.but(precision=precision)
    pd.testing.assert_frame_equal(train(experiment).history, train(experiment).history, check_exact=True)


def test_another_seed_gives_another_run():
    assert not train(SMALL).history.equals(train(SMALL.but(seed=1)).history)


def test_devices_agree_over_the_first_steps(device):
    experiment = SMALL.but(steps=10)
    pd.testing.assert_frame_equal(
        train(experiment, device=device).history, train(experiment, device="cpu").history, rtol=1e-3, atol=1e-3
    )


def test_a_run_says_how_its_forward_pass_was_done():
    assert train(SMALL.but(steps=1)).provenance["forward"] == "necessary"
    assert train(PARITY.but(steps=1)).provenance["forward"] == "dense"


def test_a_device_can_be_torchs_own():
    run = train(SMALL.but(steps=1), device=torch.device("cpu"))
    assert run.provenance["device"] == "cpu"


def test_an_unknown_or_absent_device_is_refused():
    assert pick_device("cpu").type == "cpu"
    with pytest.raises(ValueError, match=r"device: got 'tpu'; must be 'auto' or one of \["):
        pick_device("tpu")
    with pytest.raises(ValueError, match="device: got 'tpu'"):
        train(SMALL, device="tpu")


@pytest.fixture
def one_thread():
    """Several threads add up a compiled gradient in no fixed order."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def test_a_bar_moves_with_the_evaluations_and_ends_full(monkeypatch):
    class Bar(tqdm.auto.tqdm):
        def __init__(self, **options):
            super().__init__(**options | {"disable": False, "file": StringIO()})
            bars.append(self)

        def update(self, n):
            super().update(n)
            moves.append(self.n)

    bars, moves = [], []
    monkeypatch.setattr(tqdm.auto, "tqdm", Bar)
    monkeypatch.delenv("TQDM_DISABLE", raising=False)
    run = train(SMALL)
    assert moves == list(range(0, 70, 10))
    assert bars[0].postfix == "test={test_accuracy:.1%}, train={train_accuracy:.1%}".format(**run.history.iloc[-1])
    train(SMALL, progress=False)
    monkeypatch.setenv("TQDM_DISABLE", "1")
    train(SMALL)
    assert len(bars) == 1


# -- compiled ---------------------------------------------------------------------------------------------------------


@pytest.mark.slow
@needs_a_compiler
@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # torch's own
@pytest.mark.parametrize("experiment", [SMALL, PARITY], ids=["modular", "parity"])
def test_a_compiled_step_trains_alike_and_gives_the_same_bits_twice_on_one_thread(experiment, one_thread):
    experiment = experiment.but(precision="float64", architecture__layers=1, steps=20)
    compiled, again = (train(experiment, compiled=True) for _ in range(2))
    assert compiled.provenance["forward"].endswith(", compiled")
    pd.testing.assert_frame_equal(compiled.history, again.history, check_exact=True)
    pd.testing.assert_frame_equal(compiled.history, train(experiment).history, rtol=1e-9, atol=1e-9)


@pytest.mark.slow
@needs_a_compiler
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_compiled_stack_whose_members_leave_is_its_members():
    tame = SMALL.but(precision="float64", architecture__layers=1, architecture__norm="none", steps=20)
    wild = tame.but(architecture__init_scale=1e200)
    members = [wild, tame, wild, tame.but(seed=1), tame.but(seed=2)]
    runs = list(train_stack([Member(one) for one in members], slots=3, compiled=True))
    assert len(runs) == 5
    for run in runs:
        assert run.provenance["forward"] == "necessary, compiled"
        pd.testing.assert_frame_equal(run.history, train(run.experiment).history, rtol=1e-9, atol=1e-9)


COMPILE = """
from torch._dynamo.utils import counters
from grokmodels import train
from grokmodels.engine.checks import SMALL
train(SMALL.but(architecture__layers=1, steps=2), compiled=True)
print(counters["inductor"]["fxgraph_cache_hit"], counters["inductor"]["fxgraph_cache_miss"])
"""


@pytest.mark.slow
@needs_a_compiler
def test_a_second_process_finds_what_the_first_has_compiled(tmp_path):
    told = [
        subprocess.run(
            [sys.executable, "-W", "ignore", "-c", COMPILE], check=True, capture_output=True, text=True,
            env=os.environ | {"TORCHINDUCTOR_CACHE_DIR": str(tmp_path)},
        ).stdout.split()
        for _ in range(2)
    ]  # fmt: skip
    (hits, misses), (hits_again, misses_again) = told
    assert (hits, misses_again) == ("0", "0")
    assert misses == hits_again != "0"


# -- what is recorded -------------------------------------------------------------------------------------------------


def test_decay_time_is_the_sum_of_rate_times_decay():
    run = train(
        SMALL.but(optimizer__weight_decay=0.5, optimizer__weight_decay_schedule=Schedule.delayed(20).model_dump())
    )
    expected = [0.01 * 0.5 * max(step - 20, 0) for step in run.history["step"]]
    assert run.history["decay_time"].to_numpy() == pytest.approx(expected)


def test_checkpoints_are_copies_of_what_was_asked_for():
    run = train(SMALL, checkpoints=[0, 60], keep=lambda name: name == "embedding")
    assert list(run.checkpoints) == [0, 60]
    assert list(run.checkpoints[0]) == ["embedding"]
    assert run.checkpoints[0]["embedding"].shape == (11, 16)
    initial = Transformer(SMALL.architecture, SMALL.task, SMALL.seed).embedding.detach().numpy()
    assert np.array_equal(run.checkpoints[0]["embedding"], initial)
    assert not np.array_equal(run.checkpoints[60]["embedding"], initial)


def test_what_could_never_be_kept_is_refused():
    with pytest.raises(ValueError, match=r"checkpoints: got \[15, 70\]; must be multiples of 10 up to 60, or 60"):
        train(SMALL, checkpoints=[0, 15, 60, 70])


def test_a_budget_between_two_evaluations_is_evaluated_at_its_end():
    assert list(train(SMALL.but(steps=25)).history["step"]) == [0, 10, 20, 25]


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


# -- how runs end -----------------------------------------------------------------------------------------------------


def test_a_diverging_run_ends_as_diverged_and_keeps_what_was_before():
    run = train(SMALL.but(optimizer__name="sgd", optimizer__learning_rate=1e6, optimizer__weight_decay=0))
    assert run.status == "diverged"
    assert len(run.history) >= 1
    assert np.isfinite(run.history[["train_loss", "test_loss"]]).all(axis=None)


def test_a_loss_that_overflows_before_the_first_step_is_a_run_without_rows_that_has_all_columns():
    run, tame = train(OVERFLOWING), train(OVERFLOWING.but(architecture__init_scale=1, steps=1))
    assert (run.status, len(run.history)) == ("diverged", 0)
    assert run.history.dtypes.equals(tame.history.dtypes)
    assert run.milestones.t_mem == (0, True)


def test_a_study_goes_on_past_a_run_that_diverges_at_once_and_is_complete_on_the_next_start(tmp_path):
    tame = OVERFLOWING.but(architecture__init_scale=1)
    experiments = [tame, OVERFLOWING, tame.but(seed=1)]
    points = [Point("overflow", experiment, (), (), False) for experiment in experiments]
    with ThreadPoolExecutor(1) as executor:
        for stack in (1, 3):
            folder = tmp_path / str(stack)
            assert len(list(studies.run_points(points, folder, executor, stack=stack))) == 3
            stored = [studies.load(folder, experiment.key) for experiment in experiments]
            assert [run.status for run in stored] == ["finished", "diverged", "finished"]
            assert list(stored[1].history.columns) == list(stored[0].history.columns)
            changed = {path: path.stat().st_mtime_ns for path in folder.iterdir()}
            list(studies.run_points(points, folder, executor, stack=stack))
            assert changed == {path: path.stat().st_mtime_ns for path in folder.iterdir()}


@pytest.mark.slow
def test_a_run_stops_once_its_generalization_has_lasted():
    run = train(EASY.but(stop_when_generalized=True))
    assert run.status == "generalized"
    t_gen = run.milestones.t_gen
    assert not t_gen.censored
    assert run.history["step"].iloc[-1] == t_gen.step + 80
    # A milestone lasts where most of five evaluations are there: a dip among them is allowed.
    assert (run.history["test_accuracy"].tail(5) >= 0.99).sum() >= 3
