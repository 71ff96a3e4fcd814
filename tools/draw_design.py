"""Draw the design of the study ``sensitivity``: recipes that fill their space evenly, each with a seed of its own.

A scrambled Sobol sequence (scipy.stats.qmc) over eight fields of the small recipe. The first three
quarters of the recipes are for looking, the rest are never used until the analysis is fixed. The file keeps what is
written above its first block: question, predictions and base stay as they are.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import NamedTuple

import numpy as np
from scipy.stats import qmc

from grokmodels.recipes.tasks import Modular

STUDY = Path(__file__).parents[1] / "studies" / "sensitivity.toml"
POINTS, FIRST_SEED, LOOK = 256, 1000, 0.75
# Ends of the axes: powers of ten of the rate and the decay, powers of two of the batch's share and the initial scale.
RATE, DECAY, BATCH, SCALE, FRACTION = (-3.3, -2.0), (-1.3, 0.5), (-5.0, 0.0), (-1.5, 1.5), (0.35, 0.9)
LAYERS, WIDTHS, GROUPS = (1, 2, 3, 4), (16, 32, 64), ("all", "matrices")
# A run ends at this accumulated decay, but not before and not after so many steps.
DECAY_TIME, STEPS = 8.0, (1_000, 15_000)
MARK = "# Drawn by tools/draw_design.py.\n"


class Recipe(NamedTuple):
    """A point of the design, in the fields of a recipe."""

    layers: int
    width: int
    init_scale: float
    fraction: float
    batch_size: int
    learning_rate: float
    weight_decay: float
    weight_decay_on: str
    steps: int


def recipe(point: np.ndarray, p: int = 31) -> Recipe:
    """The recipe at a point (8,) of the unit cube."""
    layers, width, group = (int(x * len(kinds)) for kinds, x in zip((LAYERS, WIDTHS, GROUPS), point[:3], strict=True))
    rate, decay, batch, scale, fraction = (
        low + (high - low) * x for (low, high), x in zip((RATE, DECAY, BATCH, SCALE, FRACTION), point[3:], strict=True)
    )
    fraction = round(fraction, 3)
    n_train = Modular(p=p).n_train(fraction)
    learning_rate, weight_decay = (float(f"{10**x:.3g}") for x in (rate, decay))
    steps = math.ceil(DECAY_TIME / (learning_rate * weight_decay) / 100) * 100
    return Recipe(
        LAYERS[layers], WIDTHS[width], float(f"{2**scale:.3g}"), fraction, max(round(2**batch * n_train), 1),
        learning_rate, weight_decay, GROUPS[group], min(max(steps, STEPS[0]), STEPS[1]),
    )  # fmt: skip


def block(number: int, own: Recipe) -> str:
    """A block of the study's file."""
    seeds = "seeds = [{}]\ntest_seeds = []" if number < LOOK * POINTS else "seeds = []\ntest_seeds = [{}]"
    return (
        f'\n[[block]]\nname = "{number:03d}"\n{seeds.format(FIRST_SEED + number)}\n'
        f"base.architecture = {{ layers = {own.layers}, width = {own.width}, init_scale = {own.init_scale} }}\n"
        f"base.optimizer = {{ learning_rate = {own.learning_rate}, weight_decay = {own.weight_decay}, "
        f'weight_decay_on = "{own.weight_decay_on}" }}\n'
        f"base.fraction = {own.fraction}\nbase.batch_size = {own.batch_size}\nbase.steps = {own.steps}\n"
    )


def design() -> str:
    """All blocks, in the order of the sequence."""
    drawn = qmc.Sobol(8, seed=0).random(POINTS)
    return MARK + "".join(block(number, recipe(point)) for number, point in enumerate(drawn))


def main() -> None:
    """Write the design below the declaration."""
    declared = STUDY.read_text(encoding="utf-8").split(MARK)[0]
    STUDY.write_text(declared + design(), encoding="utf-8")
    print(f"{STUDY.name}: {POINTS} recipes")


if __name__ == "__main__":
    main()
