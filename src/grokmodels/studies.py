"""Studies: declared grids of experiments, run on any executor, each finished run stored at once.

A study is a TOML file. ``base`` changes fields of the default :class:`~grokmodels.experiment.Experiment`; each
``[[block]]`` changes more of them and spans a grid; every point of the grid is run with every seed::

    question = "How does the delay depend on the weight decay?"
    prediction = "t_gen - t_mem grows as 1 / (learning rate x weight decay)."
    seeds = [0, 1, 2]

    [base]
    architecture.width = 64

    [[block]]
    name = "decay"
    grid.optimizer.weight_decay = [0.1, 0.3, 1.0]
"""

from __future__ import annotations

import itertools
import os
import tomllib
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, as_completed
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import numpy as np
import pandas as pd
from pydantic import Field, field_validator

from grokmodels import results
from grokmodels.experiment import Experiment
from grokmodels.recipe import Recipe

if TYPE_CHECKING:
    from grokmodels.training import Run

# Studies and results ship with the repository, beside src/.
ROOT = Path(__file__).parents[2]

Seed = Annotated[int, Field(ge=0)]
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
    seeds: tuple[Seed, ...] | None = None
    test_seeds: tuple[Seed, ...] | None = None
    base: Fields = Field(default_factory=dict)
    grid: Fields = Field(default_factory=dict)
    checkpoints: Checkpoints | None = None
    checkpoint_seeds: tuple[Seed, ...] = ()
    keep: tuple[str, ...] = ("",)

    @field_validator("grid")
    @classmethod
    def _spanned(cls, grid: Fields) -> Fields:
        for field, values in _flatten(grid).items():
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

    ``seeds`` are for looking while an analysis is made; ``test_seeds`` run once it is fixed, and test it. ``stack`` is
    how many runs of one shape train side by side (:func:`grokmodels.training.train_stack`).
    """

    question: str
    prediction: str
    seeds: tuple[Seed, ...]
    test_seeds: tuple[Seed, ...] = ()
    stack: Annotated[int, Field(ge=1)] = 1
    base: Fields = Field(default_factory=dict)
    block: tuple[Block, ...]

    def points(self) -> Iterator[Point]:
        """Every run of the study, in a fixed order: blocks, then seeds (test seeds last), then the grid."""
        for block in self.block:
            fixed = _flatten(self.base) | _flatten(block.base)
            axes = _flatten(block.grid)
            look = self.seeds if block.seeds is None else block.seeds
            test = self.test_seeds if block.test_seeds is None else block.test_seeds
            for seed in look + test:
                for values in itertools.product(*axes.values()):
                    changes = fixed | dict(zip(axes, values, strict=True)) | {"seed": seed}
                    experiment = Experiment().but(**{path.replace(".", "__"): v for path, v in changes.items()})
                    yield Point(block.name, experiment, block.steps_kept(seed), block.keep, seed in test)


class Point(NamedTuple):
    """One run to do: the block it belongs to, its recipe, what to keep of its weights, and whether it is a test."""

    block: str
    experiment: Experiment
    checkpoints: tuple[int, ...]
    keep: tuple[str, ...]
    test: bool

    def path(self, folder: Path | str) -> Path:
        """Where the run of this point is stored."""
        return Path(folder) / f"{self.experiment.key}.parquet"


def read(path: Path | str) -> Study:
    """A study from its TOML file. ValueError names the file and what is wrong with it."""
    path = Path(path)
    try:
        study = Study(**tomllib.loads(path.read_text()))
        for point in study.points():
            point.experiment.require_evaluated(point.checkpoints)
    except FileNotFoundError:
        known = sorted(other.stem for other in path.parent.glob("*.toml"))
        raise ValueError(f"study: got {path.stem!r}; must be one of {known}") from None
    except (ValueError, TypeError) as error:
        raise ValueError(f"{path}: {error}") from None
    return study


def shipped(name: str, root: Path | str = ROOT) -> tuple[Study, Path]:
    """A study below ``root`` and the folder of its stored runs. ValueError for a name that is not there."""
    return read(Path(root) / "studies" / f"{name}.toml"), Path(root) / "results" / name


def stored(study: Study, folder: Path | str) -> list[Point]:
    """The points with a run in ``folder``."""
    return [point for point in study.points() if point.path(folder).exists()]


def missing(study: Study, folder: Path | str, *, test: bool = False) -> list[Point]:
    """The points without one; those of the test seeds only on demand."""
    return [point for point in study.points() if (test or not point.test) and not point.path(folder).exists()]


def run_points(
    points: list[Point], folder: Path | str, executor: Executor, device: str = "cpu", stack: int = 1
) -> Iterator[Path]:
    """Run points on any executor, ``stack`` at a time where their shapes allow, and yield the files of stored runs.

    Workers store each run as it is done, so stopping this process loses at most the runs in flight.
    """
    futures = [executor.submit(run_stack, together, str(folder), device) for together in stacks(points, stack)]
    try:
        for future in as_completed(futures):
            yield from map(Path, future.result())
    finally:
        for future in futures:
            future.cancel()


def stacks(points: list[Point], size: int) -> list[list[Point]]:
    """The points in groups of one shape and at most ``size``, shape by shape."""
    shapes: dict[str, list[Point]] = {}
    for point in points:
        shapes.setdefault(point.experiment.shape, []).append(point)
    return [alike[i : i + size] for alike in shapes.values() for i in range(0, len(alike), size)]


def run_stack(points: list[Point], folder: str, device: str) -> list[str]:
    """Train points of one shape on one thread and store each when it is done. What a worker executes."""
    import torch

    from grokmodels.training import Member, pick_device, train_stack

    torch.set_num_threads(1)
    members = [
        Member(
            point.experiment,
            pick_device(device),
            checkpoints=point.checkpoints,
            keep=_kept(point.keep),
        )
        for point in points
    ]
    return [os.fspath(results.save(run, folder)) for run in train_stack(members, progress=False)]


def _kept(prefixes: tuple[str, ...]) -> Callable[[str], bool]:
    return lambda name: name.startswith(prefixes)


def runs(
    study: Study, folder: Path | str, block: str | None = None, *, checkpoints: bool = False
) -> Iterator[tuple[Point, Run]]:
    """Each stored run (of one block) with the point it belongs to; with its ``checkpoints`` only on demand."""
    for point in stored(study, folder):
        if block in (None, point.block):
            yield point, results.load(point.path(folder), checkpoints=checkpoints)


def table(study: Study, folder: Path | str) -> pd.DataFrame:
    """One row per stored run of the study: block, the recipe's varied fields, milestones, status, seconds, key."""
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


