"""Sudden or gradual: the rule share and m̂ of the canonical runs against the toy's law at degree 2. Rows 1 and 12.

A ``run`` here is the table of one run's evaluations that :func:`histories` makes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy.optimize import minimize_scalar

from grokmodels import studies
from grokmodels.claims.row import Row, Verdict, tally
from grokmodels.measures import accuracy, first_lasting, signal
from grokmodels.measures.plateau import FEWEST, growth, plateau, signed_root
from grokmodels.measures.progress import logits_of
from grokmodels.measures.votes import mirror_shown, nearest_table
from grokmodels.statistics import median_interval
from grokmodels.studies import Record
from grokmodels.theory.plateau import DECAY_TIME, NORM_SQUARED, SHARE

# The measures that may leave the controls, and for each the side on which learning leads.
SIDES = {"root": 1, "m_hat": 1, "test_loss": -1, "test_accuracy": 1}
# Rules of this book that no study file declared. Row 1: a rise of the accuracy from 10 to 90 % is abrupt if it takes
# less than this part of the wait. Row 12: what grows less than so many times has not moved before the accuracy.
ABRUPT, UNSEEN = 1 / 3, 10
# Training is disturbed while its loss is above so many times its lowest of so many evaluations before.
SPIKE, BEFORE = 2, 8
# Above this decay spikes come faster than evaluations every 50 steps can count: every 0.35 units of Λ.
COUNTABLE = 0.7

Curve = Callable[[Any], Any]


def histories(record: Record) -> list[pd.DataFrame]:
    """The evaluations of each run that memorized, with what is known of the run beside them (its seed, its milestones).

    ``root``: the signed root of the rule share; ``waiting``: whether the evaluation is on the plateau.
    """
    milestones = ("t_mem", "t_mem_censored", "t_gen", "t_gen_censored")
    table = record.along("seed", "cohort", *milestones, "task.p", "optimizer.weight_decay")
    table = table[~table["t_mem_censored"].astype(bool)]
    table["root"] = signed_root(table["rule_share"], table["test_signal"])
    runs = [run for _, run in table.groupby("run")]
    plateaus = [plateau(run, run["t_mem"].iloc[0], run["task.p"].iloc[0]) for run in runs]
    return [run.assign(waiting=run.index.isin(part.index)) for run, part in zip(runs, plateaus, strict=True)]


def highest_accuracy(record: Record) -> float:
    """The highest test accuracy at any evaluation of any run."""
    return float(record.histories["test_accuracy"].max())


def largest_norm_ratio(record: Record) -> float:
    """The weight norm at t_gen over that at t_mem, the largest of all runs; NaN unless all have both."""
    runs = record.measured("weight_norm at t_mem", "weight_norm at t_gen")
    return float((runs["weight_norm at t_gen"] / runs["weight_norm at t_mem"]).max(skipna=False))


def tables() -> pd.DataFrame:
    """The lookup tables of ``circuits``, a row a run: what is said of held-out pairs at the checkpoint next to t_mem.

    ``accuracy``, in units of guessing, and ``signal``, of pairs whose mirror is ``shown`` in training and of the
    ``other``; ``sharing``, ``mirror`` and ``share`` of the :func:`~grokmodels.measures.votes.nearest_table`.
    """
    rows = []
    for _, run in studies.with_weights("circuits"):
        task, t_mem = run.experiment.task, run.milestones.t_mem.step
        split = task.split(run.experiment.fraction, run.experiment.seed)
        _, logits = next(logits_of(run, [min(step for step in run.checkpoints if step >= t_mem)]))
        shown = mirror_shown(task.n_classes, split)[split.test]
        row: dict[str, Any] = {"p": task.n_classes, "seed": run.experiment.seed} | nearest_table(
            logits, split
        )._asdict()
        for name, pairs in (("shown", split.test[shown]), ("other", split.test[~shown])):
            row[f"accuracy {name}"] = accuracy(logits[pairs], task.labels[pairs]) * task.n_classes
            row[f"signal {name}"] = signal(logits[pairs], task.labels[pairs])
        rows.append(row)
    return pd.DataFrame(rows)


def climb(run: pd.DataFrame) -> pd.DataFrame:
    """The evaluations of the plateau at which the signed root is positive, with its logarithm, ``log_root``."""
    above = run[run["waiting"] & (run["root"] > 0)]
    return above.assign(log_root=np.log(above["root"]))


def disturbed(run: pd.DataFrame) -> pd.Series:
    """Where the training loss is above twice its lowest value of the 8 evaluations before."""
    loss = run["train_loss"]
    return loss > SPIKE * loss.rolling(BEFORE, min_periods=1).min()


def stairs(run: pd.DataFrame) -> dict[str, float]:
    """What share of the climb, and of its evaluations, falls to disturbed training, at either end of a step."""
    climbing = climb(run)
    marked = disturbed(run)[climbing.index].to_numpy()
    steps, either = np.diff(climbing["log_root"]), marked[1:] | marked[:-1]
    return {"climb": float(steps[either].sum() / steps.sum()), "time": float(either.mean())}


def by_decay(record: Record) -> pd.DataFrame:
    """Each run with decay whose plateau, of five evaluations or more, ended: ρ, spikes per unit of Λ, gain.

    A spike is the begin of disturbed training; its gain is that of the logarithm of the signed root.
    """
    rows = []
    for run in histories(record):
        decay, climbing = run["optimizer.weight_decay"].iloc[0], climb(run)
        if decay == 0 or len(climbing) < FEWEST or run["waiting"].iloc[-1]:
            continue
        marked = disturbed(run)[climbing.index].to_numpy()
        spikes = float((marked[1:] & ~marked[:-1]).sum()) if decay <= COUNTABLE else float("nan")
        gained, span = (np.ptp(climbing[name].iloc[[0, -1]]) for name in ("log_root", "decay_time"))
        measured = {"ratio": growth(run[run["waiting"]]).ratio, "spikes": spikes / span, "gain": gained / spikes}
        rows.append({"decay": decay, "seed": run["seed"].iloc[0]} | measured)
    return pd.DataFrame(rows)


@dataclass(frozen=True)
class Law:
    """The toy's law at constant margin: m against Λ, from the share m at Λ = 0, at a ratio ρ."""

    ratio: float
    share_0: float

    def __call__(self, decay_time: Any) -> Any:
        return SHARE(decay_time, self.share_0, self.ratio, 1.0)


