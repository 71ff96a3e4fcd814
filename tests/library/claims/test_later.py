"""Studies without a chapter: medians and predictions on tables whose answer is known."""

import numpy as np
import pandas as pd
import pytest

from grokmodels.claims import later


def table(settings):
    """Five seeds of each (block, setting): ``done`` of them generalize, at accumulated decay ``spent``."""
    rows = []
    for block, setting, done, spent in settings:
        for seed in range(5):
            row = {"block": block, "setting": setting, "seed": seed, "t_mem": 100, "t_mem_censored": False}
            row |= {"t_gen": 100 * spent + 100, "t_gen_censored": seed >= done, "delay": 100 * spent}
            rows.append(row | {"Λ at t_gen": spent, "status": "finished" if seed >= done else "generalized"})
    return pd.DataFrame(rows)


def test_medians_count_censored_runs_as_late():
    found = later.medians(table([("AdamW", "AdamW 0.5", 5, 3.0), ("Adam + L2", "Adam + L2 0.1", 2, 0.1)]))
    assert found.loc["AdamW 0.5", ["runs", "memorized", "censored", "t_gen", "Λ at t_gen"]].to_list() == [
        5, 5, 0, 400, 3.0,
    ]  # fmt: skip
    assert found.loc["Adam + L2 0.1", "censored"] == 3
    assert np.isinf(found.loc["Adam + L2 0.1", "t_gen"])


def test_the_delay_is_that_of_the_runs_that_memorized():
    runs = table([("width", "width 8", 5, 3.0), ("width", "width 4", 0, 1.0)])
    never = (runs["seed"] > 1) | (runs["setting"] == "width 4")
    # Most generalize without ever memorizing: what lies between is no delay, however short.
    runs.loc[never, "t_mem_censored"] = True
    runs.loc[never, "delay"] = -100
    found = later.medians(runs)
    assert found.loc["width 8", ["memorized", "delay"]].to_list() == [2, 300]
    assert found.loc["width 4", ["memorized", "delay"]].to_list() == [0, np.inf]


def test_a_study_without_runs_is_an_empty_table_and_its_predictions_are_open():
    found = later.medians(pd.DataFrame())
    assert found.empty
    assert set(later.optimizers(found)["came true"]) == {"open"}
    usual = pd.Series({"delay": 800.0, "Λ at t_gen": 3.0})
    assert set(later.settings(found, usual)["came true"]) == {"open"}


@pytest.mark.parametrize(("adam", "sgd", "expected"), [(0.1, 5, ["yes", "yes"]), (0.4, 9, ["no", "no"])])
def test_predictions_of_the_optimizers(adam, sgd, expected):
    found = later.medians(
        table([
            ("AdamW", "AdamW 1", 5, 3.0), ("Adam + L2", "Adam 1", 5, adam), ("Adam + L2", "Adam 2", 0, 1.0),
            ("SGD + L2", "SGD 1", 5, 3.0), ("SGD + L2", "SGD 2", 5, sgd),
        ])
    )  # fmt: skip
    assert list(later.optimizers(found)["came true"]) == expected[::-1]


def test_predictions_of_the_settings():
    usual = pd.Series({"delay": 300.0, "Λ at t_gen": 3.0})
    one = [("learning rate", "learning rate 0.001", 5, 9.0), ("layers", "layers 1", 5, 2.0)]
    assert list(later.settings(later.medians(table(one)), usual)["came true"]) == ["yes", "yes", "yes"]
    late = [("learning rate", "learning rate 0.001", 0, 9.0), ("width", "width 32", 5, 7.0)]
    told = later.settings(later.medians(table(late)), usual)
    assert list(told["came true"]) == ["yes", "no", "no"]
    assert told["measured"][1] == "not within the budget"


def test_runs_of_a_stored_study_and_the_reference():
    usual = later.reference()
    assert usual["runs"] == 5
    assert usual["delay"] == usual["t_gen"] - usual["t_mem"]
    # The rate warms up over ten steps, so the sum is a little below steps × rate × decay.
    assert 0.98 * usual["t_gen"] * 0.003 < usual["Λ at t_gen"] < usual["t_gen"] * 0.003


def test_row_ten_is_open():
    assert [(row.number, row.verdict) for row in later.rows()] == [(10, "open")]
