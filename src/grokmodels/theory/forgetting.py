"""Degree 1 (a linear or lazy model): memorization is an excess that decay forgets, v − ρu ∝ e^(−Λ).

In the rule's share m of the margin f: (m − m_∞) f e^Λ is constant, exactly, for any loss and schedule.
"""

from __future__ import annotations

import sympy as sp

from grokmodels.theory.kernels import Kernel
from grokmodels.theory.symbols import Lam, f, f_0, m, m_0, rho

# The share to which every start goes: at rest v = ρu. Smooth in ρ: no transition.
FINAL_SHARE = Kernel("forgettingFinalShare", rho**2 / (1 + rho**2), (rho,))

# Constant along the flow.
INVARIANT = Kernel("forgettingInvariant", (m - FINAL_SHARE.expression) * f * sp.exp(Lam), (m, f, rho, Lam))

# The decay time between (m_0, f_0) and (m, f): only logarithmically late where m is close to the final share.
DECAY_TIME = Kernel(
    "forgettingDecayTime",
    sp.log((FINAL_SHARE.expression - m_0) * f_0 / ((FINAL_SHARE.expression - m) * f)),
    (m, f, m_0, f_0, rho),
)

# The share after a decay time Λ in which the margin has grown from f_0 to f.
SHARE = Kernel(
    "forgettingShare",
    FINAL_SHARE.expression + (m_0 - FINAL_SHARE.expression) * f_0 / f * sp.exp(-Lam),
    (Lam, f, m_0, f_0, rho),
)
