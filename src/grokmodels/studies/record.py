"""The record of runs: what a study has stored, as a row a run and a row an evaluation. Nothing else loads runs.

A *cohort* is the look seeds, which may be looked at while an analysis is made, the test seeds, which run once it is
fixed, or all.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cached_property, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import pandas as pd

from grokmodels.recipes.experiment import Experiment
from grokmodels.studies import store
from grokmodels.studies.fields import fields
from grokmodels.studies.places import find_root, studies_in
from grokmodels.studies.quantities import measure
from grokmodels.studies.study import Point, Study, shipped, stored

if TYPE_CHECKING:
    from grokmodels.engine.run import Run

Cohort = Literal["look", "test", "all"]
COHORTS: tuple[Cohort, ...] = ("look", "test", "all")
# What the record says of every run; more on demand (:meth:`Record.measured`).
QUANTITIES = ("t_mem", "t_gen", "delay", "decay_time at t_gen")
MEASURED = (
    *(name for quantity in QUANTITIES for name in (quantity, f"{quantity}_censored")), "status", "seconds", "key",
)  # fmt: skip


class Record:
    """The stored runs of a study, of one ``cohort`` or of all.

    ``runs``: one row a run, numbered from 0. Columns: ``block``, ``cohort``; every field of the recipe at its dotted
    path, as a study file writes it (:func:`~grokmodels.studies.fields.fields`), None where its kind has no such field;
    the quantities ``t_mem``, ``t_gen``, ``delay`` and ``decay_time at t_gen`` (Λ, the accumulated decay, there), each
    with ``…_censored``: the run ended before, and the value is a lower bound; ``status``, ``seconds``, ``key``.

    ``histories``: one row an evaluation, with the number of its ``run``.
    """

    def __init__(self, stored: Iterable[Stored], cohort: Cohort = "all") -> None:
        self._stored = tuple(stored)
        self.cohort = cohort

    @classmethod
    def of(cls, done: Iterable[tuple[Point, Run]]) -> Record:
        """The record of these runs."""
        return cls(Stored(point, run, _row(point, run)) for point, run in done)

    def __len__(self) -> int:
        return len(self._stored)

    @property
    def points(self) -> list[Point]:
        """The point of every run, with its recipe."""
        return [one.point for one in self._stored]

    def trained(self) -> Iterator[tuple[Point, Run]]:
        """Every run with its point, in the order of ``runs``."""
        return ((one.point, one.run) for one in self._stored)

    @cached_property
    def runs(self) -> pd.DataFrame:
        """The row of every run."""
        rows = [one.row for one in self._stored]
        nothing = ["block", "cohort", *fields(Experiment()), *MEASURED]
        return pd.DataFrame(rows, columns=None if rows else nothing).rename_axis("run")

    @cached_property
    def histories(self) -> pd.DataFrame:
        """The evaluations of every run, one run under the other; empty where no run is stored."""
        if not self._stored:
            return pd.DataFrame({"run": []})
        parts = [one.run.history.assign(run=number) for number, one in enumerate(self._stored)]
        table = pd.concat(parts, ignore_index=True)
        # What only some runs have, such as the norms of a second layer, comes last.
        first = ["run", *self._stored[0].run.history]
        return table[[*first, *(name for name in table if name not in first)]]

    def along(self, *names: str) -> pd.DataFrame:
        """The histories with columns of ``runs`` beside them."""
        return self.histories.join(self.runs[[*names]], on="run")

    def only(self, block: str | None = None, cohort: Cohort = "all") -> Record:
        """The runs of one block, of one cohort, or of both, numbered anew."""
        kept = (one for one in self._stored if block in (None, one.point.block) and cohort in ("all", one.point.cohort))
        return Record(kept, self.cohort if cohort == "all" else cohort)

    def measured(self, *quantities: str) -> pd.DataFrame:
        """``runs``, and more quantities (:func:`~grokmodels.studies.quantities.measure`), each with ``…_censored``."""
        columns: dict[str, list[Any]] = {}
        for quantity in dict.fromkeys(quantities):
            if quantity not in QUANTITIES:
                found = [measure(one.run, quantity) for one in self._stored]
                columns[quantity] = [value for value, _ in found]
                columns[f"{quantity}_censored"] = [censored for _, censored in found]
        return self.runs.assign(**columns)


class Stored(NamedTuple):
    """A stored run: its point, what was trained, and what the record says of it."""

    point: Point
    run: Run
    row: dict[str, Any]


def _row(point: Point, run: Run) -> dict[str, Any]:
    row = {"block": point.block, "cohort": point.cohort} | fields(point.experiment)
    for quantity in QUANTITIES:
        row[quantity], row[f"{quantity}_censored"] = measure(run, quantity)
    return row | {"status": run.status, "seconds": run.provenance["seconds"], "key": point.experiment.key}


def record(study: Study | str, folder: Path | str | None = None) -> Record:
    """The record of a shipped study by its name, or of any study with the folder of its runs.

    >>> runs = record("canonical").runs
    >>> runs.groupby("block")["t_gen_censored"].sum().to_dict()
    {'control': 10, 'decay': 0, 'wide': 0}
    """
    if isinstance(study, str):
        return _shipped(study, find_root(), store.stamp(find_root() / "results" / study))
    if folder is None:
        raise ValueError("folder: got None; must be the folder of the study's runs, unless it is named")
    return Record.of(_loaded(study, folder))


@lru_cache(maxsize=64)
def _shipped(name: str, root: Path, stamp: object) -> Record:
    """Read once, until another run is stored."""
    return Record.of(_loaded(*shipped(name, root)))


def _loaded(study: Study, folder: Path | str, *, checkpoints: bool = False) -> Iterator[tuple[Point, Run]]:
    for point in stored(study, folder):
        yield point, store.load(folder, point.experiment.key, checkpoints=checkpoints)


def with_weights(name: str) -> Iterator[tuple[Point, Run]]:
    """The stored runs of a shipped study, one at a time, with the weights that they kept at their checkpoints."""
    return _loaded(*shipped(name), checkpoints=True)


def by_cohort(table: pd.DataFrame) -> dict[Cohort, pd.DataFrame]:
    """A table of runs by their column ``cohort``: ``look``, ``test``, ``all``; those without runs are left out."""
    parts: dict[Cohort, pd.DataFrame] = {
        name: table if name == "all" else table[table["cohort"] == name] for name in COHORTS
    }
    return {name: part for name, part in parts.items() if len(part)}


def varied(study: Study) -> list[str]:
    """The fields, as dotted paths, that differ between runs of the study; those that only some have come last."""
    recipes = [fields(point.experiment) for point in study.points()]
    names = dict.fromkeys(name for recipe in [fields(Experiment()), *recipes] for name in recipe)
    return [name for name in names if len({recipe.get(name) for recipe in recipes}) > 1]


def overview(root: Path | str | None = None) -> pd.DataFrame:
    """One row per declared study: runs declared and stored; of these test, censored, diverged ones and those of a GPU.

    ``hours``: of one core, for the others.
    """
    rows = {}
    place = find_root(root)
    for name in studies_in(place):
        study, folder = shipped(name, place)
        done = [*_loaded(study, folder)]
        cores = [run.provenance["seconds"] for _, run in done if run.provenance.get("device", "cpu") == "cpu"]
        rows[name] = {
            "declared": sum(1 for _ in study.points()),
            "stored": len(done),
            "test": sum(point.cohort == "test" for point, _ in done),
            "t_gen censored": sum(run.milestones.t_gen.censored for _, run in done),
            "diverged": sum(run.status == "diverged" for _, run in done),
            "on a GPU": len(done) - len(cores),
            "hours": round(sum(cores) / 3600, 2),
        }
    return pd.DataFrame.from_dict(rows, orient="index")
