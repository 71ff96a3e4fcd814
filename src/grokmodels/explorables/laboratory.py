"""The laboratory: a network that trains in the page, with everything about it in the reader's hands."""

from __future__ import annotations

from math import cos, pi, sin
from pathlib import Path
from typing import Any

import altair as alt

from grokmodels.explorables.charts import PAIRS, Chart, Drawing, log_steps, percent, powers, series
from grokmodels.explorables.controls import Choice, Control, Controlled, Slider, grid
from grokmodels.explorables.engine import wasm_base64, worker_text
from grokmodels.explorables.explorable import Rows
from grokmodels.explorables.guess import Guess, guessed
from grokmodels.explorables.program import Program, Script
from grokmodels.explorables.raster import Kind, Raster
from grokmodels.explorables.recording import KNOWN_RUNS, TRAINEES, Trained, record
from grokmodels.explorables.tables import compact
from grokmodels.explorables.words import Readout, State
from grokmodels.palette import CYCLE, css
from grokmodels.recipes import Architecture, Experiment, Modular, Optimizer

_HERE = Path(__file__).parent

# What a reader first meets: it generalizes within seconds.
BASE = Experiment(
    task=Modular(p=31),
    fraction=0.6,
    architecture=Architecture(layers=1, width=32),
    optimizer=Optimizer(learning_rate=5e-3, weight_decay=1.0),
    batch_size=None,
    steps=20_000,
    evaluate_every=10,
    stop_when_generalized=True,
)
# The weakest decays are for Adam + L2, the largest rates for SGD.
DECAYS = [0, 0.001, 0.003, 0.01, 0.03, 0.1, 0.2, 0.3, 0.5, 1, 2, 3, 5]
RATES = [0.000625, 0.00125, 0.0025, 0.003, 0.005, 0.01, 0.02, 0.05, 0.1, 0.3]
# One turn of the clock hand, in accumulated decay.
TURN = 6
# Where the recording ends at the latest: a network that does not generalize is not waited for.
RECORDED = 3000
FRAMES = 60
COLUMNS = ("step", "decay_time", "train_accuracy", "test_accuracy", "weight_norm", "rule_share", "m_hat")
RECIPE = Script(_HERE / "laboratory_recipe.js")
RECORDING = Script(_HERE / "laboratory_recorded.js", needs=(KNOWN_RUNS, Script(_HERE / "laboratory_rows.js")))

# By the number that the engine gives a cell: 2 · part + right.
CELLS = (
    Kind("test", 0.0, "held out, wrong"),
    Kind("test", 1.0, "held out, right"),
    Kind("train", 0.25, "shown, wrong"),
    Kind("train", 1.0, "shown, right"),
    Kind("track", 0.45, "taken away", legend=False),
    Kind("track", 1.0, "taken away, yet right", legend=False),
)


