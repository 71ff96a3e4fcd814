"""What training makes small: the loss of every example, of logits and labels.

Shapes: ``logits`` (..., C), ``labels`` (...) of whole numbers; a loss is (...).
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import torch
from torch import Tensor
from torch.nn import functional

from grokmodels.recipes.experiment import Experiment, Loss


def loss_of(experiment: Experiment) -> Callable[[Tensor, Tensor], Tensor]:
    """The loss that an experiment trains with, of logits and labels."""
    return partial(losses, kind=experiment.loss, smoothing=experiment.label_smoothing)


def losses(logits: Tensor, labels: Tensor, kind: Loss = "cross-entropy", smoothing: float = 0.0) -> Tensor:
    """Cross-entropy (nats; with smoothing, toward a mixture of the label and all classes), squared, or StableMax.

    The squared error is that against one-hot answers, mean over classes. StableMax is a cross-entropy (nats) in whose
    softmax s(x) = x + 1 for x ≥ 0 and 1 / (1 − x) for x < 0 stands for the exponential (Prieto et al. 2025,
    arXiv:2501.04697, definition 4). Logits in half precision are lifted to single precision first.
    """
    if logits.dtype in (torch.bfloat16, torch.float16):
        logits = logits.float()
    if kind == "squared":
        index = labels.unsqueeze(-1)
        # One is taken off the right logit: sums of squares that cancel would leave nothing of a small loss.
        return logits.scatter_add(-1, index, logits.new_full(index.shape, -1)).square().mean(-1)
    if kind == "stablemax":
        # ln s(x); each branch is kept where its logarithm exists, or the gradient of the other would be NaN.
        logits = torch.where(logits >= 0, logits.clamp(min=0).log1p(), -(-logits).clamp(min=0).log1p())
    return functional.cross_entropy(
        logits.flatten(0, -2), labels.flatten(), reduction="none", label_smoothing=smoothing
    ).view(labels.shape)
