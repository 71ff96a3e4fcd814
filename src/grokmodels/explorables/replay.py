"""Replay of one run: a slider over training steps moves its curves and the circle in its embedding."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import altair as alt
import numpy as np
import pandas as pd

from grokmodels.explorables.charts import PAIRS, Chart, Drawing, moment, percent, series
from grokmodels.explorables.controls import Controlled, Slider
from grokmodels.explorables.explorable import Explorable
from grokmodels.explorables.guess import REVEALED, Guess, guessed
from grokmodels.explorables.tables import columns, compact, require_columns
from grokmodels.explorables.words import Readout
from grokmodels.measures.fourier import FloatArray, circle_order, fourier_energy, fourier_plane, project
from grokmodels.palette import CYCLE, css

SETS = ["train_accuracy", "test_accuracy"]
CURVES = [*SETS, "weight_norm", "rule_share"]
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

        curves = history[["step", *CURVES]].sort_values("step", ignore_index=True)
        # A logarithmic axis has no place for zero.
        curves["rule_share"] = curves["rule_share"].where(curves["rule_share"] > 0)
        last_step = int(curves["step"].iloc[-1])
        # An evaluation is the present one until the next.
        curves["until"] = curves["step"].shift(-1, fill_value=max(steps[-1], last_step) + 1)
        half = {name: _half(curves, name) for name in SETS}

        last = np.asarray(embeddings[steps[-1]], dtype=np.float64)
        energy = fourier_energy(last)
        frequency = int(energy.argmax()) + 1
        plane = fourier_plane(last, frequency)
        frames = np.stack([_frame(embeddings[recorded], plane) for recorded in steps])
        order = circle_order(len(last), frequency)
        start = steps[-1] if step is None else step
        super().__init__(
            name=name,
            title=title,
            question=question,
            controls={"step": Slider("Training step", steps, initial=steps[-1], format=",", play=True)},
            charts={
                "accuracy": Chart(
                    _accuracy(last_step),
                    "Accuracy",
                    f"Accuracy on training and on test pairs against training steps, 0 to {last_step:,}. Up to step "
                    "{step}, training accuracy {train_half}, test accuracy {test_half}.",
                    height=210,
                    drag={"x": "step"},
                ),
                "circle": Chart(
                    _circle(1.12 * float(np.abs(frames).max()), len(last)),
                    f"Token embeddings, frequency {frequency}",
                    f"The {len(last)} token embeddings projected on the plane of frequency {frequency}, which holds "
                    f"{energy[frequency - 1]:.0%} of the final embedding and {{held:.0%}} of the one at step {{step}}; "
                    f"colors and the joining line follow {frequency}·a mod {len(last)}.",
                    height=252,
                ),
                "norm": Chart(
                    _line("weight_norm", "ink", last_step, _domain(curves["weight_norm"])),
                    "Weight norm",
                    "Euclidean norm of all weights against training steps: "
                    f"{curves['weight_norm'].iloc[0]:.3g} at first, {{weight_norm:.1f}} at step {{step}}.",
                    height=130,
                    drag={"x": "step"},
                ),
                "rule_share": Chart(
                    _line("rule_share", "generalizing", last_step, _domain(curves["rule_share"], type="log"), "~g"),
                    "Rule share of the test logits",
                    "Share of the squared test logits that obeys the task's symmetry, on a logarithmic axis, against "
                    f"training steps: {curves['rule_share'].min():.2g} at least, {{rule_share:.4f}} at step {{step}}.",
                    height=130,
                    drag={"x": "step"},
                ),
            },
            layout=("accuracy circle", "norm rule_share"),
            readout=(
                Readout("training accuracy", "{train_accuracy:.1%}", "train"),
                Readout("test accuracy", "{test_accuracy:.1%}", "test"),
                Readout("weight norm", "{weight_norm:.1f}", "ink"),
                Readout("rule share", "{rule_share:.4f}", "generalizing"),
            ),
            presets=_presets(steps, *half.values()),
            guess=_guess([recorded for recorded in steps if recorded != start], half["test_accuracy"]),
            data={
                "history": columns(curves),
                "frames": {"step": steps, "x": compact(frames[..., 0]), "y": compact(frames[..., 1])},
                "tokens": {
                    "token": list(range(len(last))),
                    "order": order.tolist(),
                    # Every eighth or so along the circle carries its number.
                    "labeled": _evenly(order, LABELED),
                },
                "readout": columns(_told(curves, steps, half, frames), 6),
            },
            step=start,
        )


def _frame(embedding: FloatArray, plane: FloatArray) -> FloatArray:
    """Tokens in the plane, (p, 2), in units of the root mean square length of the centered embedding."""
    embedding = np.asarray(embedding, dtype=np.float64)
    size = np.sqrt(np.square(embedding - embedding.mean(axis=0)).sum(axis=1).mean())
    return project(embedding, plane) / size


def _half(curves: pd.DataFrame, name: str) -> float:
    """The first step at which an accuracy is one half or more; infinity if there is none."""
    return float(min(curves.loc[curves[name] >= 0.5, "step"], default=math.inf))


def _told(curves: pd.DataFrame, steps: list[int], half: Mapping[str, float], frames: FloatArray) -> pd.DataFrame:
    """One row for every frame: the evaluation that is present there, and what happened before, in words."""
    told = pd.merge_asof(pd.DataFrame({"step": steps}), curves.drop(columns="until"), on="step")
    for name, at in half.items():
        passed = f"first passed one half at step {at:,.0f}"
        told[name.replace("accuracy", "half")] = np.where(told["step"] >= at, passed, "has not passed one half")
    return told.assign(held=np.square(frames).sum(axis=2).mean(axis=1))


def _presets(steps: list[int], learned: float, turned: float) -> dict[str, dict[str, int]]:
    """The ends of the run and, where there is one, its plateau and the step at which test accuracy passes one half."""
    plateau = {"Plateau": (learned + turned) / 2, "Turn": turned} if 2 * learned < turned < math.inf else {}
    shown = {"First step": steps[0]} | plateau | {"Last step": steps[-1]}
    return {words: {"step": _nearest(steps, at)} for words, at in shown.items()}


def _guess(steps: list[int], turned: float) -> Guess | None:
    """Asked a quarter of the way to the step at which test accuracy passes one half."""
    before = [step for step in steps if step < turned < math.inf]
    if not before:
        return None
    return Guess(
        chart="accuracy",
        kind="mark",
        prompt="From what you see up to here: at which step will test accuracy pass one half?",
        state={"step": _nearest(before, turned / 4)},
        answer=f"It was step {turned:,.0f}.",
    )


def _nearest(steps: list[int], at: float) -> int:
    return min(steps, key=lambda step: abs(step - at))


def _evenly(order: Any, count: int) -> list[bool]:
    marked = {round(i * len(order) / count) for i in range(count)}
    return [int(place) in marked for place in order]


def _domain(values: pd.Series, **scale: Any) -> alt.Scale:
    """The scale of the whole run, which holds while most of it is hidden."""
    seen = values[np.isfinite(values)]
    return alt.Scale(domain=[float(seen.min()), float(seen.max())], nice=True, **scale)


def _steps(last: int) -> alt.X:
    return alt.X("step:Q", title="training step", scale=alt.Scale(domain=[0, last], nice=False))


def _course(line: alt.Chart, last: int) -> Drawing:
    """A curve against steps: the whole run faint, the past in full color, a vertical line and a dot at the present."""
    line = line.properties(data=alt.NamedData("history")).encode(x=_steps(last))
    present = "datum.step <= step && step < datum.until"
    now = alt.Chart(alt.NamedData("history")).transform_filter(present).encode(x="step:Q")
    return alt.layer(
        line.transform_filter(REVEALED).mark_line(opacity=0.3, strokeWidth=1.5),
        moment(now),
        line.transform_filter("datum.step <= step").mark_line(strokeWidth=2.5),
        line.transform_filter(present).mark_point(filled=True, size=70, opacity=1),
    )


def _accuracy(last: int) -> Drawing:
    color = series("set", {f"{name}_accuracy": kind for name, kind in PAIRS.items()})
    line = alt.Chart().transform_fold([*SETS], as_=["set", "accuracy"]).encode(y=percent("accuracy"), color=color)
    return alt.layer(_course(line, last), guessed("mark", _steps(last)))


def _line(name: str, color: str, last: int, scale: alt.Scale, style: str = "") -> Drawing:
    y = alt.Y(f"{name}:Q", title=None, scale=scale, axis=alt.Axis(format=style) if style else alt.Axis())
    return _course(alt.Chart().encode(y=y, color=alt.value(css(color))), last)


def _circle(radius: float, p: int) -> Drawing:
    """Tokens in the plane, joined in circular order; equal scales on both axes at any width."""
    short = f"{radius} / min(width, height)"

    def axis(name: str, size: str) -> dict[str, Any]:
        ends = [alt.expr(f"{sign}{size} * {short}") for sign in "-+"]
        scale = alt.Scale(domainMin=ends[0], domainMax=ends[1], nice=False)
        return {"shorthand": f"{name}:Q", "axis": None, "scale": scale}

    base = (
        alt.Chart(alt.NamedData("frames"))
        .transform_filter("datum.step === step")
        .transform_flatten(["x", "y"])
        .transform_window(row="row_number()")
        .transform_calculate(token="datum.row - 1")
        .transform_lookup("token", alt.LookupData(alt.NamedData("tokens"), "token", ["order", "labeled"]))
        .encode(x=alt.X(**axis("x", "width")), y=alt.Y(**axis("y", "height")))
    )
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
