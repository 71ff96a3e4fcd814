"""How long noise takes to tip a memorizer: the law of Eyring, Kramers and Langer.

For dx = −∇E dt + √(2T) dW a well empties at the rate (|μ|/2π) √(det H_well / |det H_saddle|) e^(−ΔE/T), μ the downhill
curvature of the saddle, as T → 0 (Berglund 2011, arXiv:1106.5799, a review). Amplitudes are reflected at 0, so that the
memorizer is half a well: that doubles its rate to the rule. At rest every curvature is a multiple of λ, and the
prefactor has a closed form.
"""

from __future__ import annotations

import sympy as sp

from grokmodels.theory import basins, rest
from grokmodels.theory.checks import require_positive
from grokmodels.theory.circuits import Circuits
from grokmodels.theory.kernels import Kernel
from grokmodels.theory.symbols import D, f, lam

# Temperature, and the margins at rest of well and saddle.
T, f_well, f_saddle = sp.symbols("T f_well f_saddle", positive=True)


def _curvature(margin: sp.Expr) -> sp.Expr:
    return rest.CURVATURE.expression.subs(f, margin)


_boltzmann = sp.exp((rest.ENERGY.expression.subs(f, f_well) - rest.ENERGY.expression.subs(f, f_saddle)) / T)

# Memorizer to rule, over the mixed saddle, whose downhill curvature is (D − 2)λ.
TO_RULE = Kernel(
    "escapeToRule",
    lam / sp.pi * sp.sqrt((D - 2) * _curvature(f_well) / _curvature(f_saddle)) * _boltzmann,
    (D, lam, T, f_well, f_saddle),
)

# Memorizer to origin, over its threshold; both lie on the wall, and its halves cancel.
TO_ORIGIN = Kernel(
    "escapeToOrigin",
    lam / (2 * sp.pi) * sp.sqrt(-_curvature(f_well) * _curvature(f_saddle)) * _boltzmann,
    (D, lam, T, f_well, f_saddle),
)


def escape_rate(circuits: Circuits, temperature: float) -> float:
    """Rate at which noise carries the memorizer over the saddle to the rule, per unit of time.

    Asymptotic for ΔE/T → ∞. NaN where memorizer or saddle are missing; ValueError unless D > 2, the loss is logistic,
    λ > 0 and ``temperature`` > 0.
    """
    return _rate(TO_RULE, circuits, temperature, basins.saddle(circuits))


def collapse_rate(circuits: Circuits, temperature: float) -> float:
    """Rate at which noise carries the memorizer over its threshold to the origin, as :func:`escape_rate`."""
    return _rate(TO_ORIGIN, circuits, temperature, basins.threshold(circuits))


def _rate(law: Kernel, circuits: Circuits, temperature: float, over: basins.Point) -> float:
    require_positive(temperature=temperature)
    well = basins.memorizer(circuits)
    return float(law(circuits.degree, circuits.weight_decay, temperature, well.margin, over.margin))
