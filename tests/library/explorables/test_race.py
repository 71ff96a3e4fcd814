"""Optimizers side by side: what is told is what the runs have."""

import pytest

from grokmodels.explorables.words import fill
from tests.explorable_samples import RACERS, race, race_runs


def told(explorable, level):
    return explorable.rows({"level": level})["readout"]


def test_what_is_told_is_what_the_runs_have():
    runs, explorable = race_runs(), race()
    for level, own in runs.groupby("level"):
        seen = told(explorable, level)
        assert (seen["runs"], seen["generalized"]) == (len(own), (~own["t_gen_censored"]).sum())
    assert told(explorable, 0)["first"] is None
    strongest = runs[(runs["lane"] == "AdamW") & (runs["level"] == 4)]["t_gen"].median()
    assert (told(explorable, 4)["first"], told(explorable, 4)["step"]) == ("AdamW", pytest.approx(strongest, rel=1e-3))


def test_medians_stand_beside_the_decay_of_each_lane():
    medians = race().data["medians"]
    at = [i for i, level in enumerate(medians["level"]) if level == 2]
    assert [medians["lane"][i] for i in at] == [*RACERS]
    assert [medians["words"][i] for i in at] == ["λ = 0.3", "λ = 0.001"]
    runs = race_runs()
    for i in at:
        own = runs[(runs["lane"] == medians["lane"][i]) & (runs["level"] == 2)]
        assert medians["t_gen"][i] == pytest.approx(own["t_gen"].median(), rel=1e-3)


def test_a_lane_in_which_half_still_wait_has_no_median_and_ends_at_the_budget():
    medians = race().data["medians"]
    assert {medians["t_gen"][i] for i, level in enumerate(medians["level"]) if level == 0} == {None}
    assert {medians["end"][i] for i, level in enumerate(medians["level"]) if level == 0} == {20_000}


def test_the_guess_is_about_the_next_level_of_the_lane():
    explorable = race()
    assert explorable.guess.state == {"level": 3}
    runs = race_runs()
    median = runs[(runs["lane"] == "Adam + L2") & (runs["level"] == 3)]["t_gen"].median()
    assert explorable.guess.answer == f"It was step {median:,.0f}."
    assert "decay 0.01 in the lane of Adam + L2" in explorable.guess.prompt
    late = runs.assign(t_gen_censored=True)
    assert race(runs=late).guess.answer == "It had not, within the budget."


def test_the_alt_text_follows_the_level():
    explorable = race()
    words = explorable.words({"level": 0}, explorable.rows({"level": 0}))
    assert fill(explorable.charts["lanes"].alt, words).endswith(
        "AdamW (no decay): not within the budget; Adam + L2 (no decay): not within the budget."
    )


def test_bad_input_is_named():
    runs = race_runs()
    with pytest.raises(ValueError, match=r"runs: lacks the columns \['t_gen_censored'\]"):
        race(runs=runs.drop(columns="t_gen_censored"))
    with pytest.raises(ValueError, match="runs: got 9 of lane and level; must have all 10"):
        race(runs=runs[(runs["lane"] == "AdamW") | (runs["level"] != 2)])
    with pytest.raises(ValueError, match=r"asked: got 'SGD' at level 2; must be a lane that has a next level"):
        race(asked="SGD")
    with pytest.raises(ValueError, match=r"asked: got 'AdamW' at level 4"):
        race(asked="AdamW", level=4)
