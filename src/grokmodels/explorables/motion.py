"""What AdamW's noise does to weights at rest and to the race of the circuits: memory, share, and who wins where."""

from __future__ import annotations

from typing import Any

import altair as alt
import numpy as np

from grokmodels.explorables.charts import Chart, Drawing
from grokmodels.explorables.controls import Controlled, Slider, grid
from grokmodels.explorables.explorable import Explorable, Rows, State, compact
from grokmodels.explorables.formulas import RATIO, formula_kernel, require_within
from grokmodels.explorables.page import Columns, to_rows
from grokmodels.palette import css
from grokmodels.theory.motion import CRITICAL_SHARE, LENGTH, OVERLAP, SATURATION, SHARED_RATIO, TURN
from grokmodels.theory.plateau import DECAY_TIME, SHARE

BETA, SEED_SHARE = 0.9, 1e-3
MEMORY_TIMES, SHARE_TIMES = grid(0, 5, 0.1), grid(0, 20, 0.25)
# At ratio 0 the share falls as e^(−2Λ), which the closed form reaches only as a limit.
LEAST_RATIO = 1e-6
RATIOS, BATCHES = (1.0, 4.0), (1 / 32, 1.0)
WORDS: Columns = {"word": ["table stays", "rule grows"], "ratio": [1.7, 3], "batch_share": [0.7, 0.12]}
FORMULAS = (SATURATION, SHARED_RATIO, CRITICAL_SHARE, OVERLAP, LENGTH, TURN, SHARE, DECAY_TIME)
LIMITS = {
    "learning_rate": (
        1e-7,
        0.1,
        "Undefined here: the learning rate η must be positive, up to 0.1. The formulas hold where η λ is small.",
    ),
    "weight_decay": (
        0.01,
        10,
        "Undefined here: the weight decay λ must be from 0.01 to 10. Without decay a weight never comes to rest.",
    ),
    "batch_share": (1e-6, 1, "Undefined here: a batch must hold a positive share b/N of the data, up to all of them."),
    "ratio": RATIO,
}


class Motion(Explorable):
    """Degree 2, AdamW without ε: weights at rest, and a rule that shares its weights with the slots of the table.

    The saturation is S = √(b/N), and the noise is white: batches are drawn with replacement. The rule starts at a share
    of 0.001, at constant margin, with the ratio ρ (1 − b/N) that the gain leaves of ρ; gradient flow has ρ itself.
    """

    learning_rate = Controlled()
    weight_decay = Controlled()
    batch_share = Controlled()
    ratio = Controlled()

    kernel = formula_kernel(
        """(state, data) => {
      const { learning_rate, weight_decay, batch_share, ratio } = state;
      const saturation = batchSaturation(batch_share);
      const left = sharedRatio(ratio, saturation);
      const overlap = (decay_time, held) => restOverlap(decay_time, held, learning_rate, weight_decay);
      const shareAt = (decay_time, effective) => plateauShare(decay_time, first, Math.max(effective, leastRatio), 1);
      const memory = memoryTimes.map((decay_time) => (
        { decay_time, cosine: overlap(decay_time, saturation), noise: overlap(decay_time, 0) }));
      const share = shareTimes.map((decay_time) => (
        { decay_time, share: shareAt(decay_time, left), flow: shareAt(decay_time, ratio) }));
      const grows = batch_share < criticalShare(ratio);
      const turn = restTurn(saturation, learning_rate, weight_decay, beta) * 180 / Math.PI;
      const wait = grows ? plateauDecayTime(0.5, 1, first, 1, left) : null;
      const half = { label: "share one half at Λ", value: wait, format: ".1f", color: "generalizing", none: "never" };
      const readout = [
        ["length of a weight (rms)", restLength(saturation, learning_rate, weight_decay), "train"],
        ["decay alone allows 1/λ =", 1 / weight_decay, "muted"],
        ["degrees turned per step", turn, "train"],
        ["cosine after Λ = 1", overlap(1, saturation), "train"],
        ["effective ratio", left, "generalizing"],
      ].map(([label, value, color]) => ({ label, value, format: ".3f", color })).concat([half]);
      return { memory, share, point: [{ ratio, batch_share }], readout };
    }""",
        *FORMULAS,
        limits=LIMITS,
        beta=BETA,
        first=SEED_SHARE,
        memoryTimes=MEMORY_TIMES,
        shareTimes=SHARE_TIMES,
        leastRatio=LEAST_RATIO,
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
                    "Cosine between a weight vector at rest and itself after an accumulated decay Λ from 0 to 5: it "
                    "falls from one to the part that the mean push holds. Dashed: the limit of pure noise, e^−Λ, "
                    "which falls to zero.",
                    height=120,
                ),
                "share": Chart(
                    _share(),
                    "The rule's share m (log scale)",
                    "The rule's share of the margin on a logarithmic axis against accumulated decay Λ from 0 to 20, "
                    "from a seed of 0.001: it rises where the effective ratio is above one and falls where it is "
                    "below. A faint line shows the same under gradient flow, which is never lower.",
                    height=140,
                ),
                "plane": Chart(
                    _plane(),
                    "Who wins: drag the point",
                    "Plane of efficiency ratio ρ from 1 to 4 and share of the data in a batch, logarithmic from 1/32 "
                    "to all: above the line b/N = 1 − 1/ρ the table stays, below it the rule grows. With all data in "
                    "a batch the table stays at every ratio. A point marks the state.",
                    height=375,
                    drag={"x": "ratio", "y": "batch_share"},
                ),
            },
            layout=("memory plane", "share plane"),
            data={"border": _border(), "words": WORDS},
            **state,
        )

    def rows(self, state: State) -> Rows:
        """Datasets ``memory``, ``share``, ``point`` and ``readout``."""
        require_within(LIMITS, state)
        eta, decay, ratio = state["learning_rate"], state["weight_decay"], state["ratio"]
        saturation = SATURATION(state["batch_share"])
        left = float(SHARED_RATIO(ratio, saturation))
        after, later = np.array(MEMORY_TIMES), np.array(SHARE_TIMES)
        cosines = OVERLAP(after, saturation, eta, decay), OVERLAP(after, 0, eta, decay)
        shares = [SHARE(later, SEED_SHARE, max(effective, LEAST_RATIO), 1) for effective in (left, ratio)]
        grows = state["batch_share"] < CRITICAL_SHARE(ratio)
        wait = float(DECAY_TIME(0.5, 1, SEED_SHARE, 1, left)) if grows else None
        half = {"label": "share one half at Λ", "value": wait, "format": ".1f", "color": "generalizing"}
        told = [
            ("length of a weight (rms)", LENGTH(saturation, eta, decay), "train"),
            ("decay alone allows 1/λ =", 1 / decay, "muted"),
            ("degrees turned per step", np.degrees(TURN(saturation, eta, decay, BETA)), "train"),
            ("cosine after Λ = 1", OVERLAP(1, saturation, eta, decay), "train"),
            ("effective ratio", left, "generalizing"),
        ]
        readout = [{"label": label, "value": float(x), "format": ".3f", "color": color} for label, x, color in told]
        return {
            "memory": to_rows({"decay_time": after, "cosine": cosines[0], "noise": cosines[1]}),
            "share": to_rows({"decay_time": later, "share": shares[0], "flow": shares[1]}),
            "point": [{"ratio": ratio, "batch_share": state["batch_share"]}],
            "readout": [*readout, half | {"none": "never"}],
        }


