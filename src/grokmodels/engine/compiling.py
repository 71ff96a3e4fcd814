"""``torch.compile`` for steps: when it can be had, and how."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from typing import Any

import torch
import torch._inductor.config


def compiled(function: Callable[..., Any]) -> Callable[..., Any]:
    """The function, compiled anew for each shape that it meets.

    The compiler's own cache is on disk, where TORCHINDUCTOR_CACHE_DIR says, and worker processes share it.
    """
    # Every stack's size is a shape of its own; torch gives up after eight of them unless it is told otherwise.
    torch._dynamo.config.recompile_limit = 256
    if not torch.cuda.is_available():
        # Here, not in a pool of processes that would outlive an interrupted worker.
        torch._inductor.config.compile_threads = 1
    return torch.compile(function, dynamic=False)


def can_compile(device: torch.device) -> bool:
    """Whether this machine has what ``torch.compile`` needs: a C++ compiler, and Triton for a GPU."""
    names = (os.environ.get("CXX"), "g++", "clang++", "c++")
    has_compiler = any(shutil.which(name) for name in names if name)
    return has_compiler and (device.type == "cpu" or torch.utils._triton.has_triton())
