"""The weight-decay clock: amplitudes and loss do what they want in time, one quantity runs straight in decay time."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import altair as alt
import numpy as np

from grokmodels.explorables.charts import Chart, Drawing
from grokmodels.explorables.controls import Choice, Controlled, Slider, grid
from grokmodels.explorables.explorable import Explorable, Rows, State
from grokmodels.explorables.formulas import DECAY, DEGREE, RATIO, formula_kernel, require_within
from grokmodels.explorables.page import to_rows
from grokmodels.palette import css
from grokmodels.recipes.schedules import Schedule
from grokmodels.theory.circuits import FLOW_OF, MARGIN
from grokmodels.theory.clock import READING, SPEED
from grokmodels.theory.integrate import RUNGE_KUTTA, pieces, runge_kutta
from grokmodels.theory.kernels import Kernel, Script
from grokmodels.theory.losses import LOSS_OF
from grokmodels.theory.symbols import D, c_g, c_m, u, v

START = (0.5, 1e-4)
TIME = 150
# Closer together while the data are being fitted; all corners of the schedules are among them.
TIMES = [*grid(0, 4.75, 0.25), *grid(5, TIME, 1)]
SUBSTEPS = 10

SCHEDULES = {
    "constant": Schedule.constant(),
    "late": Schedule.delayed(60),
    "paused": Schedule.paused(30, 90),
    "ramp": Schedule.ramp(0, TIME, 0.0, 1.5),
    "pulsed": Schedule.pulsed(30, 18),
}
# Begin, end, first and last factor of each straight piece.
PIECES = {name: list(pieces(schedule, TIME)) for name, schedule in SCHEDULES.items()}
LIMITS = {"degree": DEGREE, "ratio": RATIO, "weight_decay": DECAY}
OUT_OF_RANGE = (
    "Undefined here: the amplitudes leave the range of numbers, or are on the line between the basins, "
    "where the clock has no reading."
)

# Two circuits along the straight pieces of a decay schedule, and where the rule comes to lead; the twins are below.
FOLLOW_PIECES = Script(
    """\
