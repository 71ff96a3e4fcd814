"""What AdamW does to a weight: how far it pushes, how long the weight grows, how fast it turns; and to two circuits.

Adam moves a weight by h = E[g]/(√E[g²] + ε) units of the learning rate η, so decay λ brings it to rest where λw = h:
since |h| ≤ 1, inside a box of half width 1/λ (Xie and Li 2024). S = E[g]/√E[g²], the *saturation*, is 1 where the
gradient keeps its sign and size, and 0 where it is noise. A small change of E[g] is felt less than E[g] itself, by the
*gain* d ln h / d ln E[g] = 1 − S h: at the wall of the box a weight hears nothing new.
"""

from __future__ import annotations

import sympy as sp

from grokmodels.theory.kernels import Kernel
from grokmodels.theory.symbols import D, Lam, c_m, lam, rho, s, u, v

# Mean and spread of a weight's gradient, Adam's epsilon, its rate and the decay rate of its average of the gradient.
g, sigma, epsilon, eta = sp.symbols("g sigma epsilon eta", positive=True)
beta = sp.Symbol("beta", nonnegative=True)
# The saturation S, and the share of the training data in a batch, b/N.
saturation, batch_share = sp.symbols("saturation batch_share", nonnegative=True)

_rms = sp.sqrt(g**2 + sigma**2)
# The mean push h, in units of the learning rate, and its gain.
PUSH = Kernel("adamPush", g / (_rms + epsilon), (g, sigma, epsilon))
GAIN = Kernel("adamGain", sp.simplify(sp.diff(PUSH.expression, g) * g / PUSH.expression), (g, sigma, epsilon))

# At rest: what the mean push holds against the decay, and what noise adds by a random walk, to first order in ηλ. Noise
# must be white: that of batches drawn without replacement adds up to zero over an epoch.
_held, _walked = (saturation / lam) ** 2, eta * (1 - saturation**2) / (2 * lam)
LENGTH = Kernel("restLength", sp.sqrt(_held + _walked), (saturation, eta, lam))

# The cosine between a weight vector at rest and itself a decay time Λ later.
OVERLAP = Kernel("restOverlap", (_held + _walked * sp.exp(-Lam)) / (_held + _walked), (Lam, saturation, eta, lam))

# The angle of one step, to first order: the noise in Adam's average of the gradient, over the length.
TURN = Kernel(
    "restTurn",
    eta * sp.sqrt((1 - saturation**2) * (1 - beta) / (1 + beta)) / LENGTH.expression,
    (saturation, eta, lam, beta),
)

# What becomes of the ratio ρ of the two circuits' efficiencies. ``shared``: each weight serves one slot and the rule,
# so the rule grows through the gain of weights whose push is the slot's. ``separate``: the rule has weights of its own,
# which are pushed with full strength, and a slot's with S.
SHARED_RATIO = Kernel("sharedRatio", rho * (1 - saturation**2), (rho, saturation))
SEPARATE_RATIO = Kernel("separateRatio", rho / saturation, (rho, saturation))

# A slot's gradient comes in a share b/N of the steps: mean b/N times, root mean square √(b/N) times its size.
SATURATION = Kernel("batchSaturation", sp.sqrt(batch_share), (batch_share,))
# The share of the data in a batch at which the shared ratio is 1: in larger batches the table is stable.
CRITICAL_SHARE = Kernel("criticalShare", 1 - 1 / rho, (rho,))

# Renewal: in each dΛ all is forgotten at the rate 1 and as much margin is learned anew, k u^(D−1) of the table and
# k ρ v^(D−1) of the rule. That is the circuits' own flow in the time Λ, with D c_m s/λ for k.
_k = sp.Symbol("k", positive=True)
RENEWAL = (_k * u ** (D - 1) - u, _k * rho * v ** (D - 1) - v)
RENEWED = D * c_m * s / lam

# Preconditioned curvature at which Adam's step overshoots (Cohen et al. 2022): (2 + 2β₁)/((1 − β₁)η).
EDGE = Kernel("adaptiveEdge", (2 + 2 * beta) / ((1 - beta) * eta), (beta, eta))
# Between kicks a scale-free length shrinks as e^−Λ, curvature grows as its inverse square, gradients as its inverse:
# their ratio as e^Λ. A kick that lengthens the weights by a factor is undone after its logarithm.
_stretch = sp.Symbol("stretch", positive=True)
RHYTHM = Kernel("kickRhythm", sp.log(_stretch), (_stretch,))
