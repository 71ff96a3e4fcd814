"""What a recipe of the small task promises before its first step: t_mem, t_gen, the chance to generalize in its budget.

Two surfaces, of ln t_mem and of ln Λ at t_gen, are fitted to the runs of ``sensitivity``: quadratic in eight settings,
with all their products, normal noise, censored runs as what they are, and a ridge.
"""

from __future__ import annotations

import itertools
import json
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from statistics import NormalDist
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from grokmodels.recipes.experiment import Experiment
from grokmodels.statistics.waits import FloatArray, fit_normal
from grokmodels.studies import ROOT, Record

STORED = ROOT / "results" / "sensitivity-surface.json"
SETTINGS = ("layers", "ln width", "ln scale", "fraction", "ln batch share", "ln rate", "ln decay", "matrices only")
# What the ridge adds: for each slope so many runs that say that it is 0, where a setting goes from −1 to 1.
STIFFNESS = 3.0


class Outlook(NamedTuple):
    """Medians in steps, the factor by which luck spreads t_gen (one standard deviation), and a chance."""

    t_mem: float
    t_gen: float
    spread: float
    generalizes: float


def settings(experiment: Experiment) -> FloatArray:
    """The eight settings of a recipe, (8,), as the surfaces see them. ValueError for one that they do not cover."""
    task, rule, network = experiment.task, experiment.optimizer, experiment.transformer
    if task.kind != "modular" or getattr(task, "p", None) != 31:
        raise ValueError(f"task: got {task!r}; must be addition modulo 31, for which the study was made")
    if rule.name != "adamw" or not rule.weight_decay:
        raise ValueError(
            f"optimizer: got {rule.name!r} with decay {rule.weight_decay}; must be adamw with a decay above 0"
        )
    n_train = task.n_train(experiment.fraction)
    return np.array(
        [
            network.layers, math.log(network.width), math.log(network.init_scale), experiment.fraction,
            math.log((experiment.batch_size or n_train) / n_train), math.log(rule.learning_rate),
            math.log(rule.weight_decay), rule.weight_decay_on == "matrices",
        ],
        dtype=float,
    )  # fmt: skip


@dataclass(frozen=True)
class Surface:
    """A quadratic surface over the settings, with what it was fitted in: ``low`` and ``high`` ends of each.

    ``slopes``: the constant, the settings, their squares and products, of settings scaled to −1 … 1; ``scale``: the
    standard deviation of what is left, which is luck and what a quadratic cannot follow.
    """

    low: tuple[float, ...]
    high: tuple[float, ...]
    slopes: tuple[float, ...]
    scale: float

    def __call__(self, points: FloatArray) -> FloatArray:
        """The median of the logarithm at settings (n, 8), in the units of :func:`settings`."""
        return _terms(self.scaled(points)) @ np.array(self.slopes)

    def scaled(self, points: FloatArray) -> FloatArray:
        """Settings scaled to −1 … 1 over the design."""
        low, high = np.array(self.low), np.array(self.high)
        return (2 * points - low - high) / (high - low)

    def covers(self, point: FloatArray) -> list[str]:
        """The settings (8,) that lie outside of the design; a little more than its ends is inside."""
        outside = np.abs(self.scaled(point)) > 1.02
        return [name for name, out in zip(SETTINGS, outside, strict=True) if out]


def _terms(scaled: FloatArray) -> FloatArray:
    x = np.atleast_2d(scaled)
    products = [x[:, i] * x[:, j] for i, j in itertools.combinations_with_replacement(range(x.shape[1]), 2)]
    return np.column_stack([np.ones(len(x)), x, *products])


