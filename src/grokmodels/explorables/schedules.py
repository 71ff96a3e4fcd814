"""A decay schedule shaped by the reader: what the toy makes of it, beside the runs whose schedule is nearest."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import Any

import altair as alt
import numpy as np
import pandas as pd
from scipy.optimize import brentq

from grokmodels.explorables.charts import Chart, Drawing
from grokmodels.explorables.clock import FOLLOW_PIECES, follow_pieces, takeover
from grokmodels.explorables.controls import Controlled, Slider, grid
from grokmodels.explorables.explorable import Explorable, Rows, State, columns, compact, require_columns
from grokmodels.explorables.formulas import Limits, formula_kernel, require_within
from grokmodels.explorables.page import to_rows
from grokmodels.palette import css
from grokmodels.recipes.schedules import Schedule
from grokmodels.theory.circuits import FLOW_OF, Circuits
from grokmodels.theory.integrate import pieces
from grokmodels.theory.plateau import grokking_decay_time

# Steps shown, and those at which the toy is seen.
HORIZON = 6000
STEPS = [*range(0, HORIZON + 1, 50)]
SUBSTEPS = 6
# The toy's time per unit of Σ η: a network's decay of 1 is a decay of 0.1 in the toy, and Λ is the same in both.
TOY_DECAY = 0.1
MEMORIZING = 0.5
# Evaluations kept of each recorded run.
KEPT = 40

LIMITS: Limits = {
    "strength": (0.01, 10, "Undefined here: the decay must be positive, from 0.01 to 10."),
    "start": (0, HORIZON, f"Undefined here: the decay starts at a step from 0 to {HORIZON}."),
    "ramp": (0, HORIZON, f"Undefined here: a ramp takes from 0 to {HORIZON} steps."),
    "pause": (0, HORIZON, f"Undefined here: a pause begins at a step from 0 to {HORIZON}."),
    "length": (0, HORIZON, f"Undefined here: a pause takes from 0 to {HORIZON} steps."),
}


class Schedules(Explorable):
    """Start, ramp, pause and strength of the decay; the toy's share and Λ beside the nearest recorded schedule.

    ``history``: columns ``schedule``, ``seed``, ``step``, ``decay_time``, ``test_accuracy``, one row per evaluation of
    each recorded run. ``milestones``: ``schedule``, ``seed``, ``t_gen``, ``clock`` (Λ there), ``t_gen_censored``, one
    row per run. ``schedules`` maps the names to (weight decay, schedule), all with one ``learning_rate``. The toy is of
    degree 2 with efficiency ``ratio``; its seed v is chosen so that it turns at the decay time ``turn`` under a
    constant decay of 1. Nothing else is fitted. Nearest is the recorded schedule whose Λ(step) differs least (root of
    the mean square over steps) while Λ is below 1.5 ``turn``. ValueError for missing columns, names that are not in all
    three, and a turn that the toy does not show from such seeds.
    """

    strength = Controlled()
    start = Controlled()
    ramp = Controlled()
    pause = Controlled()
    length = Controlled()

    kernel = formula_kernel(
        """(state, data) => {
      const { strength, start, ramp, pause, length } = state;
      const [ratio, rate, cap, u, v] = data.toy.value;
      const inside = [start, start + ramp, pause, pause + length].filter((x) => x > 0 && x < horizon);
      const corners = [...new Set([0, ...inside, horizon])].sort((a, b) => a - b);
      const along = corners.slice(1).map((end, i) => {
        const begin = corners[i];
        const middle = (begin + end) / 2;
        if ((pause < middle && middle < pause + length) || middle < start) return [begin, end, 0, 0];
        return middle < start + ramp ? [begin, end, (begin - start) / ramp, (end - start) / ramp] : [begin, end, 1, 1];
      });
      const area = (step) => along.reduce((sum, [begin, end, first, last]) => {
        const until = Math.min(Math.max(step, begin), end);
        return sum + (until - begin) * (first + (last - first) * (until - begin) / (end - begin) / 2);
      }, 0);
      const scale = rate / toyDecay;
      const velocity = (u, v, decay) => logisticFlow(u, v, 2, 1, ratio, decay / scale).map((x) => scale * x);
      const { t, seen } = followPieces(velocity, [u, v], along, rate * strength, steps, substeps);
      const lead = seen.map(([u, v]) => Math.log(ratio) + 2 * Math.log(v / u));
      const curves = seen.map(([, , decay_time], i) => ({ t: t[i], decay_time, share: 1 / (1 + Math.exp(-lead[i])) }));
      const half = takeover(lead, curves).map(({ t, decay_time }) => ({ step: t, decay_time }));
      const mine = steps.map((step) => Math.min(area(step) * rate * strength, cap));
      const distances = data.clocks.decay_time.map((values) => Math.sqrt(values.reduce(
        (sum, value, i) => sum + (mine[i] - Math.min(value, cap)) ** 2, 0) / steps.length));
      const best = distances.indexOf(Math.min(...distances));
      const nearestName = data.clocks.schedule[best];
      const rows = (columns) => columns.schedule.flatMap((schedule, i) => schedule === nearestName
        ? [Object.fromEntries(Object.keys(columns).map((name) => [name, columns[name][i]]))] : []);
      const chosen = rows(data.times);
      const median = (name) => {
        const sorted = chosen.map((row) => row.t_gen === null ? Infinity : row[name]).sort((a, b) => a - b);
        const value = (sorted[Math.floor((sorted.length - 1) / 2)] + sorted[Math.floor(sorted.length / 2)]) / 2;
        return Number.isFinite(value) ? value : null;
      };
      const { step: at, decay_time: spent } = half[0] ?? { step: null, decay_time: null };
      return {
        curves: curves.map(({ t, decay_time, share }) => ({ step: t, decay_time, share })),
        half,
        decays: along.flatMap(([begin, end, first, last]) => [
          { step: begin, decay: strength * first }, { step: end, decay: strength * last },
        ]),
        nearest: rows(data.pieces).flatMap(({ begin, end, first, last }) => [
          { step: begin, decay: first }, { step: end, decay: last },
        ]),
        dashed: data.clocks.decay_time[best].map((decay_time, i) => ({ step: steps[i], decay_time })),
        runs: rows(data.records).flatMap(({ seed, step, decay_time, accuracy }) => accuracy.map((value, i) => ({
          run: seed, step: step[i], decay_time: decay_time[i], accuracy: value,
        }))),
        name: [{ name: `nearest: ${nearestName}, ${chosen.length} seeds` }],
        readout: [
          { label: "the toy turns at step", value: at, format: ",.0f", color: "generalizing" },
          { label: "at Λ", value: spent, format: ".2f", color: "generalizing" },
          { label: "nearest runs (median) at step", value: median("t_gen"), format: ",.0f", color: "test" },
          { label: "at Λ", value: median("clock"), format: ".2f", color: "test" },
        ],
      };
    }""",
        FLOW_OF["logistic"],
        FOLLOW_PIECES,
        limits=LIMITS,
        toyDecay=TOY_DECAY,
        horizon=HORIZON,
        steps=STEPS,
        substeps=SUBSTEPS,
    )

    def __init__(
        self,
        *,
        history: pd.DataFrame,
        milestones: pd.DataFrame,
        schedules: Mapping[str, tuple[float, Schedule]],
        turn: float,
        ratio: float = 1.6,
        learning_rate: float = 0.003,
        name: str = "schedules",
        title: str = "Shape the decay",
        question: str = (
            "Find two schedules that turn at least 1,500 steps apart. How far apart are they in accumulated decay?"
        ),
        **state: Any,
    ) -> None:
        require_columns("history", history, ["schedule", "seed", "step", "decay_time", "test_accuracy"])
        require_columns("milestones", milestones, ["schedule", "seed", "t_gen", "clock", "t_gen_censored"])
        names = set(schedules)
        without = names ^ set(history["schedule"]) | names ^ set(milestones["schedule"])
        if without:
            raise ValueError(
                f"schedules: runs and schedules must have the same names; {sorted(without)} are not in all"
            )

        # A smaller seed turns later; the bracket holds any turn that a network of the book has shown.
        model = Circuits(generalizing_efficiency=ratio, weight_decay=TOY_DECAY)
        bracket = -12, np.log10(0.4)
        latest, soonest = (grokking_decay_time(model, MEMORIZING, 10**x) for x in bracket)
        # A seed that is ahead from the start has its turn before it.
        soonest = max(soonest, 0.0)
        if not soonest < turn <= latest:
            raise ValueError(
                f"turn: got {turn}; must be above {soonest:.3g}, at most {latest:.3g} at the ratio {ratio}"
            )
        exponent = brentq(lambda x: grokking_decay_time(model, MEMORIZING, 10**x) - turn, *bracket)
        cap = 1.5 * turn
        straight = {
            label: [[*corner[:2], base * corner[2], base * corner[3]] for corner in pieces(schedule, HORIZON)]
            for label, (base, schedule) in schedules.items()
        }
        clocks = {label: [learning_rate * area for area in _areas(parts)] for label, parts in straight.items()}
        super().__init__(
            name=name,
            title=title,
            question=question,
            controls={
                "strength": Slider("Decay λ", grid(0.2, 1, 0.1), 1.0, format=".1f"),
                "start": Slider("Starts at step", grid(0, 3000, 100), 0, format=","),
                "ramp": Slider("Ramp takes", grid(0, 4000, 200), 0, unit="steps", format=","),
                "pause": Slider("Pause from step", grid(0, 3000, 100), 400, format=","),
                "length": Slider("Pause takes", grid(0, 3000, 100), 0, unit="steps", format=",", names={0: "0"}),
            },
            charts={
                "share": Chart(
                    _share("step:Q", "training step", HORIZON),
                    "Against training steps: the toy's share (thick), test accuracy of the nearest runs (thin)",
                    "Generalizing share of the toy and test accuracy of recorded runs against training steps: both "
                    "rise from near zero to one, at a step that moves with the schedule.",
                    height=200,
                ),
                "clock": Chart(
                    _share("decay_time:Q", "accumulated decay Λ", cap),
                    "The same, against accumulated decay Λ",
                    "The same curves against accumulated decay: under every schedule they rise at nearly one value.",
                    height=200,
                ),
                "decay": Chart(
                    _decay(),
                    "Your decay (gray), the nearest recorded one (dashed)",
                    "Weight decay against training steps: the chosen schedule as an area, the nearest recorded one "
                    "as a dashed line, with its name.",
                    height=130,
                ),
                "curves": Chart(
                    _clocks(cap),
                    "Λ: yours (thick), nearest (dashed), all recorded (thin)",
                    "Accumulated decay against training steps for the chosen schedule, the nearest recorded one "
                    "and all others; a level line marks where the toy turns.",
                    height=130,
                ),
            },
            layout=("share clock", "decay curves"),
            data={
                "toy": {
                    "name": ["ratio", "rate", "cap", "u", "v"],
                    "value": [ratio, learning_rate, cap, MEMORIZING, float(f"{10**exponent:.6g}")],
                },
                "records": _records(history),
                "times": columns(
                    milestones[["schedule", "seed", "t_gen", "clock"]].assign(
                        t_gen=milestones["t_gen"].where(~milestones["t_gen_censored"].astype(bool), np.inf)
                    )
                ),
                "pieces": columns(
                    pd.DataFrame(
                        [(label, *corner) for label, parts in straight.items() for corner in parts],
                        columns=["schedule", "begin", "end", "first", "last"],
                    )
                ),
                "clocks": {"schedule": list(clocks), "decay_time": compact(list(clocks.values()))},
                "recorded": columns(
                    pd.DataFrame(
                        [
                            (label, step, decay_time)
                            for label, values in clocks.items()
                            for step, decay_time in zip(STEPS, values, strict=True)
                            if step % 200 == 0
                        ],
                        columns=["schedule", "step", "decay_time"],
                    )
                ),
            },
            **state,
        )

    def rows(self, state: State) -> Rows:
        """Datasets: of the toy ``curves``, ``half``, ``decays``; of the nearest runs the others; and ``readout``."""
        require_within(LIMITS, state)
        flow, (ratio, rate, cap, *circuits) = FLOW_OF["logistic"], self.data["toy"]["value"]
        scale = rate / TOY_DECAY
        along = shape(state)

        def velocity(u: Any, v: Any, decay: Any) -> Any:
            u_dot, v_dot = flow(u, v, 2, 1, ratio, decay / scale)
            return scale * u_dot, scale * v_dot

        t, seen = follow_pieces(velocity, circuits, along, rate * state["strength"], STEPS, SUBSTEPS)
        u, v, decay_time = seen.T
        lead = np.log(ratio) + 2 * np.log(v / u)
        share = 1 / (1 + np.exp(-lead))
        half = takeover(lead, {"t": t, "decay_time": decay_time})
        mine = np.minimum([area * rate * state["strength"] for area in _areas(along)], cap)
        names = self.data["clocks"]["schedule"]
        distances = [
            float(np.sqrt(np.mean((mine - np.minimum(values, cap)) ** 2)))
            for values in self.data["clocks"]["decay_time"]
        ]
        best = int(np.argmin(distances))
        chosen = [row for row in to_rows(self.data["times"]) if row["schedule"] == names[best]]
        median = {
            name: _median([row[name] if row["t_gen"] is not None else np.inf for row in chosen])
            for name in ("t_gen", "clock")
        }
        at, spent = (half[0]["t"], half[0]["decay_time"]) if half else (None, None)
        return {
            "curves": [
                {"step": float(a), "decay_time": float(b), "share": float(c)}
                for a, b, c in zip(t, decay_time, share, strict=True)
            ],
            "half": [{"step": row["t"], "decay_time": row["decay_time"]} for row in half],
            "decays": [
                {"step": float(step), "decay": float(state["strength"] * factor)}
                for begin, end, first, last in along
                for step, factor in ((begin, first), (end, last))
            ],
            "nearest": [
                {"step": step, "decay": decay}
                for row in to_rows(self.data["pieces"])
                if row["schedule"] == names[best]
                for step, decay in ((row["begin"], row["first"]), (row["end"], row["last"]))
            ],
            "dashed": [
                {"step": step, "decay_time": decay_time}
                for step, decay_time in zip(STEPS, self.data["clocks"]["decay_time"][best], strict=True)
            ],
            "runs": [
                {"run": row["seed"], "step": row["step"][i], "decay_time": row["decay_time"][i], "accuracy": accuracy}
                for row in to_rows(self.data["records"])
                if row["schedule"] == names[best]
                for i, accuracy in enumerate(row["accuracy"])
            ],
            "name": [{"name": f"nearest: {names[best]}, {len(chosen)} seeds"}],
            "readout": [
                {"label": "the toy turns at step", "value": at, "format": ",.0f", "color": "generalizing"},
                {"label": "at Λ", "value": spent, "format": ".2f", "color": "generalizing"},
                {"label": "nearest runs (median) at step", "value": median["t_gen"], "format": ",.0f", "color": "test"},
                {"label": "at Λ", "value": median["clock"], "format": ".2f", "color": "test"},
            ],
        }


def shape(state: State) -> list[tuple[float, float, float, float]]:
    """The straight pieces (begin, end, first factor, last factor) of the chosen schedule, up to the horizon."""
    start, ramp, pause, length = (float(state[name]) for name in ("start", "ramp", "pause", "length"))
    corners = sorted(
        {0.0, float(HORIZON), *(x for x in (start, start + ramp, pause, pause + length) if 0 < x < HORIZON)}
    )
    along = []
    for begin, end in pairwise(corners):
        middle = (begin + end) / 2
        if pause < middle < pause + length or middle < start:
            along.append((begin, end, 0.0, 0.0))
        elif middle < start + ramp:
            along.append((begin, end, (begin - start) / ramp, (end - start) / ramp))
        else:
            along.append((begin, end, 1.0, 1.0))
    return along


def _areas(along: Any) -> Iterator[float]:
    """∫ factor up to each of the steps."""
    for step in STEPS:
        area = 0.0
        for begin, end, first, last in along:
            until = min(max(step, begin), end)
            part = (until - begin) / (end - begin)
            area += (until - begin) * (first + (last - first) * part / 2)
        yield area


def _records(history: pd.DataFrame) -> dict[str, list[Any]]:
    """One record per run, with lists ``step``, ``decay_time`` and ``accuracy`` at some evenly spaced evaluations."""
    records: dict[str, list[Any]] = {name: [] for name in ("schedule", "seed", "step", "decay_time", "accuracy")}
    for _, run in history[history["step"] <= HORIZON].groupby(["schedule", "seed"], sort=False):
        kept = run.iloc[np.unique(np.linspace(0, len(run) - 1, KEPT).round().astype(int))]
        records["schedule"].append(str(run["schedule"].iloc[0]))
        records["seed"].append(int(run["seed"].iloc[0]))
        for ours, theirs in (("step", "step"), ("decay_time", "decay_time"), ("accuracy", "test_accuracy")):
            records[ours].append(compact(kept[theirs].tolist(), 3))
    return records


def _median(values: list[float]) -> float | None:
    middle = float(np.median(values))
    return middle if np.isfinite(middle) else None


STEP_AXIS = alt.X(
    "step:Q",
    title="training step",
    scale=alt.Scale(domain=[0, HORIZON], nice=False),
    axis=alt.Axis(format="~s"),
)


def _share(channel: str, title: str, last: float) -> Drawing:
    axis = alt.Axis(format="~s") if channel == "step:Q" else alt.Axis()
    x = alt.X(channel, title=title, scale=alt.Scale(domain=[0, last], nice=False), axis=axis)
    scale = alt.Scale(domain=[0, 1])
    runs = alt.Chart(alt.NamedData("runs")).mark_line(clip=True, strokeWidth=1.2, opacity=0.6, color=css("test"))
    toy = alt.Chart(alt.NamedData("curves")).mark_line(clip=True, strokeWidth=3, color=css("generalizing"))
    turn = alt.Chart(alt.NamedData("half")).mark_rule(color=css("generalizing"), strokeDash=[3, 3])
    y = alt.Axis(format="%")
    return alt.layer(
        turn.encode(x=x),
        runs.encode(x=x, y=alt.Y("accuracy:Q", title=None, scale=scale, axis=y), detail="run:N"),
        toy.encode(x=x, y=alt.Y("share:Q", title=None, scale=scale, axis=y)),
    )


def _decay() -> Drawing:
    axis = alt.Axis(values=[0, 0.5, 1])
    y = alt.Y("decay:Q", title=None, scale=alt.Scale(domain=[0, 1.25], nice=False), axis=axis, stack=None)
    mine = alt.Chart(alt.NamedData("decays")).mark_area(
        color=css("track"), opacity=0.5, line={"color": css("ink"), "strokeWidth": 1.5}
    )
    theirs = alt.Chart(alt.NamedData("nearest")).mark_line(color=css("test"), strokeDash=[5, 4], strokeWidth=1.5)
    words = alt.Chart(alt.NamedData("name")).mark_text(align="left", baseline="top", fontSize=12, color=css("test"))
    return alt.layer(
        mine.encode(x=STEP_AXIS, y=y),
        theirs.encode(x=STEP_AXIS, y=y),
        words.encode(x=alt.value(4), y=alt.value(0), text="name:N"),
    )


def _clocks(cap: float) -> Drawing:
    y = alt.Y("decay_time:Q", title=None, scale=alt.Scale(domain=[0, cap], nice=False))

    def of(name: str, **style: Any) -> alt.Chart:
        return alt.Chart(alt.NamedData(name)).mark_line(clip=True, **style).encode(x=STEP_AXIS, y=y)

    turn = alt.Chart(alt.NamedData("half")).mark_rule(color=css("generalizing"), strokeDash=[3, 3])
    return alt.layer(
        turn.encode(y=y),
        of("recorded", color=css("muted"), strokeWidth=0.7, opacity=0.5).encode(detail="schedule:N"),
        of("dashed", color=css("test"), strokeDash=[5, 4], strokeWidth=2),
        of("curves", color=css("ink"), strokeWidth=2.5),
    )
