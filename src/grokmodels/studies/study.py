"""A study as it is declared: a question, a prediction and a grid of experiments; and which of them are stored."""

from __future__ import annotations

import itertools
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple

import pandas as pd
from pydantic import BeforeValidator, Field, field_validator, model_validator

from grokmodels.recipes.experiment import Experiment
from grokmodels.recipes.recipe import Recipe
from grokmodels.studies import store
from grokmodels.studies.fields import dotted
from grokmodels.studies.places import find_root
from grokmodels.studies.predictions import Prediction, labels


def _counted(seeds: object) -> object:
    """Many seeds in a file are ``{ first = 0, last = 499 }``."""
    if isinstance(seeds, dict) and seeds.keys() == {"first", "last"}:
        return tuple(range(seeds["first"], seeds["last"] + 1))
    return seeds


Seed = Annotated[int, Field(ge=0)]
Seeds = Annotated[tuple[Seed, ...], BeforeValidator(_counted)]
Fields = dict[str, Any]


class Checkpoints(Recipe):
    """Steps from ``first`` to ``last``, ``every`` so many."""

    first: Annotated[int, Field(ge=0)] = 0
    last: Annotated[int, Field(ge=0)]
    every: Annotated[int, Field(ge=1)]


class Block(Recipe):
    """A part of a study: ``base`` fields fixed, ``grid`` fields spanned.

    At the ``checkpoints`` of the seeds ``checkpoint_seeds``, parameters whose name starts with one of ``keep`` are
    stored. ``seeds`` and ``test_seeds`` replace the study's where they are given.
    """

    name: str
    seeds: Seeds | None = None
    test_seeds: Seeds | None = None
    base: Fields = Field(default_factory=dict)
    grid: Fields = Field(default_factory=dict)
    checkpoints: Checkpoints | None = None
    checkpoint_seeds: tuple[Seed, ...] = ()
    keep: tuple[str, ...] = ("",)

    @field_validator("grid")
    @classmethod
    def _spanned(cls, grid: Fields) -> Fields:
        for field, values in dotted(grid, whole=True).items():
            if not isinstance(values, list | tuple) or not values:
                raise ValueError(f"{field}: got {values!r}; must be a list of at least one value")
        return grid

    def steps_kept(self, seed: int) -> tuple[int, ...]:
        """The steps whose weights a run of this seed keeps."""
        if self.checkpoints is None or seed not in self.checkpoint_seeds:
            return ()
        return tuple(range(self.checkpoints.first, self.checkpoints.last + 1, self.checkpoints.every))


class Study(Recipe):
    """A question, the prediction written down before the first run, and the runs that answer it.

    ``predicted`` is what a program checks (:mod:`grokmodels.studies.predictions`), ``prediction`` prose; one may be
    left out. ``note`` says what a reader of both must know, such as that a program's reading of the prose came later.
    ``seeds`` are for looking while an analysis is made; ``test_seeds`` run once it is fixed, and test it.
    ``stack`` is how many runs of one shape train side by side (:func:`grokmodels.engine.training.train_stack`).
    """

    question: str
    prediction: str = ""
    predicted: tuple[Prediction, ...] = ()
    note: str = ""
    seeds: Seeds
    test_seeds: Seeds = ()
    stack: Annotated[int, Field(ge=1)] = 1
    base: Fields = Field(default_factory=dict)
    block: tuple[Block, ...]

    @model_validator(mode="after")
    def _foretells(self) -> Study:
        if not (self.prediction.strip() or self.predicted):
            raise ValueError("predicted: got none; must be stated before the runs, as [[predicted]] or as prediction")
        return self

    def points(self) -> Iterator[Point]:
        """Every run of the study, in a fixed order: blocks, then seeds (test seeds last), then the grid."""
        for block in self.block:
            fixed = dotted(self.base, whole=True) | dotted(block.base, whole=True)
            axes = dotted(block.grid, whole=True)
            look = self.seeds if block.seeds is None else block.seeds
            test = self.test_seeds if block.test_seeds is None else block.test_seeds
            for seed in look + test:
                for values in itertools.product(*axes.values()):
                    changes = fixed | dict(zip(axes, values, strict=True)) | {"seed": seed}
                    experiment = Experiment().but(**{path.replace(".", "__"): v for path, v in changes.items()})
                    cohort: Literal["look", "test"] = "test" if seed in test else "look"
                    yield Point(block.name, experiment, block.steps_kept(seed), block.keep, cohort)


class Point(NamedTuple):
    """One run to do: the block it belongs to, its recipe, what to keep of its weights, and its cohort of seeds."""

    block: str
    experiment: Experiment
    checkpoints: tuple[int, ...]
    keep: tuple[str, ...]
    cohort: Literal["look", "test"]


def read(path: Path | str) -> Study:
    """A study from its TOML file. ValueError names the file and what is wrong with it."""
    path = Path(path)
    try:
        study = Study(**tomllib.loads(path.read_text(encoding="utf-8")))
        points = list(study.points())
        for point in points:
            point.experiment.require_evaluated(point.checkpoints)
        paths = set[str]().union(*(prediction.fields for prediction in study.predicted))
        declared = pd.DataFrame([labels(point, paths) for point in points])
        for prediction in study.predicted:
            prediction.require_runs(points, declared)
    except FileNotFoundError:
        known = sorted(other.stem for other in path.parent.glob("*.toml"))
        raise ValueError(f"study: got {path.stem!r}; must be one of {known}") from None
    except (ValueError, TypeError) as error:
        raise ValueError(f"{path}: {error}") from None
    return study


def shipped(name: str, root: Path | str | None = None) -> tuple[Study, Path]:
    """A study and the folder of its stored runs, below ``root`` (:func:`~grokmodels.studies.places.find_root`).

    ValueError for a name that is not there, and where there are no studies at all.

    >>> study, folder = shipped("canonical")
    >>> [block.name for block in study.block], len(stored(study, folder))
    (['decay', 'control', 'wide'], 30)
    """
    place = find_root(root)
    return read(place / "studies" / f"{name}.toml"), place / "results" / name


def stored(study: Study, folder: Path | str) -> list[Point]:
    """The points with a run in ``folder``, or in the pack of its name."""
    keys = store.keys(folder)
    return [point for point in study.points() if point.experiment.key in keys]


def missing(study: Study, folder: Path | str, *, test: bool = False) -> list[Point]:
    """The points without one; those of the test seeds only on demand."""
    keys = store.keys(folder)
    return [point for point in study.points() if (test or point.cohort == "look") and point.experiment.key not in keys]
