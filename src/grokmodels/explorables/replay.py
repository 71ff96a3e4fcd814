"""Replay of one run: a slider over training steps moves its curves and the circle in its embedding."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import altair as alt
import numpy as np
import pandas as pd

from grokmodels.explorables.charts import Chart, Drawing
from grokmodels.explorables.controls import Controlled, Slider
from grokmodels.explorables.explorable import Explorable, Rows, State, columns, compact, require_columns
from grokmodels.explorables.page import to_rows
from grokmodels.measures.fourier import FloatArray, circle_order, fourier_energy, fourier_plane, project
from grokmodels.palette import CYCLE, css

CURVES = ["train_accuracy", "test_accuracy", "weight_norm", "rule_share"]
READOUT = [
    ("train_accuracy", "training accuracy", ".1%", "train"),
    ("test_accuracy", "test accuracy", ".1%", "test"),
    ("weight_norm", "weight norm", ".1f", "ink"),
    ("rule_share", "rule share", ".4f", "generalizing"),
]
LABELED = 12


class Replay(Explorable):
    """One recorded run, replayed: accuracy, weight norm, rule share and embedding circle against training steps.

    ``history``: one row per evaluation, with columns ``step``, ``train_accuracy``, ``test_accuracy`` (shares of one),
    ``weight_norm`` and ``rule_share`` (held-out inputs; NaN where undefined); others are ignored. ``embeddings``: step
    → token embedding (p, d), p odd; its steps are the slider's positions. ``step`` is where the slider starts.

    The circle is seen in a plane fixed by the last embedding: that of its strongest frequency k
    (:func:`~grokmodels.measures.fourier.fourier_plane`). Every frame is projected onto this same plane and tokens are
    joined in the order of k·a mod p: the circle is not fitted, it emerges. Lengths are in units of the frame's root
    mean square embedding, so that the mean squared radius is the share of the embedding that lies in this plane.
    """

    step = Controlled()

    kernel = """(state, data) => {
      const { history, frames } = data;
      const frame = frames.step.indexOf(state.step);
      if (frame < 0) throw new RangeError(`No network was recorded at step ${state.step}.`);
      const rows = history.step.map((_, i) =>
        Object.fromEntries(Object.keys(history).map((name) => [name, history[name][i]])));
      const past = rows.filter((row) => row.step <= state.step);
      const now = past[past.length - 1];
      const { label, value, format, color } = data.words;
      return {
        past,
        now: [now],
        circle: data.tokens.token.map((token, i) => ({
          token, order: data.tokens.order[i], labeled: data.tokens.labeled[i],
          x: frames.x[frame][i], y: frames.y[frame][i],
        })),
        readout: value.map((name, i) => ({
          label: label[i], value: now[name], format: format[i], color: color[i],
        })),
      };
    }"""

    def __init__(
        self,
        *,
        history: pd.DataFrame,
        embeddings: Mapping[int, FloatArray],
        step: int | None = None,
        name: str = "replay",
        title: str = "Replay of one training run",
        question: str = (
            "Drag through the plateau: which of the four pictures tells you first that the network is about to "
            "generalize?"
        ),
    ) -> None:
        require_columns("history", history, ["step", *CURVES])
        steps = sorted(int(recorded) for recorded in embeddings)
        if steps[0] < history["step"].min():
            raise ValueError(f"embeddings: step {steps[0]} is before the first evaluation")

        curves = history[["step", *CURVES]].sort_values("step")
        # A logarithmic axis has no place for zero.
        curves = curves.assign(rule_share=curves["rule_share"].where(curves["rule_share"] > 0))
        last = np.asarray(embeddings[steps[-1]], dtype=np.float64)
        energy = fourier_energy(last)
        frequency = int(energy.argmax()) + 1
        plane = fourier_plane(last, frequency)
        frames = np.stack([_frame(embeddings[recorded], plane) for recorded in steps])
        order = circle_order(len(last), frequency)
        data = {
            "history": columns(curves),
            "frames": {"step": steps, "x": compact(frames[..., 0]), "y": compact(frames[..., 1])},
            "tokens": {
                "token": list(range(len(last))),
                "order": order.tolist(),
                # Every eighth or so along the circle carries its number.
                "labeled": _evenly(order, LABELED),
            },
            "words": columns(pd.DataFrame(READOUT, columns=["value", "label", "format", "color"])),
        }
        last_step = int(curves["step"].iloc[-1])
        radius = 1.12 * float(np.abs(frames).max())
        share = energy[frequency - 1]
        super().__init__(
            name=name,
            title=title,
            question=question,
            controls={
                "step": Slider("Training step", steps, initial=steps[-1], format=",", play=True),
            },
            charts={
                "accuracy": Chart(
                    _accuracy(last_step),
                    "Accuracy",
                    f"Accuracy on training and on test pairs against training steps, 0 to {last_step:,}. Training "
                    f"accuracy first passes one half at step {_crossing(curves, 'train_accuracy')}, test accuracy "
                    f"at step {_crossing(curves, 'test_accuracy')}.",
                    height=210,
                    drag={"x": "step"},
                ),
                "circle": Chart(
                    _circle(radius, len(last)),
                    f"Token embeddings, frequency {frequency}",
                    f"The {len(last)} token embeddings projected on the plane of frequency {frequency}, which holds "
                    f"{share:.0%} of the final embedding; colors and the joining line follow {frequency}·a mod "
                    f"{len(last)}. In the last frame the tokens lie near a circle in that order.",
                    height=252,
                ),
                "norm": Chart(
                    _line("weight_norm", "ink", last_step, alt.Scale(zero=False)),
                    "Weight norm",
                    f"Euclidean norm of all weights against training steps: {curves['weight_norm'].iloc[0]:.3g} at "
                    f"first, at most {curves['weight_norm'].max():.3g}, {curves['weight_norm'].iloc[-1]:.3g} at last.",
                    height=130,
                    drag={"x": "step"},
                ),
                "rule_share": Chart(
                    _line("rule_share", "generalizing", last_step, alt.Scale(type="log"), "~g"),
                    "Rule share of the test logits",
                    f"Share of the squared test logits that obeys the task's symmetry, on a logarithmic axis, against "
                    f"training steps: {curves['rule_share'].min():.2g} at least, {curves['rule_share'].iloc[-1]:.2g} "
                    "at last.",
                    height=130,
                    drag={"x": "step"},
                ),
            },
            layout=("accuracy circle", "norm rule_share"),
            data=data,
            **({} if step is None else {"step": step}),
        )

    def rows(self, state: State) -> Rows:
        """Datasets ``past``, ``now``, ``circle`` and ``readout`` at ``state["step"]``."""
        history, frames, tokens = self.data["history"], self.data["frames"], self.data["tokens"]
        if state["step"] not in frames["step"]:
            raise ValueError(f"No network was recorded at step {state['step']}.")
        frame = frames["step"].index(state["step"])
        rows = to_rows(history)
        past = [row for row in rows if row["step"] <= state["step"]]
        now = past[-1]
        circle = [
            {"token": token, "order": order, "labeled": labeled, "x": x, "y": y}
            for token, order, labeled, x, y in zip(
                *tokens.values(), frames["x"][frame], frames["y"][frame], strict=True
            )
        ]
        readout: list[dict[str, Any]] = [
            {"label": label, "value": now[name], "format": style, "color": color}
            for name, label, style, color in READOUT
        ]
        return {"past": past, "now": [now], "circle": circle, "readout": readout}


def _frame(embedding: FloatArray, plane: FloatArray) -> FloatArray:
    """Tokens in the plane, (p, 2), in units of the root mean square length of the centered embedding."""
    embedding = np.asarray(embedding, dtype=np.float64)
    size = np.sqrt(np.square(embedding - embedding.mean(axis=0)).sum(axis=1).mean())
    return project(embedding, plane) / size


def _steps(last: int) -> alt.X:
    return alt.X("step:Q", title="training step", scale=alt.Scale(domain=[0, last], nice=False))


def _evenly(order: Any, count: int) -> list[bool]:
    marked = {round(i * len(order) / count) for i in range(count)}
    return [int(place) in marked for place in order]


def _crossing(curves: pd.DataFrame, name: str) -> str:
    above = curves.loc[curves[name] >= 0.5, "step"]
    return f"{int(above.iloc[0]):,}" if len(above) else "(none within the run)"


def _now() -> alt.Chart:
    """A vertical line at the present step."""
    return alt.Chart(alt.NamedData("now")).mark_rule(color=css("muted"), strokeDash=[3, 3]).encode(x="step:Q")


def _accuracy(last: int) -> Drawing:
    """Whole run faint, the past in full color, a dot at the present."""
    names = ["train_accuracy", "test_accuracy"]
    base = alt.Chart().transform_fold([*names], as_=["set", "accuracy"])
    color = alt.Color(
        "set:N",
        scale=alt.Scale(domain=names, range=[css("train"), css("test")]),
        legend=alt.Legend(labelExpr="{train_accuracy: 'training pairs', test_accuracy: 'test pairs'}[datum.value]"),
    )
    y = alt.Y("accuracy:Q", title=None, scale=alt.Scale(domain=[0, 1]), axis=alt.Axis(format="%"))
    line = base.encode(x=_steps(last), y=y, color=color)

    def of(data: str, chart: alt.Chart) -> alt.Chart:
        return chart.properties(data=alt.NamedData(data))

    return alt.layer(
        of("history", line.mark_line(opacity=0.3, strokeWidth=1.5)),
        _now(),
        of("past", line.mark_line(strokeWidth=2.5)),
        of("now", line.mark_point(filled=True, size=70, opacity=1)),
    )


def _line(name: str, color: str, last: int, scale: alt.Scale, style: str = "") -> Drawing:
    """One column against steps: whole run faint, the past in full color, a dot at the present."""
    y = alt.Y(f"{name}:Q", title=None, scale=scale, axis=alt.Axis(format=style) if style else alt.Axis())

    def of(data: str) -> alt.Chart:
        return alt.Chart(alt.NamedData(data)).encode(x=_steps(last), y=y)

    return alt.layer(
        of("history").mark_line(color=css(color), opacity=0.3, strokeWidth=1.5),
        _now(),
        of("past").mark_line(color=css(color), strokeWidth=2.5),
        of("now").mark_point(color=css(color), filled=True, size=70, opacity=1),
    )


def _circle(radius: float, p: int) -> Drawing:
    """Tokens in the plane, joined in circular order; equal scales on both axes at any width."""
    short = f"{radius} / min(width, height)"

    def axis(name: str, size: str) -> dict[str, Any]:
        ends = [alt.expr(f"{sign}{size} * {short}") for sign in "-+"]
        scale = alt.Scale(domainMin=ends[0], domainMax=ends[1], nice=False)
        return {"shorthand": f"{name}:Q", "axis": None, "scale": scale}

    base = alt.Chart(alt.NamedData("circle")).encode(x=alt.X(**axis("x", "width")), y=alt.Y(**axis("y", "height")))
    number = base.transform_filter("datum.labeled").encode(text="token:Q")
    hue = alt.Color("order:Q", scale=alt.Scale(domain=[0, p], range=list(CYCLE)), legend=None)
    return alt.layer(
        base.mark_line(color=css("muted"), opacity=0.35, strokeWidth=1, interpolate="linear-closed").encode(
            order="order:Q"
        ),
        base.mark_point(filled=True, size=48, opacity=1).encode(
            color=hue, tooltip=[alt.Tooltip("token:Q", title="token")]
        ),
        # A halo in the color of the page keeps numbers legible on the crowd.
        number.mark_text(dy=-12, fontSize=12, stroke=css("surface"), strokeWidth=4, strokeJoin="round"),
        number.mark_text(dy=-12, fontSize=12, color=css("ink")),
    )
