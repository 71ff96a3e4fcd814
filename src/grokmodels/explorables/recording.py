"""Runs of the page's engine: recorded while the page is made, so that nobody has to wait for the first picture."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache, cached_property
from pathlib import Path
from typing import Any, ClassVar

from grokmodels.explorables.engine import Trainer
from grokmodels.explorables.explorable import Explorable
from grokmodels.explorables.program import Program, Script
from grokmodels.explorables.tables import spread
from grokmodels.explorables.words import State
from grokmodels.recipes import Experiment

_HERE = Path(__file__).parent
# What a page knows of a run, and the process that trains more of them.
KNOWN_RUNS = Script(_HERE / "known_runs.js")
TRAINEES = Script(_HERE / "trainees.js")

Drawn = Callable[[dict[str, Any]], dict[str, Any]]


class Trained(Explorable):
    """An explorable whose network trains in the page. ``recipe`` makes the recipe of a state from ``data["base"]``."""

    recipe: ClassVar[Program]

    def experiment(self, state: State) -> Experiment:
        """What is trained at a state: the recipe of the page, read by the library."""
        return Experiment.model_validate(self._recipe_of(state))

    @cached_property
    def _recipe_of(self) -> Any:
        # Once: every start is an engine of its own.
        return self.recipe.start(self.data["base"])


@cache
def record(experiment: Experiment, last: int, count: int, columns: Sequence[str], drawn: Drawn) -> dict[str, Any]:
    """The recipe, and frames as the engine sends them, at most ``count`` up to a step or the end of the run.

    They are evenly spaced in the logarithm of the step. Of the history they keep the ``columns``, and of what the
    network says what ``drawn`` makes of a frame.
    """
    trainer = Trainer(experiment)
    frames = [trainer.frame()]
    while frames[-1]["status"] is None and frames[-1]["step"] < last:
        trainer.advance(frames[-1]["step"] + experiment.evaluate_every)
        frames.append(trainer.frame(len(frames)))
    return {"recipe": experiment.model_dump(mode="json"), "frames": _thinned(frames, count, columns, drawn)}


def _thinned(frames: list[dict[str, Any]], count: int, columns: Sequence[str], drawn: Drawn) -> list[dict[str, Any]]:
    steps = [frame["step"] for frame in frames]
    kept = {0, *spread(steps[1:], count - 1).tolist()} if steps[1:] else {0}
    thinned, rows = [], []
    for frame in frames:
        # Of the frames between two that are kept, the rows are.
        rows += [{column: row[column] for column in columns} for row in frame["rows"]]
        if frame["step"] in kept:
            thinned.append({"step": frame["step"], "status": None, "rows": rows} | drawn(frame))
            rows = []
    return thinned
