"""Checkers pass right answers and name what is wrong with others."""

import inspect
import math
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import pytest
from scipy.optimize import brentq, minimize_scalar

from grokmodels import Parity, exercises
from grokmodels.theory import ridge
from grokmodels.theory.escape import escape_rate


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


def plateau_ratio(decay_time, rule_share, test_signal, quadratic=2, signed=True):
    rule = test_signal > 0 if signed else np.full(len(test_signal), True)
    log_root = np.log(rule_share / (1 - rule_share))[rule] / quadratic
    return 1 + np.polyfit(decay_time[rule], log_root, 1)[0] / 2


def turning_step(factor, product, clock):
    total = 0.0
    for step in range(20_000):
        total += product * factor(step)
        if total >= clock:
            return step + 1
    return None


def design(rate, decay):
    return np.column_stack([np.ones(len(rate)), np.log(rate), np.log(decay)])


def separate_exponents(rate, decay, delay, looking=True):
    if looking and np.linalg.matrix_rank(design(rate, decay)) < 3:
        return None
    return list(np.linalg.lstsq(design(rate, decay), np.log(delay), rcond=None)[0][1:])


def exponents_of_the_product(rate, decay, delay):
    if np.linalg.matrix_rank(design(rate, decay)) < 3:
        return None
    return [np.polyfit(np.log(rate * decay), np.log(delay), 1)[0]] * 2


def half(fractions, done, runs):
    share = np.asarray(done) / np.asarray(runs)
    above = np.flatnonzero(share >= 0.5)
    if len(above) == 0 or above[0] == 0:
        return None
    i = above[0]
    return fractions[i - 1] + (0.5 - share[i - 1]) / (share[i] - share[i - 1]) * (fractions[i] - fractions[i - 1])


def pairs_seen(p, train):
    a, b = np.divmod(np.asarray(train), p)
    different = a != b
    low, high = np.minimum(a, b)[different], np.maximum(a, b)[different]
    return len(np.unique(low * p + high)) / (p * (p - 1) / 2)


def with_the_diagonal(p, train):
    return len({frozenset(divmod(int(i), p)) for i in train}) / (p * (p - 1) / 2)


def walsh_coefficient(table, bits, base=-1.0):
    strings = Parity(bits=len(table).bit_length() - 1).inputs
    return np.mean(table * base ** strings[:, bits].sum(axis=1))


def from_the_other_end(table, bits):
    return walsh_coefficient(table, [len(table).bit_length() - 2 - bit for bit in bits])


