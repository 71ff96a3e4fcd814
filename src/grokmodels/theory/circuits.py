"""Two circuits, one dial: the model itself, its energy and its gradient flow.

The picture of two circuits that differ in efficiency is that of Varma et al. (2023), arXiv:2309.02390.
"""

from __future__ import annotations

from typing import Annotated, Any

import numpy as np
import pandas as pd
import sympy as sp
from numpy.typing import ArrayLike
from pydantic import Field

from grokmodels.recipes.recipe import Recipe
from grokmodels.recipes.schedules import Schedule
from grokmodels.theory.checks import require_positive
from grokmodels.theory.integrate import follow
from grokmodels.theory.kernels import Kernel
from grokmodels.theory.losses import LOSS_OF, STEEPNESS, VALUE, Loss
from grokmodels.theory.symbols import D, c_g, c_m, f, lam, s, u, v

Positive = Annotated[float, Field(gt=0)]

MARGIN = c_m * u**D + c_g * v**D
_ell = sp.Function("ell")
_DECAY = lam * (u**2 + v**2) / 2
_ARGUMENTS = (u, v, D, c_m, c_g, lam)

# E = ℓ(f) + (λ/2)(u² + v²) for any loss, and its gradient flow, with s for −ℓ′(f).
ENERGY = _ell(MARGIN) + _DECAY
FLOW = tuple(sp.powsimp(-sp.diff(ENERGY, x).replace(sp.Subs, lambda *_: -s)) for x in (u, v))

TOTAL_MARGIN = Kernel("margin", MARGIN, (u, v, D, c_m, c_g))
ENERGY_OF = {name: Kernel(f"{name}Energy", value.subs(f, MARGIN) + _DECAY, _ARGUMENTS) for name, value in VALUE.items()}
FLOW_OF = {
    name: Kernel(f"{name}Flow", tuple(part.subs(s, steepness.subs(f, MARGIN)) for part in FLOW), _ARGUMENTS)
    for name, steepness in STEEPNESS.items()
}


def _hessian(velocities: tuple[sp.Expr, sp.Expr]) -> tuple[sp.Expr, ...]:
    of_u, of_v = velocities
    return tuple(sp.powsimp(-sp.diff(*pair)) for pair in ((of_u, u), (of_u, v), (of_v, v)))


# Second derivatives of E: (E_uu, E_uv, E_vv).
HESSIAN_OF = {
    name: Kernel(f"{name}Hessian", _hessian(kernel.expression), _ARGUMENTS) for name, kernel in FLOW_OF.items()
}


class Circuits(Recipe):
    """A memorizing circuit of amplitude u and a generalizing one of amplitude v, trained with weight decay λ.

    Margin on a training example f = c_m u^D + c_g v^D; objective E = ℓ(f) + (λ/2)(u² + v²). ``degree`` is D,
    ``memorizing_efficiency`` c_m, ``generalizing_efficiency`` c_g (margin bought per unit of norm), ``weight_decay`` λ.
    """

    degree: Annotated[float, Field(ge=1)] = 2.0
    memorizing_efficiency: Positive = 1.0
    generalizing_efficiency: Positive = 2.0
    weight_decay: Annotated[float, Field(ge=0)] = 0.1
    loss: Loss = "logistic"

    @property
    def ratio(self) -> float:
        """ρ = c_g / c_m."""
        return self.generalizing_efficiency / self.memorizing_efficiency

    @property
    def constants(self) -> tuple[float, float, float, float]:
        """(D, c_m, c_g, λ), as the kernels take them."""
        return self.degree, self.memorizing_efficiency, self.generalizing_efficiency, self.weight_decay


def margins(circuits: Circuits, u: ArrayLike, v: ArrayLike) -> tuple[Any, Any]:
    """What each circuit adds to the margin on a training example: c_m u^D and c_g v^D."""
    degree, c_m, c_g, _ = circuits.constants
    return c_m * np.asarray(u) ** degree, c_g * np.asarray(v) ** degree


def energy(circuits: Circuits, u: ArrayLike, v: ArrayLike) -> Any:
    """The objective E(u, v)."""
    return ENERGY_OF[circuits.loss](u, v, *circuits.constants)


def flow(circuits: Circuits, u: ArrayLike, v: ArrayLike, weight_decay: float | None = None) -> tuple[Any, Any]:
    """Velocities (u̇, v̇) of gradient flow, u̇ = D c_m s u^(D−1) − λu and the same for v.

    ``weight_decay`` stands in for the recipe's where a schedule has changed it.
    """
    degree, c_m, c_g, decay = circuits.constants
    u_dot, v_dot = FLOW_OF[circuits.loss](u, v, degree, c_m, c_g, decay if weight_decay is None else weight_decay)
    return u_dot, v_dot


def hessian(circuits: Circuits, u: float, v: float) -> Any:
    """Second derivatives of E at (u, v), shape (2, 2); minus the Jacobian of the flow."""
    uu, uv, vv = HESSIAN_OF[circuits.loss](u, v, *circuits.constants)
    return np.array([[uu, uv], [uv, vv]])


def simulate(
    circuits: Circuits, u: float, v: float, times: ArrayLike, schedule: Schedule | None = None
) -> pd.DataFrame:
    """Gradient flow from (u, v) at time 0, seen at ascending ``times`` ≥ 0; one row a time.

    Columns: ``t``; ``decay_time`` Λ = ∫ λ dt; ``u``; ``v``; ``margin`` f; ``share`` m = c_g v^D / f, the generalizing
    share of the margin; ``loss`` ℓ(f); ``norm`` √(u² + v²). ``schedule`` multiplies the weight decay; its steps are
    units of time. Relative accuracy about 1e-9. ValueError for amplitudes that are not positive or bad times.
    """
    require_positive(u=u, v=v)
    states, decay_time = follow(
        lambda state, decay: flow(circuits, state[0], state[1], decay), (u, v), times, circuits.weight_decay, schedule
    )
    return describe(times, decay_time, states, margins(circuits, *states), circuits.loss)


def describe(
    times: ArrayLike, decay_time: ArrayLike, amplitudes: Any, margins: tuple[Any, Any], loss: Loss
) -> pd.DataFrame:
    """The table of :func:`simulate` for amplitudes (2, n) and the circuits' margins that are already known."""
    u, v = amplitudes
    memorized, generalized = margins
    margin = memorized + generalized
    return pd.DataFrame(
        {
            "t": times,
            "decay_time": decay_time,
            "u": u,
            "v": v,
            "margin": margin,
            "share": generalized / margin,
            "loss": LOSS_OF[loss](margin),
            "norm": np.hypot(u, v),
        }
    )
