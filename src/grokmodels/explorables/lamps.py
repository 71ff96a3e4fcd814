"""Many skills in one network as lamps that light up along training, and the mean of their accuracies beside them."""

from __future__ import annotations

from typing import Any

import altair as alt
import pandas as pd

from grokmodels.explorables.charts import Chart, Drawing, moment, percent, series
from grokmodels.explorables.controls import Choice, Controlled, Slider
from grokmodels.explorables.explorable import Explorable
from grokmodels.explorables.guess import REVEALED, Guess, guessed
from grokmodels.explorables.tables import Columns, columns, require_columns
from grokmodels.explorables.words import Readout
from grokmodels.palette import css

SKILLS = ["network", "skill", "fraction", "decay_time", "accuracy"]
# A skill counts as lit from this accuracy on.
LIT = 0.5
CHOSEN = "datum.network === network"
KINDS = {"mean": ("test", "mean of the skills"), "alone": ("ink", "if each turned alone")}


class Lamps(Explorable):
    """Recorded networks of many skills: the accuracy of each at a moment, and the course of all and of their mean.

    ``skills``: columns ``network`` (what a reader chooses it by), ``skill`` (from 1, the most frequent first),
    ``fraction`` (of its pairs in training), ``decay_time``, ``accuracy`` (held-out), a row a skill and moment.
    ``means``: columns ``network``, ``decay_time`` and ``alone``, the mean accuracy if each skill turned as one alone
    does. Every network has the same moments. :func:`grokmodels.claims.turns.lamps` makes both.
    """

    network = Controlled()
    decay_time = Controlled()

    def __init__(
        self,
        *,
        skills: pd.DataFrame,
        means: pd.DataFrame,
        name: str = "lamps",
        title: str = "Skills lighting up along training",
        question: str = "Is the smooth curve one slow step, or many sharp ones?",
        **state: Any,
    ) -> None:
        require_columns("skills", skills, SKILLS)
        require_columns("means", means, ["network", "decay_time", "alone"])
        moments = sorted(skills["decay_time"].unique().tolist())
        networks = skills["network"].unique().tolist()
        told = _told(skills, means)
        # The last one whose mean passes one half.
        passed = told.dropna(subset="half")["network"]
        asked = str((passed if len(passed) else told["network"]).iloc[-1])
        super().__init__(
            name=name,
            title=title,
            question=question,
            controls={
                "network": Choice("Skills", {one: one for one in networks}, asked),
                "decay_time": Slider(
                    "Accumulated decay Λ", moments, moments[len(moments) // 4], format=".2f", play=True
                ),
            },
            charts={
                "lamps": Chart(
                    _lamps(),
                    "Test accuracy of each skill at Λ = {decay_time}, the most frequent first",
                    "A bar for each of {count} skills ({network}), the most frequent first, as high as its test "
                    "accuracy at an accumulated decay of {decay_time}: {lit} are at one half or more.",
                    height=170,
                ),
                "mean": Chart(
                    _mean(moments[-1]),
                    "Test accuracy: each skill (thin), their mean, and the mean if each turned alone (dashed)",
                    "Test accuracy against accumulated decay for {count} skills ({network}), thin, and their "
                    "mean, thick: {mean:.0%} at {decay_time}, where skills that turn alone would come to "
                    "{alone:.0%}.",
                    height=230,
                    drag={"x": "decay_time"},
                ),
            },
            layout=("lamps", "mean"),
            readout=(
                Readout("of {count} skills lit:", "{lit:d}", "generalizing"),
                Readout("mean accuracy", "{mean:.0%}", "test"),
                Readout("if each turned alone", "{alone:.0%}", "ink"),
            ),
            presets=_presets(told, asked),
            guess=Guess(
                chart="mean",
                kind="mark",
                prompt=f"{asked} skills: at which Λ will their mean accuracy pass one half?",
                state={"network": asked, "decay_time": moments[0]},
                answer="It was Λ = {half:.1f}.",
                format=".1f",
            ),
            data={"skills": _lists(skills), "means": _lists(told), "readout": columns(told)},
            **state,
        )


def _told(skills: pd.DataFrame, means: pd.DataFrame) -> pd.DataFrame:
    """A row a network and moment: how many skills there are and are lit, their mean, and when it passes one half."""
    at = skills.assign(lit=skills["accuracy"] >= LIT).groupby(["network", "decay_time"], sort=False)
    told = at.agg(count=("skill", "size"), lit=("lit", "sum"), mean=("accuracy", "mean")).reset_index()
    passed = told[told["mean"] >= LIT].groupby("network")["decay_time"].min().rename("half")
    return told.merge(means, on=["network", "decay_time"]).join(passed, on="network")


def _presets(told: pd.DataFrame, network: str) -> dict[str, dict[str, Any]]:
    """The first moments of a network at which its first skill is lit, half of them are, and all."""
    here = told[told["network"] == network]
    count = here["count"].iloc[0]
    wanted = {"First lamp": 1, "Half of the lamps": count / 2, "Last lamp": count}
    lit = {words: here.loc[here["lit"] >= least, "decay_time"] for words, least in wanted.items()}
    return {words: {"network": network, "decay_time": float(at.min())} for words, at in lit.items() if len(at)}


def _lists(table: pd.DataFrame) -> Columns:
    """One record a curve, with lists along ``decay_time``; three digits are more than a chart shows."""
    along = [name for name in ("decay_time", "accuracy", *KINDS) if name in table]
    keys = [name for name in SKILLS if name in table and name not in along]
    records = table.groupby(keys, sort=False)[along].agg(list).reset_index()
    return columns(records, 3)


def _skills() -> alt.Chart:
    return alt.Chart(alt.NamedData("skills")).transform_filter(CHOSEN).transform_flatten(["decay_time", "accuracy"])


def _lamps() -> Drawing:
    now = _skills().transform_filter("datum.decay_time === decay_time")
    x = alt.X("skill:O", title=None, axis=alt.Axis(labelAngle=0, labelOverlap="greedy"))
    bar = now.encode(x=x, color=alt.value(css("generalizing")))
    return alt.layer(
        bar.transform_calculate(whole="1").mark_bar(opacity=0.15).encode(y=alt.Y("whole:Q", title=None)),
        bar.mark_bar(opacity=0.9).encode(
            y=percent("accuracy"), tooltip=[alt.Tooltip("fraction:Q", title="of its pairs in training", format=".0%")]
        ),
    )


def _mean(last: float) -> Drawing:
    x = alt.X("decay_time:Q", title="accumulated decay Λ", scale=alt.Scale(domain=[0, last], nice=False))
    each = _skills().transform_filter(REVEALED).encode(x=x, y=percent("accuracy"), detail="skill:N")
    both = (
        alt.Chart(alt.NamedData("means"))
        .transform_filter(CHOSEN)
        .transform_flatten(["decay_time", *KINDS])
        .transform_fold([*KINDS], as_=["kind", "accuracy"])
        .transform_filter(REVEALED)
        .encode(x=x, y=percent("accuracy"), color=series("kind", KINDS))
    )
    now = both.transform_filter("datum.decay_time === decay_time")
    curves = alt.Chart(alt.NamedData("means")).transform_filter(CHOSEN).transform_flatten(["decay_time"])
    here = curves.transform_filter("datum.decay_time === decay_time").encode(x=x)
    dash = alt.condition("datum.kind === 'alone'", alt.value([5, 4]), alt.value([1, 0]))
    return alt.layer(
        each.mark_line(strokeWidth=1, opacity=0.45, color=css("generalizing")),
        both.mark_line(strokeWidth=2.5).encode(strokeDash=dash),
        moment(here),
        now.transform_filter("datum.kind === 'mean'").mark_point(filled=True, size=70, opacity=1),
        guessed("mark", x),
    )
