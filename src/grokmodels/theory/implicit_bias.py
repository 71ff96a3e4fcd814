"""No weight decay: at degree 2 the rule still wins under a loss that never vanishes, logarithmically slowly.

With λ = 0 the clock reads L(m) − (ρ − 1) ln f = const: the share follows the margin, and the margin grows like ln t.
That gradient descent on homogeneous models turns toward the largest margin per norm is due to Lyu and Li (2019),
arXiv:1906.05890. In float32 the softmax gives exactly 1 beyond a finite margin, and everything stops: the softmax
collapse of Prieto et al. (2025), arXiv:2501.04697.
"""

from __future__ import annotations

import math

import numpy as np
import sympy as sp

from grokmodels.theory.checks import require, require_positive
from grokmodels.theory.circuits import Circuits
from grokmodels.theory.kernels import Kernel
from grokmodels.theory.plateau import SHARE, log_odds, require_two_layers, split
from grokmodels.theory.symbols import f_0, m, m_0, rho

# The margin at which the share has risen from m_0 (at margin f_0) to m.
MARGIN = Kernel("implicitBiasMargin", f_0 * sp.exp((log_odds(m) - log_odds(m_0)) / (rho - 1)), (m, m_0, f_0, rho))


def log_time(circuits: Circuits, u: float, v: float, share: float = 0.5) -> float:
    """Logarithm of the time to reach ``share`` of the margin without weight decay, at degree 2 under logistic loss.

    An exact quadrature of ḟ = 4 s f c_m (1 + (ρ − 1) m); the time itself overflows easily. ValueError for another
    model, a ratio of at most 1, or a share that is reached already.
    """
    from scipy.integrate import quad

    require_positive(u=u, v=v)
    require_two_layers(circuits)
    c_m, rho = circuits.memorizing_efficiency, circuits.ratio
    require(circuits.weight_decay == 0, "weight_decay", circuits.weight_decay, "0 for this law")
    require(rho > 1, "ratio", rho, "above 1")
    f_0, m_0 = split(circuits, u, v)
    require(m_0 < share < 1, "share", share, f"between the first share, {m_0:g}, and 1")
    end = float(MARGIN(share, m_0, f_0, rho))

    def slowness(gap: float) -> float:
        """dt/df · e^(−end) at the margin ``gap`` below the end, where almost all of the time is spent."""
        f = end - gap
        now = SHARE(0.0, m_0, rho, f / f_0)
        return float((math.exp(-end) + math.exp(-gap)) / (4 * f * c_m * (1 + (rho - 1) * now)))

    # Far below the end the integrand is below e^(−50) of its largest value, except where f itself is small.
    near, _ = quad(slowness, 0, min(end - f_0, 50), epsabs=0, epsrel=1e-10, limit=200)
    far, _ = quad(slowness, 50, end - f_0, epsabs=0, epsrel=1e-10, limit=200) if end - f_0 > 50 else (0.0, 0.0)
    return end + math.log(near + far)


def frozen_margin(precision: str) -> float:
    """The margin beyond which 1 − softmax, computed in this floating-point type, is exactly 0: −ln(eps/2)."""
    return float(-np.log(np.finfo(precision).eps / 2))
