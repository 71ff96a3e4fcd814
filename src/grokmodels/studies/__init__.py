"""Studies: declared grids of experiments, run on any executor, each finished run stored at once.

A study is a TOML file. ``base`` changes fields of the default :class:`~grokmodels.recipes.experiment.Experiment`; each
``[[block]]`` changes more of them and spans a grid; every point of the grid is run with every seed::

    question = "How does the delay depend on the weight decay?"
    seeds = [0, 1, 2]

    [base]
    architecture.width = 64

    [[block]]
    name = "decay"
    grid.optimizer.weight_decay = [0.1, 0.3, 1.0]

    [[predicted]]
    sentence = "t_gen - t_mem grows as 1 / (learning rate x weight decay)."
    quantity = "delay"
    statistic = "log slope"
    against = "optimizer.weight_decay"
    comparison = "equal within"
    bounds = [-1, 0.1]

A block's fields are merged with those of ``base``, also where they stand in braces; a part that names its ``kind``, as
a task does, replaces the whole part. What a prediction can say is in :mod:`grokmodels.studies.predictions`. Studies are
found from the working directory upward (:func:`~grokmodels.studies.places.find_root`).
"""

from grokmodels.studies.page_runs import read_page_run
from grokmodels.studies.places import ROOT, find_root, open_studies, studies_in
from grokmodels.studies.predictions import Prediction, Selection
from grokmodels.studies.record import Cohort, Record, by_cohort, overview, record, varied, with_weights
from grokmodels.studies.replays import REPLAY_TOLERANCE, replay, sample
from grokmodels.studies.runners import jobs, run_job, run_points
from grokmodels.studies.store import load, pack, unpack, verify
from grokmodels.studies.study import Block, Checkpoints, Point, Study, missing, read, shipped, stored
from grokmodels.studies.verdicts import as_table, check, in_words, verdicts

__all__ = [
    "REPLAY_TOLERANCE",
    "ROOT",
    "Block",
    "Checkpoints",
    "Cohort",
    "Point",
    "Prediction",
    "Record",
    "Selection",
    "Study",
    "as_table",
    "by_cohort",
    "check",
    "find_root",
    "in_words",
    "jobs",
    "load",
    "missing",
    "open_studies",
    "overview",
    "pack",
    "read",
    "read_page_run",
    "record",
    "replay",
    "run_job",
    "run_points",
    "sample",
    "shipped",
    "stored",
    "studies_in",
    "unpack",
    "varied",
    "verdicts",
    "verify",
    "with_weights",
]
