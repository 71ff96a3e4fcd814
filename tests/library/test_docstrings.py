"""The examples in the docstrings of what a reader calls first: they run, and say what they say."""

import doctest
import sys

import pytest

from grokmodels import Experiment, measures, statistics, studies, train
from grokmodels.engine.training import train_stack

FIRST = [
    Experiment.but, train, train_stack, measures.milestones, measures.rule_share, studies.shipped, studies.record,
    studies.verdicts, statistics.bootstrap, statistics.jackknife, statistics.median_wait,
]  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("function", FIRST, ids=lambda function: function.__qualname__)
def test_its_example_is_true(function, monkeypatch):
    monkeypatch.chdir(studies.ROOT)
    names = vars(sys.modules[function.__module__]).copy()
    [example] = doctest.DocTestFinder(recurse=False).find(function, function.__qualname__, globs=names)
    assert example.examples
    told = []
    doctest.DocTestRunner(optionflags=doctest.REPORT_NDIFF).run(example, out=told.append)
    assert not told, "".join(told)
