"""A CUDA graph of a step: recorded once, launched as a whole.

A step of small networks is a hundred kernels of some microseconds each, and launching them one by one would take
longer than they do.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor


class Graph:
    """``step(*read)``, recorded; ``state`` are the tensors that it changes in place.

    Calling it copies what it is given to where the recorded step reads it, and replays.
    """

    def __init__(self, step: Callable[..., None], read: Sequence[Tensor], state: Sequence[Tensor]) -> None:
        self._read = [x.clone() for x in read]
        before = [x.clone() for x in state]
        # Libraries set themselves up in the first real steps, which a recording must not see; they are undone.
        stream = torch.cuda.Stream()
        stream.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(stream):
            for _ in range(3):
                step(*self._read)
        torch.cuda.current_stream().wait_stream(stream)
        self._graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(self._graph):
            step(*self._read)
        for x, kept in zip(state, before, strict=True):
            x.copy_(kept)

    def __call__(self, *read: Tensor) -> None:
        for place, x in zip(self._read, read, strict=True):
            place.copy_(x)
        self._graph.replay()
