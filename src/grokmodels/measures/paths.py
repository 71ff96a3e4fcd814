"""Paths between two networks, such as memorizer and rule of one run, and how high the hill on one is.

``start``, ``end`` and the points between are parameters: names → arrays, or tensors where a gradient is taken. A path
is a function of a place t from 0 to 1 that returns parameters. What a path passes is measured in
:mod:`grokmodels.measures.landscape`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

if TYPE_CHECKING:
    from grokmodels.engine.run import Run

Point = Mapping[str, Any]
Path = Callable[[float], dict[str, Any]]


def memorizer_and_rule(run: Run) -> tuple[int, int]:
    """Steps of two stored checkpoints of a run: a memorizer and a rule, at nearly equal train loss.

    The memorizer is the one with the lowest train loss after t_mem with a test accuracy below 10 %; the rule is the one
    with a test accuracy of at least 99 % whose train loss is nearest to it, as a ratio.
    """
    stored = run.history[run.history["step"].isin(list(run.checkpoints))]
    memorized = (stored["step"] >= run.milestones.t_mem.step) & (stored["test_accuracy"] < 0.1)
    memorizer = stored[memorized].sort_values("train_loss", kind="stable").iloc[0]
    rules = stored[stored["test_accuracy"] >= 0.99]
    nearest = np.abs(np.log(rules["train_loss"] / memorizer["train_loss"])).to_numpy().argmin()
    return int(memorizer["step"]), int(rules["step"].iloc[nearest])


def straight_path(start: Point, end: Point) -> Path:
    """(1 − t) start + t end."""
    return lambda t: {name: (1 - t) * start[name] + t * end[name] for name in start}


def curved_path(*points: Point) -> Path:
    """The Bezier curve from the first point to the last, pulled toward those between."""
    degree = len(points) - 1

    def path(t: float) -> dict[str, Any]:
        pulls = [math.comb(degree, k) * (1 - t) ** (degree - k) * t**k for k in range(degree + 1)]
        return {name: sum(pull * point[name] for pull, point in zip(pulls, points, strict=True)) for name in points[0]}

    return path


def barrier(heights: ArrayLike) -> float:
    """How far the highest point of a path lies above the higher of its ends; 0 where an end is the highest point.

    Frankle et al. 2020 (arXiv:1912.05671) measure from the mean of the two ends, which also counts a mere slope between
    unequal ends.
    """
    heights = np.asarray(heights, dtype=float)
    return float(heights.max() - max(heights[0], heights[-1]))
