"""The same transformer with only the necessary work: each distinct prefix once, and only what the answer needs.

In a causal transformer the activation at a position depends on the tokens up to it and on nothing else. All 3,764
training examples of ``a + b mod 97`` share just 97 different first positions, so the first position needs 97 rows,
not 3,764. In the first layer even less is needed: queries, keys and values depend on one token and its position. And
only the last position is read out, so the last layer needs keys and values everywhere, but queries and the
perceptron at the last position only.

A :class:`PrefixTree` lists the distinct prefixes of a task by their length; :func:`necessary_forward` walks it level by
level with the parameters of a :class:`~grokmodels.engine.transformer.Transformer`. The result is the textbook forward
up to rounding, in less than half the time; the textbook stays the oracle that tests hold this file against.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from grokmodels.engine.transformer import MLP_RATIO, Block, Transformer
from grokmodels.recipes.architecture import Architecture
from grokmodels.recipes.tasks import Task


class Level(NamedTuple):
    """The rows to evaluate at one position.

    ``tokens`` (r,): the token of each row; ``ancestors``: for each earlier position, the row there that is this
    row's prefix, each (r,).
    """

    tokens: Tensor
    ancestors: tuple[Tensor, ...]


# For a level, the rows it reads at each position up to its own.
Reads = tuple[Tensor | slice, ...]


class PrefixTree:
    """The distinct prefixes of all inputs of a task.

    ``node[i, j]`` is the number of input i's prefix of length j + 1 among the distinct prefixes of that length, and
    ``example[j][k]`` an input that has prefix k of that length.
    """

    def __init__(self, task: Task, device: torch.device | str = "cpu") -> None:
        inputs = torch.as_tensor(task.inputs, device=device)
        self.inputs = inputs
        nodes, self.example = [], []
        for j in range(inputs.shape[1]):
            distinct, node = torch.unique(inputs[:, : j + 1], dim=0, return_inverse=True)
            example = torch.empty(len(distinct), dtype=torch.long, device=device)
            example[node] = torch.arange(len(inputs), device=device)
            nodes.append(node)
            self.example.append(example)
        self.node = torch.stack(nodes, dim=1)

    def levels(self, rows: Tensor) -> list[Level]:
        """What to evaluate for the inputs ``rows`` (n,), level by level; the last level is the rows themselves.

        A level holds all distinct prefixes of its length or, where these outnumber the rows, one row per input.
        """
        chosen = []  # for each level, the inputs standing for its rows
        shared = []  # whether the level is the list of all distinct prefixes
        levels = []
        last = self.inputs.shape[1] - 1
        for j in range(last + 1):
            share = j < last and len(self.example[j]) <= len(rows)
            chosen.append(self.example[j] if share else rows)
            shared.append(share)
            here = torch.arange(len(chosen[j]), device=rows.device)
            ancestors = tuple(self.node[chosen[j], i] if shared[i] else here for i in range(j))
            levels.append(Level(self.inputs[chosen[j], j], ancestors))
        return levels


def necessary_forward(model: Transformer, levels: list[Level]) -> Tensor:
    """Logits (n, C) of the rows that ``levels`` was made for, equal to ``model(tokens)``; causal models only."""
    # Into the first layer goes one row per position and token; which of them a level reads, its tokens say.
    streams = [model.embedding + (0 if model.position is None else model.position[j]) for j in range(len(levels))]
    reads: list[Reads] = [
        (*(levels[i].tokens[rows] for i, rows in enumerate(level.ancestors)), level.tokens) for level in levels
    ]
    *earlier, final = model.layers
    for block in earlier:
        streams = _layer(block, streams, reads)
        # From here on a level has its own rows, and reads all of them.
        reads = [(*level.ancestors, slice(None)) for level in levels]
    (last,) = _layer(final, streams, reads[-1:])
    return model.unembedding(model.norm(last))


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
        entering = [task.n_tokens] * len(evaluated) if layer == 0 else evaluated
        leaving = evaluated if layer < arch.layers - 1 else evaluated[-1:]
        keys_and_values, queries = 2 * sum(entering), sum(entering[-len(leaving) :])
        total += square * (keys_and_values + queries + (1 + 2 * MLP_RATIO) * sum(leaving))
    return 3 * total


def _layer(block: Block, streams: list[Tensor], reads: list[Reads]) -> list[Tensor]:
    """One block: from a stream (r_j, d) for every position to one for every level that reads, (r, d) each."""
    normed = [block.norm1(x) for x in streams]
    keys = [block.key(x) for x in normed]
    values = [block.value(x) for x in normed]
    results = []
    for rows in reads:
        own, last = len(rows) - 1, rows[-1]
        seen = [(k[r], v[r]) for k, v, r in zip(keys, values, rows, strict=False)]
        x = streams[own][last] + block.output(_attend(block, block.query(normed[own])[last], seen))
        results.append(x + block.mlp(block.norm2(x)))
    return results


def _attend(block: Block, query: Tensor, seen: list[tuple[Tensor, Tensor]]) -> Tensor:
    """Attention of rows over the keys and values they see, one of each per position, all (r, d)."""

    def split(x: Tensor) -> Tensor:
        return x.view(len(x), block.heads, -1)

    q = split(query)
    scores = torch.stack([(q * split(k)).sum(-1) for k, _ in seen])  # (positions, r, h)
    weights = (scores / q.shape[-1] ** 0.5).softmax(dim=0)
    mixed = torch.zeros_like(q)
    for weight, (_, v) in zip(weights, seen, strict=True):
        mixed = mixed + weight.unsqueeze(-1) * split(v)
    return mixed.reshape(query.shape)
