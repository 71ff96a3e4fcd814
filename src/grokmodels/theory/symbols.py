"""The symbols that all derivations share; they print as the book writes them."""

import sympy as sp

# Amplitudes of the memorizing and the generalizing circuit, and the degree in which the margin depends on them.
u, v, D = sp.symbols("u v D", positive=True)
# Margin bought per unit of norm by either circuit (c: by any one), and the ratio of the two.
c_m, c_g, c, rho = sp.symbols("c_m c_g c rho", positive=True)
# Weight decay and its accumulated value, the decay time.
lam, Lam = sp.symbols("lambda Lambda", nonnegative=True)
# The margin on a training example, the steepness of the loss there, and the rule's share of the margin.
f, s, m = sp.symbols("f s m", positive=True)
# The same where a stretch of time begins.
f_0, m_0 = sp.symbols("f_0 m_0", positive=True)
