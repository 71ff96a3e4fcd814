"""The lookup table in a network's logits, on logits made of known votes."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from grokmodels import Modular
from grokmodels.measures.votes import mirror_shown, nearest_table
from grokmodels.theory.leak import votes


@settings(deadline=None, max_examples=20)
@given(sharing=st.floats(-0.2, 0.3), mirror=st.floats(-0.2, 0.9), scale=st.floats(0.5, 20), seed=st.integers(0, 50))
def test_the_table_is_found_whatever_its_scale_and_row_means(sharing, mirror, scale, seed):
    split = Modular(p=11).split(0.4, seed)
    offsets = np.random.default_rng(seed).normal(size=(121, 1))
    found = nearest_table(scale * votes(11, split, sharing, mirror) + offsets, split)
    assert found == pytest.approx((sharing, mirror, 1.0), abs=1e-6)


def test_noise_hides_the_table_and_leaves_its_weights():
    split = Modular(p=31).split(0.5, 0)
    logits = votes(31, split, 0.06, 0.12)
    noisy = logits + np.random.default_rng(0).normal(0, logits.std(), logits.shape)
    found = nearest_table(noisy, split)
    assert (found.sharing, found.mirror) == pytest.approx((0.06, 0.12), abs=0.03)
    assert found.share == pytest.approx(0.5, abs=0.05)


@given(st.integers(0, 50), st.booleans())
def test_a_mirror_is_shown_of_other_pairs_alone_and_never_across_an_unordered_split(seed, unordered):
    split = Modular(p=7, unordered=unordered).split(0.5, seed)
    shown, train = mirror_shown(7, split), {*map(int, split.train)}
    for row in range(49):
        a, b = divmod(row, 7)
        assert shown[row] == (a != b and b * 7 + a in train)
    if unordered:
        assert not shown[split.test].any()
