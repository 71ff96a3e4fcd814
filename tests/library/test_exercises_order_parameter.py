"""The checker of the chapter on the order parameter."""

import numpy as np
import pytest

from grokmodels.exercises import check_plateau_ratio


def ratio(decay_time, rule_share, quadratic=2):
    return 1 + np.polyfit(decay_time, np.log(rule_share / (1 - rule_share)) / quadratic, 1)[0] / 2


def test_the_right_answer_passes():
    check_plateau_ratio(ratio)


def test_forgetting_that_the_rule_share_is_quadratic_fails():
    with pytest.raises(AssertionError, match=r"ρ = 1.6"):
        check_plateau_ratio(lambda decay_time, rule_share: ratio(decay_time, rule_share, quadratic=1))
