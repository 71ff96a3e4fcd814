"""The transformer of the book, as a textbook writes it.

Tokens are embedded, one or more blocks add attention and a two-layer perceptron to a residual stream, and the last
position is read out as logits. Without biases, as the book's own recipes are, every parameter is a matrix, a vector of
LayerNorm gains, or the readout vector; "the weight norm" is the length of one list of numbers.

Shapes below: n examples, L positions, d width, h heads, C classes.

Sources: Vaswani et al. 2017 (arXiv:1706.03762) for attention; Power et al. 2022 (arXiv:2201.02177) for the
two-layer, width-128, four-head decoder on modular arithmetic.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional

from grokmodels.recipes.architecture import Activation, Architecture
from grokmodels.recipes.tasks import Task

MLP_RATIO = 4
ACTIVATIONS: dict[Activation, Callable[[Tensor], Tensor]] = {
    "relu": functional.relu,
    "gelu": functional.gelu,
    "square": torch.square,
}


class Block(nn.Module):
    """One layer: ``x + attention(norm(x))``, then ``x + mlp(norm(x))``."""

    def __init__(self, arch: Architecture) -> None:
        super().__init__()
        d, everywhere, in_mlp = arch.width, arch.biases == "all", arch.biases != "none"
        self.heads = arch.heads
        self.causal = arch.attention == "causal"
        self.activation = ACTIVATIONS[arch.activation]
        self.norm1 = _norm(arch)
        self.query = nn.Linear(d, d, bias=everywhere)
        self.key = nn.Linear(d, d, bias=everywhere)
        self.value = nn.Linear(d, d, bias=everywhere)
        self.output = nn.Linear(d, d, bias=everywhere)
        self.norm2 = _norm(arch)
        self.mlp_in = nn.Linear(d, MLP_RATIO * d, bias=in_mlp)
        self.mlp_out = nn.Linear(MLP_RATIO * d, d, bias=in_mlp)

    def forward(self, x: Tensor, padding: Tensor | None = None) -> Tensor:
        """Residual stream in and out, both (n, L, d); positions of ``padding`` (n, L) are not looked at."""
        x = x + self.attend(self.norm1(x), padding)
        return x + self.mlp(self.norm2(x))

    def attend(self, x: Tensor, padding: Tensor | None = None) -> Tensor:
        """Multi-head softmax attention, (n, L, d) → (n, L, d)."""
        n, length, d = x.shape
        q, k, v = (
            part(x).view(n, length, self.heads, -1).transpose(1, 2) for part in (self.query, self.key, self.value)
        )  # each (n, h, L, d/h)
        scores = q @ k.mT / (d // self.heads) ** 0.5
        if self.causal:
            future = torch.ones(length, length, dtype=torch.bool, device=x.device).triu(1)
            scores = scores.masked_fill(future, -torch.inf)
        if padding is not None:
            # What is padding itself sees itself, so that it sees something.
            others = padding[:, None, None, :] & ~torch.eye(length, dtype=torch.bool, device=x.device)
            scores = scores.masked_fill(others, -torch.inf)
        mixed = scores.softmax(dim=-1) @ v
        return self.output(mixed.transpose(1, 2).reshape(n, length, d))

    def mlp(self, x: Tensor) -> Tensor:
        """Position-wise perceptron, (..., d) → (..., d)."""
        return self.mlp_out(self.activation(self.mlp_in(x)))


class Transformer(nn.Module):
    """Tokens (n, L) of integers → logits (n, C). Built for one task, seeded by a generator of its own."""

    def __init__(self, arch: Architecture, task: Task, seed: int = 0) -> None:
        super().__init__()
        self.arch, self.padding = arch, task.padding
        d = arch.width
        length = task.length + (arch.attention == "bidirectional")
        self.embedding = nn.Parameter(torch.empty(task.n_tokens, d))
        self.position = nn.Parameter(torch.empty(length, d)) if arch.positions else None
        self.readout = nn.Parameter(torch.empty(d)) if arch.attention == "bidirectional" else None
        self.blocks = nn.ModuleList(Block(arch) for _ in range(arch.layers))
        self.norm = _norm(arch)
        self.unembedding = nn.Linear(d, task.n_classes, bias=arch.biases == "all")
        initialize(self, arch.init_scale, seed)

    @property
    def layers(self) -> list[Block]:
        """The blocks, in order."""
        return [block for block in self.blocks if isinstance(block, Block)]

    def forward(self, tokens: Tensor) -> Tensor:
        x, padding = self.embed(tokens), self.padded(tokens)
        for block in self.layers:
            x = block(x, padding)
        return self.arch.output_scale * self.unembedding(self.norm(x[:, -1]))

    def embed(self, tokens: Tensor) -> Tensor:
        """Token plus position embeddings, with the readout token where there is one: (n, L) → (n, L or L + 1, d)."""
        x = self.embedding[tokens]
        if self.readout is not None:
            x = torch.cat([x, self.readout.expand(len(x), 1, -1)], dim=1)
        if self.position is None:
            return x
        padding = self.padded(tokens)
        return x + (self.position if padding is None else self.position[positions(padding)])

    def padded(self, tokens: Tensor) -> Tensor | None:
        """Which positions, the readout's included, are padding, (n, L or L + 1); None where none can be."""
        if self.padding is None:
            return None
        padded = tokens == self.padding
        return padded if self.readout is None else functional.pad(padded, (0, 1), value=False)


def positions(padding: Tensor) -> Tensor:
    """The position of each token, counted from the first that is none of ``padding`` (..., L); 0 for padding."""
    return ((~padding).cumsum(dim=-1) - 1).clamp(min=0)


@torch.no_grad()
def initialize(model: nn.Module, scale: float, seed: int) -> None:
    """Draw every matrix, with entries of variance scale² / fan-in; biases start at 0, LayerNorm gains at 1."""
    # One float64 stream in a fixed order: the same seed gives the same network on every device and precision.
    generator = torch.Generator().manual_seed(seed)
    for name, parameter in model.named_parameters():
        if name.endswith("bias"):
            parameter.zero_()
        elif "norm" in name:
            parameter.fill_(1.0)
        else:
            # Embeddings are looked up, not multiplied, so the width stands in for their fan-in; so it does in a matrix.
            fan_in = parameter.shape[-1]
            noise = torch.randn(parameter.shape, generator=generator, dtype=torch.float64)
            parameter.copy_(noise * scale / fan_in**0.5)


def _norm(arch: Architecture) -> nn.Module:
    return nn.LayerNorm(arch.width, bias=arch.biases == "all") if arch.norm == "pre" else nn.Identity()
