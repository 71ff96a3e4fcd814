"""The mean of many steps, against skills that are drawn one by one."""

import numpy as np
import pytest

from grokmodels import Skills
from grokmodels.theory import mixture
from grokmodels.theory.mixture import FRACTION, SHARP_WIDTH, WAIT, mean_accuracy, mixture_width, width_by_variance

LAW = {"Lambda_0": 2.0, "c": 0.5, "f_c": 0.15}


def test_a_step_is_as_wide_as_it_says():
    for width in (0.1, 0.5, 2.0):
        assert mixture_width([3.0], width) == pytest.approx(width, rel=1e-3)
        assert mean_accuracy(3 * np.exp(width / 2), [3.0], width) == pytest.approx(0.9)
        assert mean_accuracy(3.0, [3.0], width) == 0.5
    assert mean_accuracy(0.0, [3.0], 0.5) == 0


def test_equal_skills_are_as_sharp_as_one_whatever_their_number():
    assert mixture_width(np.full(32, 3.0), 0.4) == pytest.approx(0.4, rel=1e-3)


def test_fractions_of_a_task_come_to_those_of_many_skills():
    skills, power, fraction = 250, 0.4, 0.1
    made = Skills(skills=skills, p=97, power=power, structure="unrelated").sizes(fraction) / 97**2
    np.testing.assert_allclose(made[8:], FRACTION((np.arange(8, skills) + 0.5) / skills, fraction, power), rtol=0.04)
    rank = (np.arange(10**6) + 0.5) / 10**6
    assert FRACTION(rank, fraction, power).mean() == pytest.approx(fraction, rel=1e-2)


@pytest.mark.parametrize("power", [0.1, 0.3, 0.5])
def test_the_width_in_closed_form_is_that_of_many_sharp_skills(power):
    waits = WAIT(FRACTION((np.arange(2000) + 0.5) / 2000, 0.4, power), **LAW)
    assert mixture_width(waits, 0.004) == pytest.approx(SHARP_WIDTH(0.4, power, **LAW), rel=0.02)


def test_where_the_wait_goes_as_one_over_the_share_the_power_sets_the_width():
    law = {"Lambda_0": 1e-9, "c": 1.0, "f_c": 1e-6}
    assert SHARP_WIDTH(0.4, 0.6, **law) == pytest.approx(0.6 * np.log(9), rel=1e-3)


def test_own_width_and_spread_add_in_squares():
    rng = np.random.default_rng(0)
    for spread in (0.05, 0.2, 0.4):
        waits = np.exp(spread * rng.normal(size=500))
        assert width_by_variance(waits, 0.5) == pytest.approx(mixture_width(waits, 0.5), rel=0.06)


def test_skills_that_do_not_turn_are_missing_at_the_end():
    waits = np.append(np.full(7, 2.0), np.inf)
    assert mean_accuracy(1e9, waits, 0.3) == pytest.approx(7 / 8)
    assert np.isinf(mixture_width(waits, 0.3))
    assert np.isfinite(mixture_width(np.append(np.full(15, 2.0), np.inf), 0.3))
    assert np.isinf(SHARP_WIDTH(0.2, 0.6, **LAW))


def test_bad_input_is_named():
    with pytest.raises(ValueError, match="waits: got"):
        mean_accuracy(1.0, [-1.0], 0.5)
    with pytest.raises(ValueError, match="width: got 0"):
        mixture.mean_accuracy(1.0, [1.0], 0)
