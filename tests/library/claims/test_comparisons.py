"""What each ingredient does, and the verdicts, on runs whose answer is known."""

import numpy as np
import pandas as pd
import pytest

from grokmodels import studies
from grokmodels.claims import comparisons
from grokmodels.studies.study import shipped


def runs(*waits, setting="one"):
    """Runs that memorize at step 100 and generalize at these; None: not within 1,000 steps."""
    late = [wait is None for wait in waits]
    t_gen = [1000.0 if wait is None else wait for wait in waits]
    return pd.DataFrame(
        {"t_gen": t_gen, "t_gen_censored": late, "delay_ratio": np.array(t_gen) / 100, "setting": setting}
    )


NONE, USUAL = runs(None, None, None), runs(400.0, 500.0, 600.0)


@pytest.mark.parametrize(
    ("alone", "together", "word"),
    [
        (runs(900.0, 800.0, None), None, "in its place"), (NONE, None, "no matter"), (NONE, NONE, "stops it"),
        (None, runs(200.0, 250.0, 300.0), "sooner"), (NONE, runs(900.0, 800.0, 950.0), "later"),
        (NONE, runs(450.0, 550.0, 500.0), "no matter"), (NONE[:0], None, "no runs"),
    ],
)  # fmt: skip
def test_an_ingredient_has_one_word(alone, together, word):
    assert comparisons.word(alone, together, USUAL) == word


def test_every_cell_is_declared():
    for alone, together, usual in comparisons.INGREDIENTS.values():
        for cell in (alone, together, usual):
            if cell is not None:
                points = [point for point in shipped(cell.study)[0].points() if point.block == cell.block]
                found = [studies.fields.fields(point.experiment) for point in points]
                assert any(all(one[name] == value for name, value in cell.fields.items()) for one in found), cell


@pytest.mark.parametrize(
    ("powers", "verdict"),
    [
        (("true", "false", "true"), "holds with limits"), (("true", "false", "false"), "holds"),
        (("true", "true", "true"), "fails"), (("false", "false", "true"), "open"), (("true", "open", "true"), "open"),
    ],
)  # fmt: skip
def test_decoupled_decay_differs_where_adams_l2_has_another_power(powers, verdict):
    assert comparisons.judge_l2(*powers) == verdict


def test_grokking_without_decay_is_late_and_in_half_of_the_runs():
    early, some = runs(150.0, 150.0, setting="early"), runs(400.0, None, None, setting="some")
    assert comparisons.judge_without_decay(early) == "fails"
    assert comparisons.judge_without_decay(pd.concat([early, some])) == "holds with limits"
    assert comparisons.judge_without_decay(runs(400.0, None)) == "holds"
    assert comparisons.judge_without_decay(NONE[:0]) == "open"


@pytest.mark.parametrize(
    ("held", "ratio", "verdict"),
    [
        (1.0, 2.0, "holds"), (1.0, 1.0, "holds with limits"), (0.0, 1.0, "fails"), (np.nan, 1.0, "open"),
        (1.0, np.inf, "holds"),
    ],
)  # fmt: skip
def test_the_scale_counts_where_the_norm_does_not(held, ratio, verdict):
    assert comparisons.judge_scale(held, ratio) == verdict


def test_decay_is_necessary_unless_something_takes_its_place():
    words = pd.Series(["no matter", "sooner"])
    assert comparisons.judge_necessary(words) == "holds with limits"
    assert comparisons.judge_necessary(pd.Series(["no matter", "in its place"])) == "fails"
    assert comparisons.judge_necessary(pd.Series(["no runs", "in its place"])) == "open"
