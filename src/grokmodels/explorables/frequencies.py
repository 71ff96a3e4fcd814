"""Frequencies of recorded networks: sliders over training steps and over how many frequencies are kept."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import altair as alt
import numpy as np
import pandas as pd

from grokmodels.explorables.charts import Chart, Drawing, moment, percent, series
from grokmodels.explorables.controls import Choice, Controlled, Slider
from grokmodels.explorables.explorable import Explorable
from grokmodels.explorables.tables import columns
from grokmodels.explorables.words import Readout
from grokmodels.palette import css


class Frequencies(Explorable):
    """Recorded networks by frequency: the spectrum of their logits, their accuracy with few left in the embedding.

    ``runs``: name → table of :func:`grokmodels.measures.progress.few`, all with the same steps and as many accuracies.
    Frequencies are kept in the order of their share of the last logits, strongest first, the same ones at every step.
    """

    run = Controlled()
    step = Controlled()
    kept = Controlled()

    def __init__(
        self,
        *,
        runs: Mapping[str, pd.DataFrame],
        name: str = "frequencies",
        title: str = "A network, frequency by frequency",
        question: str = "How many frequencies are enough, and from which step on?",
        **state: Any,
    ) -> None:
        first = next(iter(runs))
        steps = [int(step) for step in runs[first]["step"]]
        most = len(runs[first]["kept"].iloc[0]) - 1
        for label, table in runs.items():
            if table["step"].tolist() != steps or {len(kept) for kept in table["kept"]} != {most + 1}:
                raise ValueError(f"runs: {label!r} has other steps or numbers of frequencies than {first!r}")
        frames = pd.concat([table.assign(run=label) for label, table in runs.items()], ignore_index=True)
        told = _told(frames)
        last, some = steps[-1], min(4, most)
        super().__init__(
            name=name,
            title=title,
            question=question,
            controls={
                "run": Choice("Network", {label: label for label in runs}, initial=first),
                "step": Slider("Training step", steps, initial=last, format=",", play=True),
                "kept": Slider("Frequencies kept", list(range(most + 1)), initial=some),
            },
            charts={
                "spectrum": Chart(
                    _spectrum(last, max(frames["share"].map(max))),
                    "Share of the squared logits, by frequency",
                    "Bars: the share of each frequency in the squared logits of {run} at step {step}; in green the "
                    "{kept} kept ones, which carry {carried:.1%}. Outlines: the same at the end of training.",
                    height=230,
                ),
                "accuracy": Chart(
                    _accuracy(last),
                    "Test accuracy",
                    "Test accuracy of the whole network {run}, and of the same network with only {kept} frequencies in "
                    f"its embedding, against training steps, 0 to {last:,}. At step {{step}} the whole answers "
                    "{network:.1%}, the crippled one {few:.1%}.",
                    height=230,
                    drag={"x": "step"},
                ),
            },
            layout=("spectrum accuracy",),
            readout=(
                Readout("whole network, test accuracy", "{network:.1%}", "test"),
                Readout("with the kept ones only", "{few:.1%}", "generalizing"),
                Readout("of the squared logits kept", "{carried:.1%}", "ink"),
            ),
            presets=_presets(told[told["kept"] == some]) | {"Strongest one": {"kept": min(1, most)}},
            data={"frames": columns(frames), "readout": columns(told, 6)},
            **state,
        )


def _told(frames: pd.DataFrame) -> pd.DataFrame:
    """One row for every network, step and number of frequencies: both accuracies and the share that is kept."""
    told = frames.explode("kept").rename(columns={"kept": "few"}).astype({"few": float})
    told["kept"] = told.groupby(["run", "step"]).cumcount()
    lists = zip(told["share"], told["rank"], told["kept"], strict=True)
    told["carried"] = [np.sum(share, where=np.asarray(rank) <= kept) for share, rank, kept in lists]
    return told[["run", "step", "kept", "network", "few", "carried"]]


def _presets(told: pd.DataFrame) -> dict[str, Any]:
    """Where the cut helps most, and where it hurts most, if it does."""
    gain = (told["few"] - told["network"]).sort_values()
    states = told.loc[gain.index, ["run", "step", "kept"]].to_dict("records")
    helps = {"Cut helps most": states[-1]} if gain.iloc[-1] > 0 else {}
    hurts = {"Cut hurts most": states[0]} if gain.iloc[0] < 0 else {}
    return helps | hurts


def _spectrum(last: int, highest: float) -> Drawing:
    x = alt.X("frequency:O", title="frequency k", axis=alt.Axis(labelAngle=0, labelOverlap="parity"))
    scale = alt.Scale(domain=[0, highest], nice=True)
    y = alt.Y("share:Q", title=None, axis=alt.Axis(format="%"), scale=scale)

    def at(step: str) -> alt.Chart:
        frame = alt.Chart(alt.NamedData("frames")).transform_filter(f"datum.run === run && datum.step === {step}")
        waves = frame.transform_flatten(["share", "rank"]).transform_window(frequency="row_number()")
        return waves.encode(x=x, y=y)

    color = alt.condition("datum.rank <= kept", alt.value(css("generalizing")), alt.value(css("muted")))
    return alt.layer(
        at(str(last)).mark_bar(fillOpacity=0, stroke=css("muted"), strokeWidth=1, strokeOpacity=0.6),
        at("step").mark_bar().encode(color=color),
    )


def _accuracy(last: int) -> Drawing:
    kinds = {"network": ("test", "whole network"), "few": ("generalizing", "kept frequencies only")}
    x = alt.X("step:Q", title="training step", scale=alt.Scale(domain=[0, last], nice=False))
    y, color = percent("accuracy"), series("kind", kinds)
    run = alt.Chart(alt.NamedData("frames")).transform_filter("datum.run === run")
    curve = run.transform_calculate(few="datum.kept[kept]").transform_fold([*kinds], as_=["kind", "accuracy"])
    curve = curve.encode(x=x, y=y, color=color)
    now = run.transform_filter("datum.step === step")
    return alt.layer(
        curve.mark_line(strokeWidth=2.2),
        moment(now).encode(x="step:Q"),
        curve.transform_filter("datum.step === step").mark_point(filled=True, size=70, opacity=1),
    )
