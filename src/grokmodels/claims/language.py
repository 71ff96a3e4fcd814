"""Facts, sentences, a grammar and a rule planted in text: which signatures of two basins are there? Row 13.

A *declared* table has the verdicts of three studies on all of their runs (:func:`declared`): one row a prediction.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from typing import Literal

import numpy as np
import pandas as pd

from grokmodels import studies
from grokmodels.claims.row import Row, Verdict, tally
from grokmodels.studies import Record

Word = Literal["holds", "partly", "fails", "open", "no runs"]

# How a sentence about a prediction goes on.
TOLD: Mapping[Word, str] = {
    "holds": "came true", "partly": "came true in part", "fails": "did not come true",
    "open": "is left open by the runs", "no runs": "has no runs yet",
}  # fmt: skip
# The tasks of the chapter, and the study of each.
TASKS = {"facts": "two-hop", "sentences": "two-hop", "amid text": "planted-rule", "grammar": "agreement"}
# What the story of two basins predicted of each task before its runs, by how the sentences begin.
SIGNATURES: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "generalizes late": {
        "facts": ("When the training inputs are memorized, at most 40 %", "The delay is at least twice t_mem"),
        "sentences": ("In sentences, too, every run with decay generalizes", "In sentences at most 40 %"),
        "amid text": ("When the trained sums are memorized, at most 30 %",),
        "grammar": ("... and t_gen is at least three times t_mem",),
    },
    "decay sets the clock": {
        "facts": ("From decay 0.1 to 1 the wait falls", "Without decay no run generalizes"),
        "sentences": ("... and none without decay",),
        "amid text": ("From decay 0.5 to 2 the rule's wait falls", "Without decay no run generalizes"),
        "grammar": ("With 12 conflicts and no decay at most one of five",),
    },
    "an edge in the data": {
        "facts": ("At a share of 0.1, 0.9", "At a share of 0.95", "The wait in decay at a share of 0.5"),
        "amid text": ("At 30 % of the pairs",),
        "grammar": (
            "With 2 conflicts no run",
            "With 120 conflicts and decay every run",
            "With 12 conflicts and decay at least four",
            "The wait in decay with 8 conflicts",
        ),
    },
    "examples a part count": {
        "facts": ("Four questions a fact", "A share of 0.4: with 5 facts an entity, two"),
        "amid text": ("With four times the text the rule's wait in decay stays", "With a quarter of the text it stays"),
    },
    "ungrokking": {"facts": ("A network that has the rule, left with a share of 0.05", "Left with a share of 0.3")},
}
LATE = "generalizes late"
# The tasks that the ledger's claim is about, and the controls of theirs.
CLAIMED = ("facts", "sentences", "amid text")
CONTROLS = ("Without a rule the held-out questions", "Without a rule the held-out sums")
DELAYED = tuple(sentence for task in CLAIMED for sentence in SIGNATURES[LATE][task])
STORY = "two basins"
# Runs with a rule and the memorizers that match them in all but their labels: study, block, weight decay, control.
MATCHED = {
    "facts": ("two-hop", "degree 10, share 0.8", 0.3, "no rule"),
    "amid text": ("planted-rule", "decay", 1.0, "no rule"),
}


@cache
def declared() -> pd.DataFrame:
    """What became of all predictions of the three studies, on all of their runs, with the ``study`` of each."""
    judged = [studies.verdicts(name).assign(study=name) for name in dict.fromkeys(TASKS.values())]
    every = pd.concat(judged, ignore_index=True)
    return every[every["cohort"] == "all"]


def one(table: pd.DataFrame, task: str, begins: str) -> pd.Series:
    """The declared prediction about a task that begins so. ValueError where there is none, or more than one."""
    found = table[(table["study"] == TASKS[task]) & table["sentence"].str.startswith(begins)]
    if len(found) != 1:
        raise ValueError(f"begins: got {begins!r}; must begin one prediction of {TASKS[task]!r}, not {len(found)}")
    return found.iloc[0]


def word(verdicts: Iterable[str]) -> Word:
    """Of the verdicts of one signature: ``holds`` where all came true, ``partly`` where
    some came false and some true, ``fails`` where none came true and one false.
    """
    said = {*verdicts}
    if "no runs" in said:
        return "no runs"
    if "false" in said:
        return "partly" if "true" in said else "fails"
    return "open" if "open" in said else "holds"


def signatures(table: pd.DataFrame) -> pd.DataFrame:
    """The word on each signature (rows) in each task (columns), missing where nothing was predicted."""
    words = {
        name: {task: word(one(table, task, s)["verdict"] for s in own[task]) if task in own else None for task in TASKS}
        for name, own in SIGNATURES.items()
    }
    return pd.DataFrame.from_dict(words, orient="index", columns=[*TASKS])


def counting(table: pd.DataFrame) -> str:
    """What decides the wait for two-hop questions, by what was declared of six worlds: in words."""
    own = table[table["study"] == TASKS["facts"]]
    # Sentences of one side only: on what the others predict, both agree.
    price, share = (
        {*own.loc[[with_ in names and without not in names for names in own["mechanism"]], "verdict"]}
        for with_, without in ((STORY, "share"), ("share", STORY))
    )
    if price == {"true"}:
        return "the questions per fact, and not their share"
    if share == {"true"}:
        return "the share of the questions, and not their number per fact"
    both = "false" in price and "false" in share
    return "neither the questions per fact nor their share alone" if both else "not decided by these runs"


def norms(record: Record, block: str, decay: float, control: str) -> pd.DataFrame:
    """The norm of networks that have the rule, beside their matched memorizers: one row a seed that generalized.

    ``fall``, at t_gen over at t_mem; ``beside``, at t_gen over that of the memorizer of the same seed at the same
    accumulated decay; ``memorized``, whether it knew its data by then.
    """
    others = {run.experiment.seed: run for _, run in record.only(control).trained()}
    rows = []
    for _, run in record.only(block).trained():
        t_mem, t_gen = run.milestones
        other = others.get(run.experiment.seed)
        if other is None or t_gen.censored or run.experiment.optimizer.weight_decay != decay:
            continue
        own = run.history.set_index("step")
        at, norm = own["decay_time"][t_gen.step], own["weight_norm"]
        theirs = float(np.interp(at, other.history["decay_time"], other.history["weight_norm"]))
        knew = not other.milestones.t_mem.censored and other.milestones.t_mem.step <= t_gen.step
        fall = norm[t_gen.step] / norm[t_mem.step]
        rows.append((run.experiment.seed, float(fall), float(norm[t_gen.step] / theirs), knew))
    return pd.DataFrame(rows, columns=["seed", "fall", "beside", "memorized"])


def norm_word(table: pd.DataFrame) -> Word:
    """On the norm order, which was not declared: ``holds`` where every network with the rule
    has a smaller norm than its memorizer, ``fails`` where none has.
    """
    if table.empty:
        return "no runs"
    smaller = table["beside"] < 1
    return "holds" if smaller.all() else "partly" if smaller.any() else "fails"


def judge_language(table: pd.DataFrame) -> Verdict:
    """Claim 13 from the verdicts of ``two-hop`` and ``planted-rule`` on all of their runs.

    Generalization is delayed if what was declared of the delay came true, in symbols, in sentences and amid text, and
    the controls without a rule did not generalize. Then the claim holds, with limits where anything else that the story
    of two basins says of these tasks did not come true; else it fails.
    """
    if not len(table) or "no runs" in {*table["verdict"]}:
        return "open"
    came = table["verdict"] == "true"
    delayed = came[table["sentence"].str.startswith((*DELAYED, *CONTROLS))].all()
    story = came[table["mechanism"].map(lambda names: STORY in names)].all()
    if not delayed:
        return "fails"
    return "holds" if story else "holds with limits"


def rows() -> list[Row]:
    """Row 13 of the ledger."""
    names = [TASKS[task] for task in CLAIMED]
    table = declared()
    table = table[table["study"].isin(names)]
    runs = pd.concat([studies.record(name).runs for name in dict.fromkeys(names)])
    verdict = judge_language(table)
    decided = verdict != "open"
    return [
        Row(
            number=13,
            claim="Language-like tasks with facts and a rule show delayed generalization, too.",
            source="the memo, as a direction",
            experiment=", ".join(dict.fromkeys(names)),
            **tally(runs),
            effect=_effect(table) if decided else "Not measured in full.",
            short=_short(table) if decided else "",
            verdict=verdict,
            reason="Small networks on finite worlds: random facts, sentences from templates, and additions planted in "
            "the text of a manual. Most of what is known of waits comes from one world with ten relations.",
            figure="",
        )
    ]


def _short(table: pd.DataFrame) -> str:
    ratio = one(table, "facts", SIGNATURES[LATE]["facts"][1])["value"]
    return f"two-hop questions at {ratio:.1f} t_mem (median)"


def _effect(table: pd.DataFrame) -> str:
    def value(task: str, begins: str) -> float:
        return float(one(table, task, begins)["value"])

    late, clock = SIGNATURES[LATE], SIGNATURES["decay sets the clock"]
    questions, ratio = (value("facts", begins) for begins in late["facts"])
    sentences, sums = value("sentences", late["sentences"][1]), value("amid text", late["amid text"][0])
    powers = [value(task, clock[task][0]) for task in ("facts", "amid text")]
    without = [value(task, begins) for task, begins in zip(("facts", "amid text"), CONTROLS, strict=True)]
    story = table[table["mechanism"].map(lambda names: STORY in names)]
    return (
        f"Of the held-out two-hop questions at most {questions:.0%} are right at t_mem, and t_gen is at {ratio:.1f} "
        f"times t_mem (median); in sentences at most {sentences:.0%}, and of sums amid text {sums:.0%}. Powers of the "
        f"decay in the wait: {powers[0]:.2f} for questions, {powers[1]:.2f} amid text. Without a rule at most "
        f"{without[0]:.0%} and {without[1]:.0%} are right. Of {len(story)} sentences of the two basins "
        f"{(story['verdict'] == 'true').sum()} came true."
    )
