"""Degree 2 under logistic loss: points of rest, their stability, and the phases in the plane of λ and ρ.

The names of the phases follow Liu et al. (2022), arXiv:2205.10343; what they call confusion is collapse here.
"""

from __future__ import annotations

from typing import Literal

import sympy as sp

from grokmodels.theory.checks import require_positive
from grokmodels.theory.circuits import Circuits
from grokmodels.theory.kernels import Kernel, Root
from grokmodels.theory.plateau import require_two_layers
from grokmodels.theory.symbols import c, c_m, lam, rho, u, v

Phase = Literal["collapse", "memorization", "grokking", "comprehension"]

# Growth rates of small departures. Of a circuit that rests alone: toward its own amplitude …
RADIAL_RATE = Kernel("radialRate", -2 * lam * (1 - lam / (2 * c)) * sp.log(2 * c / lam - 1), (c, lam))
# … and of the other circuit's seed beside it. The first makes the memorizer a saddle, the second ends ungrokking.
MEMORIZER_RATE = Kernel("memorizerRate", lam * (rho - 1), (lam, rho))
GENERALIZER_RATE = Kernel("generalizerRate", lam * (1 / rho - 1), (lam, rho))
# Of a circuit that begins near the origin; negative is collapse.
ORIGIN_RATE = Kernel("originRate", c - lam, (c, lam))

# The memorizer's margin at rest, and the decay time in which it grows there from u, as if its early rate lasted.
_rest = sp.log(2 * c_m / lam - 1)
_fit = sp.Max(0, lam / (c_m - lam) * sp.log(sp.sqrt(_rest / c_m) / u))

# The seed v with which the rule would have just half of that margin when the data are fitted: the first integral, with
# this estimate of the moment, solved for v.
CROSSOVER_SEED = Kernel(
    "crossoverSeed",
    sp.sqrt(_rest / (2 * rho * c_m)) * (u / sp.sqrt(_rest / (2 * c_m))) ** rho * sp.exp((1 - rho) * _fit),
    (u, rho, c_m, lam),
)

# The same border solved for ρ, where u is below the memorizer's amplitude: rules above it win at once. The equation is
# then convex and falls with ρ, so that Newton's method from the left cannot miss.
CROSSOVER_RATIO = Root(
    "crossoverRatio",
    sp.expand_log(sp.log(CROSSOVER_SEED.expression), force=True) - sp.log(v),
    rho,
    sp.Rational(1, 100),
    (u, v, c_m, lam),
    rho,
)


def phase(circuits: Circuits, u: float, v: float) -> Phase:
    """What becomes of small amplitudes (u, v) under weight decay.

    Collapse for λ ≥ max(c_m, c_g); memorization for ρ ≤ 1; of the rest, comprehension where the rule has half of the
    margin by the time the data are fitted, or the memorizer cannot rest at all, and grokking where it comes later. The
    last border is a crossover that moves with the seeds; the others are transitions. ValueError unless D = 2, the loss
    is logistic and λ > 0.
    """
    require_positive(u=u, v=v, weight_decay=circuits.weight_decay)
    require_two_layers(circuits)
    _, c_m, c_g, decay = circuits.constants
    if decay >= max(c_m, c_g):
        return "collapse"
    if c_g <= c_m:
        return "memorization"
    if decay >= c_m or v >= CROSSOVER_SEED(u, circuits.ratio, c_m, decay):
        return "comprehension"
    return "grokking"
