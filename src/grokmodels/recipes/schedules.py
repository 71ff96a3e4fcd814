"""Factors that change with the training step: of a rate, a decay, a noise, the data or the batch."""

from __future__ import annotations

from typing import Annotated, overload

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, field_validator, model_validator

from grokmodels.recipes.recipe import Recipe

Step = Annotated[int, Field(ge=0)]
Factor = Annotated[float, Field(ge=0)]


class Schedule(Recipe):
    """A piecewise-linear factor of the step, multiplied with a base value.

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

    @overload
    def __call__(self, step: int) -> float: ...
    @overload
    def __call__(self, step: NDArray[np.integer]) -> NDArray[np.float64]: ...
    def __call__(self, step: int | NDArray[np.integer]) -> float | NDArray[np.float64]:
        """The factor at a step, counted from 0; of an array of steps, an array of factors of the same shape."""
        at = np.asarray(step) if self.period is None else np.asarray(step) % self.period
        steps = np.array([step for step, _ in self.knots])
        values = np.array([value for _, value in self.knots])
        after = np.searchsorted(steps, at, side="right")
        left, right = after - 1, np.minimum(after, len(steps) - 1)
        # Beyond the last knot both sides are that knot, and the way between them is 0 of 1.
        length = np.maximum(steps[right] - steps[left], 1)
        factor = values[left] + (values[right] - values[left]) * (at - steps[left]) / length
        return factor if isinstance(step, np.ndarray) else float(factor)

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
