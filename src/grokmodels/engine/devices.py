"""Where a stack trains, and how its numbers are rounded there."""

from __future__ import annotations

import contextlib
import os
import platform
from collections.abc import Iterator
from typing import Any

import numpy as np
import torch


def available() -> list[str]:
    """The kinds of devices that this machine has, the fastest first."""
    found = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available(), "cpu": True}
    return [kind for kind, there in found.items() if there]


def pick_device(device: str | torch.device = "auto") -> torch.device:
    """``auto`` is CUDA, then MPS, then CPU. ValueError for a device this machine does not have."""
    kinds = available()
    if str(device) == "auto":
        return torch.device(kinds[0])
    if str(device).split(":")[0] not in kinds:
        raise ValueError(f"device: got {str(device)!r}; must be 'auto' or one of {kinds}")
    return torch.device(device)


@contextlib.contextmanager
def rounding(precision: str, device: torch.device) -> Iterator[None]:
    """Matrix products inside round as the recipe's precision says, where the device has units for it."""
    if precision == "bfloat16":
        with torch.autocast(device.type, dtype=torch.bfloat16):
            yield
        return
    before = torch.get_float32_matmul_precision()
    torch.set_float32_matmul_precision("high" if precision == "tf32" else "highest")
    try:
        yield
    finally:
        torch.set_float32_matmul_precision(before)


def widest(device: torch.device) -> torch.dtype:
    """The precision in which measures are summed up: double, where the device has it."""
    return torch.float32 if device.type == "mps" else torch.float64


def synchronize(device: torch.device) -> None:
    """Wait until the device has done what it was told, so that a clock can be read."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def provenance(device: torch.device) -> dict[str, Any]:
    """What a run's numbers and seconds may depend on beside its recipe."""
    about = {
        "device": str(device),
        "threads": torch.get_num_threads(),
        "machine": platform.machine(),
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "torch": torch.__version__,
        "numpy": np.__version__,
    }
    return about | ({"card": torch.cuda.get_device_name(device)} if device.type == "cuda" else {})
