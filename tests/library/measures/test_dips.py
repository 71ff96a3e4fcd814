"""Dips of the training accuracy, on curves made by hand."""

import numpy as np
import pandas as pd
import pytest

from grokmodels.measures.dips import dips


def history(accuracy):
    steps = np.arange(len(accuracy))
    return pd.DataFrame(
        {"step": steps, "decay_time": 0.01 * steps, "train_accuracy": accuracy, "test_accuracy": 0.0 * steps}
    )


def test_each_dip_after_memorization_is_one_row():
    accuracy = np.ones(200)
    accuracy[:20] = 0.5
    accuracy[60:65], accuracy[62] = 0.9, 0.3
    # One dip that flickers.
    accuracy[[120, 122, 135]] = 0.8
    found = dips(history(accuracy))
    assert found[["first", "last"]].to_numpy().tolist() == [[60, 64], [120, 135]]
    assert found["decay_time"].tolist() == pytest.approx([0.6, 1.2])
    assert found["lowest"].tolist() == pytest.approx([0.3, 0.8])


def test_a_run_that_never_memorized_has_none():
    assert dips(history(np.full(50, 0.5))).empty
    assert dips(history(np.ones(50))).empty
