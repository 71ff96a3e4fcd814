"""The null model: a smooth loss, and an accuracy that jumps because it looks at the loss through a threshold."""

from __future__ import annotations

from typing import Any

import altair as alt
import numpy as np
import pandas as pd

from grokmodels.explorables.charts import Chart, Drawing, moment, series
from grokmodels.explorables.controls import Controlled, Slider
from grokmodels.explorables.explorable import Explorable
from grokmodels.explorables.guess import REVEALED, Guess, guessed
from grokmodels.explorables.tables import columns
from grokmodels.explorables.words import Readout
from grokmodels.theory.ridge import Ridge, modes, student, within_tolerance

DECADES, PER_DECADE = 6, 12
# What happens when is read off times ten times as close as those that are drawn.
CLOSE = 10.0 ** np.linspace(0, DECADES, 10 * DECADES * PER_DECADE + 1)
TIMES = CLOSE[::10]
TOLERANCES = [0.02, 0.03, 0.05, 0.07, 0.1, 0.15, 0.2, 0.3, 0.5, 0.7, 1.0, 1.5, 2.0]
DECAYS = [3e-5, 1e-4, 3e-4, 1e-3]


class RidgeThreshold(Explorable):
    """The student of :class:`grokmodels.theory.ridge.Ridge`, solved exactly; an answer is right within a tolerance.

    Held-out accuracy follows from the loss alone; training accuracy counts the 200 training examples.
    """

    tolerance = Controlled()
    weight_decay = Controlled()

    def __init__(
        self,
        *,
        name: str = "ridge-threshold",
        title: str = "A jump without a transition",
        question: str = (
            "Move the tolerance and watch the jump in accuracy. Does anything happen to the loss at the moment of the "
            "jump, or is the jump where you put the threshold?"
        ),
        **state: Any,
    ) -> None:
        losses, accuracies = _tables()
        super().__init__(
            name=name,
            title=title,
            question=question,
            controls={
                "tolerance": Slider("Tolerance ε", TOLERANCES, 0.3),
                "weight_decay": Slider("Weight decay λ", DECAYS, 1e-4),
            },
            charts={
                "accuracy": Chart(
                    _pair("accuracy", alt.Scale(domain=[0, 1]), alt.Axis(format="%")),
                    "Answers within the tolerance",
                    "Shares of training and held-out answers within {tolerance} of their targets against time on a "
                    "logarithmic axis, at weight decay {weight_decay}. Half of the training answers are right "
                    "{training}, half of the held-out ones {held_out}.",
                    height=210,
                ),
                "loss": Chart(
                    _pair(
                        "loss",
                        alt.Scale(type="log", domain=[1e-5, 30], nice=False),
                        alt.Axis(values=[1e-4, 1e-2, 1], format="~g"),
                    ),
                    "Loss (log scale)",
                    "Training and held-out loss, on a logarithmic axis, against accumulated decay, at weight decay "
                    "{weight_decay}: smooth curves that do not depend on the tolerance, the held-out one nearly a "
                    "straight line. Nothing in them tells that half of the held-out answers are right {held_out}.",
                    height=210,
                ),
            },
            layout=("accuracy loss",),
            readout=(
                Readout("half right at time", "{half:,.0f}", "test"),
                Readout("25 % to 95 % right: time grows by a factor", "{rise:.1f}", "test"),
            ),
            presets={
                "Strict": {"tolerance": 0.1},
                "Lenient": {"tolerance": 2},
                "Strong decay": {"weight_decay": 1e-3},
            },
            guess=Guess(
                chart="accuracy",
                kind="mark",
                prompt="The tolerance is 0.1: when are half of the held-out answers right?",
                state={"tolerance": 0.1, "weight_decay": 1e-4},
                answer="Half of them are right {held_out}.",
            ),
            data={
                "losses": columns(losses),
                "accuracies": columns(accuracies[["tolerance", "weight_decay", "train", "test"]], digits=3),
                "half": columns(accuracies[["tolerance", "weight_decay", "half"]]),
                "readout": columns(accuracies.drop(columns=["train", "test"]), digits=6),
            },
            **state,
        )


