"""Doing the runs of a study: on any executor, several at a time, each finished run stored at once.

What one worker does is a job: points of one shape, trained side by side, the next taking the place of one that is done.
Whatever stops a job loses the runs in flight and nothing else.
"""

from __future__ import annotations

import itertools
import math
import multiprocessing
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Collection, Generator, Iterator
from concurrent.futures import FIRST_COMPLETED, Executor, Future, wait
from contextlib import contextmanager
from multiprocessing.process import BaseProcess
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

from grokmodels.studies import files, store
from grokmodels.studies.study import Point

if TYPE_CHECKING:
    from grokmodels.engine.run import Run

# Steps of a worker's stack from which on compiling one pays: it takes up to a minute, and saves a third of a step.
COMPILED_FROM = 50_000
# Seconds between two looks for runs that jobs still at work have stored.
LOOK = 1.0


def run_points(
    points: list[Point],
    folder: Path | str,
    executor: Executor,
    device: str = "cpu",
    stack: int = 1,
    *,
    workers: int = 1,
    deadline: float = math.inf,
) -> Generator[Path]:
    """Run points on any executor of so many ``workers``, and yield the files of stored runs as they appear.

    ``stack`` are trained side by side where their shapes allow. No run starts after the ``deadline`` (seconds of
    :func:`time.time`), and those in flight end at their next evaluation. Workers store each run as it is done, so
    stopping this process loses at most the runs in flight.
    """
    waiting = [files.single(folder, point.experiment.key) for point in points]
    with _interrupts_held():
        pays = {together[0].experiment.shape: worth_compiling(together, workers, stack) for together in alike(points)}
        futures = {
            executor.submit(run_job, job, str(folder), device, stack, deadline, pays[job[0].experiment.shape])
            for job in jobs(points, workers, stack)
        }
    running: Collection[Future[list[str]]] = futures
    try:
        while running:
            done, running = wait(running, timeout=LOOK, return_when=FIRST_COMPLETED)
            # Runs of jobs that go on are seen in the folder, which over a network may lag behind what a job tells.
            there = _names_in(folder).union(*(future.result() for future in done))
            yield from (path for path in waiting if path.name in there)
            waiting = [path for path in waiting if path.name not in there]
    finally:
        for future in futures:
            future.cancel()


def _names_in(folder: Path | str) -> set[str]:
    return set(os.listdir(folder)) if os.path.isdir(folder) else set()


def jobs(points: list[Point], workers: int, stack: int) -> list[list[Point]]:
    """The points as work for so many workers: of one shape each, shape by shape, as even as can be.

    Side by side, a job has all the runs of its worker, so that a place that becomes free is taken. One at a time, it
    has one run: whoever is free takes the next.
    """
    share = 1 if stack == 1 else math.ceil(len(points) / workers)
    return [part for together in alike(points) for part in _even(together, share)]


def alike(points: list[Point]) -> list[list[Point]]:
    """The points by shape: those that can train side by side."""
    shapes: dict[str, list[Point]] = {}
    for point in points:
        shapes.setdefault(point.experiment.shape, []).append(point)
    return list(shapes.values())


def worth_compiling(points: list[Point], workers: int, stack: int) -> bool:
    """Whether the steps that a worker may have to take for these points are worth compiling one.

    Batches that change size are not: each size would be compiled by itself.
    """
    return (
        points[0].experiment.steady
        and sum(point.experiment.steps for point in points) / (workers * min(stack, len(points))) >= COMPILED_FROM
    )


def _even(points: list[Point], largest: int) -> list[list[Point]]:
    """The points in parts of at most ``largest``, whose lengths differ by one at most."""
    count = math.ceil(len(points) / largest)
    ends = [round(part * len(points) / count) for part in range(count + 1)]
    return [points[first:last] for first, last in itertools.pairwise(ends)]


def run_job(
    points: list[Point], folder: str, device: str, stack: int, deadline: float, compiled: bool = False
) -> list[str]:
    """Train points of one shape on one thread, store each run when it is done, and return their files' names.

    What a worker executes. A step is ``compiled`` where the machine has what that needs. A point whose run another
    worker has stored meanwhile is left out.
    """
    released = _released()

    def stop() -> bool:
        return time.time() > deadline or _worker.told or released()

    names: list[str] = []
    if stop():
        return names
    stored = store.keys(folder)
    todo = [point for point in points if point.experiment.key not in stored]
    # Before the job can be interrupted: an exception in the middle of importing torch ends the process with a cry.
    import grokmodels.engine.training  # noqa: F401

    try:
        with _worker.at_work():
            names.extend(files.save(run, folder).name for run in _trained(todo, device, stack, stop, compiled))
    except Interrupted:
        # Whoever asked for these runs is leaving, and waits for this worker's end only.
        pass
    return names


def _trained(points: list[Point], device: str, stack: int, stop: Callable[[], bool], compiled: bool) -> Iterator[Run]:
    """The engine, called: up to ``stack`` of the points in training at any time, until ``stop()`` at an evaluation."""
    if not points:
        return
    import torch

    from grokmodels.engine.compiling import can_compile
    from grokmodels.engine.devices import pick_device
    from grokmodels.engine.slot import Member
    from grokmodels.engine.training import train_stack

    torch.set_num_threads(1)
    place = pick_device(device)
    members = [Member(point.experiment, point.checkpoints, _kept(point.keep)) for point in points]
    yield from train_stack(members, slots=stack, device=place, compiled=compiled and can_compile(place), stop=stop)


def _kept(prefixes: tuple[str, ...]) -> Callable[[str], bool]:
    return lambda name: name.startswith(prefixes)


def _released() -> Callable[[], bool]:
    """On a Dask worker, whether nobody waits for its task any more: it was canceled, or who asked for it is gone."""
    # On a worker it is imported.
    distributed = sys.modules.get("distributed")
    if distributed is None:
        return lambda: False
    try:
        worker = distributed.get_worker()
    except ValueError:
        # It is at hand, but this is no worker of it.
        return lambda: False
    key = worker.get_current_task()

    def released() -> bool:
        task = worker.state.tasks.get(key)
        return task is None or task.state == "cancelled"

    return released


class Interrupted(BaseException):
    """Raised in a job when its worker is told to stop; no ``except Exception`` on the way keeps it from leaving."""


class _Worker:
    """Of this process, if it is a local worker: whether it is ``told`` to stop, and whether a job is under way."""

    def __init__(self) -> None:
        self.told = self.working = False

    @contextmanager
    def at_work(self) -> Iterator[None]:
        self.working = True
        try:
            yield
        finally:
            self.working = False

    def stop(self, signum: int, frame: FrameType | None) -> None:
        """Handle an interrupt: leave the job under way at once, and take up no other."""
        first, self.told = not self.told, True
        if first and self.working:
            raise Interrupted


_worker = _Worker()


def begin_worker() -> None:
    """Make this process a local worker, which an interrupt stops without a word. To be called first in it.

    It ends with the process that started it, also where that is killed and cannot tell.
    """
    threading.Thread(target=_end_with, args=[multiprocessing.parent_process()], daemon=True).start()
    signal.signal(signal.SIGINT, _worker.stop)
    if hasattr(signal, "pthread_sigmask"):
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})


def _end_with(parent: BaseProcess) -> None:
    parent.join()
    os._exit(1)


@contextmanager
def _interrupts_held() -> Iterator[None]:
    """Hold interrupts back while workers start, which inherit this: none is hit before it can deal with one."""
    # Windows has no masks.
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
