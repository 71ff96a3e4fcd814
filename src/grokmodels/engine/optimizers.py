"""The update of a stack: AdamW, Adam with L2, SGD with momentum, Lion and Muon, with every member's own numbers.

The numbers of a step are a handful of coefficients per member, worked out in double precision on the host
(:func:`coefficients`), so that one batched update serves members whose rates, decays, schedules and step numbers
differ. With one member it is the update of ``torch.optim``.

Sources: Kingma and Ba 2015 (arXiv:1412.6980), algorithm 1; Loshchilov and Hutter 2019 (arXiv:1711.05101), algorithm 2;
Chen et al. 2023 (arXiv:2302.06675), algorithm 2; :mod:`grokmodels.engine.muon` for Muon's, and
:mod:`grokmodels.engine.gradients` for what comes before a rule.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cache, partial
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from grokmodels.engine import compiling, muon
from grokmodels.engine.gradients import (
    Spans,
    add_exponential,
    add_mean,
    add_noise,
    bound,
    groups,
    joined,
    parts,
    remove_parallel,
    spans,
)
from grokmodels.recipes.optimizer import ExponentialFilter, MovingAverageFilter, Optimizer

# Their decay multiplies the weights; that of the others is a part of the gradient.
DECOUPLED = ("adamw", "lion", "muon")


class Coefficients(NamedTuple):
    """What one update needs of each member: (S, 1) on the device, one number a step on the host.

    ``shrink`` is decoupled decay, which multiplies the weights; ``penalty`` is L2 decay, which times the weights is
    added to the gradient. ``decay1`` and ``decay2`` are those of the moments, ``momentum`` that of SGD and Muon, and
    ``correction1`` = 1 − decay1^t, ``correction2`` = √(1 − decay2^t). ``clip`` is the largest norm of a gradient,
    ``noise`` the standard deviation of what is added to it. A filter adds ``strength`` × an average: one whose decay is
    ``fading``, or that of a window in which the gradient has its ``place``. ``held_for`` counts the steps for which
    norms are held, negative before.
    """

    rate: Any
    shrink: Any
    penalty: Any
    decay1: Any
    decay2: Any
    correction1: Any
    correction2: Any
    epsilon: Any
    momentum: Any
    clip: Any
    noise: Any
    strength: Any
    fading: Any
    place: Any
    held_for: Any


def coefficients(recipe: Optimizer, steps: NDArray[np.int64]) -> NDArray[np.float64]:
    """The :class:`Coefficients` of one member at some of its steps, counted from 0, shape (n_steps, k)."""
    rate = recipe.learning_rate * recipe.learning_rate_schedule(steps)
    decay = recipe.weight_decay * recipe.weight_decay_schedule(steps)
    decoupled = recipe.name in DECOUPLED
    beta1, beta2 = recipe.betas
    strength, fading, place = _filter(recipe.gradient_filter, steps)
    columns = Coefficients(
        rate=rate,
        shrink=1 - rate * decay if decoupled else 1.0,
        penalty=0.0 if decoupled else decay,
        decay1=beta1,
        decay2=beta2,
        correction1=1 - beta1 ** (steps + 1.0),
        correction2=np.sqrt(1 - beta2 ** (steps + 1.0)),
        epsilon=recipe.epsilon,
        momentum=recipe.momentum,
        clip=np.inf if recipe.clip is None else recipe.clip,
        noise=recipe.gradient_noise * recipe.gradient_noise_schedule(steps),
        strength=strength,
        fading=fading,
        place=place,
        held_for=steps - recipe.hold_from,
    )
    return np.stack(np.broadcast_arrays(*columns), axis=1)


def _filter(recipe: ExponentialFilter | MovingAverageFilter | None, steps: NDArray[np.int64]) -> tuple[Any, Any, Any]:
    """Strength, fading and place."""
    if recipe is None:
        return 0.0, 0.0, 0
    if isinstance(recipe, ExponentialFilter):
        # As in the authors' code, the average begins as the first gradient, not as zero.
        return recipe.strength, np.where(steps == 0, 0.0, recipe.decay), 0
    return np.where(steps + 1 >= recipe.window, recipe.strength, 0.0), 0.0, steps % recipe.window


class State:
    """What an optimizer remembers, and its update.

    All parameters of a member are one row, ``weights`` (S, P), so that an update is a handful of operations, however
    many matrices a network has. ``layout`` gives the parameters' shapes, without the member axis, in the order in which
    they lie in a row. ``moments`` are all that is remembered, the member axis first; each member begins with zeros.
    """

    def __init__(self, recipe: Optimizer, weights: Tensor, layout: Mapping[str, torch.Size]) -> None:
        self._plan = _Plan.of(recipe, layout)
        members, size = weights.shape
        own: list[tuple[int, ...]] = [(size,)] * _RULES[recipe.name].moments
        if isinstance(recipe.gradient_filter, MovingAverageFilter):
            own.append((recipe.gradient_filter.window, size))
        elif recipe.gradient_filter is not None:
            own.append((size,))
        if self._plan.held:
            own.append((len(self._plan.held),))
        self.moments = [weights.new_zeros(members, *shape) for shape in own]

    @torch.no_grad()
    def update(
        self,
        weights: Tensor,
        gradients: Sequence[Tensor],
        coefficients: Tensor,
        noise: Tensor | None = None,
        *,
        compiled: bool = False,
    ) -> None:
        """One step of every member, in place.

        ``gradients`` are those of the parameters in their order, (S, ...), ``coefficients`` (k, S), and ``noise``
        standard normal numbers (S, P) for a recipe with gradient noise.
        """
        step = _compiled(self._plan) if compiled else partial(_step, self._plan)
        step(weights, gradients, self.moments, coefficients, noise)


class _Plan(NamedTuple):
    """What makes an update another program: its operations, and the parts of a row to which they apply.

    ``hidden`` are Muon's matrices, each with its rows and columns; ``others`` are left to AdamW.
    """

    name: str
    clips: bool
    filter: str | None
    decayed: Spans
    orthogonal: Spans
    held: Spans
    hidden: tuple[tuple[int, ...], ...]
    others: Spans

    @classmethod
    def of(cls, recipe: Optimizer, layout: Mapping[str, torch.Size]) -> _Plan:
        """The update that a recipe asks for."""
        hidden = spans(layout, muon.takes)
        shapes = [tuple(shape) for name, shape in layout.items() if muon.takes(name, shape)]
        return cls(
            name=recipe.name,
            clips=recipe.clip is not None,
            filter=None if recipe.gradient_filter is None else recipe.gradient_filter.kind,
            decayed=joined(groups(layout, recipe.weight_decay_on)),
            orthogonal=groups(layout, recipe.orthogonal),
            held=groups(layout, recipe.hold_norm),
            hidden=tuple((*span, *shape) for span, shape in zip(hidden, shapes, strict=True)),
            others=joined(spans(layout, lambda name, shape: not muon.takes(name, shape))),
        )


@cache
def _compiled(plan: _Plan) -> Callable[..., None]:
    return compiling.compiled(partial(_step, plan))


def _step(
    plan: _Plan,
    weights: Tensor,
    gradients: Sequence[Tensor],
    moments: list[Tensor],
    numbers: Tensor,
    noise: Tensor | None,
) -> None:
    c = Coefficients(*numbers.unsqueeze(2))
    rule = _RULES[plan.name]
    gradient = torch.cat([part.flatten(1) for part in gradients], dim=1)
    _prepare(plan, gradient, weights, moments[rule.moments :], c, noise)
    if plan.clips or plan.orthogonal:
        # Two programs, since the compiler fails at some sums over rows in one with what changes in place afterwards:
        # https://github.com/pytorch/pytorch/issues/196570.
        torch._dynamo.graph_break()
    if plan.held:
        _remember_norms(plan, weights, moments[-1], c)
    rule.step(plan, weights, gradient, moments[: rule.moments], c)
    if plan.held:
        _hold_norms(plan, weights, moments[-1], c)


def _prepare(
    plan: _Plan, gradient: Tensor, weights: Tensor, remembered: list[Tensor], c: Coefficients, noise: Tensor | None
) -> None:
    """What comes before the rule."""
    if noise is not None:
        add_noise(gradient, noise, c.noise)
    remove_parallel(gradient, weights, plan.orthogonal)
    if plan.filter == "exponential":
        add_exponential(gradient, remembered[0], c.strength, c.fading)
    elif plan.filter == "moving-average":
        add_mean(gradient, remembered[0], c.strength, c.place)
    if plan.clips:
        bound(gradient, c.clip)


# -- rules ------------------------------------------------------------------------------------------------------------


def _adamw(plan: _Plan, weights: Tensor, gradient: Tensor, moments: list[Tensor], c: Coefficients) -> None:
    _shrink(plan, weights, c)
    _adam_step(weights, gradient, moments, c)


def _adam(plan: _Plan, weights: Tensor, gradient: Tensor, moments: list[Tensor], c: Coefficients) -> None:
    _penalize(plan, weights, gradient, c)
    _adam_step(weights, gradient, moments, c)


def _adam_step(weights: Tensor, gradient: Tensor, moments: list[Tensor], c: Coefficients) -> None:
    first, second = moments
    first.mul_(c.decay1).add_(gradient * (1 - c.decay1))
    second.mul_(c.decay2).add_(gradient.square().mul_(1 - c.decay2))
    spread = second.sqrt().div_(c.correction2).add_(c.epsilon)
    weights.sub_((first * (c.rate / c.correction1)).div_(spread))


def _sgd(plan: _Plan, weights: Tensor, gradient: Tensor, moments: list[Tensor], c: Coefficients) -> None:
    _penalize(plan, weights, gradient, c)
    weights.sub_(c.rate * moments[0].mul_(c.momentum).add_(gradient))


def _lion(plan: _Plan, weights: Tensor, gradient: Tensor, moments: list[Tensor], c: Coefficients) -> None:
    _shrink(plan, weights, c)
    momentum = moments[0]
    weights.sub_((momentum * c.decay1).add_(gradient * (1 - c.decay1)).sign_().mul_(c.rate))
    momentum.mul_(c.decay2).add_(gradient * (1 - c.decay2))


def _muon(plan: _Plan, weights: Tensor, gradient: Tensor, moments: list[Tensor], c: Coefficients) -> None:
    _shrink(plan, weights, c)
    for start, stop in plan.others:
        w, g, *own = (row[:, start:stop] for row in (weights, gradient, *moments))
        _adam_step(w, g, own, c)
    rate, decay = c.rate.unsqueeze(2), c.momentum.unsqueeze(2)
    for start, stop, rows, columns in plan.hidden:
        # A hidden matrix has one moment; its part of the second stays zero.
        w, g, momentum = (row[:, start:stop].view(-1, rows, columns) for row in (weights, gradient, moments[0]))
        w.sub_(muon.direction(g, momentum, decay).mul_(rate))


class _Rule(NamedTuple):
    """How many moments a rule has, and its step."""

    moments: int
    step: Callable[[_Plan, Tensor, Tensor, list[Tensor], Coefficients], None]


_RULES = {
    "adamw": _Rule(2, _adamw),
    "adam": _Rule(2, _adam),
    "sgd": _Rule(1, _sgd),
    "lion": _Rule(1, _lion),
    "muon": _Rule(2, _muon),
}


def _shrink(plan: _Plan, weights: Tensor, c: Coefficients) -> None:
    for part in parts(weights, plan.decayed):
        part.mul_(c.shrink)


def _penalize(plan: _Plan, weights: Tensor, gradient: Tensor, c: Coefficients) -> None:
    for w, g in zip(parts(weights, plan.decayed), parts(gradient, plan.decayed), strict=True):
        g.add_(c.penalty * w)


# -- norms ------------------------------------------------------------------------------------------------------------


def _norms(plan: _Plan, weights: Tensor) -> Tensor:
    """Of each part whose norm is held, (S, groups)."""
    return torch.stack([torch.linalg.vector_norm(part, dim=1) for part in parts(weights, plan.held)], dim=1)


def _remember_norms(plan: _Plan, weights: Tensor, targets: Tensor, c: Coefficients) -> None:
    """The norms before this step, until they are held."""
    targets.copy_(torch.where(c.held_for <= 0, _norms(plan, weights), targets))


def _hold_norms(plan: _Plan, weights: Tensor, targets: Tensor, c: Coefficients) -> None:
    """Scale back to the norms that are remembered; what had none, or has none now, is left as it is.

    So is what is too long to have one, which scaled back would be zero, and look like a run that did not diverge.
    """
    norms = _norms(plan, weights)
    held = (c.held_for >= 0) & (targets > 0) & (norms > 0) & norms.isfinite()
    factors = torch.where(held, targets / norms, 1)
    for part, factor in zip(parts(weights, plan.held), factors.split(1, dim=1), strict=True):
        part.mul_(factor)
