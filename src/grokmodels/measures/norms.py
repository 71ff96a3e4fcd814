"""How large the weights are, and of which of them a LayerNorm makes the size meaningless."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

# What writes into the stream: with a LayerNorm before every branch and before the readout, all of these can be scaled
# by one factor without a change of any logit.
FREE = ("embedding", "position", "output", "mlp_out")


def weight_norms(parameters: Mapping[str, ArrayLike]) -> dict[str, float]:
    """Euclidean norm of each named parameter."""
    return {name: float(np.linalg.norm(np.asarray(values, dtype=np.float64))) for name, values in parameters.items()}


def is_free(name: str) -> bool:
    """Whether a LayerNorm sets the size of a parameter of this name free."""
    return any(part in FREE for part in name.split("."))


def scale_free(parameters: Mapping[str, NDArray[Any]], factor: float) -> dict[str, NDArray[Any]]:
    """The same parameters with all free ones multiplied."""
    return {name: values * (factor if is_free(name) else 1) for name, values in parameters.items()}
