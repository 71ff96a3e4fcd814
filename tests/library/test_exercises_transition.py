"""The checker of the chapter on phase transitions."""

import numpy as np
import pytest

from grokmodels.exercises import check_binder


def test_the_solution_passes(capsys):
    check_binder(lambda values: 1 - np.mean(values**4) / (3 * np.mean(values**2) ** 2))
    assert capsys.readouterr().out == "Correct.\n"


@pytest.mark.parametrize(
    "wrong",
    [
        lambda values: 1 - np.mean(values**4) / np.mean(values**2) ** 2,
        lambda values: 1 - np.mean(values) ** 4 / (3 * np.mean(values**2) ** 2),
        lambda values: None,
    ],
    ids=["no third", "mean to the fourth", "nothing"],
)
def test_wrong_ratios_fail(wrong):
    with pytest.raises(AssertionError, match="expected"):
        check_binder(wrong)
