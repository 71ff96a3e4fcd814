"""The weight-decay clock: one quantity of the flow that obeys a law with neither the data nor the loss in it.

Undo the decay, U = u e^Λ and V = v e^Λ. Then φ(V) − ρ φ(U) is constant, where φ′(x) = x^(1−D): for any loss, any degree
and any decay schedule, because both circuits are driven by the same steepness.
"""

from __future__ import annotations

from collections.abc import Callable

import sympy as sp

from grokmodels.theory.circuits import FLOW
from grokmodels.theory.kernels import Kernel
from grokmodels.theory.symbols import D, Lam, c_g, c_m, lam, rho, u, v


def potential(x: sp.Expr, degree: sp.Expr = D) -> sp.Expr:
    """φ(x) = (x^(2−D) − 1)/(2 − D), and its limit ln x at D = 2."""
    power = 2 - sp.sympify(degree)
    # Expanded, so that a long decay time does not overflow inside e^Λ.
    if power == 0:
        return sp.expand_log(sp.log(x))
    return (sp.expand_power_base(x**power, force=True) - 1) / power


def first_integral(degree: sp.Expr = D) -> sp.Expr:
    """φ(v e^Λ) − ρ φ(u e^Λ), constant along the flow."""
    return potential(v * sp.exp(Lam), degree) - rho * potential(u * sp.exp(Lam), degree)


def rate_of_change(quantity: sp.Expr, degree: sp.Expr = D) -> sp.Expr:
    """d/dt of an expression in u, v and Λ along the flow, with c_g = ρ c_m; the loss enters only through s."""
    velocities = zip((u, v, Lam), (*FLOW, lam), strict=True)
    rate = sum(sp.diff(quantity, x) * velocity for x, velocity in velocities)
    return rate.subs(c_g, rho * c_m).subs(D, degree)


def _at_any_degree(of_degree: Callable[[sp.Expr], sp.Expr]) -> sp.Expr:
    return sp.Piecewise((of_degree(sp.Integer(2)), sp.Eq(D, 2)), (of_degree(D), True))


_x = sp.Symbol("x", positive=True)
POTENTIAL = Kernel("potential", _at_any_degree(lambda degree: potential(_x, degree)), (_x, D))
FIRST_INTEGRAL = Kernel("firstIntegral", _at_any_degree(first_integral), (u, v, D, rho, Lam))

# What runs on a straight line against Λ: ln v − ρ ln u at D = 2, with slope ρ − 1; elsewhere ln |v^(2−D) − ρu^(2−D)|,
# with slope D − 2. Undefined only on the line between the basins, v^(2−D) = ρu^(2−D).
READING = Kernel(
    "clockReading",
    sp.Piecewise((sp.log(v) - rho * sp.log(u), sp.Eq(D, 2)), (sp.log(sp.Abs(v ** (2 - D) - rho * u ** (2 - D))), True)),
    (u, v, D, rho),
)
SPEED = Kernel("clockSpeed", sp.Piecewise((rho - 1, sp.Eq(D, 2)), (D - 2, True)), (D, rho))