def overview(root: Path | str = ROOT) -> pd.DataFrame:
    """One row per declared study: runs declared and stored, of them test, censored and diverged ones, and hours."""
    rows = {}
    for path in sorted(Path(root).glob("studies/*.toml")):
        study, folder = shipped(path.stem, root)
        done = list(runs(study, folder))
        rows[path.stem] = {
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
    parts = []
    for run, labels in _labeled(study, folder, block):
        # A field may itself be a sequence, as a schedule's knots are: one to a row.
        parts.append(run.history.assign(**{name: [value] * len(run.history) for name, value in labels.items()}))
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame()


def _labeled(study: Study, folder: Path | str, block: str | None = None) -> Iterator[tuple[Run, dict[str, Any]]]:
    """Each stored run (of one block), with its block and the varied fields of its recipe."""
    fields = varied(study)
    for point, run in runs(study, folder, block):
        recipe = _flatten(point.experiment.fields())
        yield run, {"block": point.block} | {field: recipe[field] for field in fields}


def varied(study: Study) -> list[str]:
    """The fields, as dotted paths, that differ between runs of the study."""
    recipes = pd.DataFrame([_flatten(point.experiment.fields()) for point in study.points()])
    return [str(column) for column in recipes if recipes[column].map(str).nunique() > 1]


def _flatten(tree: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    """Nested tables as one table of dotted paths. A table that names its kind, as a task does, stays whole."""
    flat: dict[str, Any] = {}
    for name, value in tree.items():
        nested = isinstance(value, dict) and "kind" not in value
        flat |= _flatten(value, f"{prefix}{name}.") if nested else {f"{prefix}{name}": value}
    return flat


# Two machines round differently, as do a stack and a run alone, and training amplifies it: the fastest recipes part by
# a few per cent within 100 steps, and stay far below this over the first 50.
REPLAY_TOLERANCE = 1e-2


def sample(study: Study, folder: Path | str, runs: int) -> list[Point]:
    """Stored points of a study to look at again, drawn with a fixed seed."""
    points = stored(study, folder)
    chosen = np.random.default_rng(0).permutation(len(points))[:runs]
    return [points[i] for i in sorted(chosen)]


def replay(point: Point, folder: Path | str, steps: int = 50) -> float:
    """Train the first steps of a stored run again; the largest relative difference in train loss and weight norm.

    NaN, which is within no tolerance, where an evaluation of the stored run is not made again, as after a divergence.
    """
    from grokmodels.training import train

    first = results.load(point.path(folder), checkpoints=False)
    # Only evaluations that the stored run made too can be compared.
    every = point.experiment.evaluate_every
    steps = min(max(steps // every, 1) * every, int(first.history["step"].iloc[-1]))
    again = train(point.experiment.but(steps=steps), progress=False)
    stored = first.history[first.history["step"] <= steps]
    both = stored.merge(again.history, how="left", on="step", suffixes=("", "_again"))
    ratios = [both[f"{c}_again"] / both[c] for c in ("train_loss", "weight_norm")]
    # Numpy's largest of numbers is NaN where one of them is; Python's and pandas's need not be.
    return float(np.abs(np.array(ratios) - 1).max())
