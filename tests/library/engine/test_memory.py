"""How much memory training takes: said in advance, near enough, and refused where it cannot be had."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from grokmodels import Experiment
from grokmodels.engine import memory
from grokmodels.engine.slot import Member
from grokmodels.engine.training import train_stack

CPU = torch.device("cpu")
SHORT = Experiment().but(steps=2, evaluate_every=2)
RECIPES = {
    "wide": (SHORT.but(architecture__width=128, batch_size=None), 1),
    "large p": (SHORT.but(task__p=307, architecture__width=16), 1),
    "a stack": (SHORT.but(task__p=31, architecture__layers=1, architecture__width=32, batch_size=None), 64),
    "bits": (SHORT.but(task={"kind": "parity"}, architecture__attention="bidirectional", batch_size=None), 2),
    "a perceptron that averages gradients": (
        SHORT.but(
            architecture={"kind": "mlp", "width": 500}, batch_size=None,
            optimizer__gradient_filter={"kind": "moving-average", "window": 50},
        ), 3,
    ),
    "a perceptron's spectral contrast": (
        SHORT.but(architecture={"kind": "mlp", "width": 1000}, batch_size=64, spectral_contrast=True), 8,
    ),
    "many inputs": (
        SHORT.but(
            task={"kind": "parity", "bits": 20, "sample": 400_000}, architecture={"kind": "mlp", "width": 8},
            batch_size=32, corrupted=0.2,
        ), 8,
    ),
}  # fmt: skip


def peak(name: str) -> None:
    """Print the peak memory of this process after training one of the recipes, in bytes."""
    torch.set_num_threads(1)
    recipe, members = RECIPES[name]
    list(train_stack([Member(recipe.but(seed=seed)) for seed in range(members)]))
    # Not getrusage's maximum: a process inherits that of the one that started it.
    print(1024 * int(re.search(r"VmHWM:\s*(\d+) kB", Path("/proc/self/status").read_text(encoding="utf-8"))[1]))


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="the peak is read from /proc")
@pytest.mark.parametrize("name", RECIPES)
def test_the_estimate_is_within_a_factor_of_two(name):
    code = f"from tests.library.engine.test_memory import peak; peak({name!r})"
    seen = int(subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout)
    assert 0.5 < memory.estimate(*RECIPES[name], CPU) / seen < 2


@pytest.mark.slow
def test_what_cannot_fit_is_refused_before_any_work():
    too_large = Experiment().but(task__p=997, architecture__width=1024, batch_size=None)
    with pytest.raises(ValueError, match=r"memory: 1 runs of Modular\(.*p=997\).* need about .* GB on cpu.*smaller"):
        train_stack([Member(too_large)])


def test_what_fits_once_may_not_fit_in_many_processes():
    needed = memory.require(SHORT, 1, CPU)
    with pytest.raises(ValueError, match=r"times \d+ processes; must be at most"):
        memory.require(SHORT, 1, CPU, processes=1 + memory.available(CPU) // needed)