def _tables() -> tuple[pd.DataFrame, pd.DataFrame]:
    """One row per decay: losses. One row per decay and tolerance: accuracies, and when half and more are right."""
    losses, accuracies = [], []
    data = modes(Ridge())
    for decay in DECAYS:
        departure = student(Ridge(weight_decay=decay), data, CLOSE) - data.teacher
        errors = departure @ data.inputs.T
        loss = departure**2 @ data.variances / 2
        losses.append({"weight_decay": decay, "train": (errors[::10] ** 2).mean(axis=1) / 2, "test": loss[::10]})
        for tolerance in TOLERANCES:
            train = (np.abs(errors) <= tolerance).mean(axis=1)
            test = within_tolerance(loss, tolerance)
            low, half, high = (_passes(test, level) for level in (0.25, 0.5, 0.95))
            accuracies.append(
                {
                    "tolerance": tolerance,
                    "weight_decay": decay,
                    "train": train[::10],
                    "test": test[::10],
                    "half": half,
                    "rise": high / low,
                    "training": _when(train),
                    "held_out": _when(test),
                }
            )
    return pd.DataFrame(losses), pd.DataFrame(accuracies)


def _passes(accuracy: Any, level: float) -> float:
    """The time at which the accuracy first reaches a level after the start; NaN where it does not."""
    after = int(np.argmax(accuracy >= level))
    if not after:
        return np.nan
    around = slice(after - 1, after + 1)
    return float(10 ** np.interp(level, accuracy[around], np.log10(CLOSE[around])))


def _when(accuracy: Any) -> str:
    """When half of the answers are right, in words."""
    if accuracy[0] >= 0.5:
        return "from the start"
    half = _passes(accuracy, 0.5)
    return "at no time shown" if np.isnan(half) else f"from time {half:,.0f}"


LOG_TIME = alt.X(
    "t:Q",
    title="time (log scale)",
    scale=alt.Scale(type="log", domain=[TIMES[0], TIMES[-1]], nice=False),
    axis=alt.Axis(values=[1, 100, 10_000, 1_000_000], format="~s"),
)
# What falls exponentially, as the held-out loss does, is a line here, at every decay; on a logarithmic axis it would
# fall off a cliff, just where the accuracy jumps.
SPENT = alt.X("decay_time:Q", title="accumulated decay Λ", scale=alt.Scale(domain=[0, 6], nice=False))


def _pair(what: str, scale: alt.Scale, axis: alt.Axis) -> Drawing:
    """Training and held-out accuracy against time, or losses against accumulated decay, and where the jump is."""
    accuracy = what == "accuracy"
    x = LOG_TIME if accuracy else SPENT
    color = series("set", {"train": ("train", "training"), "test": ("test", "held out")})
    here = "datum.weight_decay === weight_decay"
    exactly = f"{here} && datum.tolerance === tolerance"
    lines = (
        alt.Chart(alt.NamedData("accuracies" if accuracy else "losses"))
        .transform_filter(exactly if accuracy else here)
        .transform_calculate(step=f"sequence({len(TIMES)})")
        .transform_flatten(["step", "train", "test"])
        .transform_calculate(t=f"pow(10, datum.step / {PER_DECADE})")
        .transform_calculate(decay_time="datum.t * datum.weight_decay")
        .transform_fold(["train", "test"], as_=["set", "value"])
    )
    if accuracy:
        lines = lines.transform_filter(f"{REVEALED} || datum.set === 'train'")
    drawn = lines.mark_line(strokeWidth=2.5, clip=True).encode(
        x=x, y=alt.Y("value:Q", title=None, scale=scale, axis=axis), color=color
    )
    half = alt.Chart(alt.NamedData("half")).transform_filter(f"{REVEALED} && {exactly} && isValid(datum.half)")
    half = half.transform_calculate(decay_time="datum.half * datum.weight_decay")
    rule = moment(half, "test").encode(x="half:Q" if accuracy else "decay_time:Q")
    return alt.layer(rule, drawn, *([guessed("mark", x)] if accuracy else []))
