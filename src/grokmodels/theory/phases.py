"""Degree 2 under logistic loss: points of rest, their stability, and the phases in the plane of λ and ρ.

The names of the phases follow Liu et al. (2022), arXiv:2205.10343; what they call confusion is collapse here.
"""

from __future__ import annotations

from typing import Literal

import sympy as sp

from grokmodels.theory.checks import require, require_positive
from grokmodels.theory.circuits import Circuits
from grokmodels.theory.kernels import Kernel
from grokmodels.theory.plateau import SHARE, SLOW_MARGIN, require_two_layers, split
from grokmodels.theory.symbols import c, c_m, lam, rho, u

Phase = Literal["collapse", "memorization", "grokking", "comprehension"]

# Growth rates of small departures. Of a circuit that rests alone: towards its own amplitude …
RADIAL_RATE = Kernel("radialRate", -2 * lam * (1 - lam / (2 * c)) * sp.log(2 * c / lam - 1), (c, lam))
# … and of the other circuit's seed beside it. The first makes the memorizer a saddle, the second ends ungrokking.
MEMORIZER_RATE = Kernel("memorizerRate", lam * (rho - 1), (lam, rho))
GENERALIZER_RATE = Kernel("generalizerRate", lam * (1 / rho - 1), (lam, rho))
# Of a circuit that begins near the origin; negative is collapse.
ORIGIN_RATE = Kernel("originRate", c - lam, (c, lam))

# The decay time in which the memorizer would grow alone from u to its rest, as if its early rate lasted.
FIT_DECAY_TIME = Kernel(
    "fitDecayTime",
    sp.Max(0, lam / (c_m - lam) * sp.log(sp.sqrt(sp.log(2 * c_m / lam - 1) / c_m) / u)),
    (u, c_m, lam),
)


def fitted_share(circuits: Circuits, u: float, v: float) -> float:
    """The rule's share when the data have just been fitted from small amplitudes (u, v).

    The exact law with :data:`FIT_DECAY_TIME` and the memorizer's margin at rest; good to about 0.1. ValueError unless
    D = 2, the loss is logistic and 0 < λ < c_m.
    """
    require_positive(u=u, v=v)
    require_two_layers(circuits)
    c_m, rho, decay = circuits.memorizing_efficiency, circuits.ratio, circuits.weight_decay
    require(0 < decay < c_m, "weight_decay", decay, f"between 0 and memorizing_efficiency, {c_m}")
    f_0, m_0 = split(circuits, u, v)
    fitted = SLOW_MARGIN(0.0, rho, c_m, decay)
    return float(SHARE(FIT_DECAY_TIME(u, c_m, decay), m_0, rho, fitted / f_0))


def phase(circuits: Circuits, u: float, v: float) -> Phase:
    """What becomes of small amplitudes (u, v) under weight decay.

    Collapse for λ ≥ max(c_m, c_g); memorization for ρ ≤ 1; of the rest, comprehension where the rule has half of the
    margin by the time the data are fitted, or the memorizer cannot rest at all, and grokking where it comes later. The
    last border is a crossover that moves with the seeds; the others are transitions. ValueError unless D = 2, the loss
    is logistic and λ > 0.
    """
    require_positive(u=u, v=v, weight_decay=circuits.weight_decay)
    require_two_layers(circuits)
    if circuits.weight_decay >= max(circuits.memorizing_efficiency, circuits.generalizing_efficiency):
        return "collapse"
    if circuits.ratio <= 1:
        return "memorization"
    if circuits.weight_decay >= circuits.memorizing_efficiency or fitted_share(circuits, u, v) >= 0.5:
        return "comprehension"
    return "grokking"
