"""The necessary rows: which distinct prefixes a causal transformer has to evaluate, each once.

In a causal transformer the activation at a position depends on the tokens up to it and on nothing else. All 3,764
training examples of ``a + b mod 97`` share just 97 different first positions, so the first position needs 97 rows,
not 3,764. In the first layer even less is needed: queries, keys and values depend on one token and its position. And
only the last position is read out, so the last layer needs keys and values everywhere, but queries and the
perceptron at the last position only.

A :class:`PrefixTree` lists the distinct prefixes of a task by their length; :mod:`grokmodels.engine.network` walks it
level by level.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from grokmodels.engine.transformer import MLP_RATIO, positions
from grokmodels.recipes.architecture import Architecture
from grokmodels.recipes.tasks import Task

# Rows to read of every member, (S, n), numbered through all members' rows; None for every row in its order.
Rows = Tensor | None


class Padding(NamedTuple):
    """What padding changes at a level.

    ``positions`` (S, n): the row's position, counted from its first token, numbered through all members' positions;
    ``hidden`` (j, S, n): which of the j positions before it are padding, and are not looked at.
    """

    positions: Tensor
    hidden: Tensor


class Level(NamedTuple):
    """The rows to evaluate at one position, as what they read of each position up to it.

    ``tokens``: which of the T tokens stands at each position, for the first layer; ``ancestors``: which row of each
    level is this row's prefix, for the later ones. ``padding`` is None for a task whose inputs have one length.
    """

    tokens: tuple[Rows, ...]
    ancestors: tuple[Rows, ...]
    padding: Padding | None = None


class PrefixTree:
    """The distinct prefixes of all inputs of a task.

    ``node[i, j]`` is the number of input i's prefix of length j + 1 among the distinct prefixes of that length, and
    ``example[j][k]`` an input that has prefix k of that length.
    """

    def __init__(self, task: Task, device: torch.device | str = "cpu") -> None:
        self.inputs = torch.as_tensor(task.inputs, device=device)
        self.n_tokens = task.n_tokens
        self._padded = None if task.padding is None else self.inputs == task.padding
        nodes, self.example = [], []
        for j in range(self.inputs.shape[1]):
            distinct, node = torch.unique(self.inputs[:, : j + 1], dim=0, return_inverse=True)
            example = torch.empty(len(distinct), dtype=torch.long, device=device)
            example[node] = torch.arange(len(self.inputs), device=device)
            nodes.append(node)
            self.example.append(example)
        self.node = torch.stack(nodes, dim=1)
        # Distinct prefixes of length one are in the order of their tokens.
        self._all_tokens_first = len(self.example[0]) == self.n_tokens

    def shared(self, rows: int) -> list[bool]:
        """For each position, whether its level holds all distinct prefixes: they must not outnumber the rows."""
        return [len(example) <= rows for example in self.example[:-1]] + [False]

    def levels(self, rows: Tensor) -> list[Level]:
        """What to evaluate for the inputs ``rows`` (S, n), level by level; the last level is the rows themselves.

        A level holds all distinct prefixes of its length or, where these outnumber the rows, one row per input.
        """
        members, shared = len(rows), self.shared(rows.shape[1])
        offsets = torch.arange(members, device=rows.device).unsqueeze(1)
        levels = []
        for j, whole in enumerate(shared):
            chosen = self.example[j].expand(members, -1) if whole else rows
            tokens: list[Rows] = [self.inputs[chosen, i] + offsets * self.n_tokens for i in range(j + 1)]
            if j == 0 and whole and self._all_tokens_first:
                tokens[0] = None
            # A level that has one row per input is read row by row, as is a level by itself.
            ancestors = tuple(
                self.node[chosen, i] + offsets * len(self.example[i]) if shared[i] and i < j else None
                for i in range(j + 1)
            )
            levels.append(Level(tuple(tokens), ancestors, self._padding(chosen, j)))
        return levels

    def _padding(self, chosen: Tensor, j: int) -> Padding | None:
        if self._padded is None:
            return None
        own = positions(self._padded)[chosen, j]
        offsets = self.inputs.shape[1] * torch.arange(len(chosen), device=chosen.device).unsqueeze(1)
        return Padding(own + offsets, self._padded[chosen, :j].movedim(-1, 0))


def necessary_flops(arch: Architecture, task: Task, rows: int) -> int:
    """Floating-point operations in the matrix products of one training step on ``rows`` examples.

    A multiplication and an addition count as two, the backward pass as twice the forward pass. Attention scores, norms
    and the optimizer, a few per cent at the book's sizes, are left out.
    """
    tree = PrefixTree(task)
    evaluated = [min(len(example), rows) for example in tree.example[:-1]] + [rows]
    square = 2 * arch.width**2
    total = 2 * arch.width * task.n_classes * rows
    for layer in range(arch.layers):
        by_token = layer == 0 and task.padding is None
        entering = [task.n_tokens] * len(evaluated) if by_token else evaluated
        leaving = evaluated if layer < arch.layers - 1 else evaluated[-1:]
        # The first position sees itself only, and asks nothing.
        keys_and_values, queries = 2 * sum(entering), sum(entering[1:][-len(leaving) :])
        total += square * (keys_and_values + queries + (1 + 2 * MLP_RATIO) * sum(leaving))
    return 3 * total
