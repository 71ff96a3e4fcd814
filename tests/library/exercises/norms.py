"""Right and wrong answers to the exercises of the chapter "Norms and basins"."""

import math

import numpy as np

from grokmodels import exercises
from tests.library.exercises.exercise import Exercise

FREE = ("embedding", "position", "output", "mlp_out")


def rescaled(parameters, factor, free=FREE):
    return {
        name: values * (factor if any(part in name.split(".") for part in free) else 1)
        for name, values in parameters.items()
    }


def hill(margin, degree):
    half_way = margin * 2 ** (1 - degree)
    return max(math.log1p(math.exp(-half_way)) - math.log1p(math.exp(-margin)), 0.0)


def permuted(parameters, order, ways=("in", "out")):
    back = np.argsort(np.argsort(order))
    way_in, way_out = "blocks.0.mlp_in.weight", "blocks.0.mlp_out.weight"
    moved = {"in": {way_in: parameters[way_in][back]}, "out": {way_out: parameters[way_out].T[back].T}}
    return parameters | {name: values for way in ways for name, values in moved[way].items()}


def top_of_ridge(degree, ratio):
    m = np.linspace(1e-6, 1 - 1e-6, 200_001)
    return m[np.argmax((1 - m) ** (2 / degree) + (m / ratio) ** (2 / degree))]


EXERCISES = [
    Exercise(
        exercises.check_rescaling,
        rescaled,
        {
            "norm of the embedding": lambda parameters, factor: parameters,
            "largest change of a logit": lambda parameters, factor: rescaled(parameters, factor, FREE[:1]),
            "same names": lambda parameters, factor: {"embedding": factor * parameters["embedding"]},
        },
    ),
    Exercise(
        exercises.check_hill,
        hill,
        {
            "margin 5, D = 2": lambda margin, degree: math.log1p(math.exp(-margin * 2 ** (1 - degree))),
            "margin 5, D = 0.5: expected 0": lambda margin, degree: (
                hill(margin, degree) or hill(margin, 2 - degree) * (1 - degree)
            ),
        },
    ),
    Exercise(
        exercises.check_permutation,
        permuted,
        {
            "largest change of a logit": lambda *case: permuted(*case, ways=("in",)),
            "from its rows in the order": lambda parameters, order: parameters,
            "same names": lambda parameters, order: {},
        },
    ),
    Exercise(
        exercises.check_ridge,
        top_of_ridge,
        {
            "D = 3, ρ = 2": lambda degree, ratio: 0.5,
            "D = 4, ρ = 2": lambda degree, ratio: 1 / (1 + ratio**2),
        },
    ),
]
