"""The weight-decay clock: one quantity of the flow that obeys a law with neither the data nor the loss in it.

Undo the decay, U = u e^Λ and V = v e^Λ. Then φ(V) − ρ φ(U) is constant, where φ′(x) = x^(1−D): for any loss, any degree
and any decay schedule, because both circuits are driven by the same steepness.
"""

from __future__ import annotations

import sympy as sp

from grokmodels.theory.circuits import FLOW
from grokmodels.theory.kernels import Kernel
from grokmodels.theory.symbols import D, Lam, c_g, c_m, lam, rho, u, v


def potential(x: sp.Expr, degree: sp.Expr = D) -> sp.Expr:
    """φ(x) = (x^(2−D) − 1)/(2 − D), and its limit ln x at D = 2."""
    power = 2 - sp.sympify(degree)
    if power == 0:
        return sp.log(x)
    return (x**power - 1) / power


def first_integral(degree: sp.Expr = D) -> sp.Expr:
    """φ(v e^Λ) − ρ φ(u e^Λ), constant along the flow."""
    return potential(v * sp.exp(Lam), degree) - rho * potential(u * sp.exp(Lam), degree)


def rate_of_change(quantity: sp.Expr, degree: sp.Expr = D) -> sp.Expr:
    """d/dt of an expression in u, v and Λ along the flow, with c_g = ρ c_m; the loss enters only through s."""
    velocities = zip((u, v, Lam), (*FLOW, lam), strict=True)
    rate = sum(sp.diff(quantity, x) * velocity for x, velocity in velocities)
    return rate.subs(c_g, rho * c_m).subs(D, degree)


FIRST_INTEGRAL = Kernel(
    "firstIntegral",
    sp.Piecewise((first_integral(sp.Integer(2)), sp.Eq(D, 2)), (first_integral(), True)),
    (u, v, D, rho, Lam),
)
