"""What training an experiment gives."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal

import numpy as np
import pandas as pd

from grokmodels import measures
from grokmodels.recipes.experiment import Experiment

Status = Literal["finished", "generalized", "diverged"]


@dataclass(frozen=True)
class Run:
    """What training an experiment gave.

    ``history``: one row per evaluation, the first at step 0 (columns below). ``status``: ``finished`` (the budget was
    used), ``generalized`` (stopped early because the milestone had lasted) or ``diverged`` (a loss became NaN or
    infinite; the history ends at the last finite evaluation, and is empty where there was none). ``checkpoints``: step
    → parameter name → array. ``provenance``: versions, device, threads, the forward pass used, seconds, how many runs
    were trained as one stack.

    Columns: ``step``; ``decay_time`` (Λ, the sum of learning rate × weight decay so far); ``train_`` and ``test_``
    ``loss`` (the one trained with; nats, but for squares), ``accuracy``, ``margin`` (mean), ``signal``
    (:func:`~grokmodels.measures.signal`); ``m_hat`` (their ratio, test over train); ``rule_share`` (test inputs) and
    ``rule_share_train``, NaN for a task without a symmetry; ``train_rule_accuracy`` where labels are wrong, the share
    of training inputs answered by the rule; ``weight_norm`` and ``norm.<parameter>``; for a recipe with ``motion``
    ``turned``, the angle in radians between all the weights at the last evaluation and now, and ``coherence``
    (:func:`grokmodels.engine.motion.coherence`); for one with ``spectral_contrast`` a column of this name
    (:mod:`grokmodels.engine.contrast`).
    """

    experiment: Experiment
    history: pd.DataFrame
    status: Status
    provenance: dict[str, Any]
    checkpoints: dict[int, dict[str, np.ndarray]] = field(default_factory=dict)

    @cached_property
    def milestones(self) -> measures.Milestones:
        """t_mem and t_gen at 99 %, lasting (:func:`~grokmodels.measures.first_lasting`)."""
        return measures.milestones(self.history)
