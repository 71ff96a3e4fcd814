"""Perceptrons of squares against the weights that Gromov 2023 (arXiv:2301.02679) writes down for modular addition."""

import numpy as np
import pytest
import torch

from grokmodels import MLP, Experiment, measures
from grokmodels.engine import network
from grokmodels.engine.losses import losses


def closed_form(p, width, rng, *, phases_agree=True):
    """Waves of random frequency and phase in the columns of both operands, and their sum's wave in the readout.

    The square of two waves holds the wave of the sum of their angles; summed over neurons only the class a + b adds up.
    """
    frequency = 2 * np.pi * rng.integers(p, size=(width, 1)) / p
    first, second = rng.uniform(-np.pi, np.pi, size=(2, width, 1))
    third = first + second if phases_agree else rng.uniform(-np.pi, np.pi, size=(width, 1))
    number, amplitude = np.arange(p), (2 / width) ** (1 / 3)
    operands = [np.cos(frequency * number + phase) for phase in (first, second)]
    return {
        "hidden.0.weight": amplitude * np.hstack(operands),
        "unembedding.weight": amplitude * np.cos(frequency * number + third).T,
    }


def said(weights, experiment):
    """Logits (n, C) of all inputs."""
    parameters = {name: torch.as_tensor(values).unsqueeze(0) for name, values in weights.items()}
    rows = torch.arange(experiment.task.n_inputs).unsqueeze(0)
    read = network.Reader(experiment.task, experiment.architecture)
    return network.logits(parameters, experiment.architecture, read(rows)).squeeze(0)


@pytest.mark.parametrize(
    ("p", "width", "least", "share"), [(97, 500, 0.999, 0.5), (23, 500, 0.999, 0.8), (97, 50, 0.85, 0.1)]
)
def test_the_closed_form_adds(p, width, least, share):
    experiment = Experiment().but(task__p=p, batch_size=None, architecture=MLP(width=width, activation="square"))
    logits = said(closed_form(p, width, np.random.default_rng(0)), experiment).numpy()
    assert measures.accuracy(logits, experiment.task.labels) >= least
    # The right class stands one above the mean of all.
    assert measures.signal(logits, experiment.task.labels) == pytest.approx(1, abs=0.1)
    assert measures.rule_share(logits, experiment.task.orbits) > share


def test_without_the_relation_of_its_phases_it_is_chance():
    experiment = Experiment().but(batch_size=None, architecture=MLP(width=500, activation="square"))
    logits = said(closed_form(97, 500, np.random.default_rng(0), phases_agree=False), experiment)
    assert measures.accuracy(logits.numpy(), experiment.task.labels) < 0.03


def test_wide_networks_bring_the_squared_loss_to_zero_as_one_over_their_width():
    experiment = Experiment().but(task__p=23, batch_size=None, architecture=MLP(width=500, activation="square"))
    labels = torch.as_tensor(experiment.task.labels)
    found = []
    for width in (2_000, 32_000):
        rng = np.random.default_rng(1)
        found.append(losses(said(closed_form(23, width, rng), experiment), labels, "squared").mean().item())
    # The crosstalk of random phases is a sum of independent terms.
    assert found[0] / found[1] == pytest.approx(16, rel=0.35)
