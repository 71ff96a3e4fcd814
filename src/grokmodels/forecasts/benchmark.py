"""The benchmark: who is asked, on which runs; and the tables of what was said, which are shipped.

Cohorts are decided by a rule. *Fit*: the studies that vary the decay, the batch or the fraction of plain addition,
each in one network. Forecasters learn from their look seeds, at most :data:`MOST_SEEDS` a recipe. *Test*: the test
seeds of these. *New recipe*: the same test seeds, but the forecaster has seen no run of the recipe. *Other*: studies
with another p or width, with schedules of data, decay or batch, other optimizers, tasks and published recipes, all
seeds. Left out are the studies whose evaluations are far apart or that are too large to be read on a page
(:data:`UNREAD`), and those that came later (:data:`LATER`).
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd

from grokmodels import studies
from grokmodels.forecasts.alarms import SIGNALS, controls, rung, threshold, watched
from grokmodels.forecasts.forecasters import Forecaster, grouped
from grokmodels.forecasts.leaderboard import ENTRIES, Entry, asked, asked_without, capped
from grokmodels.forecasts.scores import Coverage, coverage, scored, typical
from grokmodels.forecasts.view import Case, Moment, Sees
from grokmodels.forecasts.view import cases as asked_at
from grokmodels.statistics.conformal import radius
from grokmodels.studies.places import find_root

FIT = ("canonical", "weight-decay", "delay", "waiting-times", "data-fraction")
OTHER = (
    "circuits", "depth-width-init", "literature", "long-quiet", "motion-data", "motion-edge", "motion-interventions",
    "motion-rates", "motion-size", "new-size", "optimizers", "parity", "phase-diagram", "published-laws", "quench",
    "schedules", "size", "sweeps",
)  # fmt: skip
UNREAD = ("binder", "crossed-seeds", "dips", "long-data", "luck", "size-width", "thousand-seeds")
# Made after forecasters had been asked.
LATER = ("agreement", "planted-rule", "skills", "two-hop")
# Asked for alarms only: networks that fit random labels, or a rule, in the same recipe.
CONTROLS = ("random-labels",)
MOST_SEEDS = 5
TIMES, SHARES = (1.5, 2.0, 3.0, 5.0), (0.25, 0.5, 0.75)
# Shares of controls that may ring.
RATES = (0.05, 0.2)
# Whose intervals are tried, all from training data.
PROMISED = ("nearest recipe", "regression: recipe", "one Λ after t_mem")
# What intervals promise; the most steps left over those gone at which an alarm says soon; the share that is most.
LEVELS, SOON, MOST = (0.8, 0.95), 2.0, 0.5
# Test accuracy from which a change has begun.
LOW = 0.1
# The goal: within 15 % at twice t_mem, from training data only.
GOAL, AT = 0.15, 2.0


@cache
def cases(cohort: str, moment: float = AT, sees: Sees = "training") -> list[Case]:
    """The cases of ``look``, ``test`` or ``other`` runs at a multiple of t_mem, or, below 1, at a share of the wait."""
    at = Moment(times=moment) if moment >= 1 else Moment(share=moment)
    found = []
    for name in OTHER if cohort == "other" else FIT:
        record = studies.record(name)
        if cohort != "other":
            record = record.only(cohort="look" if cohort == "look" else "test")
        found += [case for _, case in asked_at(record, name, at, sees) if case is not None]
    return found


def said(cohort: str, moment: float = AT, entries: Sequence[Entry] = ENTRIES) -> pd.DataFrame:
    """What forecasters say of a cohort: ``look``, ``test``, ``other``, or ``new recipe``."""
    parts = []
    for entry in entries:
        if cohort == "new recipe" and entry.needs_recipe:
            continue
        learned = [case for at in learned_at(moment) for case in capped(cases("look", at, entry.sees), MOST_SEEDS)]
        ask = asked_without if cohort == "new recipe" else asked
        parts.append(ask(entry, learned, cases("test" if cohort == "new recipe" else cohort, moment, entry.sees)))
    return pd.concat(parts, ignore_index=True).assign(asked=cohort, moment=moment)


def learned_at(moment: float) -> tuple[float, ...]:
    """When the known runs are looked at: at the same multiple of t_mem, or, for a moment in hindsight, at all of them.

    In hindsight too, the time that has passed would tell the answer: half of the wait is over when half of it is.
    """
    return (moment,) if moment >= 1 else TIMES


def scores() -> pd.DataFrame:
    """All of it: what every forecaster said of every cohort; of other studies at twice t_mem only. Some minutes."""
    asked = [(cohort, moment) for cohort in ("test", "new recipe") for moment in (*TIMES, *SHARES)]
    return pd.concat([said(*one) for one in [("look", AT), *asked, ("other", AT)]], ignore_index=True)


def alarms() -> pd.DataFrame:
    """When each alarm rang in each run (:func:`~grokmodels.forecasts.alarms.rung`), with its ``signal`` and ``rate``.

    Its threshold is what a share ``rate`` of the controls among the look seeds exceeds; ``control`` says which runs are
    of such recipes and did not generalize either: with the ``controls`` "any" all of them, with "still" those that
    never passed half of the test either. Of other runs there are those that waited for twice t_mem.
    """
    runs = pd.concat([watched(studies.record(name), name) for name in (*FIT, *OTHER, *CONTROLS)], ignore_index=True)
    stays = runs["cell"].isin(controls(runs[runs["cohort"] == "look"])) & runs["censored"]
    waited = ~runs["censored"] & (runs["t_gen"] > AT * runs["t_mem"])
    parts = []
    for kind, is_control in {"any": stays, "still": stays & np.isinf(runs["t_half"])}.items():
        chosen, known = runs[is_control | waited], runs[is_control & (runs["cohort"] == "look")]
        for signal, rate in itertools.product(SIGNALS, RATES):
            level = threshold(known, signal, rate)
            found = rung(chosen, signal, level).assign(signal=signal, rate=rate, level=level)
            parts.append(found.assign(control=is_control[chosen.index], controls=kind))
    return pd.concat(parts, ignore_index=True)


def keep(table: pd.DataFrame, name: str) -> None:
    """Ship a table as ``results/NAME.feather``."""
    words = [name for name in table if not pd.api.types.is_numeric_dtype(table[name])]
    table.astype(dict.fromkeys(words, "category")).to_feather(_path(name), compression="zstd", compression_level=19)


@cache
def kept(name: str = "forecast") -> pd.DataFrame:
    """A shipped table, ``forecast`` or ``forecast-…``; ``make forecasts`` makes all of them anew."""
    table = pd.read_feather(_path(name))
    words = table.select_dtypes("category").columns
    return table.astype(dict.fromkeys(words, object))


def _path(name: str) -> Path:
    return find_root() / "results" / f"{name}.feather"


@cache
def calibrated(name: str, moment: float = AT) -> tuple[Forecaster, pd.DataFrame]:
    """A forecaster of its own half of the look runs, and what it says of the other half (:func:`scored`).

    It learns from every other look run of each recipe that has test seeds. Runs of which it says "never" are left out.
    """
    entry = next(entry for entry in ENTRIES if entry.name == name)
    tested = {case.view.cell for case in cases("test", AT, entry.sees)}
    halves: tuple[list[Case], list[Case]] = ([], [])
    for cell, own in grouped(cases("look", moment, entry.sees), lambda view: view.cell):
        for place, case in enumerate(own if cell in tested else []):
            halves[place % 2].append(case)
    forecaster = entry.learner(halves[0])
    known = scored(forecaster, halves[1])
    return forecaster, known[np.isfinite(known["forecast"])]


def reach_of(known: pd.DataFrame, level: float) -> float:
    """How far an interval reaches in ln t_gen; the error of a censored run counts as infinite."""
    return radius(known["error"].mask(known["censored"], np.inf), level)


def covered() -> pd.DataFrame:
    """How often the conformal intervals of :data:`PROMISED` hold t_gen, on test seeds and on other studies.

    Asked are runs of which a forecaster does not say "never". A censored run is known to be in or out, or left open.
    """
    rows = []
    for name, cohort in itertools.product(PROMISED, ("test", "other")):
        forecaster, known = calibrated(name)
        table = scored(forecaster, cases(cohort))
        table = table[np.isfinite(table["forecast"])]
        rows += [(name, cohort, level, *coverage(table, reach_of(known, level))) for level in LEVELS]
    return pd.DataFrame(rows, columns=["forecaster", "cohort", "level", *Coverage._fields])


def placed(forecaster: Forecaster) -> str:
    """Where a reader's forecaster stands among those from training data, on test seeds at twice t_mem, in words.

    AssertionError, in one sentence, where it returns no time, or is no better than a constant.
    """
    asked_cases = cases("test")
    for case in asked_cases:
        answer = forecaster(case.view)
        right = answer is not None and answer > 0
        assert right, f"t_mem {case.view.t_mem}, now {case.view.now}: expected a step, above 0, got {answer!r}"
    ended = scored(forecaster, [case for case in asked_cases if not case.censored])
    own = typical(ended, draws=1).low
    table = kept()
    table = table[
        (table["asked"] == "test") & (table["moment"] == AT) & (table["sees"] == "training") & ~table["censored"]
    ]
    others = pd.Series({name: typical(part, draws=1).low for name, part in table.groupby("forecaster")})
    assert own < others["constant"], (
        f"{len(ended)} runs: expected a typical error below that of a constant, {np.expm1(others['constant']):.0%}, "
        f"got {np.expm1(own):.0%}"
    )
    place = int((others < own).sum()) + 1
    return f"Off by {np.expm1(own):.0%} (median over recipes): place {place} among {len(others)} from training data."
