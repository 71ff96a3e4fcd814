"""Checkers of the exercises in the part "Beyond algorithmic toys"."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import numpy as np

from grokmodels.checking import checker, expect
from grokmodels.forecasts import costs
from grokmodels.statistics import conformal, intraclass
from grokmodels.theory.mixture import mixture_width


@checker
def check_transition_verdict(function: Callable[..., str]) -> None:
    """``function(exchange, divergence, sharpening)``: the ledger's word for "it is a phase transition", row 5.

    Each of the three marks is True, False, or None where the runs do not decide it.
    """
    from grokmodels.claims.transition import judge_transition

    for marks in itertools.product((True, False, None), repeat=3):
        case = "exchange {}, divergence {}, sharpening {}".format(*marks)
        expect(case, function(*marks), judge_transition(*marks))


@checker
def check_median_verdict(function: Callable[..., str]) -> None:
    """``function(waits, censored, bound)``: whether the median wait is above a bound: "true", "false" or "open".

    ``waits`` and ``censored`` are arrays of an odd length; a censored wait is longer than what stands there. "open" is
    for what the runs leave open.
    """
    runs = np.array([1.0, 2.0, 4.0, 8.0, 8.0])
    cases = {
        "all waits ended": ([False] * 5, 3.0),
        "all waits ended, and the bound is high": ([False] * 5, 6.0),
        "two are censored beyond the median": ([False, False, False, True, True], 6.0),
        "three are censored, and the bound is low": ([False, False, True, True, True], 3.0),
        "three are censored, and the bound is high": ([False, False, True, True, True], 6.0),
        "an early one is censored": ([True, False, False, False, False], 6.0),
    }
    for name, (censored, bound) in cases.items():
        late = np.array(censored)
        low, high = np.median(runs), np.median(np.where(late, np.inf, runs))
        expected = "true" if low > bound else "false" if high <= bound else "open"
        case = f"{name}: waits {runs}, censored {late}, bound {bound}"
        expect(case, function(runs, late, bound), expected)


@checker
def check_false_words(function: Callable[[float, int], float]) -> None:
    """``function(rate, tests)``: the chance that at least one of so many independent tests errs, each at this rate."""
    for rate, tests in ((0.03, 1), (0.03, 22), (0.05, 9), (0.0, 5)):
        expected = 1 - (1 - rate) ** tests
        expect(f"{tests} tests that err in {rate:.0%} of studies", function(rate, tests), expected, tolerance=1e-9)


@checker
def check_forecaster(function: Callable[[Any], float]) -> None:
    """``function(view)``: a forecast of t_gen, in steps, from what a :class:`~grokmodels.forecasts.view.View` shows.

    It is asked of the test seeds at twice t_mem, from training data only, and must be better than a constant.
    """
    from grokmodels.forecasts.benchmark import placed

    print(placed(function))


@checker
def check_least_error(function: Callable[..., float]) -> None:
    """``function(forecast, t_gen, censored)``: |ln(forecast / t_gen)|; of a censored run the least that it can be."""
    from grokmodels.forecasts.scores import off

    for case in ((200.0, 100.0, False), (50.0, 100.0, False), (50.0, 100.0, True), (200.0, 100.0, True)):
        expect("forecast {:g}, t_gen {:g}, censored {}".format(*case), function(*case), off(*case), 1e-9)


@checker
def check_two_hops(function: Callable[..., Any]) -> None:
    """``function(world, share)``: the two-hop questions of a world, and φ if this share of them is trained.

    ``world[h, r]`` is the entity that the fact of entity h and relation r answers with, −1 where there is none. The
    questions are rows (h, r, s, answer) in any order; φ is the number of trained questions per fact.
    """
    from grokmodels.recipes.tasks import TwoHop

    for size in ({"entities": 4, "relations": 2}, {"entities": 6, "relations": 4, "degree": 2, "world_seed": 1}):
        task = TwoHop.model_validate(size)
        rows = task.queries[:, 2] >= 0
        expected = {(*query, answer) for query, answer in zip(task.queries.tolist(), task.labels.tolist(), strict=True)}
        expected = {row for row in expected if row[2] >= 0}
        for share in (0.5, 0.8):
            questions, phi = function(task.world.copy(), share)
            case = f"world {task.world.tolist()}, share {share}"
            got = {tuple(int(part) for part in row) for row in questions}
            wrong, missing = sorted(got - expected), sorted(expected - got)
            assert not wrong, f"{case}: {wrong[0]} is no question of this world with its answer"
            assert not missing, f"{case}: the question {missing[0][:3]} with answer {missing[0][3]} is missing"
            expect(f"{case}: questions, each once", len(questions), int(rows.sum()))
            expect(f"{case}: φ", phi, share * int(rows.sum()) / int((task.world >= 0).sum()), tolerance=1e-9)


@checker
def check_within_reach(function: Callable[[Any, Any], float]) -> None:
    """``function(trained, asked)``: the share of the asked questions that are within reach of the trained ones.

    Questions are rows (h, r, bridge, s): (h, r) is the fact of the first hop, (bridge, s) that of the second. Within
    reach are those whose two facts each stand, as the same hop, in some trained question.
    """
    from grokmodels.claims.facts import within_reach, world
    from grokmodels.recipes.experiment import Experiment

    for fraction in (0.1, 0.3, 0.7):
        recipe = {"kind": "two-hop", "entities": 12, "relations": 4, "unused": 0.1}
        experiment = Experiment.model_validate({"task": recipe, "fraction": fraction, "batch_size": 4})
        task = world(experiment)
        rows = np.insert(task.queries, 2, task.bridges, axis=1)
        train, test = (rows[part] for part in experiment.split)
        train = train[train[:, 3] >= 0]
        case = f"{len(train)} trained and {len(test)} asked questions"
        expect(case, function(train, test), within_reach(experiment), tolerance=1e-9)


@checker
def check_mixture(function: Callable[..., float]) -> None:
    """``function(waits, width)``: how much ln Λ grows while the mean accuracy of skills rises from 10 to 90 %.

    Skill i has the accuracy 1 / (1 + (waits[i] / Λ)^(2 ln 9 / width)); ``waits`` is an array.
    """
    for waits, width in (
        ([3.0], 0.5),
        ([3.0] * 8, 0.5),
        ([2.0, 4.0], 0.1),
        ([2.0, 2.2, 2.5, 3.0, 4.0, 6.0, 9.0, 14.0], 0.3),
    ):
        got, expected = function(np.array(waits), width), mixture_width(waits, width)
        expect(f"waits {waits}, each in a step of width {width}", got, expected, tolerance=0.01)


@checker
def check_coincidence(function: Callable[[Any], float]) -> None:
    """``function(waits)``: the share of the variance of ln waits that skills of one run have in common.

    ``waits``, (n runs, k skills). With x = ln waits less each skill's mean over runs, B = k Σ m² / (n − 1) for the
    runs' means m, and W = Σ (x − m)² / ((n − 1)(k − 1)), it is (B − W) / (B + (k − 1) W).
    """
    rng = np.random.default_rng(1)
    own, run, skill = 0.2 * rng.normal(size=(6, 8)), 0.3 * rng.normal(size=(6, 1)), np.linspace(0, 1, 8)
    cases = {
        "skills that turn by themselves": own,
        "skills of a run that turn at one time": run + 0 * own,
        "both": run + own,
        "both, and each skill has a wait of its own": run + own + skill,
    }
    for name, waits in cases.items():
        expect(name, function(np.exp(waits)), intraclass(waits), tolerance=1e-9)


@checker
def check_hidden_steps(function: Callable[[float, float], float]) -> None:
    """``function(power, own)``: the number of skills from which on the mean shows no steps, far from the edge.

    Their shares fall as this power of the rank, and each step is ``own`` wide. Rounded up or not.
    """
    for power, own in ((0.6, 0.4), (1.2, 0.4), (0.6, 0.05), (0.3, 0.1)):
        # Far from the edge waits go as one over the share: these are those of the skills at the ranks 0.1 and 0.9.
        spread = float(np.log(0.9**power / 0.1**power))
        case = f"power {power}, own steps {own} wide"
        expect(case, function(power, own), spread / (0.8 * own), tolerance=1.0)


@checker
def check_worst_skill(function: Callable[[float, int], float]) -> None:
    """``function(mean, skills)``: the largest share that one of so many skills may have wrong at this mean accuracy."""
    for mean, skills in ((0.99, 1), (0.99, 8), (0.99, 32), (0.99, 100), (0.99, 1000), (0.9, 4), (1.0, 50)):
        # All others are perfect.
        right = max(0.0, mean * skills - (skills - 1))
        expect(f"mean {mean:.0%} of {skills} skills", function(mean, skills), 1 - right, tolerance=1e-9)


@checker
def check_highest_promise(function: Callable[[int], float]) -> None:
    """``function(runs)``: the highest rate that a conformal interval can promise, with a finite reach.

    ``runs`` is the number of errors that are known.
    """
    for runs in (1, 4, 12, 99):
        low, high = 1e-6, 1 - 1e-6
        for _ in range(40):
            middle = (low + high) / 2
            finite = np.isfinite(conformal.radius(np.ones(runs), middle))
            low, high = (middle, high) if finite else (low, middle)
        expect(f"errors of {runs} runs", function(runs), low, tolerance=1e-4)


@checker
def check_price(every: float, first: float, rate: float) -> None:
    """The numbers of "The price of many eyes", each within 5 %.

    ``every``: steps from look to look; ``first``: the step from which on two looks fit in before a skill shows;
    ``rate``: false alarms of each skill, a share.
    """
    # What looking at every step costs, over what may be spent.
    looks = costs.probing(probes=1000 * 2000 * 100, every=1, batch=4_000_000) / 0.01
    for name, got, expected in (("every", every, looks), ("first", first, 2 * looks / 0.2), ("rate", rate, 5 / 1000)):
        expect(name, got, expected, tolerance=0.05 * expected)
