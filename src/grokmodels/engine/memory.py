"""How much memory a stack takes, before it takes it."""

from __future__ import annotations

import os

import torch

from grokmodels.engine.evaluation import CELLS
from grokmodels.engine.network import way
from grokmodels.engine.perceptron import read_by
from grokmodels.engine.prefixes import PrefixTree
from grokmodels.engine.stack import PIECE, widest_row
from grokmodels.engine.transformer import MLP_RATIO
from grokmodels.recipes.architecture import MLP
from grokmodels.recipes.experiment import Experiment
from grokmodels.recipes.optimizer import MovingAverageFilter

# A process that has imported torch and numpy, on a CPU.
PROCESS = 4 * 10**8


def estimate(experiment: Experiment, members: int, device: torch.device) -> int:
    """Bytes at the peak of training so many members side by side, within a factor of two.

    The task's tables, which all members share; each member's weights, their gradients and moments, and the activations
    that one step keeps for its backward pass; and one piece of an evaluation.
    """
    task = experiment.task
    number = 8 if experiment.precision == "float64" else 4
    weights, kept = (_of_an_mlp if isinstance(experiment.architecture, MLP) else _of_a_transformer)(experiment)
    gradient_filter = experiment.optimizer.gradient_filter
    # Twice, while a stack shrinks or is recorded.
    remembered = 2 * gradient_filter.window if isinstance(gradient_filter, MovingAverageFilter) else 0
    tables = task.n_inputs * (8 * (3 * task.length + 5) + 2 * task.n_classes) + members * task.n_inputs * (
        40 + 16 * (experiment.corrupted > 0)
    )
    piece = 8 * max(PIECE[device.type], 64 * task.n_classes * members) + 4 * min(CELLS, task.n_inputs * task.n_classes)
    own = number * members * ((8 + remembered) * weights + kept)
    width = experiment.architecture.width * experiment.spectral_contrast
    # What is read out, in double precision, and a few covariances.
    seen = 24 * width * max(PIECE[device.type] // widest_row(experiment), 64 * members) + 32 * members * width**2
    return (PROCESS if device.type == "cpu" else 0) + tables + number * piece + own + seen


def require(experiment: Experiment, members: int, device: torch.device, processes: int = 1) -> int:
    """The estimate for each of some processes. ValueError where together they cannot fit the memory that there is."""
    needed, there = estimate(experiment, members, device), available(device)
    if processes * needed > there:
        raise ValueError(
            f"memory: {members} runs of {experiment.task!r} side by side need about {gigabytes(needed)} on {device}, "
            f"times {processes} processes; must be at most the {gigabytes(there)} there are: take a smaller stack, "
            "fewer workers, a smaller batch, width or task"
        )
    return needed


def available(device: torch.device) -> int:
    """Bytes that this device has: free ones of a GPU, all of the machine otherwise."""
    if device.type == "cuda":
        return int(torch.cuda.mem_get_info(device)[0])
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


def gigabytes(size: int) -> str:
    """A size in words."""
    return f"{size / 1e9:.1f} GB"


def _of_a_transformer(experiment: Experiment) -> tuple[int, int]:
    """Numbers in its weights, and in the activations that a step keeps for its backward pass."""
    arch, task, rows = experiment.transformer, experiment.task, max(experiment.batch_sizes)
    length = task.length + (arch.attention == "bidirectional")
    if way(arch, task.n_tokens, task.length) == "necessary":
        tree = PrefixTree(task)
        evaluated = rows + sum(
            len(e) if w else rows for e, w in zip(tree.example[:-1], tree.shared(rows), strict=False)
        )
    else:
        evaluated = rows * length
    block = (4 + 2 * MLP_RATIO) * arch.width**2
    weights = arch.layers * block + (task.n_tokens + task.n_classes + length) * arch.width
    return weights, evaluated * arch.layers * (12 + 2 * MLP_RATIO) * arch.width + 3 * rows * task.n_classes


def _of_an_mlp(experiment: Experiment) -> tuple[int, int]:
    """The same of a multilayer perceptron."""
    arch, task, rows = experiment.architecture, experiment.task, max(experiment.batch_sizes)
    assert isinstance(arch, MLP)
    read = read_by(arch, task)
    layers = arch.width * (read + (arch.layers - 1) * arch.width + task.n_classes)
    weights = layers + task.n_tokens * (arch.embedding or 0)
    # Columns that are picked are copied, one for each position.
    picked = task.length * arch.width if way(arch, task.n_tokens, task.length) == "gathered" else read
    return weights, rows * (2 * picked + 4 * arch.layers * arch.width + 3 * task.n_classes)
