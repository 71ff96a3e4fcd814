"""Recipes: everything that decides the numbers of a run, frozen, checked when made, and without torch."""

from grokmodels.recipes.architecture import MLP, Architecture
from grokmodels.recipes.experiment import Experiment
from grokmodels.recipes.optimizer import ExponentialFilter, MovingAverageFilter, Optimizer
from grokmodels.recipes.recipe import Recipe
from grokmodels.recipes.schedules import Schedule
from grokmodels.recipes.tasks import Modular, Parity, Permutations, Polynomial, RandomLabels, Split, Table, Task

__all__ = [
    "MLP",
    "Architecture",
    "Experiment",
    "ExponentialFilter",
    "Modular",
    "MovingAverageFilter",
    "Optimizer",
    "Parity",
    "Permutations",
    "Polynomial",
    "RandomLabels",
    "Recipe",
    "Schedule",
    "Split",
    "Table",
    "Task",
]
