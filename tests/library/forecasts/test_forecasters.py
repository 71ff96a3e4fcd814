"""Forecasters on runs made from the toy's clock, where the answer is known."""

import numpy as np
import pytest

from grokmodels.forecasts import forecasters as of
from grokmodels.forecasts import regression
from grokmodels.forecasts.leaderboard import ENTRIES, asked, asked_without, capped, leaderboard
from tests.library.forecasts.made_runs import asked_of, made


@pytest.fixture(scope="module")
def known():
    """Three decays, four seeds each, all at one Λ after their own luck."""
    return asked_of(*(made(seed=s, turn=3 + 0.1 * s, decay=d) for s in range(4) for d in (0.5, 1.0, 2.0)))


@pytest.mark.parametrize("learner", [of.growth_line, of.share_line], ids=["rule share", "m̂"])
@pytest.mark.parametrize("slope", [1.5, 4.0])
def test_a_straight_line_of_log_odds_is_followed_to_the_exact_turn(known, learner, slope):
    new = asked_of(made(seed=9, turn=5.0, slope=slope, decay=1.5))[0]
    # t_gen is seen at the next evaluation only, so the level at it is higher by at most one spacing of known runs.
    assert learner(known)(new.view) == pytest.approx(new.t_gen, abs=60)


def test_one_growth_for_all_is_right_where_there_is_one(known):
    new = asked_of(made(seed=9, turn=4.2))[0]
    assert of.common_growth(known)(new.view) == pytest.approx(new.t_gen, rel=0.05)


def test_the_clock_serves_decays_that_it_has_not_seen(known):
    new = asked_of(made(seed=1, turn=3.1, decay=0.25, budget=8000))[0]
    for learner in (of.clock, of.delayed_clock):
        assert learner(known)(new.view) == pytest.approx(new.t_gen, rel=0.1)
    assert of.constant(known)(new.view) < 0.7 * new.t_gen


def test_the_first_passage_law_is_exact_where_the_norm_shrinks_with_the_decay(known):
    # Its norm falls as e^(−Λ/10) from the same value, so one threshold is reached at one Λ.
    new = asked_of(made(seed=1, turn=3.1, decay=1.5))[0]
    assert of.first_passage(known)(new.view) == pytest.approx(new.t_gen, rel=0.15)


def test_the_norm_is_followed_to_what_known_runs_had(known):
    new = asked_of(made(seed=1, turn=3.1, decay=1.5))[0]
    assert of.norm_line(known)(new.view) == pytest.approx(new.t_gen, rel=0.15)


def test_a_recipe_that_was_seen_is_looked_up_and_another_is_unknown(known):
    new = asked_of(made(seed=9))[0]
    typical = sorted(case.t_gen for case in known if case.view.cell == new.view.cell)[1]
    assert of.same_recipe(known)(new.view) == typical
    strange = asked_of(made(decay=0.7))[0]
    assert np.isnan(of.same_recipe(known)(strange.view))
    assert of.or_else(of.same_recipe, of.constant)(known)(strange.view) == of.constant(known)(strange.view)


def test_the_nearest_recipe_is_the_nearest_in_decay(known):
    near = asked_of(made(decay=1.1))[0].view
    far = asked_of(made(decay=1.1, architecture__width=64))[0].view
    apart = [of.distance(case.view, near) for case in known if case.view.recipe.optimizer.weight_decay == 1]
    assert apart[0] == pytest.approx(np.log(1.1))
    assert of.distance(far, near) == of.STRANGE


def test_a_regression_finds_a_law_and_its_ridge_keeps_what_does_not_vary_at_zero():
    runs = [made(seed=s, turn=2 + 0.5 * np.log(d) + 0.02 * s, decay=d) for s in range(4) for d in (0.5, 1, 2, 3)]
    forecaster = regression.regression(regression.recipe_features, stiffness=0.01)(asked_of(*runs))
    new = asked_of(made(turn=2 + 0.5 * np.log(1.5), decay=1.5))[0]
    assert forecaster(new.view) == pytest.approx(new.t_gen, rel=0.1)
    assert forecaster(asked_of(made(decay=0, turn=1e9))[0].view) == np.inf


def test_luck_that_a_signal_shows_is_used_and_no_luck_changes_nothing(known):
    base = of.same_recipe
    lucky = regression.with_luck(base, regression.held_out_features)
    runs = asked_of(*(made(seed=s, turn=2.5 + 0.2 * s) for s in range(8)))
    new = asked_of(made(seed=9, turn=3.7))[0]
    off = [abs(np.log(learner(runs)(new.view) / new.t_gen)) for learner in (base, lucky)]
    assert off[1] < off[0] / 2
    strange = asked_of(made(decay=0.7))[0].view
    assert np.isnan(lucky(runs)(strange))


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.name)
def test_no_forecaster_needs_more_than_it_says_or_depends_on_what_comes(entry, known):
    learned = asked_of(*(case.run for case in known), sees=entry.sees)
    forecaster = entry.learner(learned)
    early, late = (asked_of(made(seed=7, turn=turn, slope=0), sees=entry.sees)[0].view for turn in (2.0, 5.0))
    assert forecaster(early) == forecaster(late) > 0


def test_a_forecaster_that_looks_at_held_out_data_is_refused(known):
    cheat = of.untaught(lambda view: 100 / view["test_loss"][-1])
    training = asked_of(made(), sees="training")
    with pytest.raises(KeyError, match="test_loss: this view, of training data"):
        asked(ENTRIES[0]._replace(learner=cheat), known, training)


def test_of_each_recipe_at_most_some_are_kept_and_left_out_ones_are_not_learned_from(known):
    assert len(capped(known, 2)) == 6
    seen = []

    def spy(cases):
        seen.append({case.view.cell for case in cases})
        return lambda view: 1000.0

    table = asked_without(ENTRIES[0]._replace(learner=spy), known, known)
    assert len(table) == len(known)
    for cell, cells in zip(table["cell"].unique(), seen, strict=True):
        assert cell not in cells
    assert leaderboard(table)["runs"].tolist() == [12]
