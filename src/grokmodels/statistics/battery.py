"""Which of several known systems could have made what was measured: many statistics, one error rate for the verdict.

Every system is simulated many times; a row of :class:`Reference` is what one whole simulated study says. What was
measured excludes a system if its most deviating statistic deviates further than in all but a share α of the system's
own studies. The distribution of that maximum knows how many statistics there are and how they hang together, so that
the true system is excluded in a share α of all studies, however many tests a study makes. This is the single step of
Westfall and Young (1993), Resampling-Based Multiple Testing, with deviations that are balanced among the statistics.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from grokmodels.statistics.intervals import share_interval

FloatArray = NDArray[np.floating[Any]]
# Each side of a statistic is measured by its outer quantile, in standard deviations of a Gaussian that has it there. A
# scale from nearer the middle would let the one statistic with the heaviest tail set the bar for all.
OUTER, GAUSSIAN = 0.01, 2.3263
# Where a statistic never varied and no resolution is stated, any other value deviates beyond all bounds.
TINY = 1e-9
# A study's own deviation is measured by scales that it has no part in, as that of what was observed is: by those of
# the other folds. Else every extreme study would widen the scale that it is judged by.
FOLDS = 10
# A study that does not tell all of what was observed deviates less for that reason alone: others judge if there are as
# many as this.
ENOUGH = 100


class Scale(NamedTuple):
    """The ``center`` of K statistics and their scales ``below`` and ``above`` it, (K,) each."""

    center: FloatArray
    below: FloatArray
    above: FloatArray

    def deviations(self, values: FloatArray) -> FloatArray:
        """Z of ``values`` (…, K); NaN where they, or all studies behind the scale, do not tell."""
        away = values - self.center
        return np.asarray(away / np.where(away < 0, self.below, self.above))


class Reference(NamedTuple):
    """What one system says: ``names`` of K statistics, their ``scale``, and |z| of its own studies.

    ``deviations`` (n, K); −∞ where a study does not tell.
    """

    names: list[str]
    scale: Scale
    deviations: FloatArray


def reference(studies: pd.DataFrame, resolution: Mapping[str, float] | None = None) -> Reference:
    """The reference of a system from its simulated ``studies`` (n, K): a row a study, a column a statistic.

    NaN where a study does not tell. ``resolution``: for statistics that come in steps, such as shares of few runs, the
    least scale of each, in its own units. ValueError for fewer than 20 studies, and for a resolution of a statistic
    that is not there.
    """
    if len(studies) < 20:
        raise ValueError(f"studies: got {len(studies)}; a reference needs at least 20")
    floors = dict(resolution or {})
    if unknown := sorted(set(floors) - set(studies.columns)):
        raise ValueError(f"resolution: got {unknown}; must be of {list(studies.columns)}")
    values = studies.to_numpy(float)
    least = np.array([floors.get(str(name), TINY) for name in studies.columns])
    own = np.empty_like(values)
    for fold in range(FOLDS):
        inside = np.arange(len(values)) % FOLDS == fold
        own[inside] = scale(values[~inside], least).deviations(values[inside])
    told = np.where(np.isnan(own), -np.inf, np.abs(own))
    return Reference([str(name) for name in studies.columns], scale(values, least), told)


def scale(values: FloatArray, least: FloatArray) -> Scale:
    """Medians and outer quantiles of each column of ``values`` (n, K), no scale below the ``least`` (K,)."""
    kept = [column[np.isfinite(column)] for column in values.T]
    ends = [np.quantile(column, [OUTER, 0.5, 1 - OUTER]) if len(column) else [np.nan] * 3 for column in kept]
    low, center, high = np.array(ends).T
    return Scale(center, np.maximum((center - low) / GAUSSIAN, least), np.maximum((high - center) / GAUSSIAN, least))


def p_value(reference: Reference, observed: pd.Series) -> float:
    """How often a study of this system deviates, at its farthest, as far as the ``observed`` one: (1 + #) / (n + 1).

    Over the statistics that the observed study tells and some study of the system, too; 1 if there is none. KeyError
    for a statistic of the reference that ``observed`` does not name: what was not measured is NaN.
    """
    return _test(reference, observed[reference.names].to_numpy(float))[0]


def exclude(references: Mapping[str, Reference], observed: pd.Series, alpha: float = 0.05) -> pd.DataFrame:
    """The verdict on an ``observed`` study, a row a mechanism, the most credible first.

    Columns ``mechanism``, ``p``, ``excluded`` (p ≤ α), ``statistic`` (the one that deviates most), ``z`` (by how much).
    If one of the mechanisms is true, it is excluded in a share of at most ``alpha`` of all studies. ValueError for an
    alpha that so few studies cannot reach.
    """
    rows = []
    for name, one in references.items():
        _check(one, alpha)
        p, most, z = _test(one, observed[one.names].to_numpy(float))
        statistic = one.names[most] if np.isfinite(z) else ""
        rows.append({"mechanism": name, "p": p, "excluded": p <= alpha, "statistic": statistic, "z": z})
    return pd.DataFrame(rows).sort_values("p", ascending=False, kind="stable", ignore_index=True)


def p_values(references: Mapping[str, Reference], studies: pd.DataFrame) -> pd.DataFrame:
    """:func:`p_value` of each row of ``studies`` under each reference: a row a study, a column a mechanism."""
    found = {
        name: [_test(one, row)[0] for row in studies[one.names].to_numpy(float)] for name, one in references.items()
    }
    return pd.DataFrame(found, index=studies.index)


def confusion(
    references: Mapping[str, Reference], fresh: Mapping[str, pd.DataFrame], alpha: float = 0.05
) -> pd.DataFrame:
    """How often the verdict is right, by studies that no reference has seen: a row a true system.

    A column for each mechanism: the share of the true system's ``fresh`` studies in which that mechanism survives.
    ``alone``: the share in which the true one alone does. ``lost``, ``low``, ``high``: the share in which the true one
    is excluded, and its 95 % interval (Clopper and Pearson 1934). NaN in the last four for a system without a
    reference.
    """
    for one in references.values():
        _check(one, alpha)
    rows = {}
    for name, studies in fresh.items():
        survives = p_values(references, studies) > alpha
        row = survives.mean().to_dict() | dict.fromkeys(("alone", "lost", "low", "high"), np.nan)
        if name in survives:
            lost = share_interval(int((~survives[name]).sum()), len(survives))
            row |= {"alone": (survives[name] & (survives.sum(axis=1) == 1)).mean()}
            row |= {"lost": lost.estimate, "low": lost.low, "high": lost.high}
        rows[name] = row
    return pd.DataFrame.from_dict(rows, orient="index")


def _test(reference: Reference, observed: FloatArray) -> tuple[float, int, float]:
    """P of one study (K,), the number of the statistic that deviates most, and its z; z is NaN if none can tell."""
    z = reference.scale.deviations(observed)
    size = np.where(np.isnan(z), -np.inf, np.abs(z))
    most = int(size.argmax())
    if size[most] == -np.inf:
        return 1.0, most, float("nan")
    own = reference.deviations[:, ~np.isnan(z)]
    alike = np.isfinite(own).all(axis=1)
    own = (own[alike] if alike.sum() >= ENOUGH else own).max(axis=1)
    return float((1 + (own >= size[most]).sum()) / (1 + len(own))), most, float(z[most])


def _check(reference: Reference, alpha: float) -> None:
    least = 1 / (1 + len(reference.deviations))
    if not least <= alpha < 1:
        raise ValueError(f"alpha: got {alpha}; with {len(reference.deviations)} studies it must be in [{least:.3g}, 1)")
