"""The checker of the chapter on parity."""

import numpy as np
import pytest

from grokmodels import Parity
from grokmodels.exercises import check_walsh_coefficient


def coefficient(table, bits, base=-1.0):
    strings = Parity(bits=len(table).bit_length() - 1).inputs
    return np.mean(table * base ** strings[:, bits].sum(axis=1))


def test_the_right_answer_passes():
    check_walsh_coefficient(coefficient)


def test_counting_bits_from_the_other_end_fails():
    with pytest.raises(AssertionError, match="over 3 bits"):
        check_walsh_coefficient(lambda table, bits: coefficient(table, [len(table).bit_length() - 2 - b for b in bits]))
