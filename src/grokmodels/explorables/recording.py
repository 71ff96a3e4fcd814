"""A run of the page's engine, recorded while the page is made, so that nobody has to wait for the first picture."""

from __future__ import annotations

from functools import cache
from typing import Any

from grokmodels.explorables.engine import Trainer
from grokmodels.explorables.tables import compact, spread
from grokmodels.recipes import Experiment

FRAMES = 60
COLUMNS = ("step", "decay_time", "train_accuracy", "test_accuracy", "weight_norm", "rule_share", "m_hat")


@cache
def record(experiment: Experiment, last: int) -> dict[str, Any]:
    """The recipe, and frames as the engine sends them, at most sixty up to a step or the end of the run.

    They are evenly spaced in the logarithm of the step. What no chart draws is left out; ``cells`` has a digit a cell.
    """
    trainer = Trainer(experiment)
    frames = [trainer.frame()]
    while frames[-1]["status"] is None and frames[-1]["step"] < last:
        trainer.advance(frames[-1]["step"] + experiment.evaluate_every)
        frames.append(trainer.frame(len(frames)))
    return {"recipe": experiment.model_dump(mode="json"), "frames": _thinned(frames)}


def _thinned(frames: list[dict[str, Any]]) -> list[dict[str, Any]]:
    steps = [frame["step"] for frame in frames]
    kept = {0, *spread(steps[1:], FRAMES - 1).tolist()} if steps[1:] else {0}
    thinned, rows = [], []
    for frame in frames:
        # Of the frames between two that are kept, the rows are.
        rows += [{column: row[column] for column in COLUMNS} for row in frame["rows"]]
        if frame["step"] in kept:
            thinned.append({"step": frame["step"], "status": None, "rows": rows} | _drawn(frame))
            rows = []
    return thinned


def _drawn(frame: dict[str, Any]) -> dict[str, Any]:
    circles = [circle | {axis: compact(circle[axis], 3) for axis in "xy"} for circle in frame["circles"]]
    return {"cells": "".join(map(str, frame["cells"])), "circles": circles}
