"""Progress measures inside a network that adds modulo p: how much of its logits turns with which frequency.

A logit that depends on a, b and c only through their difference d = c − a − b is a sum of waves cos(2πkd/p) and
sin(2πkd/p), k = 1 … ⌊(p − 1)/2⌋, and a constant. The rule share (:func:`grokmodels.measures.rule_share`) is the share
of all these waves together; here each frequency is looked at by itself, and kept or removed.

Shapes: ``logits`` (p², p) for all pairs in the order of ``Modular(p=p).inputs``, p odd; their row means are removed
first. ``frequencies`` are whole numbers k ≥ 1.

Source: Nanda et al. 2023 (arXiv:2301.05217), sections 4 and 5, for restricted and excluded loss. They keep or remove
the waves in a + b of every class by itself (:func:`turning`); :func:`waves` is stricter, and asks the classes to turn
along.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from grokmodels.measures.fourier import fourier_energy
from grokmodels.measures.logits import accuracy, cross_entropy, rule_share, signal
from grokmodels.recipes.tasks import Modular

if TYPE_CHECKING:
    from grokmodels.engine.run import Run

FloatArray = NDArray[np.floating[Any]]
IntArray = NDArray[np.integer[Any]]

# A frequency is a key frequency if it carries at least this share of the squared logits.
KEY_SHARE = 0.02


def spectrum(logits: FloatArray) -> FloatArray:
    """Share of the squared logits in the waves of each frequency, shape (⌊(p − 1)/2⌋,), k = 1 first.

    The shares add up to the rule share on all pairs. NaN for logits that are the same for all classes.
    """
    centered, p = _checked(logits)
    with np.errstate(invalid="ignore"):
        return np.asarray(2 * np.square(np.abs(_transform(centered))) * p / np.square(centered).sum())


def waves(logits: FloatArray, frequencies: Collection[int], over: IntArray | None = None) -> FloatArray:
    """The part of the logits that turns with some frequencies of d = c − a − b: an orthogonal projection, (p², p).

    With ``over`` the logits are averaged over these pairs only. A lookup table of the right answers turns with the rule
    where it is filled, so that over all pairs even pure memorization has waves. Over held-out pairs a sharp one has
    none, and one that blurs those of an anti-rule (:mod:`grokmodels.theory.leak`).
    """
    centered, p = _checked(logits)
    profile = np.zeros(p // 2 + 1, dtype=complex)
    kept = _index(frequencies, p)
    profile[kept] = _transform(centered, over)[kept - 1]
    return np.asarray(np.fft.irfft(profile, n=p)[_task(p).orbits])


def turning(logits: FloatArray, frequencies: Collection[int]) -> FloatArray:
    """The part that turns with some frequencies of a + b, each class with amplitude and phase of its own, (p², p)."""
    centered, p = _checked(logits)
    sums = _task(p).labels
    # Mean logit of each class over the p pairs with one sum, (sum, class).
    means = np.stack([np.bincount(sums, weights=column) for column in centered.T], axis=1) / p
    transform = np.fft.rfft(means, axis=0)
    kept = np.zeros_like(transform)
    at = _index(frequencies, p)
    kept[at] = transform[at]
    return np.asarray(np.fft.irfft(kept, n=p, axis=0)[sums])


def restricted_loss(
    logits: FloatArray, frequencies: Collection[int], rows: IntArray, over: IntArray | None = None
) -> float:
    """Loss in nats on the pairs ``rows`` of logits of which only the waves of some frequencies are kept."""
    return _loss(waves(logits, frequencies, over), rows)


def excluded_loss(logits: FloatArray, frequencies: Collection[int], rows: IntArray) -> float:
    """Loss in nats on the pairs ``rows`` of logits from which the waves of some frequencies are removed."""
    return _loss(_checked(logits)[0] - waves(logits, frequencies), rows)


def key_frequencies(logits: FloatArray, share: float = KEY_SHARE) -> tuple[int, ...]:
    """The frequencies that carry at least ``share`` of the squared logits, strongest first."""
    shares = spectrum(logits)
    return tuple(int(k) + 1 for k in np.argsort(-shares, kind="stable") if shares[k] >= share)


def gini(values: ArrayLike) -> float:
    """Gini coefficient of nonnegative numbers: 0 where all are equal, 1 − 1/n where one of n is all there is."""
    x = np.sort(np.asarray(values, dtype=float))
    if not x.size or x[0] < 0 or not x.sum() > 0:
        got = f"{x.size} values from {x[0]} to {x[-1]}" if x.size else "none"
        raise ValueError(f"values: got {got}; must be nonnegative and not all zero")
    n = len(x)
    return float((2 * np.arange(1, n + 1) - n - 1) @ x / (n * x.sum()))


def handmade(p: int, frequencies: Sequence[int], amplitudes: ArrayLike = 1.0) -> FloatArray:
    """Logits Σ A cos(2πk(a + b − c)/p) of a solution made by hand from one circle per frequency, (p², p).

    Token a sits on circle k at the angle 2πka/p. Turning it on by the angle of b is a product of unit complex numbers,
    and the logit of c is how far the result points toward token c.
    """
    k = np.asarray(frequencies)
    circle = np.exp(2j * np.pi * np.outer(np.arange(p), k) / p)
    turned = circle[:, None] * circle[None, :]
    return np.asarray(((np.asarray(amplitudes) * turned).reshape(p * p, -1) @ circle.conj().T).real)


def margin(p: int, frequencies: Sequence[int]) -> float:
    """Right logit minus best wrong one of the handmade solution with amplitudes one: n − max over d ≠ 0 of Σ cos."""
    d = np.arange(1, p)
    return float(len(frequencies) - np.cos(2 * np.pi * np.outer(d, frequencies) / p).sum(axis=1).max())


def random_margins(p: int, n: int, draws: int, rng: np.random.Generator) -> FloatArray:
    """The :func:`margin` of so many random choices of n frequencies, (draws,)."""
    return np.array([margin(p, (rng.choice(p // 2, n, replace=False) + 1).tolist()) for _ in range(draws)])


def margin_bound(p: int, n: int) -> float:
    """What no choice of n frequencies can exceed.

    Pigeonhole: cut the torus of n angles into mⁿ < p boxes. Two of the p multiples d·k share a box, so some difference
    d ≠ 0 has all its angles within 2π/m of zero. And no maximum lies below the mean of Σ cos over d ≠ 0, −n/(p − 1).
    """
    sides = max(m for m in range(1, p) if m**n < p)
    near = n * (1 - np.cos(2 * np.pi / sides)) if sides >= 2 else np.inf
    return float(min(near, n * p / (p - 1)))


def keep(embedding: FloatArray, frequencies: Collection[int]) -> FloatArray:
    """The embedding (p, d) with only some frequencies over the tokens, and its mean; all others are cut out."""
    transform = np.fft.rfft(embedding, axis=0)
    kept = np.zeros_like(transform)
    at = np.append(0, _index(frequencies, len(embedding)))
    kept[at] = transform[at]
    return np.asarray(np.fft.irfft(kept, n=len(embedding), axis=0))


def logits_of(
    run: Run, steps: Collection[int] | None = None, frequencies: Collection[int] | None = None
) -> Iterator[tuple[int, FloatArray]]:
    """Step and logits for all pairs, of the network rebuilt from each stored checkpoint (of ``steps``).

    With ``frequencies`` only these are left in its token embedding; everything after it works on as trained.
    """
    import torch

    from grokmodels.engine.transformer import Transformer

    experiment = run.experiment
    network = Transformer(experiment.transformer, experiment.task, experiment.seed)
    tokens = torch.as_tensor(experiment.task.inputs)
    for step, parameters in run.checkpoints.items():
        if steps is None or step in steps:
            network.load_state_dict({name: torch.as_tensor(values) for name, values in parameters.items()})
            if frequencies is not None:
                network.embedding.data = torch.as_tensor(keep(parameters["embedding"], frequencies)).float()
            # A network this small is fastest on one thread; several only wait for each other.
            threads = torch.get_num_threads()
            torch.set_num_threads(1)
            with torch.no_grad():
                logits = network(tokens).numpy().astype(np.float64)
            torch.set_num_threads(threads)
            yield step, logits


def follow(run: Run, share: float = KEY_SHARE) -> pd.DataFrame:
    """Progress measures at every checkpoint of a run, for the key frequencies of its last one.

    Columns: ``step``; ``key_energy``, share of the embedding's Fourier energy in the key frequencies; ``gini`` of that
    energy over all frequencies; ``restricted_loss`` (test pairs) and ``restricted_heldout``, the same with waves
    averaged over test pairs only; ``excluded_loss`` (training pairs); ``rule_share``, ``test_signal``, ``test_loss``,
    ``test_accuracy`` (test pairs), ``train_accuracy``; and ``wave_k``, ``energy_k``: the share of frequency k in the
    squared logits and in the embedding. ValueError for a task other than addition modulo an odd p, and for a run
    without checkpoints.
    """
    experiment = run.experiment
    task, split = experiment.task, experiment.split
    if not isinstance(task, Modular) or task.operation != "add":
        raise ValueError(f"run: got the task {task!r}; must be addition")
    if not run.checkpoints:
        raise ValueError("run: got no checkpoints; must have at least one")
    (_, last) = next(logits_of(run, [max(run.checkpoints)]))
    key = key_frequencies(last, share)
    labels = task.labels
    rows = []
    for step, logits in logits_of(run):
        energy, shares = fourier_energy(run.checkpoints[step]["embedding"]), spectrum(logits)
        rows.append(
            {
                "step": step,
                "key_energy": energy[np.array(key, dtype=int) - 1].sum(),
                "gini": gini(energy),
                "restricted_loss": restricted_loss(logits, key, split.test),
                "restricted_heldout": restricted_loss(logits, key, split.test, over=split.test),
                "excluded_loss": excluded_loss(logits, key, split.train),
                "rule_share": rule_share(logits[split.test], task.orbits[split.test]),
                "test_signal": signal(logits[split.test], labels[split.test]),
                "test_loss": cross_entropy(logits[split.test], labels[split.test]),
                "test_accuracy": accuracy(logits[split.test], labels[split.test]),
                "train_accuracy": accuracy(logits[split.train], labels[split.train]),
            }
            | {f"wave_{k + 1}": value for k, value in enumerate(shares)}
            | {f"energy_{k + 1}": value for k, value in enumerate(energy)}
        )
    return pd.DataFrame(rows)


def few(run: Run, most: int, steps: Collection[int] | None = None) -> pd.DataFrame:
    """What a run could do with few frequencies in its embedding, at every checkpoint (of ``steps``).

    Columns: ``step``; ``share``, the spectrum of its logits, and ``rank``, the place of each frequency in that of the
    last step, 1 for the strongest, both lists with k = 1 first; ``network``, its test accuracy; ``kept``, the list of
    its test accuracies with 0, 1, … ``most`` of the first-ranked frequencies left in its embedding.
    """
    experiment = run.experiment
    test = experiment.split.test
    labels = experiment.task.labels[test]
    whole = dict(logits_of(run, steps))
    order = np.argsort(-spectrum(whole[max(whole)]), kind="stable") + 1
    cut = [dict(logits_of(run, steps, order[:n].tolist())) for n in range(most + 1)]
    return pd.DataFrame(
        {
            "step": step,
            "share": spectrum(logits).tolist(),
            "rank": np.argsort(order, kind="stable") + 1,
            "network": accuracy(logits[test], labels),
            "kept": [accuracy(part[step][test], labels) for part in cut],
        }
        for step, logits in whole.items()
    )


@lru_cache(maxsize=8)
def _task(p: int) -> Modular:
    """The task, which keeps its labels and orbits once they are computed."""
    return Modular(p=p)


def _transform(centered: FloatArray, over: IntArray | None = None) -> NDArray[np.complexfloating[Any]]:
    """Fourier coefficients of the mean centered logit as a function of d = c − a − b, k = 1 … ⌊(p − 1)/2⌋."""
    p = centered.shape[1]
    rows = slice(None) if over is None else over
    orbits, values = _task(p).orbits[rows], centered[rows]
    sums = np.bincount(orbits.ravel(), weights=values.ravel(), minlength=p)
    return np.fft.rfft(sums / len(values))[1:]


def _checked(logits: FloatArray) -> tuple[FloatArray, int]:
    """Logits in double precision without their row means, and p. ValueError for another shape than (p², p), p odd."""
    logits = np.asarray(logits, dtype=np.float64)
    if logits.ndim != 2 or len(logits) != logits.shape[1] ** 2 or logits.shape[1] % 2 == 0:
        raise ValueError(f"logits: got shape {logits.shape}; must be (p², p) with p odd")
    return logits - logits.mean(axis=1, keepdims=True), logits.shape[1]


def _index(frequencies: Collection[int], p: int) -> IntArray:
    wrong = [k for k in frequencies if not 1 <= k <= p // 2]
    if wrong:
        raise ValueError(f"frequencies: got {wrong}; must be 1 to {p // 2}")
    return np.array(sorted(set(frequencies)), dtype=int)


def _loss(logits: FloatArray, rows: IntArray) -> float:
    return cross_entropy(logits[rows], _task(logits.shape[1]).labels[rows])