function followPieces(flow, start, pieces, decay, timesSeen, substeps) {
  const seen = [[...start, 0]];
  const t = [0];
  for (const [begin, end, first, last] of pieces) {
    const slope = decay * (last - first) / (end - begin);
    const velocity = ([u, v, , now]) => [...flow(u, v, now), now, slope];
    const times = [begin, ...timesSeen.filter((time) => time > begin && time < end), end];
    const run = rungeKutta(velocity, [...seen[seen.length - 1], decay * first], times, substeps);
    seen.push(...run.slice(1).map(([u, v, decayTime]) => [u, v, decayTime]));
    t.push(...times.slice(1));
  }
  return { t, seen };
}
function takeover(lead, curves) {
  const after = lead.findIndex((value) => value >= 0);
  if (after <= 0) return [];
  const part = lead[after - 1] / (lead[after - 1] - lead[after]);
  const between = (name) => curves[after - 1][name] + part * (curves[after][name] - curves[after - 1][name]);
  return [{ t: between("t"), decay_time: between("decay_time") }];
}
""",
    (RUNGE_KUTTA,),
)


def follow_pieces(
    flow: Callable[[Any, Any, Any], Any],
    start: Sequence[float],
    along: Iterable[tuple[float, float, float, float]],
    decay: float,
    times_seen: Iterable[float],
    substeps: int,
) -> tuple[Any, Any]:
    """Times (n,) and states (n, 3) of u, v and Λ from ``start``, at ``times_seen`` and at every corner.

    The decay is ``decay`` times the straight pieces ``along`` (begin, end, first factor, last factor); ``flow`` gives
    the velocities of u and v at (u, v, decay now).
    """
    seen, t, grid = [np.array([*start, 0.0])], [0.0], list(times_seen)
    for begin, end, first, last in along:
        slope = decay * (last - first) / (end - begin)

        def velocity(x: Any) -> Any:
            return np.array([*flow(x[0], x[1], x[3]), x[3], slope])  # noqa: B023 - called at once

        times = [begin, *(time for time in grid if begin < time < end), end]
        seen.extend(state[:3] for state in runge_kutta(velocity, [*seen[-1], decay * first], times, substeps)[1:])
        t.extend(times[1:])
    return np.array(t), np.array(seen)


def takeover(lead: Any, curves: dict[str, Any]) -> list[dict[str, float]]:
    """Where the rule has half of the margin, or nothing: the first zero of ``lead``, the log odds of its share."""
    after = int(np.argmax(lead >= 0))
    if not after:
        return []
    part = lead[after - 1] / (lead[after - 1] - lead[after])
    between = {name: curves[name][after - 1 : after + 1] for name in ("t", "decay_time")}
    return [{name: float(low + part * (high - low)) for name, (low, high) in between.items()}]


MARGIN_OF = Kernel("margin", MARGIN, (u, v, D, c_m, c_g))


class Clock(Explorable):
    """Two circuits of degree D under a decay schedule: what their clock reads is a line in accumulated decay.

    Both start small, at u = 0.5 and v = 0.0001, with c_m = 1 and c_g = ρ, and are followed for 150 units of time.
    """

    schedule = Controlled()
    loss = Controlled()
    degree = Controlled()
    ratio = Controlled()
    weight_decay = Controlled()

    kernel = formula_kernel(
        """(state, data) => {
      const { degree, ratio, weight_decay } = state;
      const flow = { logistic: logisticFlow, exponential: exponentialFlow, squared: squaredFlow }[state.loss];
      const loss = { logistic: logisticLoss, exponential: exponentialLoss, squared: squaredLoss }[state.loss];
      const velocity = (u, v, decay) => flow(u, v, degree, 1, ratio, decay);
      const { t, seen } = followPieces(velocity, start, schedules[state.schedule], weight_decay, timesSeen, substeps);
      const decays = schedules[state.schedule].flatMap(([begin, end, first, last]) => [
        { t: begin, decay: weight_decay * first }, { t: end, decay: weight_decay * last },
      ]);
      const curves = seen.map(([u, v, decayTime], i) => ({
        t: t[i], decay_time: decayTime, u, v,
        loss: loss(margin(u, v, degree, 1, ratio)), reading: clockReading(u, v, degree, ratio),
      }));
      if (!curves.every((row) => Object.values(row).every(Number.isFinite))) {
        throw new RangeError(outOfRange);
      }
      const speed = clockSpeed(degree, ratio);
      const lead = curves.map(({ u, v }) => Math.log(ratio) + degree * Math.log(v / u));
      const half = takeover(lead, curves);
      const end = curves[curves.length - 1];
      const { t: at, decay_time: spent } = half[0] ?? { t: null, decay_time: null };
      const law = [0, end.decay_time].map((decay_time) => ({
        decay_time, reading: curves[0].reading + speed * decay_time,
      }));
      return {
        curves, decays, half, law,
        readout: [
          { label: "slope of the line", value: speed, format: ".2f", color: "ink" },
          { label: "rule leads from time", value: at, format: ".1f", color: "generalizing" },
          { label: "that is, Λ", value: spent, format: ".2f", color: "generalizing" },
        ],
      };
    }""",
        *FLOW_OF.values(),
        *LOSS_OF.values(),
        MARGIN_OF,
        READING,
        SPEED,
        FOLLOW_PIECES,
        limits=LIMITS,
        start=START,
        substeps=SUBSTEPS,
        timesSeen=TIMES,
        schedules=PIECES,
        outOfRange=OUT_OF_RANGE,
    )

    def __init__(
        self,
        *,
        name: str = "clock",
        title: str = "The weight-decay clock",
        question: str = (
            "Change the schedule of the decay, then the loss: the moment when the rule takes over moves in time. "
            "Which of the four pictures does not change its course?"
        ),
        **state: Any,
    ) -> None:
        super().__init__(
            name=name,
            title=title,
            question=question,
            controls={
                "schedule": Choice("Decay", {name: name for name in SCHEDULES}, "constant"),
                "loss": Choice("Loss", {name: name for name in LOSS_OF}, "logistic"),
                "weight_decay": Slider("Weight decay λ", grid(0, 0.15, 0.01), 0.1, format=".2f"),
                "ratio": Slider("Efficiency ratio ρ", grid(0.5, 3, 0.1), 2.0, format=".1f"),
                "degree": Slider("Degree D", [1, 2, 2.5, 3, 3.5, 4], 2),
            },
            charts={
                "amplitudes": Chart(
                    _amplitudes(),
                    "Amplitudes against time",
                    "Amplitudes of the memorizing and the generalizing circuit against time, on a logarithmic axis. "
                    "At first the memorizing circuit is the larger; at degree 2 with decay, and a ratio above 1, "
                    "the other one climbs straight until it takes over.",
                    height=200,
                ),
                "clock": Chart(
                    _reading(),
                    "The clock against accumulated decay Λ",
                    "The clock, ln v − ρ ln u at degree 2, against accumulated decay: a straight line of slope ρ − 1, "
                    "whatever the loss and the schedule. At other degrees the logarithm of the difference of "
                    "v to the power 2 − D and ρ u to the power 2 − D, with slope D − 2.",
                    height=200,
                ),
                "loss": Chart(
                    _loss(),
                    "Training loss against time",
                    "Training loss against time on a logarithmic axis: it drops early, then follows the decay "
                    "wherever that goes.",
                    height=120,
                ),
                "decay": Chart(
                    _decay(),
                    "Weight decay λ against time",
                    "The schedule of the weight decay against time: constant, late, paused, rising or pulsed.",
                    height=120,
                ),
            },
            layout=("amplitudes clock", "loss decay"),
            data={},
            **state,
        )

    def rows(self, state: State) -> Rows:
        """Datasets ``curves``, ``decays``, ``half``, ``law`` and ``readout``."""
        require_within(LIMITS, state)
        degree, ratio, decay = state["degree"], state["ratio"], state["weight_decay"]
        flow, constants = FLOW_OF[state["loss"]], (degree, 1.0, ratio)
        along = PIECES[state["schedule"]]
        decays = [
            {"t": t, "decay": decay * factor}
            for begin, end, first, last in along
            for t, factor in ((begin, first), (end, last))
        ]
        with np.errstate(all="ignore"):
            times, seen = follow_pieces(
                lambda u, v, now: flow(u, v, *constants, now), START, along, decay, TIMES, SUBSTEPS
            )
            u, v, decay_time = seen.T
            curves = {
                "t": times,
                "decay_time": decay_time,
                "u": u,
                "v": v,
                "loss": LOSS_OF[state["loss"]](MARGIN_OF(u, v, *constants)),
                "reading": READING(u, v, degree, ratio),
            }
        if not all(np.isfinite(values).all() for values in curves.values()):
            raise ValueError(OUT_OF_RANGE)
        speed = float(SPEED(degree, ratio))
        half = takeover(np.log(ratio) + degree * np.log(v / u), curves)
        first_reading, last = float(curves["reading"][0]), float(decay_time[-1])
        law = [{"decay_time": at, "reading": first_reading + speed * at} for at in (0.0, last)]
        at, spent = (half[0]["t"], half[0]["decay_time"]) if half else (None, None)
        readout: list[dict[str, Any]] = [
            {"label": "slope of the line", "value": speed, "format": ".2f", "color": "ink"},
            {"label": "rule leads from time", "value": at, "format": ".1f", "color": "generalizing"},
            {"label": "that is, Λ", "value": spent, "format": ".2f", "color": "generalizing"},
        ]
        table = to_rows(curves)
        return {"curves": table, "decays": decays, "half": half, "law": law, "readout": readout}


TIME_AXIS = alt.X("t:Q", title="time", scale=alt.Scale(domain=[0, TIME], nice=False))


def _amplitudes() -> Drawing:
    names = ["u", "v"]
    color = alt.Color(
        "circuit:N",
        scale=alt.Scale(domain=names, range=[css("memorizing"), css("generalizing")]),
        legend=alt.Legend(labelExpr="{u: 'u, memorizing', v: 'v, generalizing'}[datum.value]"),
    )
    scale = alt.Scale(type="log", domain=[1e-5, 5], nice=False)
    axis = alt.Axis(values=[1e-4, 1e-2, 1], format="~g")
    lines = (
        alt.Chart(alt.NamedData("curves"))
        .transform_fold([*names], as_=["circuit", "amplitude"])
        .mark_line(clip=True, strokeWidth=2.5)
        .encode(x=TIME_AXIS, y=alt.Y("amplitude:Q", title=None, scale=scale, axis=axis), color=color)
    )
    return alt.layer(_moment("t:Q"), lines)


def _reading() -> Drawing:
    x = alt.X("decay_time:Q", title="accumulated decay Λ", scale=alt.Scale(domain=[0, 23], nice=False))
    y = alt.Y("reading:Q", title=None, scale=alt.Scale(zero=False))
    kinds = ["simulated", "the law"]
    color = alt.Color("kind:N", scale=alt.Scale(domain=kinds, range=[css("ink"), css("track")]))
    lines = [
        alt.Chart(alt.NamedData(data))
        .transform_calculate(kind=f"'{kind}'")
        .mark_line(strokeWidth=width, clip=True)
        .encode(x=x, y=y, color=color)
        for data, kind, width in (("law", "the law", 9), ("curves", "simulated", 2))
    ]
    return alt.layer(_moment("decay_time:Q"), *lines)


def _loss() -> Drawing:
    scale = alt.Scale(type="log", domain=[1e-4, 1], nice=False)
    axis = alt.Axis(values=[1e-4, 1e-2, 1], format="~g")
    line = (
        alt.Chart(alt.NamedData("curves"))
        .mark_line(clip=True, strokeWidth=2.5, color=css("train"))
        .encode(x=TIME_AXIS, y=alt.Y("loss:Q", title=None, scale=scale, axis=axis))
    )
    return alt.layer(_moment("t:Q"), line)


def _decay() -> Drawing:
    scale = alt.Scale(domain=[0, 0.23], nice=False)
    area = (
        alt.Chart(alt.NamedData("decays"))
        .mark_area(color=css("track"), opacity=0.5, line={"color": css("ink"), "strokeWidth": 1.5})
        .encode(x=TIME_AXIS, y=alt.Y("decay:Q", title=None, scale=scale, axis=alt.Axis(tickCount=2)))
    )
    return alt.layer(_moment("t:Q"), area)


def _moment(channel: str) -> alt.Chart:
    """A vertical line where the rule comes to lead."""
    rule = alt.Chart(alt.NamedData("half")).mark_rule(color=css("generalizing"), strokeDash=[3, 3])
    return rule.encode(x=channel)
