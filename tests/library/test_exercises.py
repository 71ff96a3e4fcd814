"""Checkers pass right answers and name what is wrong with others."""

import math

import numpy as np
import pytest

from grokmodels import exercises


def lasting_step(steps, accuracy):
    good = accuracy >= 0.99
    for i in range(len(good) - 4):
        if good[i] and good[i : i + 5].sum() >= 3:
            return int(steps[i])
    return None


def rule_share(logits):
    p = len(logits)
    centered = logits - logits.mean(axis=2, keepdims=True)
    moved = [np.roll(centered, (s, t, s + t), axis=(0, 1, 2)) for s in range(p) for t in range(p)]
    return np.sum(np.mean(moved, axis=0) ** 2) / np.sum(centered**2)


def fold(degree, efficiency):
    margins = np.linspace(1e-3, 5, 100_001)
    return np.max(degree * efficiency ** (2 / degree) * margins ** (1 - 2 / degree) / (1 + np.exp(margins)))


def late_jump(loss, decay, tolerance):
    # Half of a Gaussian lies within 0.6745 standard deviations.
    return math.log(2 * loss * (0.67449 / tolerance) ** 2) / (2 * decay)


def clock(u, v, decay_time, rho, degree):
    if degree == 2:
        return np.log(v) - rho * np.log(u) - (rho - 1) * decay_time
    return (v ** (2 - degree) - rho * u ** (2 - degree)) * np.exp((2 - degree) * decay_time)


def slots(examples, slot_efficiency, rule_efficiency, degree):
    ratio = rule_efficiency / slot_efficiency
    return ratio * examples ** (degree / 2), ratio ** (-2 / degree)


def gain(mean, spread, epsilon):
    rms = math.hypot(mean, spread)
    return 1 - mean / rms * mean / (rms + epsilon)


def critical_batch(ratio, examples):
    return max(math.ceil(examples * (1 - 1 / ratio)) - 1, 0)


def grokking_delay(rho, share, growth):
    odds = math.log(0.5) - rho * math.log(0.5) - math.log(share) + rho * math.log(1 - share)
    return odds / (2 * (rho - 1)) - math.log(growth) / 2


@pytest.mark.parametrize(
    ("checker", "answer"),
    [
        (exercises.check_clock, clock),
        (exercises.check_slots, slots),
        (exercises.check_grokking_delay, grokking_delay),
        (exercises.check_gain, gain),
        (exercises.check_critical_batch, critical_batch),
        (exercises.check_guessing_loss, math.log(97)),
        (exercises.check_lasting_step, lasting_step),
        (exercises.check_rule_share, rule_share),
        (exercises.check_fold, fold),
        (exercises.check_late_jump, late_jump),
    ],
)
def test_a_right_answer_passes(checker, answer, capsys):
    checker(answer)
    assert capsys.readouterr().out == "Correct.\n"


@pytest.mark.parametrize(
    ("checker", "answer", "words"),
    [
        (exercises.check_clock, lambda u, v, decay_time, rho, degree: 1.0, "two runs that differ"),
        (exercises.check_clock, lambda u, v, decay_time, rho, degree: np.log(v) - rho * np.log(u), "degree 2"),
        (exercises.check_slots, lambda n, a, kappa, degree: (kappa * n / a, a / kappa), "D = 3"),
        (exercises.check_grokking_delay, lambda rho, share, growth: 1.0, "from a share of 0.0001"),
        (exercises.check_gain, lambda mean, spread, epsilon: 1.0, "mean 1, spread 1"),
        (exercises.check_critical_batch, lambda ratio, examples: int(examples * (1 - 1 / ratio)), "ratio 0.9"),
        (exercises.check_guessing_loss, 1 / 97, "expected 4.57"),
        (exercises.check_lasting_step, lambda steps, accuracy: None, "a clean rise"),
        (exercises.check_lasting_step, lambda steps, accuracy: int(steps[np.argmax(accuracy >= 0.99)]), "spike"),
        (exercises.check_rule_share, lambda logits: 1.0, "noise plus 0.0"),
        (exercises.check_rule_share, lambda logits: None, "got None"),
        (exercises.check_fold, lambda degree, efficiency: 0.8995, "degree 3, efficiency 2"),
        (exercises.check_late_jump, lambda loss, decay, tolerance: 7000.0, "loss 2.9, decay 0.0001"),
    ],
)
def test_a_wrong_answer_is_told_what_is_wrong(checker, answer, words):
    with pytest.raises(AssertionError, match=words):
        checker(answer)
