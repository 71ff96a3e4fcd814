"""Predictions that a program reads, and what becomes of them on a table of runs.

A study file states each as an entry that can be checked before any run is made and judged after it::

    [[predicted]]
    sentence = "The median delay is at least three times longer at decay 0.1 than at decay 1."
    mechanism = ["clock"]
    quantity = "delay"
    statistic = "median"
    block = "decay"
    where.optimizer.weight_decay = 0.1
    over.where.optimizer.weight_decay = 1.0
    comparison = "above"
    bounds = 3

``quantity`` is what is taken of each run: :mod:`grokmodels.studies.quantities`.

``statistic`` makes one number of the runs selected by ``block`` and ``where`` (a list of values: any of them):

- ``median``, ``largest``, ``smallest``, or ``share`` (of a yes or no);
- ``log slope``: of ln quantity against ln of the field ``against``;
- ``log spread``: the standard deviation of ln quantity in the likeliest normal law (that of n, not n - 1, where no
  wait is open). It is not known where fewer than three runs have ended or a value is not positive;
- ``variance share``: what one ``component`` (``split``, ``init``, ``interaction`` or ``replicas``) is of the sum of the
  four (:func:`grokmodels.statistics.components`; negative estimates stay so), in a balanced cross of ``split_seed`` and
  ``init_seed``. It is that of ln quantity for waits and ``decay_time at ...``, and of any other quantity as it is. It
  is not known while a wait is open or a run or value is missing, nor where all values are equal.

With ``over`` it is divided by the same of another selection; what ``over`` does not say is as in the first.

In place of both, ``estimate`` names a number that takes more than a statistic: a public function of
:mod:`grokmodels.claims`, as ``data.critical_fraction``. It is given the record of some runs and returns a number or an
interval, NaN where they do not tell.

``comparison`` and ``bounds``: ``above`` or ``below`` a number, ``between`` two, ``equal within``: a number and how far
from it. The bounds themselves are allowed.

A wait that has not ended counts as what it is, a wait longer than what was seen, so a value may be known only to be at
least something. Where this leaves the comparison undecided, the verdict is ``open``.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Annotated, Any, Literal, get_args

import pandas as pd
from pydantic import BeforeValidator, Field, field_validator, model_validator

from grokmodels.recipes.recipe import Recipe
from grokmodels.statistics import components
from grokmodels.studies.fields import dotted, field, hashable
from grokmodels.studies.quantities import COLUMNS, MOMENTS, SHARES, WAITS, is_known, subsets

if TYPE_CHECKING:
    from grokmodels.studies.study import Point

Statistic = Literal["median", "largest", "smallest", "share", "log slope", "log spread", "variance share"]
Component = Literal["split", "init", "interaction", "replicas"]
Comparison = Literal["above", "below", "between", "equal within"]

# The two seeds whose cross tells the components of a variance apart.
CROSSED = ("split_seed", "init_seed")


def _as_tuple(bounds: object) -> object:
    return bounds if isinstance(bounds, list | tuple) else (bounds,)


class Selection(Recipe):
    """Runs of one ``block`` (None: of any) whose recipe has at dotted paths the values, or one of the values, given."""

    block: str | None = None
    where: dict[str, Any] = Field(default_factory=dict)

    @field_validator("where")
    @classmethod
    def _dotted(cls, where: dict[str, Any]) -> dict[str, Any]:
        return dotted(where)

    def of(self, table: pd.DataFrame) -> pd.DataFrame:
        """The selected rows of a table of runs, which has a column for each path."""
        chosen = pd.Series(True, index=table.index)
        if self.block is not None:
            chosen &= table["block"] == self.block
        for path, wanted in self.where.items():
            chosen &= table[path].map(lambda value, wanted=wanted: _is(value, wanted)).astype(bool)
        return table[chosen]


class Prediction(Selection):
    """One sentence about the runs of a study, and how to compute whether it is true; see the module's docstring.

    ``mechanism`` names what foretells it.
    """

    sentence: str
    mechanism: tuple[str, ...] = ()
    quantity: str = ""
    statistic: Statistic | None = None
    estimate: Annotated[str, Field(pattern=r"^(\w+\.\w+)?$")] = ""
    over: Selection | None = None
    against: str | None = None
    component: Component | None = None
    comparison: Comparison
    bounds: Annotated[tuple[float, ...], BeforeValidator(_as_tuple)]

    @field_validator("quantity")
    @classmethod
    def _known(cls, quantity: str) -> str:
        if quantity and not is_known(quantity):
            raise ValueError(
                f"must be one of {[*WAITS, *SHARES]}, or 'COLUMN at MOMENT' with a column of {list(COLUMNS)} and a "
                f"moment of {list(MOMENTS)} or an accumulated decay, a number of at least 0"
            )
        return quantity

    @model_validator(mode="after")
    def _fits_together(self) -> Prediction:
        if bool(self.estimate) == bool(self.quantity) or bool(self.quantity) != (self.statistic is not None):
            raise ValueError(
                f"estimate: got {self.estimate!r}, with quantity {self.quantity!r} and statistic {self.statistic!r}; "
                "must be an estimate, or a statistic of a quantity"
            )
        if self.estimate and (self.where or self.over):
            raise ValueError(f"where, over: must be absent beside an estimate; got them beside {self.estimate!r}")
        if (self.statistic == "share") != (self.quantity in SHARES):
            raise ValueError(
                f"statistic: got {self.statistic!r} of {self.quantity!r}; 'share' must be of one of {list(SHARES)}, "
                "and nothing else of these"
            )
        if (self.statistic == "log slope") != (self.against is not None):
            raise ValueError(
                f"against: got {self.against!r} for {self.statistic!r}; must be a field for 'log slope', absent else"
            )
        if (self.statistic == "variance share") != (self.component is not None):
            raise ValueError(
                f"component: got {self.component!r} for {self.statistic!r}; must be one of "
                f"{list(get_args(Component))} for 'variance share', absent else"
            )
        pair = self.comparison in ("between", "equal within")
        if len(self.bounds) != 1 + pair:
            number = "two numbers" if pair else "one number"
            raise ValueError(f"bounds: got {list(self.bounds)}; must be {number} for {self.comparison!r}")
        if self.limits[0] > self.limits[1]:
            raise ValueError(f"bounds: got {list(self.bounds)}; no number is {self.comparison!r} these")
        return self

    @property
    def limits(self) -> tuple[float, float]:
        """The smallest and the largest value that make the prediction true."""
        first, last = self.bounds[0], self.bounds[-1]
        match self.comparison:
            case "above":
                return first, math.inf
            case "below":
                return -math.inf, first
            case "between":
                return first, last
            case "equal within":
                return first - last, first + last

    @property
    def selections(self) -> tuple[Selection, ...]:
        """The runs that it is about, and those that they are compared with."""
        mine = Selection(block=self.block, where=self.where)
        if self.over is None:
            return (mine,)
        block = self.block if self.over.block is None else self.over.block
        return mine, Selection(block=block, where=self.where | self.over.where)

    @property
    def number(self) -> str:
        """What the comparison is of, in words."""
        if self.estimate:
            return self.estimate.partition(".")[2].replace("_", " ")
        what = f"{self.statistic} of {self.quantity}"
        if self.component:
            what += f" from {self.component}"
        if self.against:
            what += f" against {self.against}"
        return f"{what} (ratio)" if self.over else what

    @property
    def fields(self) -> set[str]:
        """The dotted paths of the recipe that it looks at."""
        paths = {path for selection in self.selections for path in selection.where}
        paths |= set() if self.against is None else {self.against}
        return paths | set(CROSSED) if self.statistic == "variance share" else paths

    def _asks_for_what_is_not(self, points: Sequence[Point], chosen: Iterable[int]) -> bool:
        """Whether it is about a column that is empty or absent in a selected run."""
        experiments = [points[i].experiment for i in chosen]
        if self.quantity.startswith("rule_share"):
            return not all(experiment.task.has_symmetry for experiment in experiments)
        if self.quantity.startswith(("turned", "coherence")):
            return not all(experiment.motion for experiment in experiments)
        if self.quantity.startswith("spectral"):
            return not all(experiment.spectral_contrast for experiment in experiments)
        if self.quantity.startswith("train_rule"):
            return not all(experiment.corrupted for experiment in experiments)
        return not all(subsets(self.quantity) <= {name for _, name in one.task.breakdown} for one in experiments)

    def require_runs(self, points: Sequence[Point], declared: pd.DataFrame) -> None:
        """ValueError, naming field, value and what is allowed, where it speaks of runs that the points lack.

        ``declared``: the :func:`labels` of each, at least for the paths in ``fields``.
        """
        for path in self.fields:
            if declared[path].isna().all():
                # Raises, and says which name is the wrong one.
                field(points[0].experiment.model_dump(), path)
        blocks = list(dict.fromkeys(declared["block"]))
        for selection in self.selections:
            if selection.block not in (None, *blocks):
                raise ValueError(f"block: got {selection.block!r}; must be one of {blocks}")
            here = Selection(block=selection.block).of(declared)
            chosen = selection.of(here)
            if self._asks_for_what_is_not(points, chosen.index):
                raise ValueError(f"quantity: got {self.quantity!r}, which the runs of this selection do not have")
            if chosen.empty:
                there = {path: _distinct(here[path]) for path in selection.where}
                raise ValueError(f"where: got {selection.where}, which no run has; its runs have {there}")
            if self.against is not None:
                values = _distinct(chosen[self.against])
                if len(values) < 2 or not all(isinstance(value, int | float) and value > 0 for value in values):
                    raise ValueError(
                        f"against: got {self.against!r}, which is {values}; must be two or more positive numbers"
                    )
            if self.statistic == "variance share" and not _crosses(chosen):
                raise ValueError(
                    f"statistic: got 'variance share' of {len(chosen)} runs; must be of a balanced cross of at least "
                    "2 split_seed with 2 init_seed, of 2 runs each"
                )


def _crosses(runs: pd.DataFrame) -> bool:
    """Whether these runs, or those of the look or of the test seeds alone, are a cross that has components."""
    for part in (runs, *(part for _, part in runs.groupby("cohort"))):
        try:
            components(part.assign(value=0.0), *CROSSED, "value")
        except ValueError:
            continue
        return True
    return False


def labels(point: Point, paths: set[str]) -> dict[str, Any]:
    """What a record says of a run before its quantities: block, cohort, and these fields of its recipe."""
    recipe = point.experiment.model_dump()
    row: dict[str, Any] = {"block": point.block, "cohort": point.cohort}
    for path in paths:
        try:
            row[path] = field(recipe, path)
        except ValueError:
            # Tasks and networks of different kinds have fields of their own.
            row[path] = None
    return row


def _distinct(values: pd.Series) -> list[Any]:
    return list({str(value): value for value in values}.values())


def _is(value: object, wanted: object) -> bool:
    wanted = hashable(wanted)
    return value == wanted or (isinstance(wanted, tuple) and value in wanted)
