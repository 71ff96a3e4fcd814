"""What training makes small: the loss of every example, of logits and labels.

Shapes: ``logits`` (..., C), ``labels`` (...) of whole numbers; a loss is (...).
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from grokmodels.recipes.experiment import Experiment, Loss


def loss_of(experiment: Experiment, logits: Tensor, labels: Tensor) -> Tensor:
    """The loss that an experiment trains with."""
    return losses(logits, labels, experiment.loss, experiment.label_smoothing)


def losses(logits: Tensor, labels: Tensor, kind: Loss = "cross-entropy", smoothing: float = 0.0) -> Tensor:
    """Cross-entropy (nats; with smoothing, toward a mixture of the label and all classes), squared, or StableMax.

    The squared error is that against one-hot answers, mean over classes. StableMax is a cross-entropy (nats) in whose
    softmax s(x) = x + 1 for x ≥ 0 and 1 / (1 − x) for x < 0 stands for the exponential (Prieto et al. 2025,
    arXiv:2501.04697, definition 4).
    """
    index = labels.unsqueeze(-1)
    if kind == "squared":
        # The sum of (logit − answer)² without a table of answers.
        right = logits.gather(-1, index).squeeze(-1)
        return (logits.square().sum(-1) - 2 * right + 1) / logits.shape[-1]
    if kind == "stablemax":
        # ln s(x); each branch is kept where its logarithm exists, or the gradient of the other would be NaN.
        said = torch.where(logits >= 0, logits.clamp(min=0).log1p(), -(-logits).clamp(min=0).log1p())
        return said.logsumexp(-1) - said.gather(-1, index).squeeze(-1)
    return functional.cross_entropy(
        logits.flatten(0, -2), labels.flatten(), reduction="none", label_smoothing=smoothing
    ).view(labels.shape)
