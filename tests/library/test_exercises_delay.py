"""The checker of the chapter on the delay passes a right answer and names what is wrong with others."""

import pytest

from grokmodels.exercises import check_turning_step


def turning_step(factor, product, clock):
    total = 0.0
    for step in range(20_000):
        total += product * factor(step)
        if total >= clock:
            return step + 1
    return None


def test_a_right_answer_passes(capsys):
    check_turning_step(turning_step)
    assert capsys.readouterr().out == "Correct.\n"


@pytest.mark.parametrize(
    ("wrong", "case"),
    [
        (lambda factor, product, clock: round(clock / product), "constant"),
        (lambda factor, product, clock: turning_step(lambda step: 1.0, product, clock), "late by 1,500 steps"),
        (lambda factor, product, clock: turning_step(factor, product, clock) or 20_000, "so weak"),
    ],
)
def test_a_wrong_one_is_told_where(wrong, case):
    with pytest.raises(AssertionError, match=case):
        check_turning_step(wrong)
