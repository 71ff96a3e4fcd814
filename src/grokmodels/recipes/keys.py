"""A recipe's lasting name: the SHA-256 of a text that this module writes and no library can change.

The text is JSON without spaces, keys sorted, strings in ASCII, floats as Python's ``repr`` writes them, and fields at
their defaults of format 1 left out. So a key stays what it is when a default changes or a field is added: a new field
joins :data:`FORMAT_1` with the value at which it does nothing, and no stored run is orphaned.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from functools import cache
from typing import Any, Final

from grokmodels.recipes.recipe import Recipe

# What is left out, by class. Never change a value here: it would move the keys of stored runs.
FORMAT_1: Final[Mapping[str, Mapping[str, Any]]] = {
    "schedules.Schedule": {"knots": [[0, 1.0]], "period": None},
    "tasks.modular.Modular": {"operation": "add", "p": 97, "format": "a b", "unordered": False},
    "tasks.parity.Parity": {"bits": 10, "relevant": None, "sample": None, "sample_seed": 0},
    "tasks.permutations.Permutations": {"operation": "compose", "degree": 5, "format": "a b", "unordered": False},
    "tasks.polynomial.Polynomial": {"p": 97, "format": "a b", "unordered": False},
    "tasks.random_labels.RandomLabels": {"base": {"kind": "modular"}, "label_seed": 0},
    "tasks.table.Table": {},
    "tasks.skills.Skills": {
        "skills": 8,
        "p": 31,
        "structure": "shared",
        "power": 0.0,
        "nested": False,
        "skill_seed": 0,
    },
    "tasks.two_hop.TwoHop": {
        "entities": 50,
        "degree": None,
        "identity": False,
        "relations": 10,
        "unused": 0.0,
        "answers": "composed",
        "wording": "symbols",
        "ways": 1,
        "world_seed": 0,
    },
    "tasks.agreement.Agreement": {"nouns": 10, "prepositions": 3, "verbs": 4},
    "tasks.planted.PlantedRule": {
        "p": 31,
        "windows": 10000,
        "ways": 2,
        "words": 500,
        "context": 12,
        "answers": "sum",
        "text_seed": 0,
    },
    "architecture.Architecture": {
        "kind": "transformer",
        "layers": 2,
        "width": 128,
        "heads": 4,
        "norm": "pre",
        "attention": "causal",
        "positions": True,
        "activation": "relu",
        "biases": "none",
        "init_scale": 1.0,
        "output_scale": 1.0,
    },
    "architecture.MLP": {
        "layers": 1,
        "width": 512,
        "embedding": None,
        "activation": "relu",
        "biases": False,
        "init_scale": 1.0,
        "output_scale": 1.0,
    },
    "optimizer.ExponentialFilter": {"strength": 2.0, "decay": 0.98},
    "optimizer.MovingAverageFilter": {"strength": 5.0, "window": 100},
    "optimizer.Optimizer": {
        "name": "adamw",
        "learning_rate": 0.003,
        "weight_decay": 1.0,
        "betas": [0.9, 0.98],
        "epsilon": 1e-08,
        "momentum": 0.0,
        "weight_decay_on": "all",
        "clip": None,
        "orthogonal": None,
        "gradient_filter": None,
        "gradient_noise": 0.0,
        "hold_norm": None,
        "hold_from": 0,
        "learning_rate_schedule": {"knots": [[0, 0.1], [9, 1.0]]},
        "weight_decay_schedule": {},
        "gradient_noise_schedule": {},
    },
    "experiment.Experiment": {
        "task": {"kind": "modular"},
        "fraction": 0.4,
        "data_schedule": {},
        "corrupted": 0.0,
        "label_noise": 0.0,
        "architecture": {},
        "loss": "cross-entropy",
        "label_smoothing": 0.0,
        "optimizer": {},
        "batch_size": 512,
        "batch_size_schedule": {},
        "precision": "float32",
        "steps": 2000,
        "evaluate_every": 25,
        "motion": False,
        "spectral_contrast": False,
        "stop_when_generalized": False,
        "seed": 0,
        "split_seed": None,
        "init_seed": None,
        "batch_seed": None,
        "perturbation_seed": None,
        "perturbation": 0.0,
    },
}


def key(recipe: Recipe) -> str:
    """16 hexadecimal digits. ValueError for a recipe with a part that is not of this library's own classes."""
    return hashlib.sha256(text(deviations(recipe)).encode()).hexdigest()[:16]


def text(values: dict[str, Any]) -> str:
    """The one way in which nested plain values are written."""
    return json.dumps(values, sort_keys=True, separators=(",", ":"), allow_nan=False)


def deviations(recipe: Recipe) -> dict[str, Any]:
    """The fields that are not at their defaults of format 1, as nested plain values. ValueError as in :func:`key`."""
    defaults = _defaults(type(recipe))
    plain = {field: _plain(getattr(recipe, field)) for field in type(recipe).model_fields}
    return {field: value for field, value in plain.items() if field not in defaults or value != defaults[field]}


@cache
def _defaults(kind: type[Recipe]) -> Mapping[str, Any]:
    name = f"{kind.__module__}.{kind.__qualname__}".removeprefix("grokmodels.recipes.")
    if name not in FORMAT_1:
        known = [name.rpartition(".")[2] for name in FORMAT_1]
        raise ValueError(f"recipe: got a {kind.__qualname__}; one that has a key is exactly one of {known}")
    return FORMAT_1[name]


def _plain(value: object) -> object:
    match value:
        case Recipe():
            return deviations(value)
        case tuple():
            return [_plain(part) for part in value]
        case float():
            # Also of numpy's floats, and of -0.0, which equals 0.0.
            return float(value) + 0.0
        case _:
            return value
