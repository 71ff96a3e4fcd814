"""Losses as functions of the margin f, and their steepness s = −ℓ′(f), which drives both circuits alike."""

from __future__ import annotations

from typing import Literal

import sympy as sp

from grokmodels.theory.kernels import Kernel
from grokmodels.theory.symbols import f

Loss = Literal["logistic", "exponential", "squared"]

VALUE: dict[str, sp.Expr] = {
    "logistic": sp.log(1 + sp.exp(-f)),
    "exponential": sp.exp(-f),
    # Not decreasing beyond margin 1; the laws that need only a common s hold for it too.
    "squared": (1 - f) ** 2 / 2,
}

STEEPNESS: dict[str, sp.Expr] = {
    # Written so that a large margin gives 0, not ∞/∞.
    "logistic": 1 / (1 + sp.exp(f)),
    "exponential": sp.exp(-f),
    "squared": 1 - f,
}

LOSS_OF = {name: Kernel(f"{name}Loss", value, (f,)) for name, value in VALUE.items()}
STEEPNESS_OF = {name: Kernel(f"{name}Steepness", value, (f,)) for name, value in STEEPNESS.items()}
