"""What AdamW's noise does to weights at rest and to the race of the circuits: memory, share, and who wins where."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import altair as alt
import numpy as np

from grokmodels.explorables.charts import Chart, Drawing, powers
from grokmodels.explorables.controls import Controlled, Slider, grid
from grokmodels.explorables.explorable import Explorable
from grokmodels.explorables.guess import REVEALED, Guess, guessed
from grokmodels.explorables.program import Program
from grokmodels.explorables.tables import Columns, compact
from grokmodels.explorables.words import Readout
from grokmodels.palette import css
from grokmodels.theory.motion import CRITICAL_SHARE, LENGTH, OVERLAP, SATURATION, SHARED_RATIO, TURN
from grokmodels.theory.plateau import DECAY_TIME, SHARE

BETA, SEED_SHARE = 0.9, 1e-3
# At ratio 0 the share falls as e^(−2Λ), which the closed form reaches only as a limit.
LEAST_RATIO = 1e-6
RATIOS, BATCHES = (1.0, 4.0), (1 / 32, 1.0)


class Motion(Explorable):
    """Degree 2, AdamW without ε: weights at rest, and a rule that shares its weights with the slots of the table.

    The saturation is S = √(b/N), and the noise is white: batches are drawn with replacement. The rule starts at a share
    of 0.001, at constant margin, with the ratio ρ (1 − b/N) that the gain leaves of ρ; gradient flow has ρ itself.
    """

    learning_rate = Controlled()
    weight_decay = Controlled()
    batch_share = Controlled()
    ratio = Controlled()

    kernel = Program(
        Path(__file__).with_suffix(".js"),
        *(SATURATION, SHARED_RATIO, CRITICAL_SHARE, OVERLAP, LENGTH, TURN, SHARE, DECAY_TIME),
    )

    def __init__(
        self,
        *,
        name: str = "motion",
        title: str = "What keeps the weights moving",
        question: str = (
            "Keep the product of learning rate and decay: what changes? Then find the two sliders that decide whether "
            "the rule grows at all, and the one batch from which no efficiency saves it."
        ),
        **state: Any,
    ) -> None:
        # All in steps of √2: one step up on η and one down on λ keep their product.
        rates = [0.00125 * 2 ** (k / 2) for k in range(-4, 10)]
        decays, batches = ([2 ** (k / 2) for k in range(*ends)] for ends in ((-4, 7), (-10, 1)))
        fractions = {1.0: "all", **{2.0**-k: f"1/{2**k}" for k in range(1, 6)}}
        super().__init__(
            name=name,
            title=title,
            question=question,
            controls={
                "learning_rate": Slider("Learning rate η", rates, 0.00125, format=".3g"),
                "weight_decay": Slider("Weight decay λ", decays, 2.0, format=".3g"),
                "batch_share": Slider("Batch share b/N", batches, 0.25, format=".2g", names=fractions),
                "ratio": Slider("Efficiency ratio ρ", grid(*RATIOS, 0.05), 1.5, format=".2f"),
            },
            charts={
                "memory": Chart(
                    _memory(),
                    "Cosine of the weights after Λ",
                    "Cosine between a weight vector at rest and itself after an accumulated decay Λ from 0 to 5: from "
                    "one toward the part that the mean push holds, by way of {cosine:.3f} at Λ = 1. Dashed: the limit "
                    "of pure noise, e^−Λ, which falls to zero.",
                    height=120,
                ),
                "share": Chart(
                    _share(),
                    "The rule's share m (log scale)",
                    "The rule's share of the margin on a logarithmic axis against accumulated decay Λ from 0 to 20, "
                    "from a start of 0.001: at the effective ratio {left:.3f} it {course}. Dashed: under gradient "
                    "flow, at the ratio {ratio}, it {flow}.",
                    height=140,
                ),
                "plane": Chart(
                    _plane(),
                    "Who wins: drag the point",
                    "Plane of efficiency ratio ρ from 1 to 4 and share of the data in a batch, logarithmic from 1/32 "
                    "to all: above the line b/N = 1 − 1/ρ the memorizer stays, below it the rule grows. With all "
                    "data in a batch the memorizer always stays. A point marks {ratio} and {batch_share}: {winner}.",
                    height=375,
                    drag={"x": "ratio", "y": "batch_share"},
                ),
            },
            layout=("memory plane", "share plane"),
            readout=(
                Readout("length of a weight (rms)", "{length:.3f}", "train"),
                Readout("decay alone allows 1/λ =", "{wall:.3f}", "muted"),
                Readout("degrees rotated per step", "{turn:.3f}", "train"),
                Readout("cosine after Λ = 1", "{cosine:.3f}", "train"),
                Readout("effective ratio", "{left:.3f}", "generalizing"),
                Readout("share one half at Λ", "{half:.1f}", "generalizing", none="never"),
            ),
            presets={
                "Rate for decay": {"learning_rate": 0.005, "weight_decay": 0.5},
                "Small batch": {"batch_share": 1 / 16},
                "Full batch": {"batch_share": 1.0},
            },
            guess=Guess(
                chart="plane",
                kind="draw",
                prompt="Draw the border above which the memorizer stays, from ρ = 1 to 4.",
                state={"learning_rate": 0.00125, "weight_decay": 2.0, "batch_share": 0.5, "ratio": 2.0},
                answer="It is b/N = 1 − 1/ρ: at ρ = {ratio} half of the data in a batch stop the rule.",
            ),
            data={
                "beta": BETA,
                "seed_share": SEED_SHARE,
                "least_ratio": LEAST_RATIO,
                "rest": grid(0, 5, 0.1),
                "race": grid(0, 20, 0.25),
                "border": _border(),
                "words": {"word": ["memorizer stays", "rule grows"], "ratio": [1.7, 3], "batch_share": [0.7, 0.12]},
            },
            **state,
        )


def _border() -> Columns:
    """The critical share along ρ, within the plane."""
    least = BATCHES[0]
    ratio = np.round([1, *(1 + np.geomspace(least, RATIOS[1] - 1, 60))], 5)
    return {"ratio": ratio.tolist(), "batch_share": compact(np.maximum(CRITICAL_SHARE(ratio), least), 5)}


def _lines(data: str, kinds: dict[str, str], x: alt.X, y: alt.Y, color: str) -> alt.Chart:
    """A strong line and, dashed and muted, what it is to be compared with."""
    names = [*kinds]
    legend = alt.Legend(labelExpr=f"{kinds}[datum.value]")
    colors = alt.Color("kind:N", scale=alt.Scale(domain=names, range=[css(color), css("muted")]), legend=legend)
    dashes = alt.StrokeDash("kind:N", scale=alt.Scale(domain=names, range=[[1, 0], [5, 4]]), legend=legend)
    return (
        alt.Chart(alt.NamedData(data))
        .transform_fold([*names], as_=["kind", "value"])
        .mark_line(strokeWidth=2.5, clip=True)
        .encode(x=x, y=y, color=colors, strokeDash=dashes)
    )


def _memory() -> Drawing:
    x = alt.X("decay_time:Q", title="decay Λ between the two", scale=alt.Scale(domain=[0, 5], nice=False))
    y = alt.Y("value:Q", title=None, scale=alt.Scale(domain=[0, 1.05]), axis=alt.Axis(values=[0, 0.5, 1]))
    return _lines("memory", {"cosine": "these weights", "noise": "pure noise"}, x, y, "train")


def _share() -> Drawing:
    x = alt.X("decay_time:Q", title="accumulated decay Λ", scale=alt.Scale(domain=[0, 20], nice=False))
    scale = alt.Scale(type="log", domain=[1e-6, 2], nice=False)
    y = alt.Y("value:Q", title=None, scale=scale, axis=powers(-6, -4, -2, 0))
    lines = _lines("share", {"share": "AdamW", "flow": "gradient flow"}, x, y, "generalizing")
    return lines.transform_filter(f"{REVEALED} || datum.kind === 'flow'")


def _plane() -> Drawing:
    x = alt.X("ratio:Q", title="efficiency ratio ρ", scale=alt.Scale(domain=[*RATIOS], nice=False))
    scale = alt.Scale(type="log", domain=[*BATCHES], nice=False)
    names = "datum.value == 1 ? 'all' : '1/' + format(1 / datum.value, 'd')"
    axis = alt.Axis(values=[2.0**k for k in range(-5, 1)], tickCount=6, labelExpr=names, grid=False)
    y = alt.Y("batch_share:Q", title="share of the data in a batch (log scale)", scale=scale, axis=axis)

    def of(data: str) -> alt.Chart:
        return alt.Chart(alt.NamedData(data)).transform_filter(REVEALED).encode(x=x, y=y)

    border = of("border")
    return alt.layer(
        border.mark_area(opacity=0.35, color=css("memorizing")).encode(y2=alt.datum(BATCHES[1])),
        border.mark_area(opacity=0.35, color=css("generalizing")).encode(y2=alt.datum(BATCHES[0])),
        border.mark_line(color=css("ink"), strokeWidth=2),
        of("words").mark_text(fontSize=13, color=css("ink")).encode(text="word:N"),
        of("point").mark_point(filled=True, size=170, color=css("ink"), opacity=1, stroke=css("surface")),
        guessed("draw", x, y),
        # The frame of what is to be drawn on.
        view=alt.ViewBackground(stroke=css("grid")),
    )
