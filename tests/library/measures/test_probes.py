"""What is read off a network's stream, against networks whose stream is known."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from grokmodels import Experiment, TwoHop
from grokmodels.engine.textbook import textbook
from grokmodels.measures.probes import probe, readable, streams

EXPERIMENT = Experiment(task=TwoHop(entities=6, relations=3), fraction=0.5, batch_size=16).but(
    architecture__width=32, architecture__layers=2, architecture__heads=2
)
MODEL = textbook(EXPERIMENT.architecture, EXPERIMENT.task, 0)
WEIGHTS = {name: values.detach().numpy() for name, values in MODEL.named_parameters()}
ROWS = np.arange(EXPERIMENT.task.n_inputs)


def test_the_last_stream_is_what_is_read_out():
    last = torch.as_tensor(streams(EXPERIMENT, WEIGHTS, ROWS)[-1][:, -1]).float()
    said = MODEL.unembedding(MODEL.norm(last))
    assert torch.allclose(said, MODEL(torch.as_tensor(EXPERIMENT.task.inputs)), atol=1e-5)


def test_a_token_is_read_where_it_stands_and_nothing_before_it_tells_it():
    task = EXPERIMENT.task
    questions = np.flatnonzero(task.queries[:, 2] >= 0)
    train, test = questions[::2], questions[1::2]
    second = readable(EXPERIMENT, WEIGHTS, task.queries[:, 2], train, test)
    head = readable(EXPERIMENT, WEIGHTS, task.queries[:, 0], train, test)
    assert head[0, 0] == second[0, 2] == 1
    # At the start nothing of the head is at the last position; after a block some of it is.
    assert head[0, 2] <= 0.3 < head[1, 2]
    assert second[:, 0].max() < 0.6


@given(seed=st.integers(0, 99), classes=st.integers(2, 5))
def test_what_is_linear_is_read_and_what_is_not_there_is_not(seed, classes):
    rng = np.random.default_rng(seed)
    labels, expected = rng.integers(classes, size=400), rng.integers(classes, size=400)
    labels[:classes] = np.arange(classes)
    centers = 10 * np.eye(classes, 20)
    noise = rng.normal(size=(2, 400, 20))
    assert probe(centers[labels] + noise[0], labels, centers[expected] + noise[1], expected) > 0.99
    assert probe(noise[0], labels, noise[1], expected) < 1 / classes + 0.15


def test_a_perceptron_has_no_stream():
    with pytest.raises(ValueError, match="must be a transformer here"):
        streams(Experiment().but(architecture={"kind": "mlp"}), {}, ROWS)
