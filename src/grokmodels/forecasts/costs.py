"""What an alarm costs: operations of looking, over those of training."""

from __future__ import annotations

import pandas as pd

from grokmodels.recipes.experiment import Experiment

# A forward pass is a third of a training step on the same inputs: the backward pass is two.
FORWARD = 1 / 3


def probing(probes: float, every: float, batch: float) -> float:
    """Share of the compute of training that ``probes`` held-out inputs cost, answered ``every`` so many steps.

    Probes and ``batch`` are counted alike, in examples of one length or in tokens.

    >>> probing(probes=1_000_000, every=100, batch=4_000_000)
    0.0008333333333333333
    """
    return FORWARD * probes / (batch * every)


def signals(experiment: Experiment) -> pd.DataFrame:
    """What one look at each signal costs in operations, over those of one training step of a transformer (``steps``).

    Of matrix products only (:func:`~grokmodels.engine.prefixes.necessary_flops`). The norm is two operations a weight;
    the projection of the rule share three a logit.
    """
    from grokmodels.engine.prefixes import necessary_flops
    from grokmodels.engine.textbook import textbook

    task, arch = experiment.task, experiment.transformer
    train, test = (len(part) for part in (experiment.split.train, experiment.split.test))
    step = necessary_flops(arch, task, experiment.batch_size or train)
    weights = sum(part.numel() for part in textbook(arch, task, 0).parameters())
    answers = {rows: FORWARD * necessary_flops(arch, task, rows) for rows in (train, test)}
    looks = {
        "Λ, t_mem": ("the recipe and the loss of the batch", 0.0),
        "norm": ("the weights", 2.0 * weights),
        "training loss, margin": ("answers on all training inputs", answers[train]),
        "test loss, m̂": ("answers on all held-out inputs", answers[test]),
        "rule share": ("the same, and the rule's symmetry", answers[test] + 3.0 * test * task.n_classes),
    }
    rows = [(name, needs, work / step) for name, (needs, work) in looks.items()]
    return pd.DataFrame(rows, columns=["signal", "needs", "steps"])
