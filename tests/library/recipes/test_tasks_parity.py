"""Parity: labels by counting bits, all inputs or a sample of them."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from grokmodels import Parity


@pytest.mark.parametrize("bits", [2, 3, 7, 10])
def test_labels_are_the_exclusive_or(bits):
    task = Parity(bits=bits)
    assert task.inputs.shape == (2**bits, bits)
    assert len(np.unique(task.inputs, axis=0)) == 2**bits
    assert (task.labels == np.bitwise_xor.reduce(task.inputs, axis=1)).all()


def numbers(task: Parity) -> list[int]:
    """The inputs, read as binary numbers by Python."""
    return [int("".join(map(str, row)), 2) for row in task.inputs.tolist()]


@given(bits=st.integers(2, 64), seed=st.integers(0, 9), data=st.data())
def test_a_sample_is_of_distinct_inputs_in_order_with_labels_of_the_first_bits(bits, seed, data):
    sample = data.draw(st.integers(2, min(2**bits - 1, 40)))
    relevant = data.draw(st.none() | st.integers(1, bits - 1))
    task = Parity(bits=bits, sample=sample, sample_seed=seed, relevant=relevant)
    found = numbers(task)
    assert len(found) == task.n_inputs == sample
    assert found == sorted(set(found))
    ignored = 0 if relevant is None else bits - relevant
    assert task.labels.tolist() == [(number >> ignored).bit_count() % 2 for number in found]
    assert found == numbers(Parity(bits=bits, sample=sample, sample_seed=seed))


def test_a_sample_of_all_but_one_is_all_but_one():
    everything = set(numbers(Parity(bits=12)))
    assert len(everything - set(numbers(Parity(bits=12, sample=2**12 - 1)))) == 1


@pytest.mark.parametrize(("field", "value"), [("relevant", 10), ("sample", 1024)])
def test_there_is_one_way_to_ask_for_everything(field, value):
    with pytest.raises(ValueError, match=f"{field}: got {value}; must be less than the .*, or None for all"):
        Parity(bits=10, **{field: value})
    assert Parity(bits=10, **{field: "none"}) == Parity(bits=10)


def test_every_input_is_as_likely_to_be_in_a_sample():
    drawn = np.concatenate([numbers(Parity(bits=3, sample=6, sample_seed=seed)) for seed in range(800)])
    # 600 expected of each, with a standard deviation below 13.
    assert (np.abs(np.bincount(drawn, minlength=8) - 600) < 60).all()
    assert numbers(Parity(bits=60, sample=9)) != numbers(Parity(bits=60, sample=9, sample_seed=1))


def test_a_sample_never_changes():
    task = Parity(bits=40, sample=5, sample_seed=2)
    assert numbers(task) == [101062647155, 287645583574, 328194482971, 659817506133, 895250669417]


def test_all_64_bits_are_drawn():
    means = Parity(bits=64, sample=4000).inputs.mean(axis=0)
    assert np.abs(means - 0.5).max() < 0.05
