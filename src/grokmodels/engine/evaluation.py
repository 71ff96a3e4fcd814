"""What a stack's networks say, measured where they are: only numbers leave the device.

The measures are those of :mod:`grokmodels.measures`, which stays their oracle; here they are computed for all members
at once, and in pieces of the inputs, so that memory does not grow with the task.

Shapes: S members, N inputs, C classes; *parts* are the training and the test inputs, in this order.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from grokmodels.engine.devices import widest
from grokmodels.engine.losses import losses
from grokmodels.recipes.tasks import IntArray, Task

# Cells of inputs and classes that are sorted at a time.
CELLS = 2**22
MEASURES = ("loss", "accuracy", "margin", "signal")


class _Pattern(NamedTuple):
    """Inputs by the pattern of orbits in their row of cells.

    Sorted by orbit, the cells of every input of one class of rows look alike: ``order`` (N, C) sorts them, ``kind``
    (N,) is the class of each input, and ``orbit`` (kinds, C) has the orbit number of each sorted cell.
    """

    order: Tensor
    kind: Tensor
    orbit: Tensor


class Evaluation:
    """Measures of all inputs of a task, for any number of members at once; ``loss`` is that of (logits, labels)."""

    def __init__(
        self, task: Task, device: torch.device, loss: Callable[[Tensor, Tensor], Tensor] = losses,
        *, corrupted: bool = False,
    ) -> None:  # fmt: skip
        self._rule = torch.as_tensor(task.labels, device=device) if corrupted else None
        self._pattern = _pattern(task, device) if task.has_symmetry else None
        self._loss, self._dtype = loss, widest(device)
        self._breakdown = [f"{part}_accuracy.{name}" for part, name in task.breakdown]

    def __call__(
        self, pieces: Iterable[tuple[slice, Tensor]], parts: Tensor, labels: Tensor, subsets: Tensor
    ) -> dict[str, Tensor]:
        """The measures by their column names, (S,) each, as precisely as the device adds.

        ``pieces`` are slices of the inputs with their logits (S, n, C), which together cover all; ``parts`` (S, 2, N)
        is 1 where an input belongs to a part and 0 elsewhere; ``labels`` (S, N) are those that training asks for;
        ``subsets`` (S, B, N) is 1 where an input belongs to a part and subset of the task's breakdown.
        """
        sums = [
            self._sums(logits, labels[:, piece], piece, parts[:, :, piece], subsets[:, :, piece])
            for piece, logits in pieces
        ]
        totals, in_orbits, right = (torch.stack(part).sum(dim=0) for part in zip(*sums, strict=True))
        sizes = parts.to(self._dtype).sum(dim=2, keepdim=True)
        *means, energy = (totals / sizes).unbind(dim=2)
        share = self._kept(in_orbits, parts.to(self._dtype)) / (energy * sizes[..., 0])
        signal = means[MEASURES.index("signal")]
        # Of a network that says nothing, as after a collapse, no part is the rule.
        m_hat = torch.where(signal[:, 0] == 0, 0.0, signal[:, 1] / signal[:, 0])
        named = {
            f"{part}_{measure}": values[:, i]
            for i, part in enumerate(("train", "test"))
            for measure, values in zip(MEASURES, means[: len(MEASURES)], strict=True)
        }
        named |= {"m_hat": m_hat, "rule_share": share[:, 1], "rule_share_train": share[:, 0]}
        named |= zip(self._breakdown, (right / subsets.sum(dim=2)).unbind(dim=1), strict=True)
        return named if self._rule is None else named | {"train_rule_accuracy": means[-1][:, 0]}

    def _sums(
        self, logits: Tensor, labels: Tensor, piece: slice, weights: Tensor, subsets: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        """What a piece adds: measures (S, 2, 5 or 6), sorted cells (S, 2 · kinds, C), right answers (S, B)."""
        centered = logits - logits.mean(dim=2, keepdim=True)
        by_input = self._by_input(logits, centered, labels, piece)
        measures = torch.bmm(weights.to(self._dtype), by_input)
        right = torch.bmm(subsets.to(self._dtype), by_input[:, :, [MEASURES.index("accuracy")]]).squeeze(2)
        if self._pattern is None:
            return measures, measures.new_full((len(logits), 2, 1), torch.nan), right
        cells = centered.gather(2, self._pattern.order[piece].long().expand(len(centered), -1, -1))
        return measures, torch.bmm(self._by_kind(weights.to(logits.dtype), piece), cells).to(self._dtype), right

    def _by_input(self, logits: Tensor, centered: Tensor, labels: Tensor, piece: slice) -> Tensor:
        """Each input's measures and the square of its centered logits, (S, n, 5 or 6)."""
        label = labels.unsqueeze(2)
        margin, correct = _margin(logits, label)
        columns = [self._loss(logits, labels).unsqueeze(2), correct, margin, centered.gather(2, label)]
        if self._rule is not None:
            columns.append(_margin(logits, self._rule[piece].expand_as(labels).unsqueeze(2))[1])
        # Squares of a quiet network's logits are too small for single precision.
        energy = torch.linalg.vector_norm(centered, dim=2, keepdim=True, dtype=self._dtype).square()
        return torch.cat([x.to(self._dtype) for x in (*columns, energy)], dim=2)

    def _by_kind(self, weights: Tensor, piece: slice) -> Tensor:
        """Weights (S, 2, n) as (S, 2 · kinds, n): those of one class of rows at a time."""
        assert self._pattern is not None
        kinds = len(self._pattern.orbit)
        if kinds == 1:
            return weights
        is_kind = torch.nn.functional.one_hot(self._pattern.kind[piece], kinds).T.to(weights.dtype)
        return (weights.unsqueeze(2) * is_kind).flatten(1, 2)

    def _kept(self, sums: Tensor, parts: Tensor) -> Tensor:
        """What the projection on the orbits keeps of the squared centered logits, (S, 2)."""
        if self._pattern is None:
            return sums.squeeze(2)
        orbit = self._pattern.orbit
        sizes = self._by_kind(parts, slice(None)).sum(dim=2)
        nothing = torch.zeros(*parts.shape[:2], int(orbit.max()) + 1, dtype=self._dtype, device=sums.device)
        index = orbit.flatten().expand(*parts.shape[:2], -1)
        totals = nothing.scatter_add(2, index, sums.view(index.shape))
        cells = nothing.scatter_add(2, index, sizes.repeat_interleave(orbit.shape[1], dim=1).view(index.shape))
        return (totals.square() / cells).nan_to_num(0.0).sum(dim=2)


