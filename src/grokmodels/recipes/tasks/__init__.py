"""The finite tasks of the book: every input listed, every label computed, every symmetry stated.

A task is a small frozen recipe (``Modular(operation="add", p=97)``). It lists all of its inputs, so a train/test split
is a split of *everything there is*, and "chance" and "the rule" have exact meanings.

A task whose rule has a symmetry group also carries it, as a table of *orbits*: the group acts on cells
``(input, class)``, and two cells share an orbit number when some group element moves one to the other. Averaging logits
over orbits projects them on what a rule can express; see :func:`grokmodels.measures.rule_share`.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from grokmodels.recipes.tasks.agreement import Agreement
from grokmodels.recipes.tasks.base import BaseTask, IntArray, Split
from grokmodels.recipes.tasks.modular import Modular
from grokmodels.recipes.tasks.parity import Parity
from grokmodels.recipes.tasks.permutations import Permutations
from grokmodels.recipes.tasks.planted import PlantedRule
from grokmodels.recipes.tasks.polynomial import Polynomial
from grokmodels.recipes.tasks.random_labels import RandomLabels
from grokmodels.recipes.tasks.skills import Skills
from grokmodels.recipes.tasks.table import Table
from grokmodels.recipes.tasks.two_hop import TwoHop

Task = Annotated[
    Modular | Parity | RandomLabels | Polynomial | Permutations | Table | Skills | TwoHop | Agreement | PlantedRule,
    Field(discriminator="kind"),
]

__all__ = [
    "Agreement",
    "BaseTask",
    "IntArray",
    "Modular",
    "Parity",
    "Permutations",
    "PlantedRule",
    "Polynomial",
    "RandomLabels",
    "Skills",
    "Split",
    "Table",
    "Task",
    "TwoHop",
]
