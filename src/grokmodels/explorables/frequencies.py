"""Frequencies of recorded networks: sliders over training steps and over how many frequencies are kept."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import altair as alt
import pandas as pd

from grokmodels.explorables.charts import Chart, Drawing
from grokmodels.explorables.controls import Choice, Controlled, Slider
from grokmodels.explorables.explorable import Explorable, Rows, State, columns
from grokmodels.palette import css


class Frequencies(Explorable):
    """Recorded networks by frequency: the spectrum of their logits, their accuracy with few left in the embedding.

    ``runs``: name → table of :func:`grokmodels.measures.progress.few`, all with the same steps and as many accuracies.
    Frequencies are kept in the order of their share of the last logits, strongest first, the same ones at every step.
    """

    run = Controlled()
    step = Controlled()
    kept = Controlled()

    kernel = """(state, data) => {
      const { frames } = data;
      const shown = frames.run.map((_, i) => i).filter((i) => frames.run[i] === state.run);
      const now = shown.find((i) => frames.step[i] === state.step);
      if (now === undefined) throw new RangeError(`No network was recorded at step ${state.step}.`);
      const few = frames.kept[now][state.kept];
      if (few === undefined) throw new RangeError(`No accuracy was computed with ${state.kept} frequencies.`);
      const bars = frames.share[now].map((share, k) => {
        const rank = frames.rank[now][k];
        return { frequency: k + 1, share, last: frames.share[shown[shown.length - 1]][k], kept: rank <= state.kept };
      });
      const curve = shown.map((i) => ({
        step: frames.step[i], network: frames.network[i], few: frames.kept[i][state.kept],
      }));
      const point = curve[shown.indexOf(now)];
      const carried = bars.reduce((sum, bar) => sum + (bar.kept ? bar.share : 0), 0);
      return {
        bars, curve, now: [point],
        readout: [
          { label: "whole network, test accuracy", value: point.network, format: ".1%", color: "test" },
          { label: "with the kept ones only", value: point.few, format: ".1%", color: "generalizing" },
          { label: "of the squared logits kept", value: carried, format: ".1%", color: "ink" },
        ],
      };
    }"""

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
        frames = columns(pd.concat([table.assign(run=label) for label, table in runs.items()]))
        last = steps[-1]
        super().__init__(
            name=name,
            title=title,
            question=question,
            controls={
                "run": Choice("Network", {label: label for label in runs}, initial=first),
                "step": Slider("Training step", steps, initial=last, format=",", play=True),
                "kept": Slider("Frequencies kept", list(range(most + 1)), initial=min(4, most)),
            },
            charts={
                "spectrum": Chart(
                    _spectrum(),
                    "Share of the squared logits, by frequency",
                    "Bars: the share of each frequency in the squared logits at the chosen step, the kept ones in "
                    "green; outlines: the same at the end of training, when a handful of frequencies carries nearly "
                    "everything.",
                    height=230,
                ),
                "accuracy": Chart(
                    _accuracy(last),
                    "Test accuracy",
                    "Test accuracy of the whole network, and of the same network with only the kept frequencies in its "
                    f"embedding, against training steps, 0 to {last:,}. At the end four to six kept answer about as "
                    "well as the whole; with one the network answers hardly anything.",
                    height=230,
                    drag={"x": "step"},
                ),
            },
            layout=("spectrum accuracy",),
            data={"frames": frames},
            **state,
        )

    def rows(self, state: State) -> Rows:
        """Datasets ``bars``, ``curve``, ``now`` and ``readout``."""
        frames = self.data["frames"]
        shown = [i for i, run in enumerate(frames["run"]) if run == state["run"]]
        found = [i for i in shown if frames["step"][i] == state["step"]]
        if not found:
            raise ValueError(f"No network was recorded at step {state['step']}.")
        now, kept = found[0], state["kept"]
        if not 0 <= kept < len(frames["kept"][now]):
            raise ValueError(f"No accuracy was computed with {kept} frequencies.")
        columns = zip(frames["share"][now], frames["share"][shown[-1]], frames["rank"][now], strict=True)
        bars: list[dict[str, Any]] = [
            {"frequency": k + 1, "share": share, "last": last, "kept": rank <= kept}
            for k, (share, last, rank) in enumerate(columns)
        ]
        curve = [
            {"step": frames["step"][i], "network": frames["network"][i], "few": frames["kept"][i][kept]} for i in shown
        ]
        point = curve[shown.index(now)]
        carried = 0.0
        for bar in bars:
            carried += bar["share"] if bar["kept"] else 0
        readout: list[dict[str, Any]] = [
            {"label": "whole network, test accuracy", "value": point["network"], "format": ".1%", "color": "test"},
            {"label": "with the kept ones only", "value": point["few"], "format": ".1%", "color": "generalizing"},
            {"label": "of the squared logits kept", "value": carried, "format": ".1%", "color": "ink"},
        ]
        return {"bars": bars, "curve": curve, "now": [point], "readout": readout}


def _spectrum() -> Drawing:
    x = alt.X("frequency:O", title="frequency k", axis=alt.Axis(labelAngle=0, labelOverlap="greedy"))
    axis, scale = alt.Axis(format="%"), alt.Scale(domain=[0, 0.45])
    base = alt.Chart(alt.NamedData("bars")).encode(x=x)
    color = alt.condition("datum.kept", alt.value(css("generalizing")), alt.value(css("muted")))
    return alt.layer(
        base.mark_bar(fillOpacity=0, stroke=css("muted"), strokeWidth=1, strokeOpacity=0.6).encode(
            y=alt.Y("last:Q", title=None, axis=axis, scale=scale)
        ),
        base.mark_bar(clip=True).encode(y=alt.Y("share:Q", title=None, axis=axis, scale=scale), color=color),
    )


def _accuracy(last: int) -> Drawing:
    names = ["network", "few"]
    x = alt.X("step:Q", title="training step", scale=alt.Scale(domain=[0, last], nice=False))
    y = alt.Y("accuracy:Q", title=None, scale=alt.Scale(domain=[0, 1]), axis=alt.Axis(format="%"))
    color = alt.Color(
        "kind:N",
        scale=alt.Scale(domain=names, range=[css("test"), css("generalizing")]),
        legend=alt.Legend(labelExpr="{network: 'whole network', few: 'kept frequencies only'}[datum.value]"),
    )

    def of(data: str) -> alt.Chart:
        folded = alt.Chart(alt.NamedData(data)).transform_fold([*names], as_=["kind", "accuracy"])
        return folded.encode(x=x, y=y, color=color)

    now = alt.Chart(alt.NamedData("now")).mark_rule(color=css("muted"), strokeDash=[3, 3]).encode(x="step:Q")
    return alt.layer(of("curve").mark_line(strokeWidth=2.2), now, of("now").mark_point(filled=True, size=70, opacity=1))
