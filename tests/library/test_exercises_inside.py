"""The checker of the chapter on frequencies, with a right and with wrong answers."""

import numpy as np
import pytest

from grokmodels.exercises import check_spectrum


def spectrum(logits):
    """The solution of the book."""
    p = len(logits)
    centered = logits - logits.mean(axis=2, keepdims=True)
    a, b, c = np.indices(centered.shape)
    difference = (c - a - b) % p
    profile = np.array([centered[difference == d].mean() for d in range(p)])
    waves = np.fft.fft(profile)[1 : (p - 1) // 2 + 1]
    return 2 * np.abs(waves) ** 2 / p**2 / np.mean(centered**2)


def test_the_solution_is_accepted(capsys):
    check_spectrum(spectrum)
    assert capsys.readouterr().out == "Correct.\n"


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (lambda logits: spectrum(logits) / spectrum(logits).sum(), "1.0 times noise: share of frequency 1"),
        (lambda logits: spectrum(logits)[::-1], "share of frequency 1"),
        (lambda logits: spectrum(logits)[:-1], "number of shares"),
    ],
)
def test_wrong_answers_are_named(wrong, message):
    with pytest.raises(AssertionError, match=message):
        check_spectrum(wrong)
