"""What is done to gradients before a rule takes them: noise, orthogonality, a filter, a bound on their length.

All parameters of a member are one row, so gradients, weights and what is remembered are (S, P), and a part of a row is
a :data:`Span`. Numbers are each member's own, (S, 1). Every function changes ``gradient`` in place, which is the
update's own copy.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

import torch
from torch import Tensor

# Where something begins and ends in a row of weights (P,).
Span = tuple[int, int]
Spans = tuple[Span, ...]


def spans(layout: Mapping[str, torch.Size], accepts: Callable[[str, torch.Size], bool]) -> Spans:
    """Where each of the accepted parameters lies, of those whose shapes the layout gives in their order."""
    found, start = [], 0
    for name, shape in layout.items():
        if accepts(name, shape):
            found.append((start, start + shape.numel()))
        start += shape.numel()
    return tuple(found)


def joined(parts: Spans) -> Spans:
    """The same entries in as few spans as can be: what is done to each entry alone takes fewer operations then."""
    found: list[Span] = []
    for start, stop in parts:
        if found and found[-1][1] == start:
            start = found.pop()[0]
        found.append((start, stop))
    return tuple(found)


def groups(layout: Mapping[str, torch.Size], group: str | None) -> Spans:
    """What is treated as one vector: ``"all"`` parameters together, or each of the ``"matrices"``; nothing for None."""
    if group == "all":
        return joined(spans(layout, lambda name, shape: True))
    return spans(layout, lambda name, shape: group == "matrices" and len(shape) >= 2)


def parts(row: Tensor, where: Spans) -> Iterable[Tensor]:
    """Views (S, n) of the spans of a row (S, P)."""
    return [row[:, start:stop] for start, stop in where]


def add_noise(gradient: Tensor, noise: Tensor, size: Tensor) -> None:
    """Add ``size`` times standard normal ``noise`` (S, P)."""
    gradient.add_(size * noise)


def remove_parallel(gradient: Tensor, weights: Tensor, where: Spans) -> None:
    """Take away what is parallel to the weights, of each span by itself: g ← g − w (w·g) / (w·w).

    Where all weights are zero nothing is parallel to them. Source: Prieto et al. 2025 (arXiv:2501.04697), ⟂Grad.
    """
    for g, w in zip(parts(gradient, where), parts(weights, where), strict=True):
        square = w.square().sum(1, keepdim=True)
        g.sub_(w * ((w * g).sum(1, keepdim=True) / torch.where(square > 0, square, 1)))


def add_exponential(gradient: Tensor, average: Tensor, strength: Tensor, decay: Tensor) -> None:
    """Renew the exponential average (S, P) of the gradients, and add ``strength`` times it.

    Source: Lee et al. 2024 (arXiv:2405.20233), Grokfast-EMA.
    """
    average.mul_(decay).add_(gradient * (1 - decay))
    gradient.add_(strength * average)


def add_mean(gradient: Tensor, window: Tensor, strength: Tensor, place: Tensor) -> None:
    """Put the gradient at its ``place`` in the window (S, n, P) of the last ones; add ``strength`` × their mean.

    The mean is taken anew at each step: a running sum would keep the rounding of the first gradients, which are larger
    by orders of magnitude than those of a network that has memorized.
    Source: Lee et al. 2024 (arXiv:2405.20233), Grokfast-MA.
    """
    members = torch.arange(len(window), device=window.device)
    window.index_put_((members, place.squeeze(1).long()), gradient)
    gradient.add_(strength * window.mean(dim=1))


def bound(gradient: Tensor, length: Tensor) -> None:
    """Scale down the gradients that are longer than ``length``, as ``torch.nn.utils.clip_grad_norm_`` does.

    Source: Pascanu et al. 2013 (arXiv:1211.5063).
    """
    norm = torch.linalg.vector_norm(gradient, dim=1, keepdim=True)
    gradient.mul_((length / (norm + 1e-6)).clamp(max=1))