class Laboratory(Trained):
    """A transformer trained in the page by the reader, from any state of the controls; at first a recorded run of it.

    Weight decay, learning rate, batch size and the share of the data in use act while it trains; every other control
    begins a new run. ``shown`` is the control beside which the others are folded. ``compact`` shows the table and the
    accuracy only, of a network that has not begun to train: for a question in a chapter that only trying answers.
    """

    weight_decay = Controlled()
    learning_rate = Controlled()
    batch_size = Controlled()
    data_share = Controlled()
    task = Controlled()
    p = Controlled()
    fraction = Controlled()
    network = Controlled()
    norm = Controlled()
    optimizer = Controlled()
    seed = Controlled()
    twin = Controlled()

    process = Program(_HERE / "laboratory.js", RECIPE, RECORDING, TRAINEES)
    recipe = Program(_HERE / "laboratory_recipe.js")
    _shown = Program(_HERE / "laboratory_recorded.js", RECORDING)

    def __init__(
        self,
        *,
        name: str = "laboratory",
        title: str = "A network that trains as you watch",
        question: str = "When does it find the rule, and what does weight decay have to do with it?",
        shown: str = "weight_decay",
        compact: bool = False,
        **state: Any,
    ) -> None:
        first: dict[str, Chart | Raster] = {"table": _table(), "accuracy": Chart(_accuracy(), **_ACCURACY)}
        super().__init__(
            name=name,
            title=title,
            question=question,
            controls={shown: _controls()[shown]} | _controls(),
            charts=first if compact else first | _inside(),
            layout=_LAYOUT[:1] if compact else _LAYOUT,
            readout=_READOUT,
            presets={} if compact else PRESETS,
            guess=Guess(
                chart="accuracy",
                kind="mark",
                prompt="At which step will test accuracy pass one half?",
                state={},
                answer="It passed one half at step {turned:,.0f}.",
                awaits="turned",
            ),
            data={
                "base": BASE.model_dump(mode="json"),
                "worker": worker_text(),
                "wasm": wasm_base64(),
                "rim": _rim(),
                "hours": _hours(),
            },
            **state,
        )
        last = 0 if compact else RECORDED
        self.data = {**self.data, "recording": record(self.experiment(self.state), last, FRAMES, COLUMNS, _drawn)}

    def rows(self, state: State) -> Rows:
        """What the page shows at first: the end of the recorded run."""
        return self._shown.start({})(self.data["recording"])


def _controls() -> dict[str, Control]:
    return {
        "weight_decay": Slider("Weight decay λ", DECAYS, 1, names={0: "none"}),
        "learning_rate": Slider("Learning rate", RATES, 5e-3),
        "batch_size": Choice("Batch", {size: size for size in ("32", "64", "128", "256", "512", "full")}, "full"),
        "data_share": Slider("Of the shown pairs, in use", grid(0.1, 1, 0.05), 1.0, format=".0%"),
        "task": Choice(
            "Task", {"add": "a + b", "subtract": "a − b", "multiply": "a · b", "random": "random labels"}, "add"
        ),
        "p": Slider("Modulo p", [p for p in range(11, 98) if all(p % d for d in range(2, 10))], 31, format="d"),
        "fraction": Slider("Share of the table shown", grid(0.2, 0.9, 0.05), 0.6, format=".0%"),
        "network": Choice("Network", {"small": "1 layer, width 32", "real": "2 layers, width 64"}, "small"),
        "norm": Choice("LayerNorm", {"pre": "yes", "none": "none"}, "pre"),
        "optimizer": Choice("Optimizer", {"adamw": "AdamW", "adam": "Adam + L2", "sgd": "SGD"}, "adamw"),
        "seed": Slider("Seed", list(range(20)), 0, format="d"),
        "twin": Choice(
            "Beside it, from the same weights",
            {"none": "nothing", "zero": "no decay", "tenth": "a tenth", "thrice": "three times the decay"},
            "none",
        ),
    }


PRESETS: dict[str, State] = {
    "No decay": {"weight_decay": 0},
    "Random labels": {"task": "random"},
    # Full batches at a small rate keep the weights so quiet that the rule does not grow: a smaller batch makes it turn.
    "Quiet full batch": {"learning_rate": 0.00125, "weight_decay": 2},
    "The real one": {"p": 97, "fraction": 0.4, "network": "real", "batch_size": "512"}
    | {"learning_rate": 3e-3, "weight_decay": 1},
}

_LAYOUT = (
    "table table accuracy accuracy accuracy accuracy",
    "clock clock circles circles circles circles",
    "norm norm norm share share share",
)

_READOUT = (
    Readout("step", "{step:,.0f}", "ink"),
    Readout("training accuracy", "{train_accuracy:.0%}", "train"),
    Readout("test accuracy", "{test_accuracy:.0%}", "test"),
    Readout("Λ", "{decay_time:.1f}", "muted"),
    Readout("rule share", "{rule_share:.4f}", "generalizing"),
    Readout("half of the test pairs at", "{where}", "test", none="not yet"),
)

