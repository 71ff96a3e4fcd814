"""Checks of arguments: one ValueError that names the field, the value and what is allowed."""

from __future__ import annotations

from typing import Any

import numpy as np


def require(holds: Any, field: str, value: object, allowed: str) -> None:
    """ValueError unless the condition holds, everywhere if it is an array."""
    if not np.all(holds):
        raise ValueError(f"{field}: got {value}; must be {allowed}")


def require_positive(**fields: Any) -> None:
    """ValueError unless every argument, number or array, is positive and finite."""
    for field, value in fields.items():
        require(np.greater(value, 0) & np.isfinite(value), field, value, "greater than 0")
