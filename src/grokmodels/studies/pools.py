"""Workers for the command line: processes of this machine, or those of a Dask scheduler."""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections.abc import Iterator
from concurrent.futures import Executor, ProcessPoolExecutor
from contextlib import contextmanager, suppress

from grokmodels.studies.runners import begin_worker

# Seconds that a scheduler has to answer when a client leaves.
GOODBYE = 5


@contextmanager
def local(workers: int) -> Iterator[tuple[Executor, int]]:
    """An executor of so many processes, and their number. Whatever ends this early stops them at once."""
    # Spawned, not forked: torch's threads do not survive a fork.
    spawn = multiprocessing.get_context("spawn")
    executor = ProcessPoolExecutor(workers, mp_context=spawn, initializer=begin_worker)
    try:
        yield executor, workers
        executor.shutdown()
    except BaseException:
        # The rest takes a moment, which a second interrupt must not cut short.
        before = signal.signal(signal.SIGINT, signal.SIG_IGN)
        # A terminal interrupts its whole process group, another sender perhaps this process alone.
        for process in multiprocessing.active_children():
            if process.pid is not None:
                os.kill(process.pid, signal.SIGINT)
        executor.shutdown(cancel_futures=True)
        signal.signal(signal.SIGINT, before)
        raise


@contextmanager
def dask(address: str) -> Iterator[tuple[Executor, int]]:
    """An executor of the Dask cluster whose scheduler is there, and the number of its threads.

    Leaving early cancels what is pending; runs in flight end at their next evaluation.
    """
    from distributed import Client

    client = Client(address)
    try:
        yield client.get_executor(pure=False), max(1, sum(client.nthreads().values()))
    finally:
        # What is pending was canceled; a scheduler that is slow to say goodbye must not keep anybody for a minute.
        with suppress(TimeoutError):
            client.close(timeout=GOODBYE)