_ACCURACY: dict[str, Any] = {
    "caption": "Accuracy{beside}",
    "alt": "Accuracy on training and on test pairs against training steps, 10 to 20,000 on a logarithmic axis. At step "
    "{step:,.0f} it is {train_accuracy:.0%} on training pairs and {test_accuracy:.0%} on test pairs; test accuracy "
    "{when}.",
    "height": 230,
}


def _drawn(frame: dict[str, Any]) -> dict[str, Any]:
    """What is drawn of a frame; ``cells`` has a digit a cell."""
    circles = [circle | {axis: compact(circle[axis], 3) for axis in "xy"} for circle in frame["circles"]]
    return {"cells": "".join(map(str, frame["cells"])), "circles": circles}


def _table() -> Raster:
    return Raster(
        source="table",
        kinds=CELLS,
        caption="Table of all pairs",
        alt="All pairs a, b as a table, a row for each a. Of {shown:d} shown pairs {shownRight:d} are answered right, "
        "of {out:d} held-out pairs {outRight:d}.",
        hint="Point at a cell.",
    )


def _inside() -> dict[str, Chart | Raster]:
    """What is behind the accuracy."""
    return {
        "clock": Chart(
            _clock(),
            "Accumulated decay Λ",
            f"A clock whose hand goes round once while learning rate × decay adds up to {TURN}; it has come to "
            "{decay_time:.2f}. Marks on its rim: where test accuracy passed one half, in this and in earlier runs.",
            height=190,
        ),
        "circles": Chart(
            _circles(),
            "Token embeddings, the three strongest frequencies",
            "The token embeddings in the planes of their three strongest frequencies. The first, frequency {first}, "
            "holds {held:.0%} of the embedding.",
            height=170,
        ),
        "norm": Chart(
            _course("weight_norm", "ink", alt.Scale(zero=False)),
            "Weight norm{beside}",
            "Euclidean norm of all weights against training steps: {weight_norm:.1f} at step {step:,.0f}.",
            height=120,
        ),
        "share": Chart(
            _course("rule_share", "generalizing", alt.Scale(type="log", domain=[1e-4, 1]), powers(-4, -2, 0)),
            "Rule share of the test logits",
            "Share of the squared test logits that obeys the task's symmetry, on a logarithmic axis, against training "
            "steps: {rule_share:.4f} at step {step:,.0f}.",
            height=120,
        ),
    }


def _steps() -> alt.X:
    x: alt.X = log_steps(alt.X, BASE.evaluate_every, BASE.steps)
    return x


# The twin is dashed.
_WHO = alt.StrokeDash("who:N", scale=alt.Scale(domain=["network", "twin"], range=[[1, 0], [5, 4]]), legend=None)


def _accuracy() -> Drawing:
    x, y = _steps(), percent("accuracy")
    past = alt.Chart(alt.NamedData("ghosts")).encode(x=x, y=alt.Y("test_accuracy:Q"), detail="run:N")
    ends = alt.Chart(alt.NamedData("ends")).encode(x=x, y=alt.Y("test_accuracy:Q"), text="label:N")
    lines = (
        alt.Chart(alt.NamedData("curves"))
        .transform_fold([f"{name}_accuracy" for name in PAIRS], as_=["set", "accuracy"])
        .mark_line(strokeWidth=2.5, clip=True)
        .encode(
            x=x,
            y=y,
            color=series("set", {f"{name}_accuracy": kind for name, kind in PAIRS.items()}),
            strokeDash=_WHO,
        )
    )
    return alt.layer(
        past.mark_line(color=css("test"), opacity=0.35, strokeWidth=1.5, clip=True),
        lines,
        ends.mark_text(align="right", dx=-4, dy=-6, color=css("muted")),
        guessed("mark", x),
    )


def _course(field: str, color: str, scale: alt.Scale, axis: alt.Axis | None = None) -> Drawing:
    y = alt.Y(f"{field}:Q", title=None, scale=scale, axis=axis or alt.Axis())
    line = alt.Chart(alt.NamedData("curves")).mark_line(strokeWidth=2, color=css(color), clip=True)
    return line.encode(x=_steps(), y=y, strokeDash=_WHO)


