"""How far a study is: a table that a terminal shows live, one row per block, with an estimate of the time left."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from typing import TYPE_CHECKING

from rich.console import Group
from rich.table import Table

if TYPE_CHECKING:
    from grokmodels.engine.training import Run
    from grokmodels.studies.study import Point


class Board:
    """Counts of the runs to do (``points``) and of those that :meth:`add` was told of; rich redraws it.

    ``clock`` gives seconds; tests pass their own.
    """

    def __init__(self, points: list[Point], clock: Callable[[], float] = time.monotonic) -> None:
        self.block = {point.experiment.key: point.block for point in points}
        self.todo = Counter(point.block for point in points)
        self.done: dict[str, Counter[str]] = {block: Counter() for block in self.todo}
        self.clock, self.started = clock, clock()

    def add(self, run: Run) -> None:
        """Count a run that is done."""
        t_mem, t_gen = run.milestones
        counts = self.done[self.block[run.experiment.key]]
        counts.update(done=1, memorized=not t_mem.censored, generalized=not t_gen.censored)
        counts["diverged"] += run.status == "diverged"

    @property
    def estimate(self) -> str:
        """Runs done and the time that the rest will take at the pace so far."""
        done, todo = sum(counts["done"] for counts in self.done.values()), self.todo.total()
        if not done:
            return f"0 of {todo} runs"
        minutes = (self.clock() - self.started) / done * (todo - done) / 60
        return f"{done} of {todo} runs, about {minutes:.0f} minutes left"

    def __rich__(self) -> Group:
        columns = ("done", "memorized", "generalized", "diverged")
        table = Table("block", "to do", *columns, box=None)
        for block, counts in self.done.items():
            table.add_row(block, str(self.todo[block]), *(str(counts[name]) for name in columns))
        return Group(table, self.estimate)
