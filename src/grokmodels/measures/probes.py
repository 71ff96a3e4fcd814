"""What can be read off a transformer's residual stream by a linear map: where, and how well.

Shapes: n inputs, L positions (the readout's included), d width, K targets.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray

from grokmodels.engine.textbook import textbook
from grokmodels.engine.transformer import Transformer
from grokmodels.recipes.experiment import Experiment

Array = NDArray[np.float64]
IntArray = NDArray[np.int64]
# Weight of the squared norm of the map, in units of the mean square of what it reads: enough that no direction without
# variance counts.
RIDGE = 1e-3


@torch.no_grad()
def streams(experiment: Experiment, parameters: Mapping[str, ArrayLike], rows: IntArray) -> Array:
    """The residual stream of some inputs before the first block and after each one, (layers + 1, n, L, d).

    ValueError for a network that is no transformer.
    """
    model = textbook(experiment.transformer, experiment.task)
    assert isinstance(model, Transformer)
    model.load_state_dict({name: torch.as_tensor(np.asarray(values)) for name, values in parameters.items()})
    tokens = torch.as_tensor(experiment.task.inputs[rows])
    x, padding = model.embed(tokens), model.padded(tokens)
    seen = [x]
    for block in model.layers:
        seen.append(block(seen[-1], padding))
    return torch.stack(seen).double().numpy()


def probe(train: Array, labels: IntArray, test: Array, expected: IntArray) -> float:
    """Share of ``test`` (m, d) of which a linear map fitted to ``train`` (n, d) reads ``expected`` (m,).

    The map is the ridge regression of one-hot ``labels`` (n,), 0 … K − 1, on what is read, both centered; the largest
    of its K values is the answer. It is closed: no training, no seed.
    """
    mean = train.mean(axis=0)
    x = train - mean
    targets = np.eye(max(labels.max(), expected.max()) + 1)[labels]
    gram = x.T @ x
    weights = np.linalg.solve(
        gram + RIDGE * np.trace(gram) / len(gram) * np.eye(len(gram)), x.T @ (targets - targets.mean(axis=0))
    )
    said = (test - mean) @ weights + targets.mean(axis=0)
    return float((said.argmax(axis=1) == expected).mean())


def readable(
    experiment: Experiment, parameters: Mapping[str, ArrayLike], targets: IntArray, train: IntArray, test: IntArray
) -> Array:
    """How well a target (n_inputs,) is read at each place: shares of the inputs ``test``, (layers + 1, L).

    A map of its own for each place is fitted on the inputs ``train``.
    """
    fitted, asked = streams(experiment, parameters, train), streams(experiment, parameters, test)
    places: Any = np.ndindex(fitted.shape[0], fitted.shape[2])
    shares = [probe(fitted[k, :, j], targets[train], asked[k, :, j], targets[test]) for k, j in places]
    return np.array(shares).reshape(fitted.shape[0], fitted.shape[2])