def _plane(across: float, up: float) -> tuple[alt.X, alt.Y]:
    """Axes of equal scale at any width, from −across to across and from −up to up at least."""
    # What is not shown has no width.
    unit = f"max({across} / max(width, 1), {up} / height)"

    def axis(channel: Any, name: str, size: str) -> Any:
        ends = alt.ExprRef(expr=f"[-{size} * {unit}, {size} * {unit}]")
        return channel(f"{name}:Q", axis=None, scale=alt.Scale(domain=ends, nice=False))

    return axis(alt.X, "x", "width"), axis(alt.Y, "y", "height")


def _rim() -> dict[str, list[float]]:
    """The circle of the clock, closed."""
    angles = [2 * pi * i / 72 for i in range(73)]
    return {"x": [round(sin(a), 4) for a in angles], "y": [round(cos(a), 4) for a in angles]}


def _hours() -> dict[str, list[float]]:
    """Numbers inside the rim."""
    angles = [2 * pi * hour / TURN for hour in range(TURN)]
    return {
        "hour": [*range(TURN)],
        "x": [round(0.8 * sin(a), 4) for a in angles],
        "y": [round(0.8 * cos(a), 4) for a in angles],
    }


def _clock() -> Drawing:
    x, y = _plane(1.35, 1.2)

    def at(data: alt.Chart, radius: float, suffix: str = "") -> alt.Chart:
        angle = f"2 * PI * datum.decay_time / {TURN}"
        return data.transform_calculate(
            **{f"x{suffix}": f"{radius} * sin({angle})", f"y{suffix}": f"{radius} * cos({angle})"}
        )

    rim = alt.Chart(alt.NamedData("rim")).encode(x=x, y=y)
    hours = alt.Chart(alt.NamedData("hours")).encode(x=x, y=y, text="hour:N")
    hands = at(alt.Chart(alt.NamedData("hands")).transform_calculate(x="0", y="0"), 0.68, "2").encode(
        x=x, y=y, x2="x2", y2="y2", strokeDash=_WHO
    )
    turns = at(at(alt.Chart(alt.NamedData("turns")), 0.92), 1.08, "2").encode(x=x, y=y)
    names = at(alt.Chart(alt.NamedData("turns")), 1.2).encode(x=x, y=y, text="label:N")
    return alt.layer(
        rim.mark_line(color=css("track"), strokeWidth=1.5, interpolate="linear-closed")
        .encode(order="row:Q")
        .transform_window(row="row_number()"),
        hours.mark_text(color=css("muted")),
        hands.mark_rule(color=css("ink"), strokeWidth=2.5, strokeCap="round"),
        turns.mark_rule(color=css("test"), strokeWidth=3).encode(x2="x2", y2="y2"),
        names.mark_text(color=css("ink"), fontSize=11),
    )


def _circles() -> Drawing:
    # Three disks side by side, in units of the root mean square embedding.
    x, y = _plane(3.7, 1.2)
    base = (
        alt.Chart(alt.NamedData("circles"))
        .transform_calculate(y="datum.y", x="datum.x + 2.5 * (datum.circle - 1)")
        .encode(x=x, y=y)
    )
    words = base.transform_filter("datum.token === 0").transform_calculate(
        x="2.5 * (datum.circle - 1)",
        y="-1.05",
        text="'frequency ' + datum.frequency + ', ' + format(datum.share, '.0%')",
    )
    return alt.layer(
        base.mark_line(color=css("muted"), opacity=0.35, strokeWidth=1, interpolate="linear-closed").encode(
            order="order:Q", detail="circle:N"
        ),
        base.mark_point(filled=True, size=36, opacity=1).encode(
            color=alt.Color("hue:Q", scale=alt.Scale(domain=[0, 1], range=list(CYCLE)), legend=None)
        ),
        words.mark_text(color=css("muted"), baseline="top").encode(text="text:N"),
    )
