"""The multilayer perceptron of the book, as a textbook writes it.

The tokens of an input stand side by side, each as a one-hot vector or as its embedding; hidden layers and a readout
follow. With one hidden layer, one-hot vectors and squares it is the network of Gromov 2023 (arXiv:2301.02679).

Shapes below: n examples, L positions, T tokens, e dimensions of an embedding, w width, C classes.
"""

from __future__ import annotations

import itertools

import torch
from torch import Tensor, nn
from torch.nn import functional

from grokmodels.engine.transformer import ACTIVATIONS, initialize
from grokmodels.recipes.architecture import MLP
from grokmodels.recipes.tasks import Task


def read_by(arch: MLP, task: Task) -> int:
    """Numbers that the first hidden layer reads of an input."""
    return task.length * (arch.embedding or task.n_tokens)


class Perceptron(nn.Module):
    """Tokens (n, L) of integers → logits (n, C). Built for one task, seeded by a generator of its own."""

    def __init__(self, arch: MLP, task: Task, seed: int = 0) -> None:
        super().__init__()
        self.arch, self.n_tokens = arch, task.n_tokens
        self.activation = ACTIVATIONS[arch.activation]
        self.embedding = nn.Parameter(torch.empty(task.n_tokens, arch.embedding)) if arch.embedding else None
        widths = [read_by(arch, task), *[arch.width] * arch.layers]
        self.hidden = nn.ModuleList(nn.Linear(*pair, bias=arch.biases) for pair in itertools.pairwise(widths))
        self.unembedding = nn.Linear(arch.width, task.n_classes, bias=arch.biases)
        initialize(self, arch.init_scale, seed)

    def forward(self, tokens: Tensor) -> Tensor:
        x = self.embed(tokens).flatten(1)
        for layer in self.hidden:
            x = self.activation(layer(x))
        return self.arch.output_scale * self.unembedding(x)

    def embed(self, tokens: Tensor) -> Tensor:
        """What stands for each token, (n, L) → (n, L, T or e)."""
        if self.embedding is not None:
            return self.embedding[tokens]
        return functional.one_hot(tokens, self.n_tokens).to(self.unembedding.weight)