def _margin(logits: Tensor, label: Tensor) -> tuple[Tensor, Tensor]:
    """The logit of a label (S, n, 1) minus the best other, and whether it is the answer."""
    right = logits.gather(2, label)
    best, where = logits.scatter(2, label, -torch.inf).max(dim=2, keepdim=True)
    # Of equal logits the first counts as the answer.
    return right - best, (right > best) | ((right == best) & (label < where))


def _pattern(task: Task, device: torch.device) -> _Pattern:
    order = np.empty((task.n_inputs, task.n_classes), dtype=np.int16)
    kind = np.empty(task.n_inputs, dtype=np.int64)
    kinds: dict[bytes, int] = {}
    orbit: list[IntArray] = []
    for start in range(0, task.n_inputs, size := max(1, CELLS // task.n_classes)):
        piece = slice(start, start + size)
        orbits = task.orbits_of(piece)
        order[piece] = np.argsort(orbits, axis=1, kind="stable")
        in_order = np.take_along_axis(orbits, order[piece].astype(np.int64), axis=1)
        for row, number in enumerate(in_order, start=start):
            if (found := kinds.setdefault(number.tobytes(), len(kinds))) == len(orbit):
                orbit.append(number)
            kind[row] = found
    return _Pattern(*(torch.as_tensor(x, device=device) for x in (order, kind, np.stack(orbit))))
