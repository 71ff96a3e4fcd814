"""The shape of a network, as a recipe; :mod:`grokmodels.engine.transformer` builds it."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from grokmodels.recipes.recipe import Recipe


class Architecture(Recipe):
    """The shape of the network.

    ``norm="pre"`` puts a LayerNorm before each branch and before the readout; ``"none"`` has none at all.
    ``attention="causal"`` reads the answer at the last token; ``"bidirectional"`` appends a learned readout token.
    ``init_scale`` multiplies every initial matrix; at 1 a matrix with fan-in k has entries of variance 1/k, and token
    and position embeddings have variance 1/width.
    """

    layers: Annotated[int, Field(ge=1, le=4)] = 2
    width: Annotated[int, Field(ge=1, le=1024)] = 128
    heads: Annotated[int, Field(ge=1)] = 4
    norm: Literal["pre", "none"] = "pre"
    attention: Literal["causal", "bidirectional"] = "causal"
    positions: bool = True
    activation: Literal["relu", "gelu"] = "relu"
    init_scale: Annotated[float, Field(gt=0)] = 1.0

    @model_validator(mode="after")
    def _heads_divide_width(self) -> Architecture:
        if self.width % self.heads:
            raise ValueError(f"width: got {self.width}; must be a multiple of heads, which is {self.heads}")
        return self
