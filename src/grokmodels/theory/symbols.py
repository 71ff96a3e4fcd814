"""The symbols that all derivations share; they print as the book writes them."""

import sympy as sp

# Amplitudes of the memorizing and the generalizing circuit, and the degree in which the margin depends on them.
u, v, D = sp.symbols("u v D", positive=True)
# Margin bought per unit of norm by each circuit, and the ratio of the two.
c_m, c_g, rho = sp.symbols("c_m c_g rho", positive=True)
# Weight decay, its accumulated value (the decay time), and time.
lam, Lam, t = sp.symbols("lambda Lambda t", nonnegative=True)
# The margin on a training example, the steepness of the loss there, and the rule's share of the margin.
f, s, m = sp.symbols("f s m", positive=True)
# Temperature of the noise.
T = sp.symbols("T", positive=True)
