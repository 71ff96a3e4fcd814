"""A forecaster's desk: a recorded run up to a moment, the reader's forecast of t_gen, and what came."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import altair as alt
import numpy as np
import pandas as pd

from grokmodels.explorables.charts import Chart, Drawing, moment, series
from grokmodels.explorables.controls import Choice, Controlled, Slider
from grokmodels.explorables.explorable import Explorable
from grokmodels.explorables.program import Program
from grokmodels.explorables.tables import columns, compact, require_columns, spread
from grokmodels.explorables.words import Readout
from grokmodels.palette import css

CURVES = ["train_accuracy", "test_accuracy", "m_hat", "train_loss", "test_loss", "weight_norm"]
SAID = ["run", "moment", "now", "forecaster", "sees", "forecast", "reach"]
WHAT = ["run", "recipe", "known", "t_mem", "t_gen", "censored"]
# Evaluations kept of each run.
KEPT = 48
# Multiples of t_mem: where the axis begins, the first forecast and the last; what follows that says "never". Steps of
# 6 % are finer than the 15 % that are the goal.
FIRST, LEAST, MOST, FORECASTS = 0.5, 1.5, 110, 75


class Desk(Explorable):
    """The reader forecasts t_gen of recorded runs from what is known at a moment, as the benchmark's forecasters do.

    ``runs``: a row an evaluation, with columns ``run`` (from 1), ``step``, those of :data:`CURVES`, and what the run
    is: ``recipe`` in words, ``known`` (whether the forecasters have learned from other seeds of it), ``t_mem``,
    ``t_gen`` (the end of its record if ``censored``). ``forecasts``: a row a run, moment (a multiple of t_mem) and
    forecaster, while the run waits: ``run``, ``moment``, ``now`` (the step), ``forecaster``, ``sees`` (``training`` or
    ``held-out``), ``forecast`` (a step, infinite for "never") and ``reach``, that of its interval in ln t_gen.
    :mod:`grokmodels.forecasts.desk` makes both. At a moment without forecasts the wait is over, and all is shown.
    """

    run = Controlled()
    moment = Controlled()
    sees = Controlled()
    forecast = Controlled()
    answer = Controlled()

    kernel = Program(Path(__file__).with_suffix(".js"))

    def __init__(
        self,
        *,
        runs: pd.DataFrame,
        forecasts: pd.DataFrame,
        name: str = "desk",
        title: str = "A forecaster's desk",
        question: str = (
            "The network has memorized. When will it generalize, if it does? Set your forecast, then show the answer."
        ),
        **state: Any,
    ) -> None:
        require_columns("runs", runs, ["step", *WHAT, *CURVES])
        require_columns("forecasts", forecasts, SAID)
        numbers, moments = (sorted(table.unique().tolist()) for table in (runs["run"], forecasts["moment"]))
        if set(forecasts["run"]) != set(numbers):
            raise ValueError(f"forecasts: got runs {sorted(set(forecasts['run']))}; must be those of runs, {numbers}")
        names = forecasts["forecaster"].unique().tolist()
        never = float(f"{MOST * 1.1:.3g}")
        allowed = [*(float(f"{value:.3g}") for value in np.geomspace(LEAST, MOST, FORECASTS)), never]
        start = min(moments, key=lambda at: abs(at - 2))
        super().__init__(
            name=name,
            title=title,
            question=question,
            controls={
                "run": Slider("Recorded run", numbers, numbers[0], format="d"),
                "moment": Slider("Seen up to", moments, start, unit="× t_mem"),
                "sees": Choice("You see", {"training": "training data", "held-out": "held-out data, too"}, "training"),
                "forecast": Slider("Your forecast", allowed, allowed[30], "× t_mem", ".3g", {never: "beyond 110"}),
                "answer": Choice("Answer", {"hidden": "hidden", "shown": "shown"}, "hidden"),
            },
            charts={
                "accuracy": Chart(
                    _accuracy(never),
                    "Accuracy of run {run}, {whose}: {recipe}",
                    "Accuracy against training steps as multiples of t_mem (log scale), {seen}, up to step {at:,d}. "
                    "Dotted: your forecast, {forecast}. {state}",
                    height=170,
                    drag={"x": "forecast"},
                ),
                "loss": Chart(
                    _curves("loss", never, alt.Scale(type="log"), _LOSSES, powers_only=True),
                    "Loss (log scale)",
                    "Loss of run {run} on a logarithmic axis against multiples of t_mem, up to step {at:,d}. {state}",
                    height=120,
                ),
                "norm": Chart(
                    _curves("norm", never, alt.Scale(zero=False), {"weight_norm": ("ink", "all weights")}),
                    "Weight norm",
                    "Norm of all weights of run {run} against multiples of t_mem, up to step {at:,d}. {state}",
                    height=120,
                ),
                "board": Chart(
                    _board(["you", *names], never),
                    "Forecasts of t_gen with 80 % intervals: from training data (blue), with held-out data (orange)",
                    "Your forecast against multiples of t_mem, and, once the answer is shown, those of others with "
                    "their 80 % intervals: {others}. {state}",
                    height=34 * (len(names) + 1),
                    drag={"x": "forecast"},
                ),
            },
            layout=("accuracy accuracy", "loss norm", "board board"),
            readout=(
                Readout("memorized at step", "{t_mem:,d}", "memorizing"),
                Readout("now at step", "{at:,d}", "muted"),
                Readout("your forecast: step", "{own:,d}", "ink", none="never"),
                Readout("it generalized:", "{came}", "generalizing", none="hidden"),
                Readout("your forecast is off:", "{off}", "test", none="hidden"),
            ),
            presets={f"Run {number}": {"run": number} for number in numbers},
            data={
                "runs": _thinned(runs),
                "said": columns(forecasts[SAID], 4),
                "never": never,
            },
            **state,
        )


def _thinned(runs: pd.DataFrame) -> dict[str, list[Any]]:
    """A row a run: what it is, and its curves as lists."""
    rows = []
    for _, own in runs.groupby("run"):
        shown = own[own["step"].isin(spread(own.loc[own["step"] > 0, "step"].to_numpy(), KEPT))]
        lists = {name: compact(shown[name].astype(float).tolist(), 3) for name in CURVES}
        rows.append(own[WHAT].iloc[0].to_dict() | {"step": shown["step"].tolist()} | lists)
    return {name: [row[name] for row in rows] for name in rows[0]}


_WHO = {"you": "ink", "training": "train", "held-out": "test"}
_LOSSES = {"train_loss": ("train", "training"), "test_loss": ("test", "held-out")}
_ACCURACIES = {
    "train_accuracy": ("train", "training"), "test_accuracy": ("test", "held-out"), "m_hat": ("generalizing", "m̂"),
}  # fmt: skip


def _times(never: float, title: str | None = "training step / t_mem (log scale)") -> alt.X:
    scale = alt.Scale(type="log", domain=[FIRST, never], nice=False)
    axis = alt.Axis(values=[0.5, 1, 2, 5, 10, 20, 50, 100], tickCount=8, format="~g")
    return alt.X("x:Q", title=title, scale=scale, axis=axis)


def _marks(never: float) -> list[alt.Chart]:
    """Now, the reader's forecast, and what came: a rule, dashed where only the end of the record is known."""
    now, own, truth = (alt.Chart(alt.NamedData(name)).encode(x=_times(never)) for name in ("now", "own", "truth"))
    style = alt.condition("datum.censored", alt.value([6, 4]), alt.value([1, 0]))
    return [
        moment(now),
        own.mark_rule(color=css("ink"), strokeDash=[2, 4], strokeWidth=3),
        truth.mark_rule(color=css("generalizing"), strokeWidth=2.5).encode(strokeDash=style),
    ]


