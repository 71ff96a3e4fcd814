"""The forward pass of a stack: many networks of one shape at once, with only the necessary work.

Every parameter carries the *member axis* first, (S, ...), and every matrix product is a batched one, so that one
network is a stack of one. Names and meaning of the parameters are those of the textbook's networks
(:func:`grokmodels.engine.textbook.textbook`), which stay the oracle: the same logits and gradients up to rounding,
whatever S.

A causal transformer walks the levels of a :class:`~grokmodels.engine.prefixes.PrefixTree`, each distinct prefix once. A
bidirectional one has no shared prefixes and reads every token of every input, as does a causal one where inputs are
long. Both read the answer at the last position only, so the last layer needs keys and values everywhere, but queries
and the perceptron at that position alone. An MLP on one-hot vectors of many tokens picks columns of its first matrix
instead of multiplying with zeros.

Shapes: S members, n examples, L positions, r rows, T tokens, d width, h heads, C classes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional

from grokmodels.engine.prefixes import Level, PrefixTree, Rows
from grokmodels.engine.transformer import ACTIVATIONS, positions
from grokmodels.recipes.architecture import MLP, Architecture
from grokmodels.recipes.tasks import Task

Parameters = Mapping[str, Tensor]


class Tokens(NamedTuple):
    """Some inputs as tokens (S, n, L), and which of these are ``padding``, None where none can be."""

    tokens: Tensor
    padding: Tensor | None


# What the forward pass reads of some inputs.
Batch = list[Level] | Tokens

# Tokens from which on picking columns is quicker than multiplying with one-hot vectors.
MANY_TOKENS = 32
# Positions from which on walking them one by one, each looking back at all others, costs more than it saves.
LONG = 11


def way(arch: Architecture | MLP, n_tokens: int, length: int) -> str:
    """How the forward pass saves work: "necessary" prefixes only, "gathered" columns, or not at all, "dense"."""
    if isinstance(arch, MLP):
        return "gathered" if arch.embedding is None and n_tokens >= MANY_TOKENS else "dense"
    return "necessary" if arch.attention == "causal" and length < LONG else "dense"


class Reader:
    """What the forward pass reads of a task's inputs: levels of prefixes for a causal network, tokens for others."""

    def __init__(self, task: Task, arch: Architecture | MLP, device: torch.device | str = "cpu") -> None:
        self.tree = PrefixTree(task, device) if way(arch, task.n_tokens, task.length) == "necessary" else None
        self._inputs = torch.as_tensor(task.inputs, device=device)
        self._padded = None if task.padding is None else self._inputs == task.padding

    def __call__(self, rows: Tensor) -> Batch:
        """For every member's own inputs (S, n)."""
        if self.tree is not None:
            return self.tree.levels(rows)
        return Tokens(self._inputs[rows], None if self._padded is None else self._padded[rows])


def logits(parameters: Parameters, arch: Architecture | MLP, batch: Batch) -> Tensor:
    """Logits (S, n, C) of every member's own examples."""
    return unembedded(parameters, arch, read_out(parameters, arch, batch))


def read_out(parameters: Parameters, arch: Architecture | MLP, batch: Batch) -> Tensor:
    """What is read out (S, n, d): the last position after the final norm, or the last hidden layer of an MLP."""
    if isinstance(arch, MLP):
        assert isinstance(batch, Tokens)
        return _hidden(parameters, arch, batch.tokens)
    last = _dense(parameters, arch, batch) if isinstance(batch, Tokens) else _necessary(parameters, arch, batch)
    return _norm(last, parameters, "norm")


def unembedded(parameters: Parameters, arch: Architecture | MLP, last: Tensor) -> Tensor:
    """The logits (S, n, C) of what is read out."""
    said = _linear(last, parameters["unembedding.weight"], parameters.get("unembedding.bias"))
    return said if arch.output_scale == 1 else arch.output_scale * said


def _hidden(parameters: Parameters, arch: MLP, tokens: Tensor) -> Tensor:
    """The last hidden layer (S, n, w) of an MLP."""
    activation, x = ACTIVATIONS[arch.activation], _first(parameters, arch, tokens)
    for layer in range(1, arch.layers):
        x = _linear(activation(x), parameters[f"hidden.{layer}.weight"], parameters.get(f"hidden.{layer}.bias"))
    return activation(x)


def _first(parameters: Parameters, arch: MLP, tokens: Tensor) -> Tensor:
    """What enters the first hidden layer's units, (S, n, w)."""
    weight, bias, length = parameters["hidden.0.weight"], parameters.get("hidden.0.bias"), tokens.shape[2]
    if arch.embedding:
        embedded = _take(parameters["embedding"], _flat(tokens.flatten(1), parameters["embedding"].shape[1]))
        return _linear(embedded.view(*tokens.shape[:2], -1), weight, bias)
    n_tokens = weight.shape[2] // length
    columns = tokens + n_tokens * torch.arange(length, device=tokens.device)
    if way(arch, n_tokens, length) == "dense":
        ones = torch.zeros(*tokens.shape[:2], weight.shape[2], dtype=weight.dtype, device=weight.device)
        return _linear(ones.scatter(2, columns, 1.0), weight, bias)
    each = _take(weight.mT.contiguous(), _flat(columns.flatten(1), weight.shape[2]))
    x = each.unflatten(1, (-1, length)).sum(2)
    return x if bias is None else x + _beside(bias, x)


