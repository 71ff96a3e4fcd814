"""Studies: declared grids of experiments, run on any executor, each finished run stored at once.

A study is a TOML file. ``base`` changes fields of the default :class:`~grokmodels.recipes.experiment.Experiment`; each
``[[block]]`` changes more of them and spans a grid; every point of the grid is run with every seed::

    question = "How does the delay depend on the weight decay?"
    prediction = "t_gen - t_mem grows as 1 / (learning rate x weight decay)."
    seeds = [0, 1, 2]

    [base]
    architecture.width = 64

    [[block]]
    name = "decay"
    grid.optimizer.weight_decay = [0.1, 0.3, 1.0]
"""

from grokmodels.studies.record import histories, overview, runs, table, varied
from grokmodels.studies.replays import REPLAY_TOLERANCE, replay, sample
from grokmodels.studies.runners import run_points, run_stack, stacks
from grokmodels.studies.store import load, pack, unpack, verify
from grokmodels.studies.study import ROOT, Block, Checkpoints, Point, Study, missing, read, shipped, stored

__all__ = [
    "REPLAY_TOLERANCE",
    "ROOT",
    "Block",
    "Checkpoints",
    "Point",
    "Study",
    "histories",
    "load",
    "missing",
    "overview",
    "pack",
    "read",
    "replay",
    "run_points",
    "run_stack",
    "runs",
    "sample",
    "shipped",
    "stacks",
    "stored",
    "table",
    "unpack",
    "varied",
    "verify",
]
