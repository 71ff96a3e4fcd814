"""Recipes that take seconds, for tests of the engine."""

from grokmodels import Experiment
from grokmodels.engine import checks

# In double precision, as the checks have them, and as a run usually is.
EXACT, EXACT_PARITY = checks.SMALL, checks.PARITY
SMALL, PARITY = (recipe.but(steps=60, precision="float32") for recipe in (EXACT, EXACT_PARITY))
# Groks within 240 steps.
EASY = Experiment().but(
    task__p=23, fraction=0.8, architecture__width=64, batch_size=None, steps=400, evaluate_every=20,
    optimizer__learning_rate=0.01,
)  # fmt: skip
