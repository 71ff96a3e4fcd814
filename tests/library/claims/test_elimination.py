"""The rules of elimination: what each outcome excludes, and which verdict follows from what is left."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from grokmodels.claims import elimination as rules
from grokmodels.claims.elimination import MECHANISMS, NOTHING, SMOOTH, TRANSITIONS, Finding
from grokmodels.statistics import Interval


def interval(low, high):
    return Interval((low + high) / 2, low, high)


@pytest.mark.parametrize(
    ("rule", "low", "high", "excluded"),
    [
        (rules.judge_step, 0.3, 0.6, SMOOTH | {"saddle"}),
        (rules.judge_step, -0.1, 0.1, TRANSITIONS),
        (rules.judge_step, 0.0, 0.5, NOTHING),
        (rules.judge_growth, 0.3, 0.6, SMOOTH | {"first order"}),
        (rules.judge_growth, 0.8, 1.1, SMOOTH),
        (rules.judge_growth, -0.2, 0.05, TRANSITIONS),
        (rules.judge_growth, -0.2, 0.5, NOTHING),
        (rules.judge_steepening, 0.4, 0.6, SMOOTH),
        (rules.judge_steepening, -0.3, 0.05, {"saddle"}),
        (rules.judge_steepening, 0.0, 0.3, NOTHING),
        (rules.judge_exponent, -1.1, -0.9, {"first order"}),
        (rules.judge_exponent, 0.5, 1.0, {"smooth curve"}),
        (rules.judge_exponent, -0.1, 0.1, NOTHING),
    ],
)
def test_what_an_interval_excludes(rule, low, high, excluded):
    assert rule(interval(low, high)) == excluded


def test_growth_above_one_excludes_no_transition():
    """As it stood, a growth of 1.35 excluded a continuous transition, though no law allows it of anything."""
    assert rules.judge_growth(Interval(1.35, 1.19, 1.53)).isdisjoint(TRANSITIONS)


def test_other_outcomes():
    assert rules.judge_peaks(0.01) == SMOOTH | {"continuous"}
    assert rules.judge_peaks(0.5) == NOTHING
    assert rules.judge_divergence([3, 5]) == SMOOTH | {"first order"}
    assert rules.judge_divergence([-2, -2 + 1e-9]) == {"continuous", "saddle"}
    assert rules.judge_divergence([3, 0]) == rules.judge_divergence([-2, -1]) == rules.judge_divergence([]) == NOTHING
    assert rules.judge_plateau(1.0) == {"smooth curve"}
    assert rules.judge_plateau(0.0) == frozenset(MECHANISMS) - {"smooth curve"}
    assert rules.judge_plateau(0.5) == NOTHING


def test_noise_that_slows_down_at_one_decay_only_decides_nothing():
    """As it stood, noise was judged at the weaker decay alone, where it excluded escape."""
    others = frozenset({"saddle", *SMOOTH})
    assert rules.judge_waits(["false", "true"], "first order", others) == NOTHING
    assert rules.judge_waits(["false", "false"], "first order", others) == {"first order"}
    assert rules.judge_waits(["true", "true"], "first order", others) == others
    assert rules.judge_waits(["false", "open"], "first order", others) == NOTHING
    assert rules.judge_waits([], "first order", others) == NOTHING


@pytest.mark.parametrize(
    ("lost", "shrinks", "stays", "excluded"),
    [
        ("true", "true", "false", {"first order"}),
        ("true", "false", "true", frozenset(MECHANISMS) - {"first order"}),
        ("true", "true", "true", NOTHING),
        ("true", "false", "open", NOTHING),
        ("false", "true", "false", NOTHING),
        ("open", "true", "false", NOTHING),
    ],
)
def test_a_loop_decides_only_where_the_rule_was_lost(lost, shrinks, stays, excluded):
    assert rules.judge_loops(lost, shrinks, stays) == excluded


@pytest.mark.parametrize(
    ("left", "against", "transition", "basins"),
    [
        ({"first order", "continuous"}, 0, "holds", "open"),
        ({"first order"}, 0, "holds", "holds"),
        ({"saddle"}, 2, "holds with limits", "fails"),
        ({"saddle"}, 1, "holds with limits", "open"),
        ({"crossover", "smooth curve"}, 2, "fails", "fails"),
        ({"saddle", "crossover"}, 2, "open", "fails"),
        (set(), 3, "open", "open"),
        (set(MECHANISMS), 0, "open", "open"),
    ],
)
def test_verdicts_follow_from_what_is_left(left, against, transition, basins):
    assert rules.judge_transition(left) == transition
    assert rules.judge_basins(left, against) == basins


SETS = st.frozensets(st.sampled_from(MECHANISMS))


@given(look=st.lists(SETS, min_size=1, max_size=6), data=st.data())
def test_only_what_look_and_test_seeds_both_exclude_is_excluded(look, data):
    test = data.draw(st.lists(SETS, min_size=len(look), max_size=len(look)))
    pooled = data.draw(st.lists(SETS, min_size=len(look), max_size=len(look)))
    by_cohort = {
        cohort: [Finding(str(i), "", excluded, 1) for i, excluded in enumerate(sets)]
        for cohort, sets in (("look", look), ("test", test), ("all", pooled))
    }
    found = rules.replicated(by_cohort)
    assert [finding.excludes for finding in found] == [a & b for a, b in zip(look, test, strict=True)]
    left = rules.surviving(found)
    assert set(left) == set(MECHANISMS) - frozenset().union(*(finding.excludes for finding in found))


def test_a_test_without_test_seeds_excludes_nothing():
    alone = [Finding("?", "", frozenset({"first order"}), 1)]
    assert rules.replicated({"look": alone, "test": [], "all": alone})[0].excludes == NOTHING


def test_chance_seldom_excludes_a_true_mechanism_in_look_and_test_seeds_alike():
    """Eleven tests that err at 5 %: one cohort excludes the truth in 4 studies of 10, two alike in 1 of 30."""
    rng = np.random.default_rng(0)

    def study():
        err = {cohort: rng.random(11) < 0.05 for cohort in ("look", "test", "all")}
        return {
            cohort: [Finding(str(i), "", frozenset({"saddle"} if wrong else ()), 1) for i, wrong in enumerate(wrongs)]
            for cohort, wrongs in err.items()
        }

    made = [study() for _ in range(2000)]
    assert np.mean(["saddle" not in rules.surviving(one["look"]) for one in made]) > 0.35
    assert np.mean(["saddle" not in rules.surviving(rules.replicated(one)) for one in made]) < 0.05