def law(run: pd.DataFrame) -> Law:
    """The law that the plateau tells, and nothing after it.

    ρ is from the slope of the signed root, the amplitude from m̂, each from the measure that is clean: the root has a
    slope but an unknown factor to m, and m̂ is m but noisy.
    """
    waiting = run[run["waiting"]]
    ratio, decay_time = growth(waiting).ratio, waiting["decay_time"].to_numpy()

    def misfit(log_share: float) -> float:
        return float(np.square(Law(ratio, np.exp(log_share))(decay_time) - waiting["m_hat"]).sum())

    return Law(ratio, float(np.exp(minimize_scalar(misfit, bounds=(-25, -0.5), method="bounded").x)))


def median_curve(runs: list[pd.DataFrame]) -> Curve:
    """The median m̂ of several runs against Λ, from the last one's memorization on; level beyond its ends."""
    wide = pd.concat([run.set_index("decay_time")["m_hat"] for run in runs], axis=1)
    start = max(at(run, run["t_mem"].iloc[0], "decay_time") for run in runs)
    middle = wide.median(axis=1)[wide.index >= start]
    return lambda decay_time: np.interp(decay_time, middle.index, middle)


def shifted(curve: Curve, run: pd.DataFrame) -> Curve:
    """The curve moved along Λ by what fits the m̂ of the run's plateau best."""
    waiting, moves = run[run["waiting"]], np.arange(-2, 2, 0.01)
    misfit = [np.square(curve(waiting["decay_time"] - move) - waiting["m_hat"]).sum() for move in moves]
    best = moves[int(np.argmin(misfit))]
    return lambda decay_time: curve(decay_time - best)


def arrival(curve: Curve, level: float) -> float:
    """The first Λ, up to 30, at which a curve reaches a level; NaN where it does not."""
    grid = np.arange(0, 30, 0.01)
    values = curve(grid)
    first = int((values >= level).argmax())
    return (
        float(np.interp(level, values[first - 1 : first + 1], grid[first - 1 : first + 1])) if first else float("nan")
    )


def forecasts(runs: list[pd.DataFrame]) -> pd.DataFrame:
    """One row per seed and forecast: ``half`` and ``gen`` are ln of predicted over true Λ at m̂ = ½ and at t_gen.

    ``law``: fitted to the run's own plateau. ``others``: the median curve of the other runs. ``shifted``: that curve,
    moved to fit the run's own plateau. For all three the m̂ that stands for t_gen is the median of the other runs.
    """
    return pd.DataFrame(row for run in runs for row in _forecasts(run, [other for other in runs if other is not run]))


