"""The Walsh spectrum, held against definitions: characters, Parseval, functions of the number of ones."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from grokmodels import Parity, measures
from grokmodels.measures import walsh


def by_definition(values):
    """One sum over strings per set."""
    rows = len(values)
    signs = np.array([[(-1) ** bin(s & x).count("1") for x in range(rows)] for s in range(rows)])
    return signs @ values / rows


@given(bits=st.integers(1, 7), seed=st.integers(0, 99))
def test_the_fast_transform_is_the_definition_and_keeps_squares(bits, seed):
    values = np.random.default_rng(seed).normal(size=2**bits)
    spectrum = walsh.coefficients(values)
    assert np.allclose(spectrum, by_definition(values))
    assert np.square(spectrum).sum() == pytest.approx(np.square(values).mean())
    assert np.allclose(walsh.table(spectrum), values)


def test_several_columns_are_transformed_each():
    values = np.random.default_rng(0).normal(size=(16, 3))
    assert np.allclose(walsh.coefficients(values)[:, 1], walsh.coefficients(values[:, 1]))


@pytest.mark.parametrize("chosen", [0, 1, 0b1011, 2**6 - 1])
def test_a_character_is_one_coefficient_of_its_degree(chosen):
    strings = Parity(bits=6).inputs
    mask = Parity(bits=6).inputs[chosen]
    character = (-1.0) ** (strings @ mask)
    spectrum = walsh.coefficients(character)
    assert np.flatnonzero(np.abs(spectrum) > 1e-12).tolist() == [chosen]
    assert walsh.degrees(64)[chosen] == mask.sum()


def test_parity_is_all_at_the_highest_degree_and_the_rule_share_agrees():
    task = Parity(bits=8)
    rule = np.eye(2)[task.labels]
    assert walsh.energy_by_degree(rule)[-1] == pytest.approx(1)
    noisy = rule + np.random.default_rng(0).normal(size=rule.shape)
    shares = walsh.energy_by_degree(noisy)
    assert shares.sum() == pytest.approx(1)
    assert shares[-1] == pytest.approx(measures.rule_share(noisy, task.orbits))


def test_functions_of_the_number_of_ones_and_others():
    task = Parity(bits=7)
    ones = task.inputs.sum(axis=1)
    assert walsh.spread_within_degrees(np.sin(ones)) == pytest.approx(0, abs=1e-12)
    assert walsh.spread_within_degrees(task.inputs[:, 0] - 0.5) == pytest.approx(6 / 7)
    assert walsh.spread_within_degrees(np.random.default_rng(0).normal(size=128)) > 0.8


def test_noise_has_the_energy_that_counting_says():
    noise = np.random.default_rng(0).normal(size=(1024, 2))
    counts = np.bincount(walsh.degrees(1024))
    assert np.allclose(walsh.energy_by_degree(noise), counts / 1024, atol=0.03)


def test_no_power_of_two_is_refused():
    with pytest.raises(ValueError, match="got 12 rows"):
        walsh.coefficients(np.zeros(12))


def test_one_row_is_a_constant():
    assert walsh.degrees(1).tolist() == [0]
    assert walsh.coefficients([3.0]).tolist() == [3.0]