def _necessary(parameters: Parameters, arch: Architecture, levels: list[Level]) -> Tensor:
    """The last position's stream (S, n, d) of a causal network."""
    streams, reads = _entering(parameters, levels)
    for layer in range(arch.layers):
        if layer == arch.layers - 1:
            reads = reads[-1:]
        streams = _Block(parameters, arch, layer).levels(streams, reads)
        # From here on a level has its own rows, and reads all of them.
        reads = [_ancestors(level) for level in levels]
    return streams[-1]


def _entering(parameters: Parameters, levels: list[Level]) -> tuple[list[Tensor], list[Read]]:
    """What goes into the first layer, a stream (S, r, d) for every position, and what each level reads of it."""
    embedding, position = parameters["embedding"], parameters.get("position")
    if levels[0].padding is None:
        # One row per position and token; which of them a level reads, its tokens say.
        streams = [embedding if position is None else embedding + position[:, j, None] for j in range(len(levels))]
        return streams, [Read(level.tokens) for level in levels]
    own = [_take(embedding, level.tokens[-1]) for level in levels]
    if position is not None:
        places = [level.padding.positions for level in levels if level.padding is not None]
        own = [x + _take(position, rows) for x, rows in zip(own, places, strict=True)]
    return own, [_ancestors(level) for level in levels]


def _ancestors(level: Level) -> Read:
    return Read(level.ancestors, None if level.padding is None else level.padding.hidden)


def _dense(parameters: Parameters, arch: Architecture, batch: Tokens) -> Tensor:
    """The last position's stream (S, n, d), with every position of every input evaluated."""
    members, n, length = batch.tokens.shape
    x, padding = (
        _take(parameters["embedding"], _flat(batch.tokens.flatten(1), parameters["embedding"].shape[1])),
        batch.padding,
    )
    x = x.view(members, n, length, -1)
    if arch.attention == "bidirectional":
        readout = parameters["readout"].view(members, 1, 1, -1).expand(-1, n, -1, -1)
        x = torch.cat([x, readout], dim=2)
        padding = None if padding is None else functional.pad(padding, (0, 1), value=False)
    if "position" in parameters:
        x = x + _positions(parameters["position"], padding)
    seen = _seen(arch, padding, x.shape[2], x.device)
    for layer in range(arch.layers):
        last = layer == arch.layers - 1
        x = _Block(parameters, arch, layer).dense(x, -1 if last else 0, seen)
    return x.squeeze(2)


def _positions(position: Tensor, padding: Tensor | None) -> Tensor:
    """The position embeddings (S, n or 1, L, d) of tokens, and of the readout where there is one."""
    if padding is None:
        return position.unsqueeze(1)
    own = positions(padding)
    return _take(position, _flat(own.flatten(1), position.shape[1])).view(*own.shape, -1)


def _seen(arch: Architecture, padding: Tensor | None, length: int, device: torch.device) -> Tensor | None:
    """Which positions each one looks at, (S · n or 1, 1, L, L); None where it is all of them."""
    if padding is None and arch.attention == "bidirectional":
        return None
    seen = torch.ones(length, length, dtype=torch.bool, device=device)[None, None]
    seen = seen.tril() if arch.attention == "causal" else seen
    if padding is None:
        return seen
    # What is padding itself sees itself, so that it sees something.
    itself = torch.eye(length, dtype=torch.bool, device=device)
    return seen & (~padding.flatten(0, 1)[:, None, None] | itself)


class Read(NamedTuple):
    """The rows that a level reads of every position up to its own, and which of those before it are hidden."""

    rows: tuple[Rows, ...]
    hidden: Tensor | None = None


