"""The checker of the chapter on the order parameter."""

import numpy as np
import pytest

from grokmodels.exercises import check_plateau_ratio


def ratio(decay_time, rule_share, test_signal, quadratic=2, signed=True):
    rule = test_signal > 0 if signed else np.full(len(test_signal), True)
    log_root = np.log(rule_share / (1 - rule_share))[rule] / quadratic
    return 1 + np.polyfit(decay_time[rule], log_root, 1)[0] / 2


def test_the_right_answer_passes(capsys):
    check_plateau_ratio(ratio)
    assert capsys.readouterr().out == "Correct.\n"


def test_forgetting_that_the_rule_share_is_quadratic_fails():
    with pytest.raises(AssertionError, match=r"ρ = 1.6"):
        check_plateau_ratio(lambda *record: ratio(*record, quadratic=1))


def test_taking_the_leak_for_the_rule_fails():
    with pytest.raises(AssertionError, match=r"the leak louder 12 times"):
        check_plateau_ratio(lambda *record: ratio(*record, signed=False))
