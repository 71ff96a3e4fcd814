"""Mirrors: inputs that have the same operands in another order, and splits that keep them on one side."""

from __future__ import annotations

import numpy as np

from grokmodels.recipes.tasks.base import IntArray, Split


def groups(operands: IntArray) -> IntArray:
    """Group number of every input, (n,), equal for mirrors, from 0 without gaps; ``operands`` (n, operands)."""
    return np.unique(_code(operands), return_inverse=True)[1]


def first_broken(operands: IntArray, labels: IntArray) -> int | None:
    """Row number of the first input whose label is not that of a mirror; None where order never matters."""
    code = _code(operands)
    label_of = np.empty(code.max() + 1, dtype=np.int64)
    label_of[code] = labels
    broken = np.flatnonzero(label_of[code] != labels)
    return int(broken[0]) if len(broken) else None


def split(group: IntArray, n_train: int, seed: int) -> Split:
    """A split that takes whole groups (n,), in random order, each that still fits among ``n_train`` inputs.

    Where the last inputs are too few for any group that is left, groups of one give way to a larger one. ValueError
    where there are too few of them.
    """
    sizes = np.bincount(group)
    order = np.random.default_rng(seed).permutation(len(sizes))
    taken, left = np.zeros(len(sizes), dtype=bool), n_train
    for number, size in zip(order.tolist(), sizes[order].tolist(), strict=True):
        if size <= left:
            taken[number] = True
            left -= size
    if left:
        _exchange(taken, left, sizes, order)
    train = taken[group]
    return Split(np.flatnonzero(train), np.flatnonzero(~train))


def _exchange(taken: np.ndarray, left: int, sizes: IntArray, order: IntArray) -> None:
    """Takes the first of the smallest groups left over, and gives back the last groups of one that were taken."""
    over = order[~taken[order]]
    larger = over[sizes[over].argmin()]
    surplus = sizes[larger] - left
    single = order[taken[order] & (sizes[order] == 1)]
    if surplus > len(single):
        raise ValueError(
            f"fraction: got {sizes[taken].sum() + left} training inputs; must be a number that whole groups of "
            "mirrors can make up, as the task is unordered"
        )
    taken[single[-surplus:]], taken[larger] = False, True


def _code(operands: IntArray) -> IntArray:
    """One number for each input's operands in ascending order."""
    base = int(operands.max()) + 1
    return np.sort(operands, axis=1) @ base ** np.arange(operands.shape[1])