def _forecasts(run: pd.DataFrame, others: list[pd.DataFrame]) -> Iterator[dict[str, Any]]:
    known, middle = run.iloc[0], median_curve(others)
    level = float(np.median([at(other, other["t_gen"].iloc[0], "m_hat") for other in others]))
    true = {"half": (0.5, crossing(run, "m_hat", 0.5)), "gen": (level, at(run, known["t_gen"], "decay_time"))}
    curves: dict[str, Curve] = {"law": law(run), "others": middle, "shifted": shifted(middle, run)}
    for name, curve in curves.items():
        errors = {event: float(np.log(arrival(curve, of) / moment)) for event, (of, moment) in true.items()}
        yield {"seed": known["seed"], "cohort": known["cohort"], "forecast": name} | errors


def at(run: pd.DataFrame, step: float, column: str) -> float:
    """A column at a step."""
    return float(run.loc[run["step"] == step, column].iloc[0])


def crossing(run: pd.DataFrame, column: str, level: float) -> float:
    """Λ at which a column reaches a level and lasts, read between evaluations; NaN where it does not."""
    step, censored = first_lasting(run["step"], run[column], level)
    if censored:
        return float("nan")
    row = int(np.flatnonzero(run["step"] == step)[0])
    ends = run.iloc[max(row - 1, 0) : row + 1]
    return float(np.interp(level, ends[column], ends["decay_time"])) if row else float(run["decay_time"].iloc[0])


def width(run: pd.DataFrame, column: str) -> float:
    """Units of Λ from 10 to 90 % of a column, after memorization."""
    after = run[run["step"] >= run["t_mem"]]
    return crossing(after, column, 0.9) - crossing(after, column, 0.1)


def onsets(run: pd.DataFrame, controls: list[pd.DataFrame]) -> dict[str, float]:
    """For each measure the step at which it leaves the controls' band for good; NaN where it does not.

    The band reaches from the lowest to the highest control at the same step, on the side where learning leads. Leaving
    counts from t_mem on and has to last (:func:`~grokmodels.measures.first_lasting`).
    """
    band = pd.concat(controls).groupby("step")
    after = run[run["step"] >= run["t_mem"]].set_index("step")
    result = {}
    for name, side in SIDES.items():
        best = band[name].max() if side > 0 else band[name].min()
        steps = after.index.intersection(best.index)
        outside = side * after.loc[steps, name] > side * best[steps]
        left = first_lasting(steps, outside.astype(float), level=1.0)
        result[name] = float("nan") if left.censored else float(left.step)
    return result


def false_alarms(controls: list[pd.DataFrame]) -> dict[str, int]:
    """How many controls leave the band of the other controls, by measure: what the rule of :func:`onsets` costs."""
    left = [onsets(one, [other for other in controls if other is not one]) for one in controls]
    return {name: int(np.isfinite([steps[name] for steps in left]).sum()) for name in SIDES}


def norms(run: pd.DataFrame, ratio: float) -> dict[str, float]:
    """Squared weight norm at the end of the plateau and at t_gen over that at t_mem, measured and by the toy's law.

    The law takes the margin f as the training signal and m as m̂, both measured.
    """
    toy = NORM_SQUARED(run["m_hat"].to_numpy(), run["train_signal"].to_numpy(), ratio, 1.0)
    table = run.assign(measured=run["weight_norm"] ** 2, toy=toy)
    end, t_mem, t_gen = table["step"][table["waiting"]].iloc[-1], run["t_mem"].iloc[0], run["t_gen"].iloc[0]
    return {
        f"{who}_{name}": at(table, step, who) / at(table, t_mem, who)
        for who in ("measured", "toy")
        for name, step in (("plateau", end), ("gen", t_gen))
    }


def seeds(runs: list[pd.DataFrame], controls: list[pd.DataFrame]) -> pd.DataFrame:
    """What both verdicts rest on, a row a seed; the columns are explained where the chapter uses them."""
    rows = []
    for run in runs:
        known, fitted, logs = run.iloc[0], growth(run[run["waiting"]]), climb(run)["log_root"]
        left, wide = onsets(run, controls), {name: width(run, name) for name in ("m_hat", "test_accuracy")}
        wide["toy"] = float(DECAY_TIME(0.9, 1.0, 0.1, 1.0, fitted.ratio))
        wait = at(run, known["t_gen"], "decay_time") - at(run, known["t_mem"], "decay_time")
        rows.append(
            {"seed": known["seed"], "cohort": known["cohort"], "start": at(run, known["t_mem"], "root")}
            | {"ratio": fitted.ratio, "curvature": fitted.curvature}
            | {"growth": float(np.exp(2 * (logs.iloc[-1] - logs.iloc[0])))}
            | {"delay_ratio": known["t_gen"] / known["t_mem"], "rise": wide["test_accuracy"] / wait}
            | {f"width_{name}": value for name, value in wide.items()}
            | {"sharper": wide["toy"] / wide["m_hat"], "broader": wide["m_hat"] / wide["test_accuracy"]}
            | {"lead_root": left["test_accuracy"] - left["root"]}
            | stairs(run)
            | norms(run, fitted.ratio)
        )
    return pd.DataFrame(rows)


