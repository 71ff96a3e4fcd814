"""Facts and two-hop questions: what counts in a world, when its networks turn, and what they hold inside.

Records are of the study ``two-hop``. A fact can stand in a question at two places, as its first hop and as its second.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from grokmodels.engine.run import Run
from grokmodels.measures import first_lasting
from grokmodels.recipes import TwoHop
from grokmodels.recipes.experiment import Experiment
from grokmodels.statistics import Interval, fit_law, median_wait
from grokmodels.statistics.edges import Edges, Waits, fit_edges
from grokmodels.studies import Record

IntArray = NDArray[np.int64]
# A run has turned where it answers half of the held-out questions within reach: where the rule has half of them, as in
# the chapter on the amount of data.
TURNED = 0.5
# A training accuracy below this is a dip, as in measures.dips.
DIP = 0.97
# The evaluations at the end of a run over which its end is averaged.
LAST = 5
OF_WORLD = ["phi", "share", "degree", "entities", "reach"]
# What a probe is asked for, and the two kinds of blocks: the share is trained on from the start, or after the rule.
TARGETS = ("bridge", "answer")
FROM_NOTHING, FROM_THE_RULE = "share, ", "from the rule, "


def world(experiment: Experiment) -> TwoHop:
    """The task of a run. ValueError for one of another kind."""
    if not isinstance(experiment.task, TwoHop):
        raise ValueError(f"task: got kind {experiment.task.kind!r}; must be 'two-hop'")
    return experiment.task


def trained_questions(experiment: Experiment) -> int:
    """How many two-hop questions a run is trained on in the end; all ways to ask one count once."""
    task, (_, kept) = world(experiment), experiment.data_schedule.knots[-1]
    # A data schedule takes facts last.
    return round(kept * task.n_train(experiment.fraction) - task.core.sum()) // task.ways


def questions_per_fact(experiment: Experiment) -> float:
    """φ: trained two-hop questions per fact that may stand in one, as Wang et al. 2024 count (arXiv:2405.15071)."""
    task = world(experiment)
    return trained_questions(experiment) / int(((task.world >= 0) & ~task.is_unused).sum())


def places(task: TwoHop, rows: IntArray) -> tuple[IntArray, IntArray]:
    """The facts of some questions (n,), each as one number: those of the first hops, and those of the second."""
    h, r, s = task.queries[rows].T
    return h * task.relations + r, task.bridges[rows] * task.relations + s


def within_reach(experiment: Experiment) -> float:
    """The share of the held-out questions whose two facts each stand at the same place in some trained question.

    No network is asked. Of the others nothing in training says that a fact may stand there.
    """
    task, split = world(experiment), experiment.split
    asked, trained = (places(task, rows) for rows in (split.test, split.train[~task.core[split.train]]))
    known = [np.isin(one, other) for one, other in zip(asked, trained, strict=True)]
    return float(np.logical_and(*known).mean())


def turns(record: Record) -> pd.DataFrame:
    """When each run with decay turns: the accumulated decay Λ from which it answers half of what is within reach.

    Columns ``block``, ``cohort``, ``seed``; ``phi``, ``share`` of the questions, ``degree``, ``entities``; ``reach``
    (:func:`within_reach`); ``turn`` and ``turn_censored``; ``end``, test accuracy over the last evaluations.
    """
    rows = []
    for point, run in record.trained():
        experiment, history, task = point.experiment, run.history, world(point.experiment)
        if experiment.optimizer.weight_decay == 0:
            continue
        reach = within_reach(experiment)
        came = first_lasting(history["step"], history["test_accuracy"], TURNED * reach)
        turn = float(history["decay_time"][history["step"] == came.step].iloc[0])
        degree = task.relations if task.degree is None else task.degree
        cell = (questions_per_fact(experiment), experiment.fraction, degree, task.entities, reach)
        end = float(history["test_accuracy"].iloc[-LAST:].mean())
        rows.append((point.block, point.cohort, experiment.seed, *cell, turn, came.censored, end))
    return pd.DataFrame(rows, columns=["block", "cohort", "seed", *OF_WORLD, "turn", "turn_censored", "end"])


def cells(table: pd.DataFrame) -> pd.DataFrame:
    """The :func:`turns` of each block: its world, ``n`` runs, how many ``turned``, and the median ``wait``.

    The wait is infinite where more than half have not turned.
    """
    rows = []
    for block, own in table.groupby("block", sort=False):
        wait = median_wait(own["turn"], own["turn_censored"])
        rows.append((block, *own[OF_WORLD].median(), len(own), int((~own["turn_censored"]).sum()), wait))
    return pd.DataFrame(rows, columns=["block", *OF_WORLD, "n", "turned", "wait"])


def wait_over(record: Record, block: str, other: str) -> float:
    """The median wait of one block for the turn over that of another; NaN where both are infinite or one is empty."""
    waits = cells(turns(record)).set_index("block")["wait"].reindex([block, other])
    return float(waits[block] / waits[other])


def four_questions(record: Record) -> float:
    """The wait for the turn with four questions a fact: of twenty facts an entity over that of five."""
    return wait_over(record, "degree 20, share 0.2", "degree 5, share 0.8")


def same_share(record: Record) -> float:
    """The wait for the turn at a share of 0.4: of five facts an entity (φ = 2) over that of twenty (φ = 8)."""
    return wait_over(record, "degree 5, share 0.4", "degree 20, share 0.4")


def half_the_questions(record: Record) -> float:
    """The wait for the turn at a share of 0.5 over that at 0.8."""
    return wait_over(record, "share, 0.5", "share, 0.8")


def what_counts(table: pd.DataFrame) -> dict[str, Interval]:
    """The powers of the questions per fact, ``phi``, and of the ``share`` in the turns of several worlds.

    They are fitted together: the one that does not count has a power of zero. NaN where fewer than three runs turned.
    """
    try:
        law = fit_law(table["turn"], table["turn_censored"], phi=np.log(table["phi"]), share=np.log(table["share"]))
    except ValueError:
        return dict.fromkeys(("phi", "share"), Interval(np.nan, np.nan, np.nan))
    return law.slopes


def edge_of_turns(table: pd.DataFrame) -> Edges | None:
    """The law Λ = A (φ/φ_c − 1)^−γ of the turns of one world; None where they came at fewer than three φ."""
    columns = (table["phi"].to_numpy(), table["turn"].to_numpy(), table["turn_censored"].to_numpy(bool))
    try:
        return fit_edges({"": Waits(*columns)})
    except ValueError:
        return None


def ends(record: Record) -> pd.DataFrame:
    """Where runs end that are trained on a share of the questions, from the start or after they had the rule.

    Columns ``phi``, in the end; ``of_rule``; ``n``; ``end`` (median), ``low``, ``high``; ``reach`` where the share was
    trained on from the start.
    """
    table = turns(record)
    table = table[table["block"].str.startswith((FROM_NOTHING, FROM_THE_RULE))]
    table = table.assign(of_rule=table["block"].str.startswith(FROM_THE_RULE))
    found = table.groupby(["phi", "of_rule"])
    summary = found["end"].agg(["size", "median", "min", "max"]).set_axis(["n", "end", "low", "high"], axis=1)
    return summary.join(found["reach"].median()).reset_index()


def at_dips(run: Run) -> tuple[float, float]:
    """How much of the way from t_mem to t_gen a run goes at dips of its training accuracy.

    The share of the accumulated decay between evaluations of which one is in a dip, and the share of the rise of the
    test accuracy there: where they are alike, the rule grows no faster at dips. NaN for a run without a wait.
    """
    t_mem, t_gen = run.milestones
    wait = run.history[run.history["step"].between(t_mem.step, t_gen.step)]
    if t_gen.censored or len(wait) < 2:
        return np.nan, np.nan
    low = wait["train_accuracy"].to_numpy() < DIP
    near = low[1:] | low[:-1]
    decay, rise = (np.diff(wait[column].to_numpy()) for column in ("decay_time", "test_accuracy"))
    return float(decay[near].sum() / decay.sum()), float(rise[near].sum() / rise.sum())


def bridge(run: Run) -> pd.DataFrame:
    """What can be read off a run's stream at its checkpoints.

    Maps are fitted on the questions of one half of the first hops and asked about held-out ones of the other half: what
    stands at the first relation is the same for all questions of one first hop, so a map that has seen it need not read
    it; and the answers to trained questions are there without any rule.
    Columns ``step``, ``decay_time``; ``target``, one of :data:`TARGETS`; ``layer``, how many blocks came before;
    ``position`` of the token that is read; ``read``, the share that is read right.
    """
    # With torch, which the rules of this module need not.
    from grokmodels.measures.probes import readable

    task, rows = world(run.experiment), []
    questions = np.flatnonzero(task.subset("questions"))
    first, _ = places(task, questions)
    fitted = np.random.default_rng(0).permutation(task.world.size)[first] % 2 == 0
    asked = questions[~fitted & np.isin(questions, run.experiment.split.test)]
    decay_time = run.history.set_index("step")["decay_time"]
    for step, parameters in sorted(run.checkpoints.items()):
        for target, wanted in zip(TARGETS, (task.bridges, task.labels), strict=True):
            read = readable(run.experiment, parameters, wanted, questions[fitted], asked)
            rows += [
                (step, float(decay_time[step]), target, layer, position, float(share))
                for (layer, position), share in np.ndenumerate(read)
            ]
    return pd.DataFrame(rows, columns=["step", "decay_time", "target", "layer", "position", "read"])
