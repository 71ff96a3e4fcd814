"""Degree 2: the grokking curve in closed form. m is the rule's share of the margin, L(m) = ln m − ρ ln(1 − m).

The clock reads L(m) − (ρ − 1) ln f − 2(ρ − 1)Λ = const, exactly; at constant margin f this is the whole curve.
"""

from __future__ import annotations

import sympy as sp

from grokmodels.theory.checks import require, require_positive
from grokmodels.theory.circuits import Circuits, margins
from grokmodels.theory.kernels import Kernel, Root
from grokmodels.theory.symbols import Lam, c_g, c_m, f, f_0, lam, m, m_0, rho

# The amplitudes in terms of margin and share, from f = c_m u² + c_g v² and m = c_g v²/f.
U = sp.sqrt((1 - m) * f / c_m)
V = sp.sqrt(m * f / c_g)

_growth, _logit, _ramp = sp.symbols("growth y rate", positive=True)


def log_odds(share: sp.Expr) -> sp.Expr:
    """L(m) = ln m − ρ ln(1 − m): rises through the whole plateau at the steady rate 2λ(ρ − 1)."""
    return sp.log(share) - rho * sp.log(1 - share)


LOG_ODDS = Kernel("logOdds", log_odds(m), (m, rho))

# Constant along the flow: twice the first integral, up to a constant.
INVARIANT = Kernel("plateauInvariant", log_odds(m) - (rho - 1) * (sp.log(f) + 2 * Lam), (m, f, rho, Lam))

# The decay time between (m_0, f_0) and (m, f). Exact.
DECAY_TIME = Kernel(
    "plateauDecayTime",
    (log_odds(m) - log_odds(m_0)) / (2 * (rho - 1)) - sp.log(f / f_0) / 2,
    (m, f, m_0, f_0, rho),
)

# The share after a decay time Λ in which the margin has grown by a factor; exact, and with factor 1 the curve on the
# valley of constant margin. Solved for y = ln(m/(1 − m)), where L has slopes between 1 and ρ; long before y = 600 the
# share is 1 to double precision.
_target = sp.Min(log_odds(m_0) + (rho - 1) * (2 * Lam + sp.log(_growth)), 600 * rho)
SHARE = Root(
    name="plateauShare",
    equation=_logit + (rho - 1) * sp.log(1 + sp.exp(_logit)) - _target,
    unknown=_logit,
    start=_target / rho,
    arguments=(Lam, m_0, rho, _growth),
    result=1 / (1 + sp.exp(-_logit)),
)

# dm/dΛ at constant margin.
SPEED = Kernel("plateauSpeed", 2 * (rho - 1) * m * (1 - m) / (1 + (rho - 1) * m), (m, rho))

# u² + v²: at a given margin the norm falls as the share rises, if ρ > 1.
NORM_SQUARED = Kernel("plateauNormSquared", f / c_m * (1 - m * (1 - 1 / rho)), (m, f, rho, c_m))

# Logistic loss: the margin at which growth and decay balance when the share drifts slowly, 2 s c_m (1 + (ρ − 1) m) = λ.
SLOW_MARGIN = Kernel("plateauSlowMargin", sp.log(2 * c_m * (1 + (rho - 1) * m) / lam - 1), (m, rho, c_m, lam))

# A decay that rises from 0 at a steady rate reaches Λ = λ²/(2 rate).
RAMP_DECAY = Kernel("rampDecay", sp.sqrt(2 * _ramp * Lam), (Lam, _ramp))


def grokking_decay_time(circuits: Circuits, u: float, v: float, share: float = 0.5) -> float:
    """The decay time Λ* at which the rule's share reaches ``share`` from small amplitudes (u, v): the delay times λ.

    Exact but for the margin at that moment, which is taken as the slow one. Where a plateau separates the fit from the
    rule, Λ* is then too short by less than 0.05 (ρ − 1) for λ ≤ c_m/2, and by less than 0.007 (ρ − 1) for λ ≤ c_m/10.
    ValueError unless D = 2, the loss is logistic, ρ > 1 and 0 < λ < c_m.
    """
    require_positive(u=u, v=v)
    require_two_layers(circuits)
    c_m, rho, decay = circuits.memorizing_efficiency, circuits.ratio, circuits.weight_decay
    require(rho > 1, "ratio", rho, "above 1")
    require(0 < decay < c_m, "weight_decay", decay, f"between 0 and memorizing_efficiency, {c_m}")
    require(0 < share < 1, "share", share, "between 0 and 1")
    f_0, m_0 = split(circuits, u, v)
    return float(DECAY_TIME(share, SLOW_MARGIN(share, rho, c_m, decay), m_0, f_0, rho))


def require_two_layers(circuits: Circuits) -> None:
    """ValueError unless D = 2 and the loss is logistic."""
    require(circuits.degree == 2, "degree", circuits.degree, "2 for this law")
    require(circuits.loss == "logistic", "loss", circuits.loss, "logistic for this law")


def split(circuits: Circuits, u: float, v: float) -> tuple[float, float]:
    """(f, m): the margin and the rule's share of it."""
    memorized, generalized = margins(circuits, u, v)
    margin = float(memorized + generalized)
    return margin, float(generalized) / margin
