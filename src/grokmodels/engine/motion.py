"""How the weights of a stack move between two evaluations, (S,) each."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from grokmodels.engine.devices import widest
from grokmodels.recipes.optimizer import Optimizer

# Their first two moments are Adam's: an average of the gradient, and one of its square.
ADAPTIVE = ("adam", "adamw")


def turned(before: Tensor, weights: Tensor) -> Tensor:
    """The angle in radians between all the weights (S, P) before and now; of vanishing weights NaN."""
    # The chord of two unit vectors: near 0 the cosine would keep none of the angle's digits.
    units = (torch.nn.functional.normalize(x.to(widest(x.device)), dim=1, eps=0.0) for x in (before, weights))
    chord = torch.linalg.vector_norm(torch.sub(*units), dim=1)
    return 2 * torch.asin((chord / 2).clamp(max=1.0))


def coherence(recipes: Sequence[Optimizer], steps: Sequence[int], moments: Sequence[Tensor]) -> Tensor:
    """The mean over the weights of m̂²/v̂, Adam's averages of the gradient and of its square.

    1 where every weight's gradient keeps its sign and size, (1 − β₁)/(1 + β₁) where it is white noise, much less where
    it swings from step to step. NaN before the first step, and for a rule without these averages.
    """
    members = len(recipes)
    if recipes[0].name not in ADAPTIVE:
        return torch.full((members,), torch.nan, dtype=torch.float64)
    mean, square = (moment.to(widest(moment.device)) for moment in moments[:2])
    shares = (mean.square() / square.clamp(min=torch.finfo(torch.float32).tiny)).mean(dim=1)
    corrections = [
        (1 - recipe.betas[1] ** step) / (1 - recipe.betas[0] ** step) ** 2 if step else torch.nan
        for recipe, step in zip(recipes, steps, strict=True)
    ]
    return shares * torch.as_tensor(corrections, dtype=shares.dtype, device=shares.device)