def fit_surface(points: FloatArray, values: FloatArray, censored: FloatArray, stiffness: float = STIFFNESS) -> Surface:
    """The surface of ``values`` (n,) over settings (n, 8); where ``censored``, a value is only known to be larger."""
    low, high = points.min(axis=0), points.max(axis=0)
    empty = Surface(tuple(low), tuple(high), (), 1.0)
    rows = _terms(empty.scaled(points))
    # The square of a setting that has two values is a constant, which the ridge leaves to the constant.
    held = math.sqrt(stiffness) * np.eye(rows.shape[1])[1:]
    late = np.append(np.asarray(censored, bool), np.zeros(len(held), bool))
    fit = fit_normal(np.append(values, np.zeros(len(held))), late, np.vstack([rows, held]))
    left = values - rows @ fit.slopes
    ended = ~np.asarray(censored, bool)
    return Surface(tuple(low), tuple(high), tuple(map(float, fit.slopes)), float(np.std(left[ended])))


class Surfaces(NamedTuple):
    """The surface of ln t_mem and that of ln Λ at t_gen."""

    t_mem: Surface
    decay_time: Surface


def fitted(record: Record) -> Surfaces:
    """Both surfaces, fitted to the runs of a record."""
    runs = record.runs
    points = np.array([settings(point.experiment) for point in record.points])
    t_gen = runs["decay_time at t_gen"].to_numpy(float)
    return Surfaces(
        fit_surface(points, np.log(runs["t_mem"].to_numpy(float)), runs["t_mem_censored"].to_numpy(bool)),
        fit_surface(points, np.log(t_gen), runs["t_gen_censored"].to_numpy(bool)),
    )


def store(surfaces: Surfaces) -> None:
    """Write the surfaces where :func:`outlook` reads them."""
    entries = {name: asdict(surface) for name, surface in surfaces._asdict().items()}
    STORED.write_text(json.dumps(entries, indent=1) + "\n", encoding="utf-8")


def stored() -> Surfaces:
    """The surfaces that are shipped."""
    entries = json.loads(STORED.read_text(encoding="utf-8"))
    return Surfaces(**{name: _read(own) for name, own in entries.items()})


def _read(entry: dict[str, Any]) -> Surface:
    return Surface(tuple(entry["low"]), tuple(entry["high"]), tuple(entry["slopes"]), entry["scale"])


def outlook(experiment: Experiment, surfaces: Surfaces | None = None) -> Outlook:
    """What a recipe promises. ValueError for a recipe that the study does not cover, by the settings outside of it."""
    known, point = surfaces or stored(), settings(experiment)
    if outside := known.decay_time.covers(point):
        raise ValueError(f"experiment: got {', '.join(outside)} outside of the study; see its ends in sensitivity.toml")
    per_step = experiment.optimizer.learning_rate * experiment.optimizer.weight_decay
    ((middle,),) = (known.decay_time(point[None]),)
    spent = float(experiment.optimizer.decay_times(np.arange(experiment.steps)).sum())
    chance = NormalDist(float(middle), known.decay_time.scale).cdf(math.log(spent))
    t_mem = float(np.exp(known.t_mem(point[None])[0]))
    t_gen = math.exp(float(middle)) / per_step
    # No network generalizes to 99 % before it has its training data to 99 %, as these runs go.
    return Outlook(t_mem, max(t_gen, t_mem), math.exp(known.decay_time.scale), chance)


def errors(record: Record, surfaces: Surfaces) -> pd.DataFrame:
    """How far outlooks are off: ``told`` and ``came`` t_gen, ``factor`` (at least 1), ``censored``, the ``chance``."""
    rows = []
    for point, run in record.trained():
        promised, t_gen = outlook(point.experiment, surfaces), run.milestones.t_gen
        factor = math.exp(abs(math.log(promised.t_gen / t_gen.step)))
        rows.append((promised.t_gen, t_gen.step, factor, t_gen.censored, promised.generalizes))
    return pd.DataFrame(rows, columns=["told", "came", "factor", "censored", "chance"])


def brier(chances: Sequence[float], came: Sequence[bool]) -> float:
    """Mean square of chance minus outcome (Brier 1950): 0 is perfect, ¼ is a coin's."""
    return float(np.mean((np.asarray(chances, float) - np.asarray(came, float)) ** 2))
