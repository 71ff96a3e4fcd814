"""The update of a stack: AdamW, Adam with L2 and SGD with momentum, with every member's own rates.

The rates of a step are a handful of coefficients per member, worked out in double precision on the host
(:func:`coefficients`), so that one batched update serves members whose rates, decays, schedules and step numbers
differ. With one member it is the update of ``torch.optim``.

Sources: Kingma and Ba 2015 (arXiv:1412.6980), algorithm 1; Loshchilov and Hutter 2019 (arXiv:1711.05101), algorithm 2.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache, partial
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from grokmodels.engine import compiling
from grokmodels.recipes.optimizer import Optimizer


class Coefficients(NamedTuple):
    """What one update needs of each member: (S, 1) on the device, one number a step on the host.

    ``shrink`` is decoupled decay, which multiplies the weights; ``penalty`` is L2 decay, which times the weights is
    added to the gradient. ``decay1`` and ``decay2`` are those of the moments (SGD's momentum is ``decay1``), and
    ``correction1`` = 1 − decay1^t, ``correction2`` = √(1 − decay2^t). ``clip`` is the largest norm of a gradient.
    """

    rate: Any
    shrink: Any
    penalty: Any
    decay1: Any
    decay2: Any
    correction1: Any
    correction2: Any
    epsilon: Any
    clip: Any


def coefficients(recipe: Optimizer, steps: NDArray[np.int64]) -> NDArray[np.float64]:
    """The :class:`Coefficients` of one member at some of its steps, counted from 0, shape (n_steps, 9)."""
    rate = recipe.learning_rate * recipe.learning_rate_schedule(steps)
    decay = recipe.weight_decay * recipe.weight_decay_schedule(steps)
    decoupled = recipe.name == "adamw"
    beta1, beta2 = (recipe.momentum, 0.0) if recipe.name == "sgd" else recipe.betas
    columns = Coefficients(
        rate=rate,
        shrink=1 - rate * decay if decoupled else 1.0,
        penalty=0.0 if decoupled else decay,
        decay1=beta1,
        decay2=beta2,
        correction1=1 - beta1 ** (steps + 1.0),
        correction2=np.sqrt(1 - beta2 ** (steps + 1.0)),
        epsilon=recipe.epsilon,
        clip=np.inf if recipe.clip is None else recipe.clip,
    )
    return np.stack(np.broadcast_arrays(*columns), axis=1)


def decay_times(recipe: Optimizer, steps: NDArray[np.int64]) -> NDArray[np.float64]:
    """Learning rate × weight decay at each step: what it adds to Λ."""
    decay = recipe.weight_decay * recipe.weight_decay_schedule(steps)
    return np.asarray(recipe.learning_rate * recipe.learning_rate_schedule(steps) * decay)


class State:
    """What an optimizer remembers, and its update.

    All parameters of a member are one row: ``weights`` and each moment are (S, P), so that an update is a handful of
    operations, however many matrices a network has. Adam has two moments, SGD one.
    """

    def __init__(self, recipe: Optimizer, weights: Tensor) -> None:
        self._name, self._clips = recipe.name, recipe.clip is not None
        count = 1 if recipe.name == "sgd" else 2
        self.moments = [torch.zeros_like(weights) for _ in range(count)]

    @torch.no_grad()
    def update(
        self, weights: Tensor, gradients: Sequence[Tensor], coefficients: Tensor, *, compiled: bool = False
    ) -> None:
        """One step of every member, in place; ``gradients`` of its parameters in their order, coefficients (9, S)."""
        step = _compiled(self._name, self._clips) if compiled else partial(_RULES[self._name], self._clips)
        step(weights, gradients, self.moments, coefficients)


def _gradient(clips: bool, gradients: Sequence[Tensor], c: Coefficients) -> Tensor:
    """All gradients as (S, P), scaled down where a member's is longer than its bound."""
    gradient = torch.cat([part.flatten(1) for part in gradients], dim=1)
    if not clips:
        return gradient
    norm = torch.linalg.vector_norm(gradient, dim=1, keepdim=True)
    return gradient * (c.clip / (norm + 1e-6)).clamp(max=1)


def _adamw(clips: bool, weights: Tensor, gradients: Sequence[Tensor], moments: list[Tensor], numbers: Tensor) -> None:
    c = Coefficients(*numbers.unsqueeze(2))
    _adam_step(weights.mul_(c.shrink), _gradient(clips, gradients, c), moments, c)


def _adam(clips: bool, weights: Tensor, gradients: Sequence[Tensor], moments: list[Tensor], numbers: Tensor) -> None:
    c = Coefficients(*numbers.unsqueeze(2))
    _adam_step(weights, _gradient(clips, gradients, c) + c.penalty * weights, moments, c)


def _adam_step(weights: Tensor, gradient: Tensor, moments: list[Tensor], c: Coefficients) -> None:
    first, second = moments
    first.mul_(c.decay1).add_(gradient * (1 - c.decay1))
    second.mul_(c.decay2).add_(gradient.square().mul_(1 - c.decay2))
    spread = second.sqrt().div_(c.correction2).add_(c.epsilon)
    weights.sub_((first * (c.rate / c.correction1)).div_(spread))


def _sgd(clips: bool, weights: Tensor, gradients: Sequence[Tensor], moments: list[Tensor], numbers: Tensor) -> None:
    c = Coefficients(*numbers.unsqueeze(2))
    gradient = _gradient(clips, gradients, c) + c.penalty * weights
    weights.sub_(c.rate * moments[0].mul_(c.decay1).add_(gradient))


_RULES = {"adamw": _adamw, "adam": _adam, "sgd": _sgd}


@cache
def _compiled(name: str, clips: bool) -> Callable[..., None]:
    return compiling.compiled(partial(_RULES[name], clips))
