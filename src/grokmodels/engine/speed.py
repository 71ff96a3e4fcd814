"""How fast stacks train here: milliseconds, and the share of what the device could do at best."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import torch

from grokmodels.engine import memory
from grokmodels.engine.compiling import can_compile
from grokmodels.engine.devices import synchronize
from grokmodels.engine.prefixes import necessary_flops
from grokmodels.engine.slot import Member
from grokmodels.engine.stack import Stack
from grokmodels.recipes.experiment import Experiment

RECIPES = {
    "canonical": Experiment().but(architecture__width=64, steps=3000, stop_when_generalized=True),
    "small": Experiment().but(
        task__p=31, fraction=0.5, architecture__layers=1, architecture__width=32, batch_size=None,
        optimizer__learning_rate=0.005, steps=3000, evaluate_every=50, stop_when_generalized=True,
    ),
}  # fmt: skip
# Steps until such runs have generalized and stop, about: what "runs an hour" counts with.
TYPICAL_STEPS = {"canonical": 1100, "small": 1300}


def measure(
    name: str, members: int, device: torch.device, *, compiled: bool = False, rounds: int = 3, **changes: object
) -> dict[str, Any]:
    """Milliseconds a member of a step and of an evaluation, the least of some rounds, and what follows from them.

    The recipe is one of :data:`RECIPES` with some fields changed. A round is the steps between two evaluations, as a
    run takes them.
    """
    recipe = RECIPES[name].but(**changes)
    stack = Stack([Member(recipe.but(seed=seed)) for seed in range(members)], device, compiled=compiled)
    stack.advance()
    step = _least(rounds, stack.advance, device) / recipe.evaluate_every / members
    evaluation = _least(rounds, lambda: stack.measure(range(members)), device) / members
    flops = necessary_flops(recipe.transformer, recipe.task, recipe.batch_size or len(recipe.split.train))
    return {
        "recipe": name,
        "members": members,
        "compiled": compiled,
        "device": str(device),
        "step_ms": 1e3 * step,
        "evaluation_ms": 1e3 * evaluation,
        "runs_an_hour": 3600 / (TYPICAL_STEPS[name] * (step + evaluation / recipe.evaluate_every)),
        "gflop_per_second": flops / step / 1e9,
        # Weights and two moments are read and written, gradients read: the least that any update moves.
        "update_gb_per_second": 7 * 4 * sum(x[0].numel() for x in stack.parameters.values()) / step / 1e9,
    }


def peaks(device: torch.device) -> dict[str, float]:
    """What the device can do at best: single-precision matrix products, and copies, reading and writing counted."""
    n, length = (8192, 2**28) if device.type == "cuda" else (1024, 2**24)
    a, b = torch.randn(n, n, device=device), torch.randn(n, n, device=device)
    x, y = torch.randn(length, device=device), torch.empty(length, device=device)
    return {
        "gflop_per_second": 2 * n**3 / _least(5, lambda: a @ b, device) / 1e9,
        "gb_per_second": 2 * 4 * length / _least(5, lambda: y.copy_(x), device) / 1e9,
    }


def sweep(device: torch.device, sizes: Sequence[int], until: Callable[[], bool]) -> Iterator[dict[str, Any]]:
    """Both recipes at each size, then at the largest compiled, until it is time.

    What does not fit the device's memory is left out.
    """
    plan = [(name, size, False) for size in sizes for name in RECIPES]
    if can_compile(device):
        plan += [(name, sizes[-1], True) for name in RECIPES]
    for name, size, compiled in plan:
        if until():
            return
        if memory.estimate(RECIPES[name], size, device) > memory.available(device):
            continue
        yield measure(name, size, device, compiled=compiled)


def _least(rounds: int, action: Callable[[], object], device: torch.device) -> float:
    """Seconds of the quickest of some rounds, which a busy neighbor cannot inflate."""
    best = float("inf")
    for _ in range(rounds):
        synchronize(device)
        begun = time.perf_counter()
        action()
        synchronize(device)
        best = min(best, time.perf_counter() - begun)
    return best
