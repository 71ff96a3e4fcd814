"""The library under the book "Grokking as a phase transition": rooms, in the order of the data.

- ``recipes``: what decides the numbers of a run: task, network, optimizer, schedules, and all of it as one experiment.
- ``engine``: turns a recipe into a run, many of them side by side, on a core or a GPU.
- ``measures``: what a network did, from its answers, its weights, its milestones and its plateau; ``fourier``,
  ``walsh`` and ``progress`` look inside, ``probes`` at its stream, ``paths`` and ``landscape`` at the loss around it.
- ``studies``: grids of experiments with their predictions, declared, run, stored and made again, and the one record of
  their runs; ``python -m grokmodels`` commands them.
- ``statistics``: many runs at once: intervals over seeds, delays that may be censored, scaling with size.
- ``theory``: the model of two circuits and what follows from it.
- ``claims``: one module a chapter, with the rules that turn the record into verdicts; the ledger is their rows.
- ``figures``, ``palette`` and ``explorables`` show it all; ``workbench`` trains behind controls in Jupyter;
  ``exercises`` checks answers.

Importing this package, or any room, does not import torch. The modules of ``engine`` do, all but ``run``, and so do
``measures.landscape``, which trains networks of its own, and ``measures.probes``.
"""

from __future__ import annotations

from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from grokmodels.engine.training import train
    from grokmodels.forecasts.outlook import outlook
    from grokmodels.recipes import (
        MLP,
        Agreement,
        Architecture,
        Experiment,
        Modular,
        Optimizer,
        Parity,
        Permutations,
        PlantedRule,
        Polynomial,
        RandomLabels,
        Schedule,
        Skills,
        Table,
        TwoHop,
    )
else:
    # Where what is no recipe is found.
    _HOMES = {"train": "engine.training", "outlook": "forecasts.outlook"}

    def __getattr__(name: str) -> object:
        # Names are looked up when they are first used: what needs no torch is not made to wait for it.
        if name not in __all__:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        value = getattr(import_module(f"{__name__}.{_HOMES.get(name, 'recipes')}"), name)
        globals()[name] = value
        return value


__all__ = [
    "MLP",
    "Agreement",
    "Architecture",
    "Experiment",
    "Modular",
    "Optimizer",
    "Parity",
    "Permutations",
    "PlantedRule",
    "Polynomial",
    "RandomLabels",
    "Schedule",
    "Skills",
    "Table",
    "TwoHop",
    "__version__",
    "outlook",
    "train",
]

try:
    __version__ = version("grokmodels")
except PackageNotFoundError:
    # Run from a checkout that was never installed.
    __version__ = "0+unknown"


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
