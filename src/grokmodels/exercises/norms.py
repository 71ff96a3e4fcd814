"""Checkers of the exercises of the chapter "Norms and basins"."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from grokmodels.checking import checker, expect
from grokmodels.measures import paths
from grokmodels.theory import basins


def _small_network() -> tuple[Any, dict[str, Any]]:
    """A recipe modulo 7 and the first weights of its network."""
    from grokmodels.engine.transformer import Transformer
    from grokmodels.recipes.experiment import Experiment

    experiment = Experiment().but(task__p=7, batch_size="full", architecture__width=16)
    model = Transformer(experiment.transformer, experiment.task)
    return experiment, {name: values.detach().numpy() for name, values in model.named_parameters()}


@checker
def check_rescaling(function: Callable[[Any, float], Any]) -> None:
    """``function(parameters, factor)``: other parameters, of another norm, of a network with the same logits.

    ``parameters``: names → arrays of a network with a LayerNorm before every branch and before the readout. The norm of
    the embedding must change by ``factor``.
    """
    from grokmodels.measures import landscape

    experiment, weights = _small_network()
    before = landscape.logits(experiment, weights)
    for factor in (3.0, 10.0):
        other = function({name: values.copy() for name, values in weights.items()}, factor)
        assert set(other) == set(weights), f"expected the same names of parameters, got {sorted(other)}"
        ratio = float(np.linalg.norm(other["embedding"]) / np.linalg.norm(weights["embedding"]))
        expect(f"norm of the embedding over what it was, factor {factor}", ratio, factor, tolerance=1e-4)
        # A LayerNorm adds 1e-5 to the variance, which a larger stream feels less.
        moved = float(np.abs(landscape.logits(experiment, other) - before).max())
        expect(f"largest change of a logit, factor {factor}", moved, 0.0, tolerance=1e-2)


@checker
def check_hill(function: Callable[[float, float], float]) -> None:
    """``function(margin, degree)``: the barrier of the straight path between two pure circuits of one margin, in nats.

    Under logistic loss; 0 where no point of the path lies above its ends.
    """
    t = np.linspace(0, 1, 2001)
    for margin, degree in ((5.0, 2.0), (8.0, 3.0), (2.0, 1.5), (5.0, 1.0), (5.0, 0.5)):
        heights = np.log1p(np.exp(-margin * ((1 - t) ** degree + t**degree)))
        expected = paths.barrier(heights)
        expect(f"margin {margin:g}, D = {degree:g}", function(margin, degree), expected, tolerance=1e-5)


@checker
def check_permutation(function: Callable[..., Any]) -> None:
    """``function(parameters, order)``: parameters of the same network, the neurons of its first block in this order.

    ``parameters``: names → arrays; ``order``: a permutation, (n neurons,). The given parameters stay as they are.
    """
    from grokmodels.measures import landscape

    experiment, weights = _small_network()
    name = "blocks.0.mlp_in.weight"
    before, order = landscape.logits(experiment, weights), np.random.default_rng(0).permutation(len(weights[name]))
    other = function({name: values.copy() for name, values in weights.items()}, order)
    assert set(other) == set(weights), f"expected the same names of parameters, got {sorted(other)}"
    moved = float(np.abs(np.asarray(other[name]) - weights[name][order]).max())
    expect(f"{name}, from its rows in the order {order[:3]} …: largest difference", moved, 0.0)
    moved = float(np.abs(landscape.logits(experiment, other) - before).max())
    expect("largest change of a logit", moved, 0.0, tolerance=1e-5)


@checker
def check_ridge(function: Callable[[float, float], float]) -> None:
    """``function(degree, ratio)``: the rule's share m of the margin at the top of the ridge, for a degree above 2."""
    for degree, ratio in ((3.0, 2.0), (3.0, 1.1), (4.0, 2.0), (2.5, 1.5), (3.0, 0.5)):
        odds = ratio * float(basins.SLOPE(degree, ratio)) ** degree
        expect(f"D = {degree:g}, ρ = {ratio:g}", function(degree, ratio), odds / (1 + odds), tolerance=1e-3)
