"""The forecaster's desk: twelve runs of the record, and what the best forecasters say of them, moment by moment."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any

import numpy as np
import pandas as pd

from grokmodels.forecasts.benchmark import AT, FIT, LEVELS, TIMES, calibrated, cases, kept, reach_of
from grokmodels.forecasts.leaderboard import ENTRIES, leaderboard
from grokmodels.forecasts.view import Case, Moment, seen
from grokmodels.recipes.experiment import Experiment
from grokmodels.recipes.tasks import Modular, Parity

# How many runs that generalized, and how many that did not within their budget.
RUNS = {False: 9, True: 3}
# Multiples of t_mem.
MOMENTS = (1.5, 2, 2.5, 3, 4, 5, 6, 8, 10, 12, 15, 20, 25, 30, 40, 60, 80)
CURVES = ("train_accuracy", "test_accuracy", "train_loss", "test_loss", "m_hat", "weight_norm")


@cache
def chosen() -> list[Case]:
    """The runs, by a rule: of each study the first that is asked at twice t_mem, in the order of the runs' keys.

    Keys are hashes of recipes, so that this order knows nothing of what came. Of these runs the first nine that
    generalized and the first three that did not are taken, those of the studies with test seeds, :data:`FIT`, before
    others; and they are shown in the order of their keys.
    """
    asked = [case for cohort in ("test", "other") for case in cases(cohort)]
    first: dict[str, Case] = {}
    for case in sorted(asked, key=_key):
        first.setdefault(case.study, case)
    in_turn = sorted(first.values(), key=lambda case: (case.study not in FIT, _key(case)))
    taken = [case for late, most in RUNS.items() for case in [one for one in in_turn if one.censored is late][:most]]
    return sorted(taken, key=_key)


def _key(case: Case) -> str:
    return case.run.experiment.key


def best() -> list[str]:
    """The first of the leaderboards from training and from held-out data, on test seeds and on other studies."""
    table = kept()
    boards = [leaderboard(table[(table["asked"] == c) & (table["moment"] == AT)], draws=1) for c in ("test", "other")]
    names = [board.index[board["sees"] == sees][0] for sees in ("training", "held-out") for board in boards]
    return list(dict.fromkeys(names))


def runs() -> pd.DataFrame:
    """The record of the chosen runs, a row an evaluation: ``run`` (from 1), :data:`CURVES`, and what the run is.

    That is ``study``, ``key``, ``recipe`` in words, ``known`` (whether forecasters know other seeds of it), ``t_mem``,
    ``t_gen`` and ``censored``.
    """
    parts = []
    for number, case in enumerate(chosen(), 1):
        what: dict[str, Any] = {
            "run": number,
            "study": case.study,
            "key": _key(case),
            "recipe": in_words(case.run.experiment),
        }
        times = {"t_mem": case.view.t_mem, "t_gen": int(case.t_gen), "censored": case.censored}
        curves = case.run.history[["step", *CURVES]]
        parts.append(curves.assign(**what, known=case.study in FIT, **times))
    return pd.concat(parts, ignore_index=True)


def forecasts() -> pd.DataFrame:
    """What :func:`best` say of the chosen runs at :data:`MOMENTS`, while they wait: ``run``, ``moment``, ``now``,
    ``forecaster``, ``sees``, ``forecast`` in steps, and ``reach``, that of the 80 % interval in ln t_gen.

    Those that learn look at known runs at the last of the benchmark's multiples of t_mem that is not after the moment.
    """
    return pd.DataFrame([row for name in best() for moment in MOMENTS for row in _said(name, moment)])


def _said(name: str, moment: float) -> Iterator[dict[str, object]]:
    forecaster, known = calibrated(name, max(time for time in TIMES if time <= moment))
    sees = next(entry.sees for entry in ENTRIES if entry.name == name)
    for number, case in enumerate(chosen(), 1):
        _, view = seen(case.run, Moment(times=moment), sees)
        if view is not None:
            said = {"forecaster": name, "sees": sees, "forecast": forecaster(view), "reach": reach_of(known, LEVELS[0])}
            yield {"run": number, "moment": moment, "now": view.now} | said


_SIGNS = {"add": "a + b", "subtract": "a − b", "multiply": "a · b"}
_NAMES = {"adamw": "AdamW", "sgd": "SGD"}


def in_words(recipe: Experiment) -> str:
    """What is trained, in a line.

    >>> in_words(Experiment(batch_size=None))
    'a + b mod 97; transformer, width 128, 2 layers; 40 % of the data, all in a batch; AdamW, rate 0.003, decay 1'
    """
    task, network, rule = recipe.task, recipe.architecture, recipe.optimizer
    name: str = task.kind
    if isinstance(task, Modular):
        name = f"{_SIGNS.get(task.operation, task.operation)} mod {task.p}"
    elif isinstance(task, Parity):
        name = f"parity of {task.relevant or task.bits} of {task.bits} bits"
    plans = {
        "data": recipe.data_schedule, "batch": recipe.batch_size_schedule, "decay": rule.weight_decay_schedule,
    }  # fmt: skip
    changing = "".join(f"; {what} on a schedule" for what, plan in plans.items() if np.ptp(np.array(plan.knots)[:, 1]))
    layers = f"{network.layers} layer{'s' if network.layers > 1 else ''}"
    batch = f"batch of {recipe.batch_size}" if recipe.batch_size else "all in a batch"
    return (
        f"{name}; {network.kind}, width {network.width}, {layers}; {recipe.fraction:.0%} of the data, {batch}; "
        f"{_NAMES.get(rule.name, rule.name)}, rate {rule.learning_rate:g}, decay {rule.weight_decay:g}{changing}"
    ).replace("%", " %")
