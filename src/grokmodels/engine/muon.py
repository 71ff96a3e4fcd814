"""Muon's step: the momentum of a matrix, with all its singular values brought near to one.

Sources: Jordan et al. 2024 (https://kellerjordan.github.io/posts/muon/) for the iteration; Liu et al. 2025
(arXiv:2502.16982) for the scale, at which a step is as large as one of AdamW.
"""

from __future__ import annotations

import torch
from torch import Tensor

# Of the quintic that steepens fastest at zero: values end between 0.7 and 1.2, and no nearer to one.
COEFFICIENTS = (3.4445, -4.7750, 2.0315)
STEPS = 5
SMALLEST = 1e-7
ADAMW_RMS = 0.2
# The parts of a network whose matrices are hidden ones, the first of a perceptron on one-hot vectors among them.
HIDDEN = ("blocks.", "hidden.")


def takes(name: str, shape: torch.Size) -> bool:
    """Whether a parameter is a hidden matrix; Muon leaves embeddings, readouts and vectors to AdamW."""
    return name.startswith(HIDDEN) and len(shape) == 2


def orthogonalized(matrices: Tensor) -> Tensor:
    """Near U Vᵀ for each of the matrices U S Vᵀ (S, r, c), by Newton and Schulz's iteration in their own precision.

    Matrices smaller than :data:`SMALLEST` stay small, and zeros stay zero.
    """
    tall = matrices.shape[1] > matrices.shape[2]
    # The products with its transpose are as small as can be.
    x = matrices.mT if tall else matrices
    x = x / x.square().sum((1, 2), keepdim=True).sqrt().clamp(min=SMALLEST)
    a, b, c = COEFFICIENTS
    for _ in range(STEPS):
        gram = x.bmm(x.mT)
        x = x.baddbmm(gram.baddbmm(gram, gram, beta=b, alpha=c), x, beta=a)
    return x.mT if tall else x


def direction(gradient: Tensor, momentum: Tensor, decay: Tensor) -> Tensor:
    """What Muon takes from matrices, but for the rate: all are (S, r, c), ``decay`` (S, 1, 1); renews the momentum.

    Nesterov's momentum, as ``torch.optim.Muon`` has it with ``adjust_lr_fn="match_rms_adamw"``.
    """
    momentum.mul_(decay).add_(gradient * (1 - decay))
    ahead = gradient * (1 - decay) + momentum * decay
    return orthogonalized(ahead).mul_(ADAMW_RMS * max(gradient.shape[1:]) ** 0.5)
