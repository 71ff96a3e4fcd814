"""The null model: a smooth loss, and an accuracy that jumps because it looks at the loss through a threshold."""

from __future__ import annotations

from typing import Any

import altair as alt
import numpy as np

from grokmodels.explorables.charts import Chart, Drawing
from grokmodels.explorables.controls import Controlled, Slider
from grokmodels.explorables.explorable import Explorable, Rows, State, compact
from grokmodels.explorables.formulas import formula_kernel, require_within
from grokmodels.explorables.page import to_rows
from grokmodels.palette import css
from grokmodels.theory.ridge import WITHIN_TOLERANCE, Ridge, modes, student, within_tolerance

TIMES = [float(f"{10.0 ** (k / 12):.4g}") for k in range(73)]
TOLERANCES = [0.02, 0.03, 0.05, 0.07, 0.1, 0.15, 0.2, 0.3, 0.5, 0.7, 1.0, 1.5, 2.0]
DECAYS = [3e-5, 1e-4, 3e-4, 1e-3]
LIMITS = {
    "tolerance": (
        TOLERANCES[0],
        TOLERANCES[-1],
        "Undefined here: the tolerance must be positive; runs were scored from 0.02 to 2.",
    )
}
NOT_SOLVED = "Undefined here: no student was solved at this weight decay."


class RidgeThreshold(Explorable):
    """The student of :class:`grokmodels.theory.ridge.Ridge`, solved exactly; an answer is right within a tolerance.

    Held-out accuracy follows from the loss alone; training accuracy counts the 200 training examples.
    """

    tolerance = Controlled()
    weight_decay = Controlled()

    kernel = formula_kernel(
        """(state, data) => {
      const run = data.runs.weight_decay.indexOf(state.weight_decay);
      if (run < 0) throw new RangeError(notSolved);
      const column = (name) => data.runs[name][run];
      const scores = column("train_accuracy")[tolerances.indexOf(state.tolerance)];
      const curve = times.map((t, i) => ({
        t, train_loss: column("train_loss")[i], test_loss: column("test_loss")[i],
        train_accuracy: scores[i], test_accuracy: withinTolerance(column("test_loss")[i], state.tolerance),
      }));
      const passes = (level) => {
        const after = curve.findIndex((row) => row.test_accuracy >= level);
        if (after < 1) return null;
        const [a, b] = [curve[after - 1], curve[after]];
        const part = (level - a.test_accuracy) / (b.test_accuracy - a.test_accuracy);
        return Math.log10(a.t) + part * (Math.log10(b.t) - Math.log10(a.t));
      };
      const [low, middle, high] = [passes(0.25), passes(0.5), passes(0.95)];
      const rise = low === null || high === null ? null : 10 ** (high - low);
      return {
        curve, half: middle === null ? [] : [{ t: 10 ** middle }],
        readout: [
          { label: "half right at time", value: middle === null ? null : 10 ** middle, format: ",.0f", color: "test" },
          { label: "25 % to 95 % right: time grows by a factor", value: rise, format: ".1f", color: "test" },
        ],
      };
    }""",
        WITHIN_TOLERANCE,
        limits=LIMITS,
        times=TIMES,
        tolerances=TOLERANCES,
        notSolved=NOT_SOLVED,
    )

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
        runs = [_run(decay) for decay in DECAYS]
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
                    "Shares of training and held-out answers within the tolerance against time on a logarithmic axis: "
                    "training answers are right early, held-out ones late and rather suddenly, at a time that moves "
                    "with the tolerance.",
                    height=210,
                ),
                "loss": Chart(
                    _pair(
                        "loss",
                        alt.Scale(type="log", domain=[1e-5, 30], nice=False),
                        alt.Axis(values=[1e-4, 1e-2, 1], format="~g"),
                    ),
                    "Loss (log scale)",
                    "Training and held-out loss against time, both axes logarithmic: smooth curves that do not depend "
                    "on the tolerance and show nothing special at the time of the jump in accuracy.",
                    height=210,
                ),
            },
            layout=("accuracy loss",),
            data={"runs": {key: [run[key] for run in runs] for key in runs[0]}},
            **state,
        )

    def rows(self, state: State) -> Rows:
        """Datasets ``curve``, ``half`` and ``readout``."""
        require_within(LIMITS, state)
        runs = self.data["runs"]
        if state["weight_decay"] not in runs["weight_decay"]:
            raise ValueError(NOT_SOLVED)
        run = {name: values[runs["weight_decay"].index(state["weight_decay"])] for name, values in runs.items()}
        accuracy = within_tolerance(run["test_loss"], state["tolerance"])
        curve = {
            "t": TIMES,
            "train_loss": run["train_loss"],
            "test_loss": run["test_loss"],
            "train_accuracy": run["train_accuracy"][TOLERANCES.index(state["tolerance"])],
            "test_accuracy": accuracy.tolist(),
        }
        low, middle, high = (_passes(accuracy, level) for level in (0.25, 0.5, 0.95))
        half = None if middle is None else 10**middle
        rise = None if low is None or high is None else 10 ** (high - low)
        readout: list[dict[str, Any]] = [
            {"label": "half right at time", "value": half, "format": ",.0f", "color": "test"},
            {"label": "25 % to 95 % right: time grows by a factor", "value": rise, "format": ".1f", "color": "test"},
        ]
        return {
            "curve": to_rows(curve),
            "half": [] if half is None else [{"t": half}],
            "readout": readout,
        }


def _run(decay: float) -> dict[str, Any]:
    """One student at all times: losses, and its training accuracy at every tolerance."""
    ridge = Ridge(weight_decay=decay)
    data = modes(ridge)
    departure = student(ridge, data, TIMES) - data.teacher
    errors = departure @ data.inputs.T
    return {
        "weight_decay": decay,
        "train_loss": compact((errors**2).mean(axis=1) / 2, 6),
        "test_loss": compact(departure**2 @ data.variances / 2, 6),
        "train_accuracy": [compact((np.abs(errors) <= width).mean(axis=1)) for width in TOLERANCES],
    }


def _passes(accuracy: Any, level: float) -> float | None:
    """log10 of the time at which the accuracy first reaches a level after the start."""
    after = int(np.argmax(accuracy >= level))
    if not after:
        return None
    part = (level - accuracy[after - 1]) / (accuracy[after] - accuracy[after - 1])
    first, last = np.log10(TIMES[after - 1 : after + 1])
    return float(first + part * (last - first))


def _pair(what: str, scale: alt.Scale, axis: alt.Axis) -> Drawing:
    """Training and held-out values against time, and the time of the jump."""
    times = alt.Scale(type="log", domain=[TIMES[0], TIMES[-1]], nice=False)
    x = alt.X(
        "t:Q", title="time (log scale)", scale=times, axis=alt.Axis(values=[1, 100, 10_000, 1_000_000], format="~s")
    )
    names = [f"train_{what}", f"test_{what}"]
    color = alt.Color(
        "set:N",
        scale=alt.Scale(domain=names, range=[css("train"), css("test")]),
        legend=alt.Legend(labelExpr="slice(datum.value, 0, 2) == 'tr' ? 'training' : 'held out'"),
    )
    lines = (
        alt.Chart(alt.NamedData("curve"))
        .transform_fold([*names], as_=["set", "value"])
        .mark_line(strokeWidth=2.5, clip=True)
        .encode(x=x, y=alt.Y("value:Q", title=None, scale=scale, axis=axis), color=color)
    )
    half = alt.Chart(alt.NamedData("half")).mark_rule(color=css("test"), strokeDash=[3, 3]).encode(x="t:Q")
    return alt.layer(half, lines)
