"""Optimizers, arithmetic and scales: what is necessary, what only accelerates? Rows 2b, 10, 19 and 20.

An *ingredient* is something that a recipe can have beside weight decay, or in its place. It is tried in up to two
settings, alone, without decay, and together with decay, and each is compared with the same recipe without it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, NamedTuple

import numpy as np
import pandas as pd

from grokmodels import studies
from grokmodels.claims.row import Row, Verdict, tally
from grokmodels.claims.settings import by_setting, setting_names
from grokmodels.statistics import median_wait

Word = Literal["in its place", "sooner", "later", "no matter", "stops it", "no runs"]

STUDIES = ("decay-by-optimizer", "arithmetic", "scales")
# Chosen before the runs: a cell generalizes where at least half of its runs do, and a wait is changed by a third.
HALF = 0.5
CHANGED = 1.5
# A rule that comes after less than this many t_mem comes along with the data and is not late.
LATE = 2.0
SOONER: tuple[Word, ...] = ("in its place", "sooner")


class Cell(NamedTuple):
    """Runs of one setting: a study, a block of it, and values of fields."""

    study: str
    block: str
    fields: Mapping[str, object] = {}

    @property
    def runs(self) -> pd.DataFrame:
        """One row a run; none where none is stored."""
        runs = studies.record(self.study).only(self.block).measured("delay_ratio")
        for field, value in self.fields.items():
            runs = runs[runs[field] == value]
        return runs


class Ingredient(NamedTuple):
    """What is tried: without decay, with it, and the usual recipe with decay that the latter is compared with."""

    alone: Cell | None
    together: Cell | None
    usual: Cell


DECAY, PRECISION = "optimizer.weight_decay", "precision"
_usual = Cell("scales", "initial scale", {"architecture.init_scale": 1.0})
_weak = Cell("scales", "no filter, weak decay")
_bare = Cell("arithmetic", "no LayerNorm, with decay")


def _both(study: str, block: str) -> tuple[Cell, Cell]:
    return Cell(study, block, {DECAY: 0.0}), Cell(study, block, {DECAY: 0.5})


INGREDIENTS: Mapping[str, Ingredient] = {
    "float64": Ingredient(
        Cell("arithmetic", "without decay", {PRECISION: "float64"}),
        Cell("arithmetic", "with decay", {PRECISION: "float64"}), _usual,
    ),
    "StableMax": Ingredient(
        Cell("arithmetic", "StableMax, without decay", {PRECISION: "float32"}),
        Cell("arithmetic", "StableMax, with decay"), _usual,
    ),
    "gradient orthogonal to the weights": Ingredient(
        Cell("arithmetic", "orthogonal gradient", {PRECISION: "float32"}), None, _usual
    ),
    "StableMax and orthogonal gradient": Ingredient(
        Cell("arithmetic", "orthogonal gradient, StableMax"), None, _usual
    ),
    "no LayerNorm, StableMax": Ingredient(Cell("arithmetic", "no LayerNorm, StableMax, without decay"), None, _bare),
    "no LayerNorm, orthogonal gradient": Ingredient(
        Cell("arithmetic", "no LayerNorm, orthogonal gradient"), None, _bare
    ),
    "a quarter of the initial scale": Ingredient(
        Cell("scales", "initial scale, no decay", {"architecture.init_scale": 0.25}),
        Cell("scales", "initial scale", {"architecture.init_scale": 0.25}), _usual,
    ),
    "a tenth of the initial scale": Ingredient(
        Cell("scales", "initial scale, no decay", {"architecture.init_scale": 0.1}), None, _usual
    ),
    "four times the initial scale": Ingredient(
        Cell("scales", "initial scale, no decay", {"architecture.init_scale": 4.0}),
        Cell("scales", "initial scale", {"architecture.init_scale": 4.0}), _usual,
    ),
    "a tenth of the output scale": Ingredient(*_both("scales", "output scale 0.1"), _usual),
    "ten times the output scale": Ingredient(*_both("scales", "output scale 10"), _usual),
    "squared loss": Ingredient(*_both("scales", "squared loss"), _usual),
    "a norm held from step 200": Ingredient(None, Cell("scales", "held norm, output scale 1"), _usual),
    "a filter of slow gradients": Ingredient(
        Cell("scales", "filter", {DECAY: 0.0}), Cell("scales", "filter", {DECAY: 0.15}), _weak
    ),
    "Lion": Ingredient(Cell("decay-by-optimizer", "Lion, no decay"), None, _usual),
    "Muon": Ingredient(Cell("decay-by-optimizer", "Muon, no decay"), None, _usual),
    "SGD": Ingredient(Cell("decay-by-optimizer", "SGD, no decay", {"optimizer.learning_rate": 0.1}), None, _usual),
}  # fmt: skip


def generalized(runs: pd.DataFrame) -> float:
    """The share of runs that generalized within their budget."""
    return float((~runs["t_gen_censored"].astype(bool)).mean())


def word(alone: pd.DataFrame | None, together: pd.DataFrame | None, usual: pd.DataFrame) -> Word:
    """What an ingredient does, from the runs of its cells.

    ``in its place`` of decay, if at least half of the runs without decay generalize; else what it does to those with
    decay: ``stops it`` where fewer than half generalize, ``sooner`` or ``later`` by half or more, or ``no matter``.
    """
    if usual.empty or any(cell is not None and cell.empty for cell in (alone, together)):
        return "no runs"
    if alone is not None and generalized(alone) >= HALF:
        return "in its place"
    if together is None:
        return "no matter"
    if generalized(together) < HALF:
        return "stops it"
    ratio = _wait(together) / _wait(usual)
    return "sooner" if ratio <= 1 / CHANGED else "later" if ratio >= CHANGED else "no matter"


def _wait(runs: pd.DataFrame) -> float:
    return float(median_wait(runs["t_gen"], runs["t_gen_censored"].astype(bool)))


def effects() -> pd.DataFrame:
    """Each ingredient: the share that generalizes ``alone``, t_gen ``together`` and ``usual``, and the ``word``."""
    rows = {}
    for name, (alone, together, usual) in INGREDIENTS.items():
        cells = [None if cell is None else cell.runs for cell in (alone, together, usual)]
        first, second, third = cells
        assert third is not None
        rows[name] = {
            "alone": np.nan if first is None or first.empty else generalized(first),
            "together": np.nan if second is None or second.empty else _wait(second),
            "usual": np.nan if third.empty else _wait(third),
            "word": word(first, second, third),
        }
    return pd.DataFrame.from_dict(rows, orient="index")


def settings() -> pd.DataFrame:
    """Every setting of the three studies: medians ``t_mem`` and ``t_gen`` (infinite where half still wait), ``budget``
    in steps, and whether it has ``decay``; one row a setting.
    """
    tables = []
    for name in STUDIES:
        record = studies.record(name)
        found, runs = by_setting(record), record.runs
        some = runs.groupby(setting_names(runs))
        decay, budget = (some[field].first() for field in (DECAY, "steps"))
        tables.append(
            found.assign(study=name, decay=decay.reindex(found.index) > 0, budget=budget.reindex(found.index))
        )
    return pd.concat(tables, ignore_index=True)


# Lanes of the explorable Race: optimizer → the blocks with and without decay, and what else they are restricted to.
LANES: Mapping[str, tuple[str, str, Mapping[str, object]]] = {
    "AdamW": ("AdamW", "AdamW, no decay", {}),
    "Adam + L2": ("Adam + L2", "AdamW, no decay", {}),
    "SGD + L2": ("SGD + L2", "SGD, no decay", {"optimizer.learning_rate": 0.1}),
    "Lion": ("Lion", "Lion, no decay", {}),
    "Muon": ("Muon", "Muon, no decay", {}),
}
LEVELS = 4


def lanes() -> pd.DataFrame:
    """The runs of each optimizer at its strongest four decays and without, as the explorable Race reads them.

    Columns ``lane``, ``level`` (0 without decay, then from the weakest), ``weight_decay``, ``seed``, ``t_mem``,
    ``t_mem_censored``, ``t_gen``, ``t_gen_censored``. Adam without decay is AdamW without decay.
    """
    tables = []
    for lane, (with_decay, without, fields) in LANES.items():
        runs = pd.concat([Cell(STUDIES[0], block, fields).runs for block in (without, with_decay)])
        decays = [0.0, *sorted(runs[DECAY].unique())[-LEVELS:]]
        runs = runs[runs[DECAY].isin(decays)].rename(columns={DECAY: "weight_decay"})
        tables.append(runs.assign(lane=lane, level=[decays.index(decay) for decay in runs["weight_decay"]]))
    every = pd.concat(tables, ignore_index=True)
    return every[["lane", "level", "weight_decay", "seed", "t_mem", "t_mem_censored", "t_gen", "t_gen_censored"]]


def declared(name: str, begins: str) -> str:
    """The verdict, on all runs, of the one prediction of a study that begins so."""
    table = studies.verdicts(name)
    (found,) = table.loc[(table["cohort"] == "all") & table["sentence"].str.startswith(begins), "verdict"]
    return str(found)


def judge_l2(decoupled: str, same_power: str, sgd: str) -> Verdict:
    """Claim 10 from three predictions: AdamW's power of -1, the same of Adam with L2, the same of SGD with L2.

    Decoupled decay acts differently if its clock goes as 1 / decay and that of L2 under Adam does not; with limits if
    that of L2 under SGD does, since then the difference is Adam's and not that of L2.
    """
    if {decoupled, same_power, sgd} & {"open", "no runs"} or decoupled == "false":
        return "open"
    if same_power == "true":
        return "fails"
    return "holds with limits" if sgd == "true" else "holds"


def judge_without_decay(runs: pd.DataFrame) -> Verdict:
    """Claim 19 from runs without decay: it holds if half of the runs of some setting generalize late.

    With limits if only single runs do: fewer than half in every setting, but more than none.
    """
    if runs.empty:
        return "open"
    late = ~runs["t_gen_censored"].astype(bool) & (runs["delay_ratio"] >= LATE)
    shares = late.groupby(runs["setting"]).mean()
    return "holds" if shares.max() >= HALF else "holds with limits" if shares.max() > 0 else "fails"


def judge_scale(held: float, ratio: float) -> Verdict:
    """Claim 20 from runs with a held norm: the share that generalizes, and the wait at three times the logits' scale
    over that at a third of it.

    It holds if the rule comes although the norm is held and if the logits' scale moves its wait by half or more; with
    limits if one of the two is so.
    """
    if np.isnan(held) or np.isnan(ratio):
        return "open"
    signs = (held >= HALF) + (ratio >= CHANGED)
    return ("fails", "holds with limits", "holds")[signs]


def without_decay() -> pd.DataFrame:
    """The runs without decay of all ingredients, with the name of each as ``setting``."""
    cells = {name: own.alone.runs for name, own in INGREDIENTS.items() if own.alone is not None}
    return pd.concat([runs.assign(setting=name) for name, runs in cells.items()], ignore_index=True)


def held() -> tuple[float, float]:
    """What :func:`judge_scale` asks for; NaN where there are no runs."""
    cells = [Cell("scales", f"held norm, output scale {scale}").runs for scale in ("1", "3", "0.3")]
    if any(runs.empty for runs in cells):
        return np.nan, np.nan
    usual, large, small = cells
    return generalized(usual), _wait(large) / _wait(small)


def judge_necessary(words: pd.Series) -> Verdict:
    """Claim 2b from the words on all ingredients: it fails if anything takes the place of decay."""
    if "no runs" in {*words}:
        return "open"
    return "fails" if (words == "in its place").any() else "holds with limits"


def rows() -> list[Row]:
    """Rows 2b, 10, 19 and 20 of the ledger."""
    table, bare, (share, ratio) = effects(), without_decay(), held()
    powers = {
        name: declared("decay-by-optimizer", begins)
        for name, begins in {
            "AdamW": "AdamW, decay 0.05", "Adam": "Adam with L2 of 1e-3 to 1e-1: the power -1",
            "SGD": "SGD with L2 at rate 0.1",
        }.items()
    }  # fmt: skip
    every = {name: studies.record(name).runs for name in STUDIES}
    place = table.index[table["word"] == "in its place"]
    by_number = {
        2: (
            "Weight decay is necessary: nothing else takes its place.", "the memo, read strictly", STUDIES,
            "optimizers-verdicts", judge_necessary(table["word"]),
            f"Of {len(table)} ingredients {len(place)} take the place of decay" + _named(place),
        ),
        10: (
            "Decoupled weight decay acts differently from L2 in the loss.", "the memo", STUDIES[:1],
            "fig-optimizers-clocks", judge_l2(powers["AdamW"], powers["Adam"], powers["SGD"]),
            "That the wait goes as 1 / decay is " + ", ".join(f"{word} for {name}" for name, word in powers.items()),
        ),
        19: (
            "Grokking without weight decay exists.", "published work by other groups", STUDIES,
            "fig-optimizers-settings", judge_without_decay(bare),
            f"{(~bare['t_gen_censored'].astype(bool)).sum()} of {len(bare)} runs without decay generalized",
        ),
        20: (
            "The scale of the logits, not the norm of the weights, carries the effect.",
            "published work, disputed", STUDIES[2:], "optimizers-scales", judge_scale(share, ratio),
            f"With the norm held a share of {share:.2f} generalizes, and ten times the logits wait {ratio:.2f} "
            "times as long",
        ),
    }  # fmt: skip
    return [
        Row(
            number=number, part="b" if number == 2 else "", claim=claim, source=source, experiment="; ".join(names),
            **tally(pd.concat([every[name] for name in names])), verdict=verdict,
            effect=f"{effect}." if verdict != "open" else "Not measured in full.",
            reason="One small recipe (p = 31, one layer), and the budgets of these runs.", figure=figure,
        )
        for number, (claim, source, names, figure, verdict, effect) in by_number.items()
    ]  # fmt: skip


def _named(names: pd.Index) -> str:
    return f": {', '.join(names)}" if len(names) else ""
