"""The fields of a recipe at their dotted paths, as a study file writes them."""

from __future__ import annotations

from typing import Any

from grokmodels.recipes import keys
from grokmodels.recipes.experiment import Experiment
from grokmodels.recipes.recipe import did_you_mean
from grokmodels.recipes.tasks import Table


def fields(experiment: Experiment) -> dict[str, Any]:
    """Every field: numbers, strings, and lists as tuples; ``full`` and ``none`` for what a file cannot say otherwise.

    >>> from grokmodels import Experiment
    >>> recipe = fields(Experiment().but(batch_size=None))
    >>> recipe["task.p"], recipe["batch_size"], recipe["optimizer.weight_decay"]
    (97, 'full', 1.0)

    A part that a recipe may lack is ``none`` at its own path, or stands there whole, as a study file writes it:

    >>> recipe["optimizer.gradient_filter"]
    'none'
    >>> filtered = fields(Experiment().but(optimizer__gradient_filter={"kind": "exponential"}))
    >>> filtered["optimizer.gradient_filter"]
    (('kind', 'exponential'), ('strength', 2.0), ('decay', 0.98))
    """
    values = experiment.model_dump()
    if isinstance(experiment.task, Table):
        # Thousands of numbers say less than a name.
        values["task"] = {"kind": "table", "key": keys.key(experiment.task)}
    optional = {path: value for path, value in dotted(values, whole=True).items() if "." in path}
    return {path: written(path, value) for path, value in (dotted(values) | optional).items()}


def field(recipe: dict[str, Any], path: str) -> Any:
    """One field of a recipe's nested values by its dotted path. ValueError for one that is not there."""
    place: Any = recipe
    for name in path.split("."):
        if not isinstance(place, dict):
            raise ValueError(f"{path}: there is no such field; what is before {name!r} has none")
        if name not in place:
            raise ValueError(f"{path}: there is no such field; {name!r} {did_you_mean(name, place)}")
        place = place[name]
    return written(path, place)


def written(path: str, value: Any) -> Any:
    """A value as a study file writes it, with tuples for lists."""
    if value is None:
        return "full" if path == "batch_size" else "none"
    return hashable(value)


def hashable(value: Any) -> Any:
    """The same value with tuples for lists and tables."""
    if isinstance(value, dict):
        return tuple((name, hashable(item)) for name, item in value.items())
    return tuple(map(hashable, value)) if isinstance(value, list | tuple) else value


def dotted(tree: dict[str, Any], *, whole: bool = False, prefix: str = "") -> dict[str, Any]:
    """Nested tables as one table of dotted paths; a table that names its kind, as a task does, stays ``whole``."""
    flat: dict[str, Any] = {}
    for name, value in tree.items():
        nested = isinstance(value, dict) and not (whole and "kind" in value)
        flat |= dotted(value, whole=whole, prefix=f"{prefix}{name}.") if nested else {f"{prefix}{name}": value}
    return flat