def stored() -> tuple[list[pd.DataFrame], list[pd.DataFrame]]:
    """The stored runs of ``canonical`` with decay that generalized, and its controls without decay."""
    record = studies.record("canonical")
    runs = [run for run in histories(record.only(block="decay")) if not run["t_gen_censored"].iloc[0]]
    return runs, histories(record.only(block="control"))


def judge_abrupt(judged: pd.DataFrame, table: pd.DataFrame) -> tuple[Verdict, str]:
    """Row 1: it memorizes below 5 % and waits, as ``canonical`` predicts, and then the accuracy rises abruptly."""
    waits = set(judged["verdict"][judged["sentence"].str.startswith("Decay 0.5, the wait")])
    if "false" in waits or not (table["rise"] < ABRUPT).all():
        return "fails", "Not every seed memorizes below 5 %, waits, and rises in under a third of the wait."
    if waits != {"true"}:
        return "open", "Some seeds have not ended their wait."
    if median_interval(table["broader"]).low > 1:
        return "holds with limits", "The accuracy rises abruptly, but m̂ takes longer over the same span."
    return "holds", "It does so in every seed, in accuracy and in m̂."


def judge_gradual(table: pd.DataFrame) -> tuple[Verdict, str]:
    """Row 12: in every seed the rule share grows tenfold unseen, leaves first, and rises no faster than the law."""
    n, faster = len(table), median_interval(table["sharper"])
    grown, first = (table["growth"] >= UNSEEN).sum(), (table["lead_root"] > 0).sum()
    reason = (
        f"The rule share grows tenfold below 5 % accuracy in {grown} of {n} seeds, and its signed root leaves the "
        f"controls before the accuracy does in {first}. After that, m̂ rises {faster.estimate:.1f} times as fast as "
        "the toy's law."
    )
    if grown < n:
        return "fails", reason
    return ("holds" if first == n and faster.low <= 1 else "holds with limits"), reason


def rows() -> list[Row]:
    """Rows 1 and 12."""
    decayed = studies.record("canonical").only(block="decay").runs
    every = len(decayed)
    runs, controls = stored()
    judged, table, n = studies.verdicts("canonical"), seeds(runs, controls), len(runs)
    errors = forecasts(runs).set_index("forecast")["gen"].abs().groupby("forecast").median()
    middle = {name: median_interval(table[name]) for name in ("delay_ratio", "rise", "broader", "sharper", "growth")}
    abrupt, gradual = judge_abrupt(judged[judged["cohort"] == "all"], table), judge_gradual(table)
    return [
        Row(
            number=1,
            claim="A 2-layer transformer on a + b mod 97 memorizes, stays near chance, then generalizes abruptly.",
            source="the memo",
            experiment="canonical: decay",
            **tally(decayed),
            effect=f"{n} of {every} seeds generalize, {middle['delay_ratio']} times as late as they memorize (the "
            "median of t_gen/t_mem, with its 95 % interval). The test accuracy goes from 10 to 90 % in "
            f"{middle['rise']} of the wait; m̂, which is 0 for a memorizer and 1 for the rule, takes "
            f"{middle['broader']} times as long for the same span.",
            verdict=abrupt[0],
            reason=abrupt[1],
            figure="order-parameter-widths",
            short=f"{n} of {every} seeds generalize, {middle['delay_ratio']} times as late as they memorize",
        ),
        Row(
            number=12,
            claim="Circuits appear slowly, before the test accuracy shows them: rule share and m̂.",
            source="the memo, as an open question",
            experiment="canonical: decay, control",
            runs=every + len(controls),
            seeds=every,
            censored=every - n,
            effect=f"The rule share grows {middle['growth'].estimate:.0f}-fold while the accuracy is below 5 %. Its "
            f"signed root leaves the range of the controls {table['lead_root'].median():.0f} steps before the accuracy "
            f"does. Then m̂ rises {middle['sharper']} times as fast as the toy's law says. A forecast of Λ at t_gen "
            f"from a run's own plateau is off by {errors['law']:.2f} in ln Λ with that law, and by "
            f"{errors['shifted']:.2f} without a theory, from the curve of the other seeds, shifted.",
            verdict=gradual[0],
            reason=gradual[1],
            figure="order-parameter-first",
            part="a",
        ),
    ]