class _Block:
    """One layer of the stack."""

    def __init__(self, parameters: Parameters, arch: Architecture, layer: int) -> None:
        self.heads = arch.heads
        self.activation = ACTIVATIONS[arch.activation]
        self._parameters, self._name = parameters, f"blocks.{layer}."
        self._keys_and_values = self._join("key", "value")
        self._all_three = self._join("query", "key", "value")

    def _join(self, *parts: str) -> tuple[Tensor, Tensor | None]:
        """Several linear maps as one."""
        weights, biases = zip(*(self[part] for part in parts), strict=True)
        return torch.cat(weights, dim=1), None if biases[0] is None else torch.cat(biases, dim=1)

    def __getitem__(self, part: str) -> tuple[Tensor, Tensor | None]:
        name = self._name + part
        return self._parameters[f"{name}.weight"], self._parameters.get(f"{name}.bias")

    def levels(self, streams: list[Tensor], reads: list[Read]) -> list[Tensor]:
        """From a stream (S, r, d) for every position to one for every level that reads, (S, n, d) each."""
        normed = [self._normed(x) for x in streams]
        asking = {len(read.rows) - 1 for read in reads}
        # Who sees one position only gives it all its attention, and asks nothing.
        queried = [j > 0 and j in asking for j in range(len(streams))]
        projected = [
            _linear(x, *(self._all_three if asks else self._keys_and_values))
            for x, asks in zip(normed, queried, strict=True)
        ]
        return [self._level(streams, projected, *read) for read in reads]

    def _level(
        self, streams: list[Tensor], projected: list[Tensor], rows: tuple[Rows, ...], hidden: Tensor | None
    ) -> Tensor:
        """The rows (S, n, d) of one level; ``projected`` ends with each position's keys and values."""
        own, width = len(rows) - 1, streams[0].shape[-1]
        x, mine = _take(streams[own], rows[own]), _take(projected[own], rows[own])
        if own == 0:
            return self._finish(x, mine[..., -width:])
        query, *last = mine.chunk(3, dim=-1)
        seen = [_take(projected[i][..., -2 * width :], rows[i]).chunk(2, dim=-1) for i in range(own)]
        return self._finish(x, self._attend(query, [*seen, last], hidden))

    def dense(self, x: Tensor, first: int, seen: Tensor | None) -> Tensor:
        """From all positions (S, n, L, d) to those that ask, which begin with the ``first`` one, (S, n, Q, d).

        ``seen`` says who looks at whom, as in :func:`_seen`.
        """
        asking = x[:, :, first:]
        keys, values = _linear(self._normed(x), *self._keys_and_values).chunk(2, dim=-1)
        queries = _linear(self._normed(asking), *self["query"])
        queries, keys, values = (self._split(y) for y in (queries, keys, values))
        mask = None if seen is None else seen[:, :, first:]
        mixed = functional.scaled_dot_product_attention(queries, keys, values, attn_mask=mask)
        return self._finish(asking, mixed.transpose(-2, -3).flatten(-2).view(asking.shape))

    def _attend(self, query: Tensor, seen: Sequence[Sequence[Tensor]], hidden: Tensor | None) -> Tensor:
        """Attention of rows over the keys and values they see, one of each per position, all (S, n, d).

        ``hidden`` (positions − 1, S, n) are not seen; a row always sees itself, which comes last.
        """
        q = query.unflatten(-1, (self.heads, -1))
        scores = torch.stack([(q * key.unflatten(-1, (self.heads, -1))).sum(-1) for key, _ in seen])
        if hidden is not None:
            scores = scores.masked_fill(functional.pad(hidden, (0, 0, 0, 0, 0, 1)).unsqueeze(-1), -torch.inf)
        weights = (scores / q.shape[-1] ** 0.5).softmax(dim=0).unsqueeze(-1)
        mixed = [
            weight * value.unflatten(-1, (self.heads, -1)) for weight, (_, value) in zip(weights, seen, strict=True)
        ]
        return sum(mixed[1:], mixed[0]).flatten(-2)

    def _split(self, x: Tensor) -> Tensor:
        """(S, n, L, d) → (S · n, h, L, d/h)."""
        return x.flatten(0, 1).unflatten(-1, (self.heads, -1)).transpose(1, 2)

    def _finish(self, x: Tensor, mixed: Tensor) -> Tensor:
        x = x + _linear(mixed, *self["output"])
        hidden = self.activation(_linear(_norm(x, self._parameters, f"{self._name}norm2"), *self["mlp_in"]))
        return x + _linear(hidden, *self["mlp_out"])

    def _normed(self, x: Tensor) -> Tensor:
        return _norm(x, self._parameters, f"{self._name}norm1")


def _linear(x: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """(S, ..., in) → (S, ..., out) with each member's own matrix, (S, out, in), and bias, (S, out)."""
    mapped = torch.bmm(x.flatten(1, -2), weight.mT).view(*x.shape[:-1], weight.shape[1])
    return mapped if bias is None else mapped + _beside(bias, x)


def _norm(x: Tensor, parameters: Parameters, name: str) -> Tensor:
    """LayerNorm with each member's own gains and biases (S, d); without gains there is no norm at all."""
    gains, bias = parameters.get(f"{name}.weight"), parameters.get(f"{name}.bias")
    if gains is None:
        return x
    normed = functional.layer_norm(x, x.shape[-1:]) * _beside(gains, x)
    return normed if bias is None else normed + _beside(bias, x)


def _beside(vectors: Tensor, x: Tensor) -> Tensor:
    """Vectors (S, d) in a shape that meets a stream (S, ..., d)."""
    return vectors.view(len(vectors), *[1] * (x.dim() - 2), -1)


def _flat(index: Tensor, rows: int) -> Tensor:
    """Row numbers (S, n) of every member's own r rows as numbers among the S · r rows of all."""
    return index + rows * torch.arange(len(index), device=index.device).unsqueeze(1)


def _take(x: Tensor, rows: Rows) -> Tensor:
    """Rows (S, n, d) of a stream (S, r, d): all of them, or those numbered among the rows of all members."""
    if rows is None:
        return x
    return x.flatten(0, 1).index_select(0, rows.flatten()).view(*rows.shape, -1)
