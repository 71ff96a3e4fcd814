"""The network of a recipe as a textbook writes it: the oracle of the engine, and what gives a run its first weights."""

from __future__ import annotations

from torch import nn

from grokmodels.engine.perceptron import Perceptron
from grokmodels.engine.transformer import Transformer
from grokmodels.recipes.architecture import MLP, Architecture
from grokmodels.recipes.tasks import Task


def textbook(arch: Architecture | MLP, task: Task, seed: int = 0) -> nn.Module:
    """Tokens (n, L) of integers → logits (n, C)."""
    return Perceptron(arch, task, seed) if isinstance(arch, MLP) else Transformer(arch, task, seed)
