"""Recipes: everything that decides the numbers of a run, frozen, checked when made, and without torch."""

from grokmodels.recipes.architecture import MLP, Architecture
from grokmodels.recipes.experiment import Experiment
from grokmodels.recipes.optimizer import ExponentialFilter, MovingAverageFilter, Optimizer
from grokmodels.recipes.recipe import Recipe
from grokmodels.recipes.schedules import Schedule
from grokmodels.recipes.tasks import (
    Agreement,
    Modular,
    Parity,
    Permutations,
    PlantedRule,
    Polynomial,
    RandomLabels,
    Skills,
    Split,
    Table,
    Task,
    TwoHop,
)

__all__ = [
    "MLP",
    "Agreement",
    "Architecture",
    "Experiment",
    "ExponentialFilter",
    "Modular",
    "MovingAverageFilter",
    "Optimizer",
    "Parity",
    "Permutations",
    "PlantedRule",
    "Polynomial",
    "RandomLabels",
    "Recipe",
    "Schedule",
    "Skills",
    "Split",
    "Table",
    "Task",
    "TwoHop",
]
