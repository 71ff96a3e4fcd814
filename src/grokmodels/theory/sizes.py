"""Two systems whose answer is known, at several sizes, as tables of runs: the null model and a saddle.

Columns as in the record of a study: ``size``, ``x`` (ln of the fraction f), ``fraction``, ``seed``, ``m_hat at Λ`` (the
order parameter m at some moments), ``generalized`` (0 or 1), ``t_gen`` and, nothing being memorized before the first
step, the same as ``delay``, each with ``…_censored``.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from grokmodels.theory import ridge

# The accumulated decays at which a saddle's order parameter is read; the last is its budget.
MOMENTS = (4.0, 6.0, 8.0, 10.0)


def null_runs(sizes: Sequence[int] = (40, 80, 160, 320), seeds: int = 20) -> pd.DataFrame:
    """The null model, examples = f · size.

    m is the part of its squared answers on new inputs that is the rule; ``generalized``: whether 90 % of the answers
    are within 0.5 of their target at Λ = 1.74; ``t_gen``: the 1000 Λ at which they are, within 2,000.
    """
    rows = []
    for size in sizes:
        for fraction in (0.1, 0.25, 0.4, 0.55, 0.7, 0.85):
            for seed in range(seeds):
                model = ridge.Ridge(
                    features=size, strong=max(2, size // 20), weak_variance=6 / size,
                    examples=round(fraction * size), seed=1000 * seed + size,
                )  # fmt: skip
                data = ridge.modes(model)
                moments = np.array([0.4, 0.55, 0.7, *np.linspace(0.2, 2, 91)])
                weights = ridge.student(model, data, moments / model.weight_decay)
                signal = (weights * data.variances) @ data.teacher
                share = signal**2 / (weights**2 @ data.variances)
                loss = (weights - data.teacher) ** 2 @ data.variances / 2
                right = ridge.within_tolerance(loss[3:], 0.5) >= 0.9
                rows.append(
                    {"size": float(size), "x": np.log(fraction), "fraction": fraction, "seed": seed}
                    | {f"m_hat at {moment:g}": share[i] for i, moment in enumerate(moments[:3])}
                    | {"generalized": float(right[77]), "t_gen_censored": not right.any()}
                    | {"t_gen": 1000 * float(moments[3:][right.argmax() if right.any() else -1])}
                )
    return _with_delay(pd.DataFrame(rows))


def saddle_runs(moduli: Sequence[int] = (17, 23, 31, 43), seeds: int = 25) -> pd.DataFrame:
    """The toy at D = 2 with ρ = f / f_c and f_c = 8.5/p, of size p². Seeds differ by the rule's first strength.

    The share m of the margin solves m/(1 − m)^ρ = K e^(2(ρ−1)Λ), with ln K a Gaussian of mean −8 and deviation 1 at
    every size; ρ scatters by 1/p. ``t_gen`` is 200 Λ at m = 1/2, within 2,000.
    """
    rng = np.random.default_rng(0)
    rows = []
    for p in moduli:
        for seed in range(seeds):
            luck, scatter = rng.normal(-8, 1), rng.normal(0, 1 / p)
            for ratio in (0.9, 1.1, 1.25, 1.4, 1.6, 1.9):
                rho = ratio * (1 + scatter)
                wait = ((rho - 1) * np.log(2) - luck) / (2 * (rho - 1)) if rho > 1 else np.inf
                row = {"size": float(p**2), "x": np.log(ratio * 8.5 / p), "fraction": ratio * 8.5 / p, "seed": seed}
                row |= {f"m_hat at {moment:g}": _share(rho, luck + 2 * (rho - 1) * moment) for moment in MOMENTS}
                late = not wait <= MOMENTS[-1]
                rows.append(
                    row | {"generalized": float(not late), "t_gen_censored": late, "t_gen": 200 * min(wait, 10.0)}
                )
    return _with_delay(pd.DataFrame(rows))


def _share(rho: float, reading: float) -> float:
    """The m that solves ln m − ρ ln(1 − m) = reading, by bisection of its log odds."""
    low, high = -60.0, 60.0
    for _ in range(60):
        middle = (low + high) / 2
        below = -np.logaddexp(0, -middle) + rho * np.logaddexp(0, middle) < reading
        low, high = (middle, high) if below else (low, middle)
    return float(1 / (1 + np.exp(-low)))


def _with_delay(runs: pd.DataFrame) -> pd.DataFrame:
    return runs.assign(delay=runs["t_gen"], delay_censored=runs["t_gen_censored"])
