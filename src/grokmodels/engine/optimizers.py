"""The update of a stack: AdamW, Adam with L2 and SGD with momentum, with every member's own rates.

The rates of a step are a handful of coefficients per member, worked out in double precision on the host
(:func:`coefficients`), so that one batched update serves members whose rates, decays, schedules and step numbers
differ. With one member it is the update of ``torch.optim``.

Sources: Kingma and Ba 2015 (arXiv:1412.6980), algorithm 1; Loshchilov and Hutter 2019 (arXiv:1711.05101), algorithm 2.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from grokmodels.recipes.optimizer import Optimizer


Parameters = Sequence[Tensor]


class Coefficients(NamedTuple):
    """What one update needs of each member, (S,) each; the names of the decays are those of Adam's moments."""

    rate: Tensor
    shrink: Tensor  # decoupled decay: weights are multiplied with it
    penalty: Tensor  # L2 decay: times the weights, it is added to the gradient
    decay1: Tensor
    decay2: Tensor
    correction1: Tensor  # 1 − decay1^t
    correction2: Tensor  # √(1 − decay2^t)
    epsilon: Tensor
    clip: Tensor  # largest norm of a gradient


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
    """What an optimizer remembers, and its update: Adam has two moments of every parameter (S, ...), SGD one or none."""

    def __init__(self, recipe: Optimizer, parameters: Sequence[Tensor]) -> None:
        self._name, self._clips = recipe.name, recipe.clip is not None
        count = 2 if recipe.name != "sgd" else 1 if recipe.momentum else 0
        self.moments = [[torch.zeros_like(values) for values in parameters] for _ in range(count)]

    @torch.no_grad()
    def update(
        self, parameters: Sequence[Tensor], gradients: Sequence[Tensor], c: Coefficients, *, compiled: bool = False
    ) -> None:
        """One step of every member, in place."""
        step = _compiled(self._name) if compiled else _RULES[self._name]
        if self._clips:
            gradients = _clipped(gradients, c.clip)
        step(parameters, gradients, self.moments, c)


def _clipped(gradients: Sequence[Tensor], most: Tensor) -> list[Tensor]:
    """Gradients scaled down where the norm of a member's whole gradient is above its bound."""
    norm = torch.stack([gradient.flatten(1).square().sum(1) for gradient in gradients]).sum(0).sqrt()
    scale = (most / (norm + 1e-6)).clamp(max=1)
    return [gradient * _along(scale, gradient) for gradient in gradients]


def _adamw(values: Parameters, gradients: Parameters, moments: Sequence[Parameters], c: Coefficients) -> None:
    for x in values:
        x.mul_(_along(c.shrink, x))
    _adam(values, gradients, moments, c)


def _adam_l2(values: Parameters, gradients: Parameters, moments: Sequence[Parameters], c: Coefficients) -> None:
    _adam(values, [g + _along(c.penalty, x) * x for x, g in zip(values, gradients, strict=True)], moments, c)


def _adam(values: Parameters, gradients: Parameters, moments: Sequence[Parameters], c: Coefficients) -> None:
    for x, g, first, second in zip(values, gradients, *moments, strict=True):
        own = Coefficients(*(_along(number, x) for number in c))
        first.lerp_(g, 1 - own.decay1)
        second.mul_(own.decay2).addcmul_(g * (1 - own.decay2), g)
        spread = (second.sqrt() / own.correction2).add_(own.epsilon)
        x.sub_((first * (own.rate / own.correction1)).div_(spread))


def _sgd(values: Parameters, gradients: Parameters, moments: Sequence[Parameters], c: Coefficients) -> None:
    moved = [g + _along(c.penalty, x) * x for x, g in zip(values, gradients, strict=True)]
    if moments:
        moved = [m.mul_(_along(c.decay1, m)).add_(g) for m, g in zip(moments[0], moved, strict=True)]
    for x, g in zip(values, moved, strict=True):
        x.sub_(_along(c.rate, x) * g)


_RULES = {"adamw": _adamw, "adam": _adam_l2, "sgd": _sgd}


@cache
def _compiled(name: str) -> Callable[..., None]:
    return torch.compile(_RULES[name], dynamic=False)


def _along(numbers: Tensor, x: Tensor) -> Tensor:
    """One number a member, (S,), in the shape that multiplies (S, ...)."""
    return numbers.view(-1, *[1] * (x.dim() - 1))
