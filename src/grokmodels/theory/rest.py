"""Where one circuit alone, with efficiency c, comes to rest under logistic loss: D c s u^(D−2) = λ with f = c u^D.

The norm at rest follows from the margin, u² = (f/c)^(2/D), and so does the energy. Up to degree 2 there is one such
point at most; above, a stable one and below it the threshold under which everything decays to the origin.
"""

from __future__ import annotations

import sympy as sp

from grokmodels.theory.checks import require, require_positive
from grokmodels.theory.kernels import Kernel, Root
from grokmodels.theory.symbols import D, c, f, lam

_x = sp.Symbol("x", real=True)  # ln f
_strength = sp.log(D * c ** (2 / D) / lam)
_balance = _strength + (1 - 2 / D) * _x - sp.log(1 + sp.exp(sp.exp(_x)))

# The balance is concave in ln f, so that Newton's method from outside is monotone and cannot miss. The threshold needs
# a degree above 2.
MARGIN = Root("restMargin", _balance, _x, sp.log(2 * sp.Abs(_strength) + 4), (D, c, lam), sp.exp(_x))
THRESHOLD = Root("thresholdMargin", _balance, _x, -_strength / (1 - 2 / D), (D, c, lam), sp.exp(_x))

AMPLITUDE = Kernel("restAmplitude", (f / c) ** (1 / D), (f, D, c))

# E at rest, in which (λ/2)u² = (D/2) s f.
ENERGY = Kernel("restEnergy", sp.log(1 + sp.exp(-f)) + D * f / (2 * (1 + sp.exp(f))), (f, D))

# The curvature of E along the amplitude there, in units of λ; zero at the fold.
CURVATURE = Kernel("restCurvature", 2 - D + D * f / (1 + sp.exp(-f)), (f, D))

# The fold, where the stable point and its threshold meet: f σ(f) = 1 − 2/D. At D = 2 it is at f = 0.
FOLD_MARGIN = Root("foldMargin", f / (1 + sp.exp(-f)) - 1 + 2 / D, f, 2 - 2 / D, (D,), f)

# The decay at which a circuit that rests at margin f does so; its largest value, at the fold, is the spinodal.
DECAY = Kernel("restDecay", D * c ** (2 / D) * f ** (1 - 2 / D) / (1 + sp.exp(f)), (f, D, c))


def spinodal(degree: float, efficiency: float) -> float:
    """The largest weight decay at which a circuit of this degree ≥ 2 and efficiency has a point of rest.

    At degree 2 it is the efficiency itself. ValueError below degree 2, where decay only shrinks the point of rest.
    """
    require(degree >= 2, "degree", degree, "at least 2")
    require_positive(efficiency=efficiency)
    return float(DECAY(FOLD_MARGIN(degree), degree, efficiency))
