"""Embeddings seen through the discrete Fourier transform over the tokens 0 … p − 1.

Shapes: p tokens, d dimensions; ``embedding`` (p, d). Frequencies are k = 1 … ⌊(p − 1)/2⌋.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.floating[Any]]


def fourier_energy(embedding: FloatArray) -> FloatArray:
    """Share of the centered embedding's squared length in each frequency, shape (⌊(p − 1)/2⌋,), k = 1 first.

    The shares add up to one for odd p. ValueError for fewer than three tokens or a constant embedding.
    """
    directions = _directions(embedding)
    energy = 2 / len(embedding) * np.square(directions).sum(axis=(1, 2))
    total = np.square(embedding - embedding.mean(axis=0)).sum()
    if not total > 0:
        raise ValueError(f"embedding: got {len(embedding)} tokens at one point; at least two must differ")
    return np.asarray(energy / total)


def fourier_plane(embedding: FloatArray, frequency: int) -> FloatArray:
    """The plane in which tokens turn with one frequency, shape (d, 2), with orthonormal columns.

    The columns are the orthonormal pair closest to the embedding's cosine and sine directions Σ cos(2πka/p) E[a] and
    Σ sin(2πka/p) E[a] (their polar factor), so that a perfect circle is seen as (cos, sin) with token 0 at the right.
    """
    directions = _directions(embedding)
    if not 1 <= frequency <= len(directions):
        raise ValueError(f"frequency: got {frequency}; must be 1 to {len(directions)}")
    left, _, right = np.linalg.svd(directions[frequency - 1].T, full_matrices=False)
    return np.asarray(left @ right)


def project(embedding: FloatArray, plane: FloatArray) -> FloatArray:
    """Coordinates of the centered tokens in a plane (d, 2), shape (p, 2)."""
    return np.asarray((embedding - embedding.mean(axis=0)) @ plane)


def circle_order(p: int, frequency: int) -> NDArray[np.integer[Any]]:
    """k·a mod p for each token a, shape (p,): its place along the circle of frequency k."""
    return frequency * np.arange(p) % p


def _directions(embedding: FloatArray) -> FloatArray:
    """Cosine and sine direction of every frequency, (⌊(p − 1)/2⌋, 2, d), in double precision."""
    embedding = np.asarray(embedding, dtype=np.float64)
    if embedding.ndim != 2 or len(embedding) < 3:
        raise ValueError(f"embedding: got shape {embedding.shape}; must be (p, d) with p ≥ 3")
    transform = np.fft.rfft(embedding, axis=0)[1 : (len(embedding) - 1) // 2 + 1]
    # rfft sums e^(−iωa): its imaginary part is minus the sine sum.
    return np.stack([transform.real, -transform.imag], axis=1)
