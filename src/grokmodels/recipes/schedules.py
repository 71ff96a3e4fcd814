"""Factors that change with the training step: for the learning rate, and for the weight decay."""

from __future__ import annotations

from bisect import bisect_right
from typing import Annotated

from pydantic import Field, field_validator, model_validator

from grokmodels.recipes.recipe import Recipe

Step = Annotated[int, Field(ge=0)]
Factor = Annotated[float, Field(ge=0)]


class Schedule(Recipe):
    """A piecewise-linear factor of the step, multiplied with the optimizer's base value.

    ``knots`` are (step, factor) pairs, the first at step 0; the factor runs straight between them and stays at the last
    one. Two knots at one step make a jump. With a ``period`` the whole schedule repeats; no knot lies beyond it.
    """

    knots: tuple[tuple[Step, Factor], ...] = ((0, 1.0),)
    period: Annotated[int, Field(ge=1)] | None = None

    @field_validator("knots")
    @classmethod
    def _in_order(cls, knots: tuple[tuple[int, float], ...]) -> tuple[tuple[int, float], ...]:
        steps = [step for step, _ in knots]
        if not steps or steps[0] != 0 or steps != sorted(steps):
            raise ValueError("the first knot must be at step 0 and the steps must not decrease")
        return knots

    @model_validator(mode="after")
    def _within_the_period(self) -> Schedule:
        beyond = [step for step, _ in self.knots if self.period is not None and step > self.period]
        if beyond:
            raise ValueError(f"knots: got steps {beyond}; must be at most the period, {self.period}")
        return self

    def __call__(self, step):
        """The factor at a step, counted from 0, or at an array of steps."""
        import numpy as np
        at = np.asarray(step) if self.period is None else np.asarray(step) % self.period
        steps, factors = (np.array(x) for x in zip(*self.knots, strict=True))
        left = np.searchsorted(steps, at, side="right") - 1
        right = np.minimum(left + 1, len(steps) - 1)
        width = np.where(steps[right] > steps[left], steps[right] - steps[left], 1)
        value = factors[left] + (factors[right] - factors[left]) * (at - steps[left]) / width
        value = np.where(left == len(steps) - 1, factors[left], value)
        return value if np.ndim(step) else float(value)

    @classmethod
    def constant(cls) -> Schedule:
        """1 throughout."""
        return cls()

    @classmethod
    def delayed(cls, start: int) -> Schedule:
        """0 until ``start``, 1 from there on."""
        return cls(knots=((0, 0.0), (start, 0.0), (start, 1.0)))

    @classmethod
    def paused(cls, start: int, stop: int) -> Schedule:
        """1, but 0 from ``start`` until ``stop``."""
        return cls(knots=((0, 1.0), (start, 1.0), (start, 0.0), (stop, 0.0), (stop, 1.0)))

    @classmethod
    def ramp(cls, start: int, stop: int, first: float = 0.0, last: float = 1.0) -> Schedule:
        """Straight from ``first`` at ``start`` to ``last`` at ``stop``, level before and after."""
        return cls(knots=((0, first), (start, first), (stop, last)))

    @classmethod
    def pulsed(cls, period: int, on: int) -> Schedule:
        """In every ``period`` steps, 1 for the first ``on`` and 0 for the rest."""
        return cls(knots=((0, 1.0), (on, 1.0), (on, 0.0)), period=period)

    @classmethod
    def warmup(cls, steps: int) -> Schedule:
        """Straight up to 1 over the first ``steps`` steps; the first step already takes 1/``steps``."""
        return cls(knots=((0, 1 / steps), (steps - 1, 1.0)) if steps > 1 else ((0, 1.0),))
