"""What a weight decay does under each optimizer: to a weight whose gradient is gone, and to a matrix without a scale.

*Decoupled* decay shrinks a weight by ηλ a step (AdamW; Lion and Muon, too). *L2* adds λw to the gradient: under SGD
with momentum μ that is a decay at the rate ηλ/(1 − μ), under Adam it is divided by the size of the gradient, too.

A matrix before a LayerNorm has no scale: its gradient is orthogonal to it and goes as G over its length r. Steps
lengthen it, decay shortens it, and where both balance it turns by one angle a step, at which what it holds is renewed.
That angle is √(2ηλ) under AdamW and SGD (Kosson et al. 2024, arXiv:2305.17212), whatever G; under Adam with L2 it has G
in it, and another power of λ.

Symbols: η is the learning rate, λ the decay, n the number of weights of a matrix, t a number of steps.
"""

from __future__ import annotations

import sympy as sp

from grokmodels.theory.kernels import Kernel
from grokmodels.theory.motion import epsilon, eta
from grokmodels.theory.symbols import lam

t, w_0, n, G = sp.symbols("t w_0 n G", positive=True)
mu = sp.Symbol("mu", nonnegative=True)

# A weight whose gradient is gone, t steps later, to first order in η.
DECOUPLED = Kernel("decoupledWeight", w_0 * sp.exp(-eta * lam * t), (t, w_0, eta, lam))
SGD = Kernel("sgdWeight", w_0 * sp.exp(-eta * lam * t / (1 - mu)), (t, w_0, eta, lam, mu))

# Under Adam λw is all of the gradient and is divided by its own size: ẇ = −η λw/(λw + ε), a straight line of slope η
# whatever λ, down to ε/λ. The constant of the flow, w + (ε/λ) ln w + ηt, gives the time to a share of the weight.
share = sp.Symbol("share", positive=True)
ADAM_TIME = Kernel(
    "adamShrinkTime", (w_0 * (1 - share) - epsilon / lam * sp.log(share)) / eta, (share, w_0, eta, lam, epsilon)
)

# A matrix without a scale at rest. Mean square of a step over η²: of AdamW and of Adam with L2, n; of SGD, (G/r)².
# What decay takes from r² in a step is 2ηλr², under Adam divided by the root mean square of the gradient, G/(r√n), as
# long as the gradient is more than the decay.
ADAMW_LENGTH = Kernel("adamwLength", sp.sqrt(eta * n / (2 * lam)), (eta, lam, n))
SGD_LENGTH = Kernel("sgdLength", (eta * G**2 / (2 * lam)) ** sp.Rational(1, 4), (eta, lam, G))
ADAM_LENGTH = Kernel("adamLength", (eta * G * sp.sqrt(n) / (2 * lam)) ** sp.Rational(1, 3), (eta, lam, n, G))

# The angle by which it then turns in a step, in radians. Its inverse square is the number of steps of a renewal.
ADAMW_ANGLE = Kernel("adamwAngle", sp.simplify(eta * sp.sqrt(n) / ADAMW_LENGTH.expression), (eta, lam, n))
SGD_ANGLE = Kernel("sgdAngle", sp.simplify(eta * G / SGD_LENGTH.expression**2), (eta, lam, G))
ADAM_ANGLE = Kernel("adamAngle", sp.simplify(eta * sp.sqrt(n) / ADAM_LENGTH.expression), (eta, lam, n, G))


def power_of_decay(angle: Kernel) -> sp.Expr:
    """The power of λ in the number of steps of a renewal, 1 over the square of the ``angle`` of a step."""
    return sp.simplify(lam * sp.diff(sp.log(angle.expression**-2), lam))
