"""Checkers of the exercises of the chapter "Two layers: the plateau in closed form"."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from grokmodels.checking import checker, expect
from grokmodels.theory.circuits import Circuits
from grokmodels.theory.losses import STEEPNESS_OF
from grokmodels.theory.plateau import DECAY_TIME, grokking_decay_time


@checker
def check_grokking_delay(function: Callable[..., float]) -> None:
    """``function(rho, share_0, growth)``: the decay time from ``share_0`` to one half of the margin, at degree 2.

    ``growth`` is the margin then divided by the margin at the start.
    """
    for ratio, share, growth in ((2.0, 1e-4, 1.0), (1.2, 1e-3, 1.0), (3.0, 1e-8, 20.0), (2.0, 0.3, 5.0)):
        case = f"ρ = {ratio}, from a share of {share}, margin grown by {growth}"
        expect(case, function(ratio, share, growth), DECAY_TIME(0.5, growth, share, 1.0, ratio), tolerance=1e-6)


@checker
def check_added_delay(function: Callable[[float, float, float], float]) -> None:
    """``function(factor, ratio, decay)``: how much later the rule leads if it starts with a smaller share.

    So many times (``factor``) smaller, both shares small, at the same margins. It may be off by 0.1 %.
    """
    for factor, ratio, decay in ((10, 2.0, 0.05), (10, 1.1, 0.05), (100, 3.0, 0.2)):
        waits = [DECAY_TIME(0.5, 1.0, share, 1.0, ratio) / decay for share in (1e-6, 1e-6 / factor)]
        case = f"a share {factor} times smaller, ρ = {ratio}, λ = {decay}"
        expect(case, function(factor, ratio, decay), waits[1] - waits[0], tolerance=1e-3 * waits[1])


@checker
def check_leading_times(ratios: Sequence[float], times: Sequence[float]) -> None:
    """The times at which the rule leads in the phase diagram, at λ = 0.1, v₀ = 0.001 and three ratios from 1.2 to 1.6.

    Each may be off by 10 %: the diagram looks at times that are 7 % apart.
    """
    assert len(set(ratios)) >= 3, f"ratios: expected three or more, got {ratios}"
    assert len(times) == len(ratios), f"times: expected one for each of {len(ratios)} ratios, got {len(times)}"
    for ratio, time in zip(ratios, times, strict=True):
        assert 1.2 <= ratio <= 1.6, f"ratios: expected 1.2 to 1.6, got {ratio}"
        model = Circuits(generalizing_efficiency=ratio, weight_decay=0.1)
        expected = grokking_decay_time(model, 0.1, 1e-3) / model.weight_decay
        expect(f"time at ρ = {ratio:g}, within 10 %", time, expected, tolerance=0.1 * expected)


@checker
def check_squared_rest(function: Callable[[float, float], float]) -> None:
    """``function(efficiency, decay)``: the margin at which a circuit rests alone under the squared loss; 0 if nowhere.

    Degree 2.
    """
    from scipy.optimize import brentq

    def growth(margin: float, efficiency: float, decay: float) -> float:
        return float(2 * efficiency * STEEPNESS_OF["squared"](margin)) - decay

    for case in ((1.0, 0.1), (2.0, 0.1), (1.0, 1.5), (0.5, 1.0), (1.0, 3.0)):
        expected = brentq(growth, 0, 1, args=case) if growth(0, *case) > 0 else 0.0
        expect("efficiency {:g}, decay {:g}".format(*case), function(*case), expected, tolerance=1e-9)
