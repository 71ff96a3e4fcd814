"""The landscape around a trained network: what a path between two networks passes, and what pruning leaves.

``parameters`` are names → arrays, as a run's checkpoints hold them; paths are those of
:mod:`grokmodels.measures.paths`. Everything is computed in double precision, whatever the network was trained in.

Sources: curved paths, Garipov et al. 2018 (arXiv:1802.10026); tickets, Frankle and Carbin 2019 (arXiv:1803.03635).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
import torch
from numpy.typing import ArrayLike, NDArray
from torch import Tensor

from grokmodels.engine import network
from grokmodels.engine.losses import loss_of
from grokmodels.engine.run import Run
from grokmodels.engine.slot import Member
from grokmodels.engine.training import train_stack
from grokmodels.measures import fourier, progress
from grokmodels.measures.logits import accuracy
from grokmodels.measures.norms import weight_norms
from grokmodels.measures.paths import Path, curved_path, straight_path
from grokmodels.recipes.experiment import Experiment

Array = NDArray[np.floating]
Parameters = Mapping[str, Array]
Masks = dict[str, NDArray[np.bool_]]


class Network:
    """The logits of some inputs of an experiment (all, or the numbers ``rows``) as a function of parameters."""

    def __init__(self, experiment: Experiment, rows: ArrayLike | None = None) -> None:
        task = experiment.task
        self.rows = np.arange(task.n_inputs) if rows is None else np.asarray(rows)
        self.labels = torch.as_tensor(experiment.labels(experiment.split)[self.rows])
        self.losses = loss_of(experiment)
        self._arch = experiment.architecture
        self._batch = network.Reader(task, self._arch)(torch.as_tensor(self.rows).unsqueeze(0))

    def logits(self, parameters: Parameters) -> Array:
        """Logits (n, C)."""
        with torch.no_grad():
            return np.asarray(self.forward(_tensors(parameters)))

    def forward(self, parameters: dict[str, Tensor]) -> Tensor:
        """The same for tensors, so that gradients can be taken."""
        alone = {name: values.unsqueeze(0) for name, values in parameters.items()}
        return network.logits(alone, self._arch, self._batch).squeeze(0)

    def loss(self, parameters: dict[str, Tensor]) -> Tensor:
        """Mean loss, the one that the experiment trains with."""
        return self.losses(self.forward(parameters), self.labels).mean()


def logits(experiment: Experiment, parameters: Parameters) -> Array:
    """Logits of all inputs, (n, C), of an experiment's network with these parameters."""
    return Network(experiment).logits(parameters)


def norm(parameters: Parameters) -> float:
    """Euclidean norm of all parameters together."""
    return float(np.linalg.norm(list(weight_norms(parameters).values())))


# -- paths ------------------------------------------------------------------------------------------------------------


def along(experiment: Experiment, path: Path, points: int = 25, rows: ArrayLike | None = None) -> pd.DataFrame:
    """What a path passes: columns ``place``, ``train_loss``, ``train_accuracy``, ``test_accuracy``, ``norm``.

    "Train" are the inputs ``rows``, by default those of the experiment's split; "test" are all others. Loss and labels
    are those that the experiment trains with.
    """
    task, network = experiment.task, Network(experiment)
    labels = network.labels.numpy()
    train = experiment.split.train if rows is None else np.asarray(rows)
    test = np.setdiff1d(np.arange(task.n_inputs), train)
    passed = []
    for place in np.linspace(0, 1, points):
        here = path(float(place))
        said = network.logits(here)
        passed.append(
            {
                "place": float(place),
                "train_loss": float(network.losses(torch.as_tensor(said[train]), network.labels[train]).mean()),
                "train_accuracy": accuracy(said[train], labels[train]),
                "test_accuracy": accuracy(said[test], labels[test]),
                "norm": norm(here),
            }
        )
    return pd.DataFrame(passed)


