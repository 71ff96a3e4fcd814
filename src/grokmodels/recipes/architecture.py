"""The shape of a network, as a recipe; :mod:`grokmodels.engine.textbook` builds it."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Discriminator, Field, Tag, model_validator

from grokmodels.recipes.recipe import OrNone, Recipe

Activation = Literal["relu", "gelu", "square"]
Scale = Annotated[float, Field(gt=0)]


class Architecture(Recipe):
    """The shape of a transformer.

    ``norm="pre"`` puts a LayerNorm before each branch and before the readout; ``"none"`` has none at all.
    ``attention="causal"`` reads the answer at the last token; ``"bidirectional"`` appends a learned readout token.
    ``biases``, zero at the start, are those of the two linear maps of each perceptron (``"mlp"``), or of every linear
    map and LayerNorm (``"all"``).
    ``init_scale`` multiplies every initial matrix; at 1 a matrix with fan-in k has entries of variance 1/k, and token
    and position embeddings have variance 1/width. ``output_scale`` multiplies the logits: its inverse is a temperature.
    """

    kind: Literal["transformer"] = "transformer"
    layers: Annotated[int, Field(ge=1, le=4)] = 2
    width: Annotated[int, Field(ge=1, le=1024)] = 128
    heads: Annotated[int, Field(ge=1)] = 4
    norm: Literal["pre", "none"] = "pre"
    attention: Literal["causal", "bidirectional"] = "causal"
    positions: bool = True
    activation: Activation = "relu"
    biases: Literal["none", "mlp", "all"] = "none"
    init_scale: Scale = 1.0
    output_scale: Scale = 1.0

    @model_validator(mode="after")
    def _heads_divide_width(self) -> Architecture:
        if self.width % self.heads:
            raise ValueError(f"width: got {self.width}; must be a multiple of heads, which is {self.heads}")
        return self


class MLP(Recipe):
    """The shape of a multilayer perceptron: ``layers`` hidden ones of ``width`` units, and a readout.

    It reads the tokens of an input side by side, each as a one-hot vector, or as an embedding of so many dimensions
    that all positions share. ``biases`` are those of every layer, zero at the start. ``init_scale`` and
    ``output_scale`` are as in :class:`Architecture`; the fan-in of one-hot vectors is their length, tokens × positions.
    """

    kind: Literal["mlp"] = "mlp"
    layers: Annotated[int, Field(ge=1, le=4)] = 1
    width: Annotated[int, Field(ge=1, le=8192)] = 512
    embedding: Annotated[Annotated[int, Field(ge=1, le=1024)] | None, OrNone] = None
    activation: Activation = "relu"
    biases: bool = False
    init_scale: Scale = 1.0
    output_scale: Scale = 1.0


def _kind(architecture: Any) -> object:
    # Recipes written before there were others do not say that they are transformers.
    given = architecture if isinstance(architecture, dict) else getattr(architecture, "__dict__", {})
    return given.get("kind", "transformer")


AnyArchitecture = Annotated[
    Annotated[Architecture, Tag("transformer")] | Annotated[MLP, Tag("mlp")], Discriminator(_kind)
]