def _curves(
    data: str, never: float, scale: alt.Scale, kinds: dict[str, tuple[str, str]], powers_only: bool = False
) -> Drawing:
    axis = alt.Axis(format="~g", values=[10.0**k for k in range(-9, 4)]) if powers_only else alt.Axis()
    y = alt.Y("value:Q", title=None, scale=scale, axis=axis)
    line = alt.Chart(alt.NamedData(data)).encode(x=_times(never), y=y, color=series("kind", kinds))
    past = line.transform_filter("datum.past").mark_line(strokeWidth=2.5, clip=True)
    return alt.layer(line.mark_line(opacity=0.35, strokeWidth=1.5, clip=True), past, *_marks(never))


def _accuracy(never: float) -> Drawing:
    return _curves("accuracy", never, alt.Scale(domain=[0, 1]), _ACCURACIES)


def _board(names: list[str], never: float) -> Drawing:
    y = alt.Y("name:N", title=None, scale=alt.Scale(domain=names), axis=alt.Axis(labelLimit=180))
    line = alt.Chart(alt.NamedData("board")).encode(x=_times(never), y=y)
    scale = alt.Scale(domain=[*_WHO], range=[css(color) for color in _WHO.values()])
    color = alt.Color("sees:N", scale=scale, legend=None)
    words = line.encode(x=alt.value(4), text="told:N")
    place: dict[str, Any] = {"align": "left", "fontSize": 11, "dy": -10}
    return alt.layer(
        *_marks(never),
        line.mark_rule(strokeWidth=2, clip=True).encode(x="low:Q", x2="high:Q", color=color),
        line.mark_point(filled=True, size=70, opacity=1).encode(color=color),
        # A halo in the color of the page keeps words legible on the lines.
        words.mark_text(**place, stroke=css("surface"), strokeWidth=4, strokeJoin="round"),
        words.mark_text(**place, color=css("ink")),
    )
