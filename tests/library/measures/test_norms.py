"""Norms of weights whose answers are known."""

import numpy as np

from grokmodels import measures


def test_weight_norms():
    assert measures.weight_norms({"a": np.array([[3.0, 4.0]]), "b": [1.0]}) == {"a": 5.0, "b": 1.0}