def _border() -> Columns:
    """The critical share along ρ, within the plane: the table is stable above it, and unstable below."""
    least, most = BATCHES
    ratio = np.round([1, *(1 + np.geomspace(least, RATIOS[1] - 1, 60))], 5)
    critical = np.maximum(CRITICAL_SHARE(ratio), least)
    edges = {"least": [least] * len(ratio), "most": [most] * len(ratio)}
    return {"ratio": ratio.tolist(), "critical": compact(critical, 5), **edges}


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
    y = alt.Y("value:Q", title=None, scale=scale, axis=alt.Axis(values=[1e-6, 1e-4, 1e-2, 1], format="~e"))
    return _lines("share", {"share": "AdamW", "flow": "gradient flow"}, x, y, "generalizing")


def _plane() -> Drawing:
    x = alt.X("ratio:Q", title="efficiency ratio ρ", scale=alt.Scale(domain=[*RATIOS], nice=False))
    scale = alt.Scale(type="log", domain=[*BATCHES], nice=False)
    names = "datum.value == 1 ? 'all' : '1/' + format(1 / datum.value, 'd')"
    axis = alt.Axis(values=[2.0**k for k in range(-5, 1)], tickCount=6, labelExpr=names, grid=False)

    def of(data: str, y: str) -> alt.Chart:
        title = "share of the data in a batch (log scale)"
        return alt.Chart(alt.NamedData(data)).encode(x=x, y=alt.Y(y, title=title, scale=scale, axis=axis))

    border, words, point = of("border", "critical:Q"), of("words", "batch_share:Q"), of("point", "batch_share:Q")
    return alt.layer(
        border.mark_area(opacity=0.35, color=css("memorizing")).encode(y2="most:Q"),
        border.mark_area(opacity=0.35, color=css("generalizing")).encode(y2="least:Q"),
        border.mark_line(color=css("ink"), strokeWidth=2),
        words.mark_text(fontSize=13, color=css("ink")).encode(text="word:N"),
        point.mark_point(filled=True, size=170, color=css("ink"), opacity=1, stroke=css("surface")),
    )
