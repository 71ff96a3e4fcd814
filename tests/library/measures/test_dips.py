"""Dips of the training accuracy, on curves made by hand."""

import numpy as np
import pandas as pd
import pytest

from grokmodels.measures.dips import dips, kicks


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


def test_what_a_dip_does_to_lengths_and_angles():
    accuracy = np.ones(500)
    accuracy[200:203] = accuracy[400:403] = 0.4
    length = np.exp(-0.001 * np.arange(500))
    length[210:] *= 1.5
    run = history(accuracy).assign(a=0.6 * length, b=0.8 * length, turned=0.001)
    run.loc[200:209, "turned"] = 0.1
    (row,) = kicks(run, ["a", "b"]).to_dict("records")
    assert row["to_next"] == pytest.approx(2.0)
    assert row["grown"] == pytest.approx(np.log(1.5) - 0.015)
    assert row["shrunk"] == pytest.approx(0.185)
    assert row["kicked"] == pytest.approx(0.802)
    assert row["calm"] == pytest.approx(0.1)
    assert kicks(history(np.ones(500)).assign(a=1.0, turned=0.0), ["a"]).empty
