"""Doing the runs of a study: on any executor, several at a time, each finished run stored at once."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, as_completed
from pathlib import Path

from grokmodels.studies import files
from grokmodels.studies.study import Point


def run_points(
    points: list[Point], folder: Path | str, executor: Executor, device: str = "cpu", stack: int = 1
) -> Iterator[Path]:
    """Run points on any executor, ``stack`` at a time where their shapes allow, and yield the files of stored runs.

    Workers store each run as it is done, so stopping this process loses at most the runs in flight.
    """
    futures = [executor.submit(run_stack, together, str(folder), device) for together in stacks(points, stack)]
    try:
        for future in as_completed(futures):
            yield from map(Path, future.result())
    finally:
        for future in futures:
            future.cancel()


def stacks(points: list[Point], size: int) -> list[list[Point]]:
    """The points in groups of one shape and at most ``size``, shape by shape."""
    shapes: dict[str, list[Point]] = {}
    for point in points:
        shapes.setdefault(point.experiment.shape, []).append(point)
    return [alike[i : i + size] for alike in shapes.values() for i in range(0, len(alike), size)]


def run_stack(points: list[Point], folder: str, device: str) -> list[str]:
    """Train points of one shape on one thread and store each when it is done. What a worker executes."""
    import torch

    from grokmodels.engine.training import Member, pick_device, train_stack

    torch.set_num_threads(1)
    members = [
        Member(
            point.experiment,
            pick_device(device),
            checkpoints=point.checkpoints,
            keep=_kept(point.keep),
        )
        for point in points
    ]
    return [os.fspath(files.save(run, folder)) for run in train_stack(members, progress=False)]


def _kept(prefixes: tuple[str, ...]) -> Callable[[str], bool]:
    return lambda name: name.startswith(prefixes)
