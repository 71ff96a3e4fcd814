"""The spectral contrast of what the networks of a stack read out: an order parameter from the literature.

It is the one of Bi, Zhang, Wang and Calhoun 2026 (arXiv:2603.24746): m = ln((p₁ + … + p₅ + ε) / (p₆ + … + ε)), where
the p are the eigenvalues, largest first and divided by their sum, of the covariance of held-out representations, and ε
is 1e-10. Theirs are representations before the unembedding, averaged over the positions, of a fixed set of held-out
probes. Ours are the vectors that are read out, at the last position, where alone these networks answer
(:func:`grokmodels.engine.network.read_out`), of all test inputs of each member. So numbers compare with theirs in kind,
not in size; nor do the five keep their meaning at another width.
"""

from __future__ import annotations

import torch
from torch import Tensor

from grokmodels.engine.devices import widest

LEADING = 5
EPSILON = 1e-10


class Spectrum:
    """The covariance of representations (S, n, d), summed up a piece of the inputs at a time.

    ``counts`` (S, N) is 1 where an input of the member counts, and 0 elsewhere.
    """

    def __init__(self, counts: Tensor) -> None:
        self._counts = counts.to(widest(counts.device))
        self._origin: Tensor | None = None
        self._sum = self._products = torch.zeros((), dtype=self._counts.dtype, device=counts.device)

    def add(self, piece: slice, representations: Tensor) -> None:
        """Count these inputs in."""
        x = representations.to(self._counts.dtype)
        if self._origin is None:
            # Seen from one of them, what all have in common costs no digits, and of equal ones nothing is left.
            self._origin = x[:, :1].clone()
        x = x - self._origin
        counted = x * self._counts[:, piece].unsqueeze(2)
        self._sum = self._sum + counted.sum(dim=1)
        self._products = self._products + torch.bmm(counted.mT, x)

    def contrast(self) -> Tensor:
        """The contrast m, (S,): NaN where what was counted does not vary, 23 where no more than five directions do."""
        n = self._counts.sum(dim=1).clamp(min=1).view(-1, 1, 1)
        covariance = self._products - self._sum.unsqueeze(2) * self._sum.unsqueeze(1) / n
        # Of a network whose numbers are no longer finite there is nothing to say.
        finite = covariance.isfinite().all(dim=2, keepdim=True).all(dim=1, keepdim=True)
        # Not every device finds eigenvalues.
        return contrast(torch.linalg.eigvalsh(torch.where(finite, covariance, 0.0).cpu())).to(self._counts.device)


def contrast(eigenvalues: Tensor) -> Tensor:
    """The contrast m (S,) of the eigenvalues (S, d) of covariances, smallest first."""
    # None is negative but by rounding.
    shares = eigenvalues.clamp(min=0.0)
    shares = shares / shares.sum(dim=1, keepdim=True)
    leading, others = shares[:, -LEADING:].sum(dim=1), shares[:, :-LEADING].sum(dim=1)
    return ((leading + EPSILON) / (others + EPSILON)).log()
