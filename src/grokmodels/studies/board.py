"""How far a study is: a table that a terminal shows live, one row per block, with an estimate of the time left."""

from __future__ import annotations

import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Group

    from grokmodels.engine.run import Run
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
        from rich.console import Group
        from rich.table import Table

        columns = ("done", "memorized", "generalized", "diverged")
        table = Table("block", "to do", *columns, box=None)
        for block, counts in self.done.items():
            table.add_row(block, str(self.todo[block]), *(str(counts[name]) for name in columns))
        return Group(table, self.estimate)


@contextmanager
def shown(board: Board) -> Iterator[Callable[[str], None]]:
    """Show the board while it fills, below lines that the function given prints.

    Where there is no terminal, or no rich, there are only the lines.
    """
    if not (sys.stdout.isatty() and find_spec("rich")):
        yield lambda line: print(f"{line}  ({board.estimate})", flush=True)
        return
    from rich.live import Live

    with Live(board) as live:

        def say(line: str) -> None:
            live.refresh()
            live.console.print(line, highlight=False, markup=False, soft_wrap=True)

        yield say