def spectrum(logits):
    p = len(logits)
    centered = logits - logits.mean(axis=2, keepdims=True)
    a, b, c = np.indices(centered.shape)
    difference = (c - a - b) % p
    profile = np.array([centered[difference == d].mean() for d in range(p)])
    waves = np.fft.fft(profile)[1 : (p - 1) // 2 + 1]
    return 2 * np.abs(waves) ** 2 / p**2 / np.mean(centered**2)


FREE = ("embedding", "position", "output", "mlp_out")


def rescaled(parameters, factor, free=FREE):
    return {
        name: values * (factor if any(part in name.split(".") for part in free) else 1)
        for name, values in parameters.items()
    }


def binder(values):
    return 1 - np.mean(values**4) / (3 * np.mean(values**2) ** 2)


def transition_verdict(exchange, divergence, sharpening):
    if exchange is None:
        return "open"
    if not exchange or divergence is False:
        return "fails"
    return "holds" if divergence and sharpening else "holds with limits"


def median_verdict(waits, censored, bound):
    if np.median(waits) > bound:
        return "true"
    return "open" if np.median(np.where(censored, np.inf, waits)) > bound else "false"


def one_clock(view):
    return view.step_at(view.at_t_mem("decay_time") + 3)


def least_error(forecast, t_gen, censored):
    return 0.0 if censored and forecast >= t_gen else abs(np.log(forecast / t_gen))


def least_number(budget, scale, edge):
    return math.ceil(edge * (1 + scale / budget))


def two_hops(world, share, answered=True):
    entities, relations = world.shape
    facts = [(h, r) for h in range(entities) for r in range(relations) if world[h, r] >= 0]
    rows = [
        (h, r, s, world[world[h, r], s] if answered else world[h, r])
        for h, r in facts
        for s in range(relations)
        if world[world[h, r], s] >= 0
    ]
    return rows, share * len(rows) / len(facts)


def reach(trained, asked, places=(slice(0, 2), slice(2, 4))):
    known = [{tuple(row) for row in trained[:, place]} for place in places]
    return np.mean([all(tuple(row[place]) in own for place, own in zip(places, known, strict=True)) for row in asked])


def mean_step(waits, width):
    log_time = np.linspace(np.log(min(waits)) - 4 * width, np.log(max(waits)) + 4 * width, 4001)
    each = 1 / (1 + np.exp(-2 * np.log(9) / width * (log_time[:, None] - np.log(waits))))
    low, high = np.interp([0.1, 0.9], each.mean(axis=1), log_time)
    return high - low


def coincidence(waits, centered=True):
    x = np.log(waits)
    x = x - x.mean(axis=0) if centered else x - x.mean()
    n, k = x.shape
    run = x.mean(axis=1, keepdims=True)
    between, within = k * np.sum(run**2) / (n - 1), np.sum((x - run) ** 2) / ((n - 1) * (k - 1))
    return (between - within) / (between + (k - 1) * within)


def loop_limit(spent, area, power, slowest=0):
    design = np.column_stack([np.ones(len(spent)), (1 / spent) ** power])[slowest:]
    return np.linalg.lstsq(design, area[slowest:], rcond=None)[0][0]


def sparse_vote(relevant, blur, counted=None):
    shown, hidden = (Parity(bits=10).split(0.3, seed=0)[k] for k in (0, 1))
    strings = Parity(bits=10).inputs.astype(float)
    # The distance of strings of ±1 from their product.
    distance = (10 - (1 - 2 * strings[hidden]) @ (1 - 2 * strings[shown]).T) / 2
    signs = np.prod(1 - 2 * strings[:, : counted or relevant], axis=1)
    return np.mean((np.power(blur, distance) @ signs[shown]) * signs[hidden] > 0)


def idle_steps(rate, decay, level):
    weight, steps = 1.0, 0
    while weight >= level:
        weight, steps = weight - rate * decay * weight, steps + 1
    return steps


def readings(*steps, decays=(0.2, 0.5, 1.0)):
    return {"decays": list(decays), "steps": list(steps)}


def late_decay(level, start=0.0):
    return lambda time: level if start <= time < start + 10 / level else 0.0


def added_delay(factor, ratio, decay):
    # Growth at the rate 2 λ (ρ − 1), step by step of a factor e.
    return sum(np.full(1000, math.log(factor) / 1000)) / (2 * decay * (ratio - 1))


def luck(waits, logarithm=np.log):
    one, other = logarithm(waits).T
    chaos = np.mean((one - other) ** 2) / 2
    return chaos, np.var((one + other) / 2, ddof=1) - chaos / 2


def hill(margin, degree):
    half_way = margin * 2 ** (1 - degree)
    return max(math.log1p(math.exp(-half_way)) - math.log1p(math.exp(-margin)), 0.0)


def permuted(parameters, order, ways=("in", "out")):
    back = np.argsort(np.argsort(order))
    way_in, way_out = "blocks.0.mlp_in.weight", "blocks.0.mlp_out.weight"
    moved = {"in": {way_in: parameters[way_in][back]}, "out": {way_out: parameters[way_out].T[back].T}}
    return parameters | {name: values for way in ways for name, values in moved[way].items()}


def top_of_ridge(degree, ratio):
    m = np.linspace(1e-6, 1 - 1e-6, 200_001)
    return m[np.argmax((1 - m) ** (2 / degree) + (m / ratio) ** (2 / degree))]


def near_ties(p, frequency, a, b):
    step = pow(frequency, -1, p)
    return {(a + b - step) % p, (a + b + step) % p}


def best_pair(p):
    d = 2 * np.pi * np.arange(1, p) / p
    pairs = [(k, q) for k in range(1, p // 2 + 1) for q in range(1, k)]
    return min(pairs, key=lambda pair: np.max(sum(np.cos(k * d) for k in pair)))


def highest_promise(runs):
    return 1 - 1 / (runs + 1)


def least_ratio(u, v, degree):
    return math.exp((degree - 2) * (math.log(u) - math.log(v)))


def collapse_rate(circuits, temperature, half_a_well=1):
    degree, _, _, decay = circuits.constants

    def energy(u):
        return math.log1p(math.exp(-(u**degree))) + decay * u**2 / 2

    def force(u):
        return degree * u ** (degree - 1) / (1 + math.exp(u**degree)) - decay * u

    def bend(u, step=1e-3):
        return (force(u - step) - force(u + step)) / (2 * step)

    fold = minimize_scalar(lambda u: -force(u) / u, bounds=(0.1, 2), method="bounded").x
    over, well = brentq(force, 1e-3, fold), brentq(force, fold, 5)
    prefactor = math.sqrt(-bend(well) * bend(over)) / (2 * math.pi)
    return half_a_well * prefactor * math.exp((energy(well) - energy(over)) / temperature)


def spread_test(law, n, ddof=1):
    random = np.random.default_rng(7)
    draw = random.standard_normal if law == "narrow" else random.standard_exponential
    x = {"exponential": 0, "narrow": 5, "hidden": 2}[law] + draw((n, 30_000))
    variance = (np.mean(x**2, axis=0) - np.mean(x, axis=0) ** 2) * n / (n - ddof)
    return np.mean(variance > 0.36 * np.mean(x, axis=0) ** 2)


def hidden_signal(times, moved=580, factor=10):
    null = ridge.Ridge()
    data = ridge.modes(null)
    teacher = np.zeros(null.features)
    teacher[moved : moved + 20] = factor * data.teacher[:20]
    strengths, axes = np.linalg.eigh(data.inputs.T @ data.inputs / null.examples)
    start, aim = axes.T @ data.start, axes.T @ teacher
    rest = strengths / (strengths + null.weight_decay) * aim
    fading = np.exp(-np.multiply.outer(times, strengths + null.weight_decay))
    weights = (rest + fading * (start - rest)) @ axes.T
    wanted = data.inputs @ teacher
    return weights @ (data.variances * teacher) * (wanted @ wanted) / (weights @ data.inputs.T @ wanted)


def saddle(rho, low, high):
    return math.log(high / low) / (2 * rho - 2)


def bowl(low, high):
    return math.log(high) - math.log(low)


def resting_weight(mean, spread, epsilon, decay):
    return -math.copysign(1, mean) / (math.sqrt(1 + (spread / mean) ** 2) + epsilon / abs(mean)) / decay


def rise(rho):
    return math.log(3) * (1 + 2 / (rho - 1))


def difference_signal(p, fraction, sharing, mirror):
    wrong = np.full(p, 2 * sharing)
    wrong[0], wrong[1] = 0, wrong[1] + mirror
    return -fraction * wrong.mean()


def scaled_wait(wait, size, factor):
    return wait * (size - 1) / (size * factor - 1) if size * factor > 1 else np.inf


def two_laws(budgets, fractions, later):
    edge, slope = np.linalg.solve([[1, 1 / budget] for budget in budgets], fractions)
    power = np.diff(np.log(fractions))[0] / np.diff(np.log(budgets))[0]
    return edge + slope / later, fractions[0] * (budgets[0] / later) ** -power


def last_margin(classes, bits):
    return math.log(classes - 1) + (bits + 1) * math.log(2)


def idle_weight(share, rule, rate, decay, epsilon):
    if rule == "adamw":
        return -math.log(share) / (rate * decay)
    return (1 - share - epsilon / decay * math.log(share)) / rate


def ingredient(alone, together, usual, changed=1.5):
    if alone >= 0.5:
        return "in its place"
    if math.isinf(together):
        return "stops it"
    ratio = together / usual
    return "sooner" if ratio <= 1 / changed else "later" if ratio >= changed else "no matter"


def shares(c):
    first, both = 1 / 3, c**2 / 9
    whole = first + both
    return [first / whole, 0, 0], [first / whole, both / whole, both / whole]


def clock_shares(rate, decay, rest):
    parts = [(decades * math.log(10)) ** 2 / 12 for decades in (rate, decay)]
    return [part / (sum(parts) + rest) for part in parts]


class Exercise(NamedTuple):
    """A checker, a right answer, and by what is said of them the wrong ones; a dictionary or a tuple holds several."""

    checker: Callable[..., None]
    right: Any
    wrong: dict[str, Any]


EXERCISES = [
    Exercise(exercises.check_guessing_loss, math.log(97), {"expected 4.57": 1 / 97}),
    Exercise(
        exercises.check_lasting_step,
        lasting_step,
        {
            "a clean rise": lambda steps, accuracy: None,
            "spike": lambda steps, accuracy: int(steps[np.argmax(accuracy >= 0.99)]),
        },
    ),
    Exercise(
        exercises.check_rule_share,
        rule_share,
        {"noise plus 0.0": lambda logits: 1.0, "got None": lambda logits: None},
    ),
    Exercise(
        exercises.check_first_signs,
        {"rule_share": 640, "accuracy": 1120},
        {
            "rule share above 0.05": {"rule_share": 1100, "accuracy": 1100},
            "test accuracy above 0.05": {"rule_share": 650, "accuracy": 1350},
        },
    ),
    Exercise(
        exercises.check_two_stops,
        {"memorized": (10, 10), "generalized": (1, 9)},
        {
            "generalized at decay 0: expected 1, got 9": {"memorized": [10, 10], "generalized": [9, 1]},
            "a number for each of 2 stops": {"memorized": [10], "generalized": [1, 9]},
        },
    ),
    Exercise(
        exercises.check_sparse_vote,
        sparse_vote,
        {
            "3 of ten bits count, blur 0.02": lambda relevant, blur: sparse_vote(relevant, blur, counted=10),
            "1 of ten bits count": lambda relevant, blur: sparse_vote(max(relevant, 2), blur),
        },
    ),
    Exercise(
        exercises.check_idle_steps,
        idle_steps,
        {
            "decay 0.5, below 0.1: expected 1534": lambda rate, decay, level: math.ceil(
                -math.log(level) / rate / decay
            ),
            "got 1533": lambda rate, decay, level: idle_steps(rate, decay, level) - 1,
        },
    ),
    Exercise(
        exercises.check_waits_by_decay,
        readings(4000, 2000, 1200),
        {
            "median t_gen at decay 0.2, within 15 %": readings(2000, 2000, 1200),
            "three or more": readings(4000, 2000, decays=(0.2, 0.5)),
            "one for each of 3": readings(4000, 2000),
            "whose median is known, got 0": readings(10_000, 2000, 1200, decays=(0, 0.5, 1.0)),
        },
    ),
    Exercise(
        exercises.check_censored_means,
        {"dropped": 3985, "replaced": 5708, "counted": 8650},
        {
            "censored runs dropped": {"dropped": 5708, "replaced": 5708, "counted": 8650},
            "the budget in their place": {"dropped": 3985, "replaced": 8000, "counted": 8650},
            "total time over events": {"dropped": 3985, "replaced": 5708, "counted": 5708},
        },
    ),
    Exercise(
        exercises.check_prices,
        lambda n, margin, a, kappa: (sum(margin / a for _ in range(n)), np.sqrt(margin / kappa) ** 2),
        {
            "norm of the slots": lambda n, margin, a, kappa: (margin / a, margin / kappa),
            "norm of the rule, 4 examples": lambda n, margin, a, kappa: (n * margin / a, n * margin / kappa),
        },
    ),
    Exercise(exercises.check_stopped_ball, 16, {"14 examples": 14, "17 examples": 17, "1.5 examples": 1.5}),
    Exercise(
        exercises.check_exceptions,
        lambda ratio, exceptions: ratio * (1 - exceptions) - ratio * exceptions - 1,
        {
            "ε = 0.1": lambda ratio, exceptions: ratio * (1 - exceptions) - 1,
            "ρ = 0.8": lambda ratio, exceptions: (ratio * (1 - 2 * exceptions) - 1) * (ratio > 1),
        },
    ),
    Exercise(
        exercises.check_two_turns,
        {"first": (2.0, 1e-3), "second": (3.0, 1e-10)},
        {
            "got memorizer, first rule$": {"first": (3.0, 1e-3), "second": (2.0, 1e-3)},
            "got memorizer, second rule$": {"first": (1.5, 1e-3), "second": (3.0, 1e-3)},
            "got memorizer$": {"first": (0.8, 1e-3), "second": (0.9, 1e-3)},
        },
    ),
    Exercise(
        exercises.check_clock_controls,
        {"growth": 15.7 / 7.25, "slope": ("degree", "ratio")},
        {
            "Λ of the turn at ρ = 1.5 over that at 2": {"growth": 2.0, "slope": ("degree", "ratio")},
            "that set the slope: expected degree, ratio": {"growth": 2.17, "slope": ["ratio", "weight_decay"]},
            "expected some of": {"growth": 2.17, "slope": ["ρ"]},
        },
    ),
    Exercise(
        exercises.check_early_turn,
        late_decay(0.95),
        {
            "the earliest possible, got 12": late_decay(0.5),
            "got 29": late_decay(1.0, start=290),
            "expected at most 10, got 20": lambda time: 2.0 if time < 10 else 0.0,
            "expected 0 or more": lambda time: 1.0 if time < 10 else -0.01,
        },
    ),
    Exercise(
        exercises.check_ruled_out,
        {"by_wait": {"trapping"}, "by_climb": ("trapping", "forgetting")},
        {
            "by_wait, ruled out": {"by_wait": ["growth"], "by_climb": ["forgetting", "trapping"]},
            "by_climb, ruled out": {"by_wait": ["trapping"], "by_climb": ["trapping"]},
            "expected some of": {"by_wait": ["D > 2"], "by_climb": []},
        },
    ),
    Exercise(
        exercises.check_added_delay,
        added_delay,
        {
            "ρ = 2.0": lambda factor, ratio, decay: math.log(factor) / (decay * (ratio - 1)),
            "ρ = 1.1": lambda factor, ratio, decay: math.log(factor) / (2 * decay),
        },
    ),
    Exercise(
        exercises.check_leading_times,
        {"ratios": (1.6, 1.3, 1.2), "times": (48, 129, 205)},
        {
            # A wait that is quite proportional to 1/(ρ − 1), and one that the picture does not show.
            "time at ρ = 1.2": {"ratios": (1.6, 1.3, 1.2), "times": (48, 120, 145)},
            "expected 1.2 to 1.6, got 1.05": {"ratios": (1.6, 1.3, 1.05), "times": (48, 129, 250)},
            "three or more": {"ratios": (1.6, 1.3), "times": (48, 129)},
            "one for each of 3": {"ratios": (1.6, 1.3, 1.2), "times": (48, 129)},
        },
    ),
    Exercise(
        exercises.check_squared_rest,
        lambda efficiency, decay: np.clip((2 * efficiency - decay) / (2 * efficiency), 0, None),
        {
            "efficiency 1, decay 3": lambda efficiency, decay: 1 - decay / 2 / efficiency,
            "efficiency 1, decay 1.5": lambda efficiency, decay: max(1 - decay / efficiency / 2, 0) * (decay < 1.2),
        },
    ),
    Exercise(exercises.check_fold, fold, {"degree 3, efficiency 2": lambda degree, efficiency: 0.8995}),
    Exercise(exercises.check_late_jump, late_jump, {"loss 2.9, decay 0.0001": lambda loss, decay, tolerance: 7000.0}),
    Exercise(
        exercises.check_clock,
        clock,
        {
            "two runs that differ": lambda u, v, decay_time, rho, degree: 1.0,
            "degree 2": lambda u, v, decay_time, rho, degree: np.log(v) - rho * np.log(u),
        },
    ),
    Exercise(exercises.check_slots, slots, {"D = 3": lambda n, a, kappa, degree: (kappa * n / a, a / kappa)}),
    Exercise(
        exercises.check_grokking_delay, grokking_delay, {"from a share of 0.0001": lambda rho, share, growth: 1.0}
    ),
    Exercise(exercises.check_gain, gain, {"mean 1, spread 1": lambda mean, spread, epsilon: 1.0}),
    Exercise(
        exercises.check_critical_batch,
        critical_batch,
        {"ratio 0.9": lambda ratio, examples: int(examples * (1 - 1 / ratio))},
    ),
    Exercise(
        exercises.check_plateau_ratio,
        plateau_ratio,
        {
            # Forgetting that the rule share is quadratic, and taking the leak for the rule.
            "ρ = 1.6": lambda *record: plateau_ratio(*record, quadratic=1),
            "the leak louder 12 times": lambda *record: plateau_ratio(*record, signed=False),
        },
    ),
    Exercise(
        exercises.check_turning_step,
        turning_step,
        {
            "constant": lambda factor, product, clock: round(clock / product),
            "late by 1,500 steps": lambda factor, product, clock: turning_step(lambda step: 1.0, product, clock),
            "so weak": lambda factor, product, clock: turning_step(factor, product, clock) or 20_000,
        },
    ),
    Exercise(
        exercises.check_separate_exponents,
        separate_exponents,
        {
            # What a fit returns where nothing tells the exponents apart.
            "one pair of one product": lambda *runs: separate_exponents(*runs, looking=False),
            "a grid": lambda *runs: None,
            "exponents 0.0 and -2.0, that of the rate": exponents_of_the_product,
            "a grid, exponents 0.0": lambda *runs: (separate_exponents(*runs) or [])[::-1] or None,
        },
    ),
    Exercise(
        exercises.check_half,
        half,
        {
            "expected 0.4": lambda fractions, done, runs: fractions[np.argmax(np.divide(done, runs) >= 0.5)],
            "expected None": lambda fractions, done, runs: half(fractions, done, runs) or 0.0,
        },
    ),
    Exercise(
        exercises.check_pairs_seen,
        pairs_seen,
        {
            "p = 7, 40%": lambda p, train: len(train) / p**2,
            "p = 7, 40% of the pairs: ": with_the_diagonal,
            "p = 7": lambda p, train: 1 - (1 - len(train) / p**2) ** 2,
        },
    ),
    Exercise(exercises.check_walsh_coefficient, walsh_coefficient, {"over 3 bits": from_the_other_end}),
    Exercise(
        exercises.check_spectrum,
        spectrum,
        {
            "1.0 times noise: share of frequency 1": lambda logits: spectrum(logits) / spectrum(logits).sum(),
            "share of frequency 1": lambda logits: spectrum(logits)[::-1],
            "number of shares": lambda logits: spectrum(logits)[:-1],
        },
    ),
    Exercise(
        exercises.check_rescaling,
        rescaled,
        {
            "norm of the embedding": lambda parameters, factor: parameters,
            "largest change of a logit": lambda parameters, factor: rescaled(parameters, factor, FREE[:1]),
            "same names": lambda parameters, factor: {"embedding": factor * parameters["embedding"]},
        },
    ),
    Exercise(
        exercises.check_binder,
        binder,
        {
            # No third; the mean to the fourth power; nothing.
            "a sharp value: expected 0.66.*, got 0.0": lambda x: 1 - np.mean(x**4) / np.mean(x**2) ** 2,
            "two opposite values": lambda x: 1 - np.mean(x) ** 4 / (3 * np.mean(x**2) ** 2),
            "got None": lambda x: None,
        },
    ),
    Exercise(
        exercises.check_transition_verdict,
        transition_verdict,
        {
            # A change of state alone, and what is not decided taken for a no.
            "sharpening True: expected holds, got holds with limits": lambda exchange, *_: (
                "holds with limits" if exchange else "fails"
            ),
            "exchange None": lambda *marks: (
                "open" if all(marks) is None else transition_verdict(bool(marks[0]), *marks[1:])
            ),
        },
    ),
    Exercise(
        exercises.check_median_verdict,
        median_verdict,
        {
            "three are censored, and the bound is high": lambda waits, _, bound: (
                "true" if np.median(waits) > bound else "false"
            ),
            "two are censored beyond the median": lambda waits, censored, bound: (
                median_verdict(waits, censored, bound) if not censored.any() else "open"
            ),
        },
    ),
    Exercise(
        exercises.check_false_words, lambda rate, tests: 1 - (1 - rate) ** tests, {"22 tests": lambda rate, tests: rate}
    ),
    Exercise(
        exercises.check_forecaster,
        one_clock,
        {
            "260 runs: expected a typical error below that of a constant": lambda view: 1.0,
            "t_mem 225, now 450: expected a step, above 0, got None": lambda view: None,
        },
    ),
    Exercise(
        exercises.check_least_error,
        least_error,
        {
            "forecast 200, t_gen 100, censored True": lambda forecast, t_gen, late: abs(np.log(forecast / t_gen)),
            "forecast 50, t_gen 100, censored True": lambda *case: 0.0 if case[2] else least_error(*case),
            "forecast 50, t_gen 100, censored False": lambda forecast, t_gen, late: max(np.log(forecast / t_gen), 0),
        },
    ),
    Exercise(
        exercises.check_two_hops,
        two_hops,
        {
            "is no question of this world with its answer": lambda *case: two_hops(*case, answered=False),
            "is missing": lambda *case: (two_hops(*case)[0][:-1], two_hops(*case)[1]),
            "φ: expected": lambda world, share: (two_hops(world, share)[0], share),
        },
    ),
    Exercise(
        exercises.check_within_reach,
        reach,
        {
            "trained and": lambda trained, asked: reach(trained, asked, (slice(0, 2),)),
            "asked questions": lambda trained, asked: 1.0,
        },
    ),
    Exercise(
        exercises.check_crossed_worlds,
        [(5, 0.8), (20, 0.2), (20, 0.8)],
        {
            "expected two or three, got 4": [(5, 0.8), (20, 0.2), (20, 0.8), (10, 0.4)],
            "expected two of one φ and different shares": [(20, 0.2), (20, 0.8), (5, 0.2)],
            "expected two of one share and different φ": [(5, 0.8), (20, 0.2), (10, 0.4)],
            "a share from 0 to 1": [(5, 0.8), (2, 2.0)],
        },
    ),
    Exercise(
        exercises.check_least_number,
        least_number,
        {
            # A part of a conflict, and the edge itself.
            "budget 3.5, C = 1, n_c = 6: expected 8": lambda budget, scale, edge: edge * (1 + scale / budget),
            "budget 3.5": lambda budget, scale, edge: math.ceil(edge),
            "n_c = 10.5": lambda budget, scale, edge: math.ceil(edge * (1 + 1 / budget)),
        },
    ),
    Exercise(
        exercises.check_questions_per_copy,
        lambda degree, share, hops: degree ** (hops - 1) * share / (hops - 1),
        {
            "3 hops": lambda degree, share, hops: degree * share,
            "0.1, 3 hops": lambda degree, share, hops: degree ** (hops - 1) * share,
        },
    ),
    Exercise(
        exercises.check_mixture,
        mean_step,
        {
            r"waits \[2.0, 4.0\], each in a step of width 0.1": lambda waits, width: width,
            r"waits \[3.0\], each in a step of width 0.5: expected 0.5": lambda waits, width: 2 * width,
        },
    ),
    Exercise(
        exercises.check_coincidence,
        coincidence,
        {
            "skills that turn by themselves": lambda waits: np.log(waits).mean(axis=1).std(),
            "both, and each skill has a wait of its own": lambda waits: coincidence(
                waits, centered=np.ptp(np.log(waits).mean(axis=0)) < 0.8
            ),
        },
    ),
    Exercise(
        exercises.check_threshold_slope,
        lambda size: math.sqrt(size / (2 * math.pi)),
        {"size 16: slope": lambda size: 1 / math.sqrt(2 * math.pi), "size 1: slope": lambda size: size**0.5},
    ),
    Exercise(
        exercises.check_loop_limit,
        loop_limit,
        {
            # The rate taken for its inverse, and only the two slowest sweeps.
            "D = 2 and Λ = 5, 20, 80, power 1.0": lambda spent, area, power: loop_limit(1 / spent, area, power),
            "power 1.0 of the rate: expected": lambda *sweeps: loop_limit(*sweeps, slowest=1),
            "power 0.5 of the rate": lambda spent, area, power: loop_limit(spent, area, 1.0),
        },
    ),
    Exercise(
        exercises.check_luck,
        luck,
        {
            "variance of chaos": lambda waits: (2 * luck(waits)[0], luck(waits)[1]),
            # The variance over seeds, which has that of chaos in it.
            "variance of seeds": lambda waits: (luck(waits)[0], np.log(waits)[:, 0].var()),
            "standard deviations of 0.4": lambda waits: luck(waits, logarithm=np.asarray),
        },
    ),
    Exercise(
        exercises.check_hill,
        hill,
        {
            "margin 5, D = 2": lambda margin, degree: math.log1p(math.exp(-margin * 2 ** (1 - degree))),
            "margin 5, D = 0.5: expected 0": lambda margin, degree: (
                hill(margin, degree) or hill(margin, 2 - degree) * (1 - degree)
            ),
        },
    ),
    Exercise(
        exercises.check_permutation,
        permuted,
        {
            "largest change of a logit": lambda *case: permuted(*case, ways=("in",)),
            "from its rows in the order": lambda parameters, order: parameters,
            "same names": lambda parameters, order: {},
        },
    ),
    Exercise(
        exercises.check_ridge,
        top_of_ridge,
        {
            "D = 3, ρ = 2": lambda degree, ratio: 0.5,
            "D = 4, ρ = 2": lambda degree, ratio: 1 / (1 + ratio**2),
        },
    ),
    Exercise(
        exercises.check_near_ties,
        near_ties,
        {
            r"20 \+ 30 mod 59, frequency 12: expected \[45, 55\]": lambda p, frequency, a, b: near_ties(p, 12, 0, 0),
            r"0 \+ 0 mod 59": lambda p, frequency, a, b: [frequency, p - frequency],
        },
    ),
    Exercise(
        exercises.check_best_pair,
        best_pair,
        {
            r"p = 13: margin of the frequencies \[1, 2\]": lambda p: (1, 2),
            "two different frequencies": lambda p: (1, 1),
        },
    ),
    Exercise(
        exercises.check_enough,
        {"kept": 3, "half_kept": 1000, "half_whole": 1100},
        {
            "the fewest frequencies": {"kept": 4, "half_kept": 1000, "half_whole": 1000},
            "half_kept: the first step": {"kept": 3, "half_kept": 1300, "half_whole": 1000},
            "half_whole: the first step": {"kept": 3, "half_kept": 1100, "half_whole": 1300},
        },
    ),
    Exercise(
        exercises.check_hidden_steps,
        lambda power, own: math.ceil(2 * power * math.log(3) / own / 0.8),
        {"power 0.6, own steps 0.05 wide": lambda power, own: 2 * power * math.log(3) / 0.32},
    ),
    Exercise(
        exercises.check_worst_skill,
        lambda mean, skills: min((1 - mean) * skills, 1),
        {
            "mean 99% of 8 skills": lambda mean, skills: 1 - mean,
            "mean 99% of 1000 skills": lambda mean, skills: (1 - mean) * skills,
        },
    ),
    Exercise(
        exercises.check_highest_promise,
        highest_promise,
        {
            "errors of 1 runs": lambda runs: 1 - 1 / runs,
            "errors of 99 runs": lambda runs: min(highest_promise(runs), 0.95),
        },
    ),
    Exercise(
        exercises.check_price,
        {"every": 1700, "first": 17_000, "rate": 0.005},
        {
            # A look priced as a step; one look; what all skills have together.
            "every: expected": {"every": 5000, "first": 17_000, "rate": 0.005},
            "first: expected": {"every": 1700, "first": 8500, "rate": 0.005},
            "rate: expected": {"every": 1700, "first": 17_000, "rate": 5},
        },
    ),
    Exercise(
        exercises.check_least_ratio,
        least_ratio,
        {
            "v = 0.1, D = 2": lambda u, v, degree: (u / v) ** (degree - 1),
            "u = 0.3, v = 0.6": lambda u, v, degree: max(u / v, v / u) ** (degree - 2),
        },
    ),
    Exercise(
        exercises.check_smallest_starts,
        [0.5, 0.4, 0.25],
        {
            # On the line; a setting too far; one start for all.
            "ρ = 2: expected the first setting": [0.5, 0.35, 0.25],
            "ρ = 3: expected the first setting": [0.5, 0.4, 0.3],
            "number of starts": [0.4],
        },
    ),
    Exercise(
        exercises.check_collapse_rate,
        collapse_rate,
        {
            # The factor 2 of the escape to the rule, and that escape itself.
            "λ = 0.8": lambda *case: collapse_rate(*case, half_a_well=2),
            "T = 0.005": escape_rate,
        },
    ),
    Exercise(
        exercises.check_spread_test,
        spread_test,
        {
            "law exponential, 3 seeds": lambda law, n: spread_test(law, n, ddof=0),
            "law hidden, 3 seeds": lambda law, n: spread_test("exponential" if law == "hidden" else law, n),
        },
    ),
    Exercise(
        exercises.check_growth_factors,
        [8.72, 2.58, 2.04],
        {"ε = 0.2": [8.7, 8.7, 8.7], "ε = 0.5": [2.0, 2.6, 8.7], "number of readings": [8.7, 2.6]},
    ),
    Exercise(
        exercises.check_initial_scale,
        (0.693, 0.373),
        {"move of the jump": (2 * math.log(2), 0.373), "scale without a delay": (math.log(2), 0.373**2)},
    ),
    Exercise(
        exercises.check_hidden_signal,
        hidden_signal,
        {
            "m̂ at time 1,000: expected 0.3": lambda times: hidden_signal(times, moved=0, factor=1),
            "m̂ at time 1,000": lambda times: hidden_signal(times, factor=1),
            "number of values": lambda times: hidden_signal(times)[:0],
        },
    ),
    Exercise(
        exercises.check_threshold_moves,
        (saddle, bowl),
        {
            "saddle, ρ = 2": (lambda rho, low, high: 2 * saddle(rho, low, high), bowl),
            "saddle, ρ = 1.2": (lambda rho, low, high: saddle(2, low, high), bowl),
            "bowl, ε from 0.1": (saddle, lambda low, high: bowl(low, high) / 2),
        },
    ),
    Exercise(
        exercises.check_resting_weight,
        resting_weight,
        {
            "mean 0.02": lambda *case: -resting_weight(*case),
            "mean 0.02, spread 0.01, epsilon 0.02": lambda mean, spread, _, decay: resting_weight(
                mean, spread, 0.0, decay
            ),
            "mean -0.01": lambda *case: -abs(resting_weight(*case)),
        },
    ),
    Exercise(
        exercises.check_same_race,
        ((0.5, 2.5), (0.375, 2.0)),
        {
            "Λ at one half": ((0.25, 2.0), (0.5, 2.5)),
            "expected a rule that grows": ((0.5, 2.0), (0.25, 1.3)),
            "expected other values": ((0.25, 2.0), (0.25, 2.0)),
            "expected a batch share": ((0.0, 2.0), (0.5, 4.0)),
        },
    ),
    Exercise(
        exercises.check_rise,
        rise,
        {"ρ = 1.6": lambda rho: math.log(9) / (2 * (rho - 1)), "ρ = 1e.06": lambda rho: rise(rho) if rho < 9 else 0.0},
    ),
    Exercise(
        exercises.check_difference_signal,
        difference_signal,
        {
            # The formula of sums, and the mean over answers left on.
            "mirror 0.3": lambda p, f, s, mu: (1 - 1 / p) * f * (mu - 2 * s),
            "mirror 0.0": lambda p, f, s, mu: p * difference_signal(p, f, s, mu),
        },
    ),
    Exercise(exercises.check_rise_readings, [5.0, 2.0], {"ρ = 3": [4.8, 4.8], "number of readings": [4.8]}),
    Exercise(
        exercises.check_alarm,
        ([1350, 1650, 1275, 1425, 1450, 1275, 1175, 1300, 1700, 1625], lambda k: 1 / (1 + k)),
        {
            "chance beside 1 controls": (
                [1350, 1650, 1275, 1425, 1450, 1275, 1175, 1300, 1700, 1625],
                lambda k: 0.5**k / 2,
            ),
            "seed 0": ([300] * 10, lambda k: 1 / (1 + k)),
            "number of seeds": ([1350], lambda k: 1 / (1 + k)),
        },
    ),
    Exercise(
        exercises.check_schedule_readings,
        (1850, 0.76),
        # The step at which the pause ends, and a decay from Λ without the triangle's half.
        {"steps of the pause": (2850, 0.76), "decay at the turn": (1850, 0.54)},
    ),
    Exercise(
        exercises.check_wrong_exponents,
        [-0.898, -0.851, -0.77, -1],
        {"exponent, all runs": [-1, -1, -1, -1], "the budget in their place": [-0.9, -0.85, -0.85, -1]},
    ),
    Exercise(
        exercises.check_accounts,
        (0.23, 0.13),
        {"error of contraction": (0.13, 0.23), "error of the same Λ": (0.23, 0.0)},
    ),
    Exercise(
        exercises.check_scaled_wait,
        scaled_wait,
        {
            "2 times the examples": lambda wait, size, factor: wait / factor,
            "0.8 times the examples: expected inf": lambda wait, size, factor: wait * (size - 1) / (size * factor - 1),
        },
    ),
    Exercise(
        exercises.check_border_cell,
        (0.5, 4.0),
        {
            "got 3 of 3": (0.8, 1.2),
            "got 0 of 3": (0.3, 1.2),
            "expected a cell of the map": (0.6, 1.2),
        },
    ),
    Exercise(
        exercises.check_two_laws,
        two_laws,
        {
            "edge": lambda *case: two_laws(*case)[::-1],
            "power": lambda *case: (two_laws(*case)[0], two_laws(*case)[0]),
        },
    ),
    Exercise(
        exercises.check_last_margin,
        last_margin,
        {
            # The whole spacing, and one class too many.
            "31 classes, 23 bits": lambda classes, bits: last_margin(classes, bits - 1),
            "31 classes": lambda classes, bits: last_margin(classes + 1, bits),
        },
    ),
    Exercise(
        exercises.check_idle_weight,
        idle_weight,
        {
            "adamw, to 0.5": lambda share, rule, *own: idle_weight(share, "adam", *own),
            "adam, to 0.5, rate 0.005, decay 1": lambda share, rule, *own: idle_weight(share, "adamw", *own),
            "rate 0.001, decay 0.01": lambda share, rule, rate, decay, epsilon: idle_weight(
                share, rule, rate, decay, 0.0
            ),
        },
    ),
    Exercise(
        exercises.check_ingredient,
        ingredient,
        {
            "alone 1, together 800": lambda alone, *waits: ingredient(0.0, *waits),
            "alone 0.4, together 600": lambda alone, together, usual: ingredient(alone, together, usual, changed=2),
            "together 1600": lambda *case: ingredient(*case).replace("later", "no matter"),
        },
    ),
    Exercise(
        exercises.check_shares,
        shares,
        {
            "c = 1, x2 alone": lambda c: (shares(c)[1], shares(c)[1]),
            "c = 1, x2 with others": lambda c: (shares(c)[0], shares(c)[0]),
            "c = 3, x1 alone": lambda c: shares(1),
        },
    ),
    Exercise(
        exercises.check_in_a_cell,
        lambda points, values, settings: points / values**settings,
        {"256 points, 2 settings": lambda points, values, settings: points / (values * settings)},
    ),
    Exercise(
        exercises.check_clock_shares,
        clock_shares,
        {
            "share of the rate": lambda rate, decay, rest: [rate / (rate + decay), decay / (rate + decay)],
            "rest 0.5": lambda rate, decay, rest: clock_shares(rate, decay, 0.0),
        },
    ),
    Exercise(
        exercises.check_brier,
        lambda chances, came: np.mean(np.subtract(chances, came, dtype=float) ** 2),
        {
            "chances": lambda chances, came: np.mean(np.abs(np.subtract(chances, came, dtype=float))),
            "came": lambda chances, came: np.sum(np.subtract(chances, came, dtype=float) ** 2),
        },
    ),
]
WRONG = [(checker, words, answer) for checker, _, wrong in EXERCISES for words, answer in wrong.items()]


def test_every_checker_is_tried_with_a_right_and_a_wrong_answer():
    checkers = {checker for name, checker in inspect.getmembers(exercises) if name.startswith("check_")}
    assert {exercise.checker for exercise in EXERCISES} == checkers
    assert {checker for checker, *_ in WRONG} == checkers


def check(checker, answer):
    if isinstance(answer, dict):
        checker(**answer)
    elif isinstance(answer, tuple):
        checker(*answer)
    else:
        checker(answer)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("checker", "answer"), [(one.checker, one.right) for one in EXERCISES], ids=lambda x: getattr(x, "__name__", "")
)
def test_a_right_answer_passes(checker, answer, capsys):
    check(checker, answer)
    # That of forecasts says its place first.
    assert capsys.readouterr().out.splitlines()[-1] == "Correct."


@pytest.mark.slow
@pytest.mark.parametrize(
    ("checker", "words", "answer"), WRONG, ids=[f"{checker.__name__}: {words}" for checker, words, _ in WRONG]
)
def test_a_wrong_answer_is_told_what_is_wrong(checker, words, answer, capsys):
    with pytest.raises(AssertionError, match=words):
        check(checker, answer)
    assert "Correct." not in capsys.readouterr().out
