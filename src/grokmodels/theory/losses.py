"""Losses as functions of the margin f, and their steepness s = −ℓ′(f), which drives both circuits alike."""

from __future__ import annotations

from typing import Literal

import sympy as sp

from grokmodels.theory.kernels import Kernel
from grokmodels.theory.symbols import f

Loss = Literal["logistic", "exponential", "squared"]

VALUE: dict[str, Kernel] = {
    "logistic": Kernel("logisticLoss", sp.log(1 + sp.exp(-f)), {"margin": f}),
    "exponential": Kernel("exponentialLoss", sp.exp(-f), {"margin": f}),
    # Not decreasing beyond margin 1; the laws that need only a common s hold for it too.
    "squared": Kernel("squaredLoss", (1 - f) ** 2 / 2, {"margin": f}),
}

STEEPNESS: dict[str, Kernel] = {
    # Written so that a large margin gives 0, not ∞/∞.
    "logistic": Kernel("logisticSteepness", 1 / (1 + sp.exp(f)), {"margin": f}),
    "exponential": Kernel("exponentialSteepness", sp.exp(-f), {"margin": f}),
    "squared": Kernel("squaredSteepness", 1 - f, {"margin": f}),
}