def bend(
    experiment: Experiment,
    start: Parameters,
    end: Parameters,
    rows: ArrayLike | None = None,
    bends: int = 1,
    steps: int = 200,
    rate: float = 0.02,
    within: float | None = None,
) -> list[dict[str, Array]]:
    """Points that pull a path from start to end through low train loss: for :func:`curved_path`, ends included.

    Adam moves ``bends`` points, from places on the straight path, and lowers the 4-norm of the loss, which heeds the
    highest most, over places of the curve that shift from step to step, so that nothing hides between them. ``within``
    keeps the points in the ball of that radius around the origin; a curve whose points are in a ball never leaves it.
    Of all curves met, the straight path included, the one whose highest loss is lowest is returned, so that it is never
    worse than the straight one.
    """
    if rows is None:
        rows = experiment.split.train
    network, first, last = Network(experiment, rows), _tensors(start), _tensors(end)
    straight = straight_path(first, last)
    free = [straight((k + 1) / (bends + 1)) for k in range(bends)]
    moved = [values.requires_grad_() for point in free for values in point.values()]
    optimizer = torch.optim.Adam(moved, lr=rate)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps)
    places = 2 * bends + 3
    shifts = np.random.default_rng(0).uniform(-0.5, 0.5, steps)
    lowest, best = float("inf"), free
    for step in range(steps + 1):
        _pull_inside(free, within)
        path = curved_path(first, *free, last)
        if step % 20 == 0 or step == steps:
            with torch.no_grad():
                highest = max(float(network.loss(path(t))) for t in np.linspace(0, 1, 4 * places + 1))
            if highest < lowest:
                lowest = highest
                best = [{name: values.detach().clone() for name, values in point.items()} for point in free]
        if step < steps:
            optimizer.zero_grad()
            losses = [network.loss(path((k + 1 + shifts[step]) / (places + 1))) for k in range(places)]
            torch.stack(losses).pow(4).mean().pow(0.25).backward()
            optimizer.step()
            schedule.step()
    middles = [{name: values.numpy() for name, values in point.items()} for point in best]
    return [dict(start), *middles, dict(end)]


@torch.no_grad()
def _pull_inside(points: Sequence[dict[str, Tensor]], radius: float | None) -> None:
    for point in points:
        length = float(sum(values.square().sum() for values in point.values())) ** 0.5
        if radius is not None and length > radius:
            for values in point.values():
                values.mul_(radius / length)


# -- pruning ----------------------------------------------------------------------------------------------------------


def magnitude_masks(parameters: Parameters, share: float, *, together: bool = False) -> Masks:
    """Masks that drop the given share of the entries of every matrix, the smallest first.

    ``together`` ranks the entries of all matrices at once. That depends on the scales between matrices, which before a
    LayerNorm mean nothing. LayerNorm gains are vectors and are kept. ValueError for a share outside 0 to 1.
    """
    if not 0 <= share <= 1:
        raise ValueError(f"share: got {share}; must be 0 to 1")
    sizes = {name: np.abs(values).ravel() for name, values in parameters.items() if values.ndim == 2}
    if together:
        kept = _largest(np.concatenate(list(sizes.values())), share)
        parts = np.split(kept, np.cumsum([len(values) for values in sizes.values()])[:-1])
    else:
        parts = [_largest(values, share) for values in sizes.values()]
    return {name: part.reshape(parameters[name].shape) for name, part in zip(sizes, parts, strict=True)}


def _largest(sizes: Array, share: float) -> NDArray[np.bool_]:
    """All but the smallest ``share``, (n,) of bools."""
    kept = np.ones(len(sizes), dtype=bool)
    kept[np.argsort(sizes, kind="stable")[: round(share * len(sizes))]] = False
    return kept


def masked(parameters: Parameters, masks: Masks) -> dict[str, Array]:
    """The parameters with everything that the masks drop set to zero."""
    return {name: values * masks[name] if name in masks else values for name, values in parameters.items()}


def shuffled(masks: Masks, seed: int) -> Masks:
    """Masks with the same number of entries kept in every matrix, at random places."""
    rng = np.random.default_rng(seed)
    return {name: rng.permutation(mask.ravel()).reshape(mask.shape) for name, mask in masks.items()}


def keep_frequencies(parameters: Parameters, count: int) -> dict[str, Array]:
    """Keep the mean and the ``count`` strongest frequencies of the embedding, and the same ones of the unembedding.

    The tokens and the classes must both be the numbers 0 … p − 1.
    """
    energy = fourier.fourier_energy(parameters["embedding"])
    if not 0 <= count <= len(energy):
        raise ValueError(f"count: got {count}; must be 0 to {len(energy)}")
    strongest = (1 + np.argsort(energy)[::-1][:count]).tolist()
    circular = ("embedding", "unembedding.weight")
    kept = {name: progress.keep(np.asarray(parameters[name], dtype=float), strongest) for name in circular}
    return {**parameters, **kept}


def ticket(label: str, experiment: Experiment, masks: Masks, checkpoints: Sequence[int] = ()) -> Member:
    """A run that starts from its seed's initial weights under masks and keeps them: dropped weights stay zero.

    The ``label`` is in the provenance of the run as its ``ticket``.
    """
    return Member(experiment, checkpoints, masks=masks, about={"ticket": label})


def retrain(tickets: Sequence[Member]) -> dict[str, Run]:
    """Train tickets of one shape side by side; label → run."""
    return {run.provenance["ticket"]: run for run in train_stack(tickets)}


def _tensors(parameters: Parameters) -> dict[str, Tensor]:
    return {name: torch.as_tensor(np.asarray(values, dtype=np.float64)) for name, values in parameters.items()}
