"""How large the weights are."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import ArrayLike


def weight_norms(parameters: Mapping[str, ArrayLike]) -> dict[str, float]:
    """Euclidean norm of each named parameter."""
    return {name: float(np.linalg.norm(np.asarray(values, dtype=np.float64))) for name, values in parameters.items()}
