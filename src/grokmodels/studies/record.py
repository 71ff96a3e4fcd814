"""What the stored runs of a study say, as tables: one row a run, a study or an evaluation."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from grokmodels.recipes import keys
from grokmodels.recipes.experiment import Experiment
from grokmodels.recipes.tasks import Table
from grokmodels.studies import store
from grokmodels.studies.places import find_root, studies_in
from grokmodels.studies.study import Point, Study, flatten, shipped, stored

if TYPE_CHECKING:
    from grokmodels.engine.run import Run


def runs(
    study: Study, folder: Path | str, block: str | None = None, *, checkpoints: bool = False
) -> Iterator[tuple[Point, Run]]:
    """Each stored run (of one block) with the point it belongs to; with its ``checkpoints`` only on demand."""
    for point in stored(study, folder):
        if block in (None, point.block):
            yield point, store.load(folder, point.experiment.key, checkpoints=checkpoints)


def table(study: Study, folder: Path | str) -> pd.DataFrame:
    """One row per stored run of the study: block, the recipe's varied fields, milestones, status, seconds, key.

    >>> runs = table(*shipped("canonical"))
    >>> runs.groupby("block")["t_gen_censored"].sum().to_dict()
    {'control': 10, 'decay': 0, 'wide': 0}
    """
    rows = []
    for run, labels in _labeled(study, folder):
        t_mem, t_gen = run.milestones
        rows.append(
            labels
            | {"t_mem": t_mem.step, "t_mem_censored": t_mem.censored}
            | {"t_gen": t_gen.step, "t_gen_censored": t_gen.censored}
            | {"status": run.status, "seconds": run.provenance["seconds"], "key": run.experiment.key}
        )
    return pd.DataFrame(rows)


def overview(root: Path | str | None = None) -> pd.DataFrame:
    """One row per declared study: runs declared and stored, of them test, censored and diverged ones, and hours."""
    rows = {}
    place = find_root(root)
    for name in studies_in(place):
        study, folder = shipped(name, place)
        done = list(runs(study, folder))
        rows[name] = {
            "declared": sum(1 for _ in study.points()),
            "stored": len(done),
            "test": sum(point.test for point, _ in done),
            "t_gen censored": sum(run.milestones.t_gen.censored for _, run in done),
            "diverged": sum(run.status == "diverged" for _, run in done),
            "hours": round(sum(run.provenance["seconds"] for _, run in done) / 3600, 2),
        }
    return pd.DataFrame.from_dict(rows, orient="index")


def histories(study: Study, folder: Path | str, block: str | None = None) -> pd.DataFrame:
    """The histories of all stored runs (of one block), one under the other, with the varied fields as columns.

    Empty where no run is stored.
    """
    found = [(run.history, labels) for run, labels in _labeled(study, folder, block)]
    if not found:
        return pd.DataFrame()
    first, lengths = found[0][0], [len(history) for history, _ in found]
    table = pd.concat([history for history, _ in found], ignore_index=True)
    labels = {name: _column([labels[name] for _, labels in found]).repeat(lengths).array for name in found[0][1]}
    # What only some runs have, such as the norms of a second layer, comes last.
    others = [name for name in table if name not in first]
    return table[list(first)].assign(**labels).join(table[others])


def _column(values: list[Any]) -> pd.Series[Any]:
    """A column of the type that its values have in common; where they have none, of the values as they are."""
    return pd.Series(values, dtype=None if len({type(value) for value in values}) == 1 else object)


def _labeled(study: Study, folder: Path | str, block: str | None = None) -> Iterator[tuple[Run, dict[str, Any]]]:
    """Each stored run (of one block), with its block and the varied fields of its recipe."""
    names = varied(study)
    for point, run in runs(study, folder, block):
        recipe = _fields(point.experiment)
        yield run, {"block": point.block} | {name: recipe.get(name) for name in names}


def varied(study: Study) -> list[str]:
    """The fields, as dotted paths, that differ between runs of the study; those that only some have come last."""
    recipes = [_fields(point.experiment) for point in study.points()]
    names = dict.fromkeys(name for recipe in [_fields(Experiment()), *recipes] for name in recipe)
    # As strings, for what cannot be put into a set.
    return [name for name in names if len({str(recipe.get(name)) for recipe in recipes}) > 1]


def _fields(experiment: Experiment) -> dict[str, Any]:
    """The fields of a recipe as dotted paths, those of its architecture too, although it names its kind."""
    values = experiment.model_dump()
    if isinstance(experiment.task, Table):
        # Thousands of numbers say less than a name.
        values["task"] = f"table {keys.key(experiment.task)}"
    kind = values["architecture"].pop("kind")
    return flatten(values) | {"architecture.kind": kind}
