"""Norms of weights whose answers are known."""

import numpy as np

from grokmodels import measures
from grokmodels.measures.norms import is_free, scale_free


def test_weight_norms():
    assert measures.weight_norms({"a": np.array([[3.0, 4.0]]), "b": [1.0]}) == {"a": 5.0, "b": 1.0}


def test_the_free_weights_are_those_that_write_into_the_stream_and_only_they_are_scaled():
    names = {name: np.ones((2, 2)) for name in (
        "embedding", "position", "blocks.1.output.weight", "blocks.0.mlp_out.weight", "blocks.0.mlp_in.weight",
        "blocks.0.value.weight", "norm.weight", "unembedding.weight",
    )}  # fmt: skip
    scaled = scale_free(names, 3)
    assert [float(values.max()) for values in scaled.values()] == [3] * 4 + [1] * 4
    assert [is_free(name) for name in names] == [True] * 4 + [False] * 4
