"""Skills that light up: what is told is what the tables have."""

import pytest

from grokmodels.explorables.words import fill
from tests.explorable_samples import lamp_tables, lamps


def told(explorable, **state):
    return explorable.rows(explorable.state | state)["readout"]


def test_lit_skills_and_their_mean_are_those_of_the_table():
    each, means = lamp_tables()
    explorable = lamps()
    for (network, decay), part in each.groupby(["network", "decay_time"]):
        seen = told(explorable, network=network, decay_time=decay)
        assert seen["count"] == len(part)
        assert seen["lit"] == (part["accuracy"] >= 0.5).sum()
        assert seen["mean"] == pytest.approx(part["accuracy"].mean(), rel=1e-3)
    at = means[(means["network"] == "4 unequal") & (means["decay_time"] == 3.0)]
    assert told(explorable, decay_time=3.0)["alone"] == pytest.approx(at["alone"].iloc[0], rel=1e-3)


def test_the_guess_is_told_when_the_mean_has_passed_one_half():
    explorable = lamps()
    assert explorable.guess.state == {"network": "4 unequal", "decay_time": 0.0}
    half = told(explorable, **explorable.guess.state)["half"]
    assert told(explorable, decay_time=half)["mean"] >= 0.5 > told(explorable, decay_time=half - 0.5)["mean"]
    each, _ = lamp_tables()
    late = each["accuracy"].where(each["network"] == "2 equal", 0.0)
    assert lamps(skills=each.assign(accuracy=late)).guess.state["network"] == "2 equal"


def test_a_mean_that_never_passes_one_half_has_no_such_moment():
    each, _ = lamp_tables()
    explorable = lamps(skills=each.assign(accuracy=each["accuracy"] / 4))
    assert told(explorable)["half"] is None
    assert explorable.presets == {}


def test_chips_lead_to_the_first_lamp_and_the_last():
    explorable = lamps()
    lit = {words: told(explorable, **state)["lit"] for words, state in explorable.presets.items()}
    assert lit == {"First lamp": 1, "Half of the lamps": 2, "Last lamp": 4}
    each, _ = lamp_tables()
    dark = each.assign(accuracy=each["accuracy"].where(each["skill"] < 3, 0.0))
    assert [*lamps(skills=dark).presets] == ["First lamp", "Half of the lamps"]


def test_the_alt_texts_follow_the_state():
    explorable = lamps(network="2 equal", decay_time=6.0)
    bars, mean = (
        fill(chart.alt, explorable.words(explorable.state, explorable.rows(explorable.state)))
        for chart in explorable.charts.values()
    )
    assert bars.startswith("A bar for each of 2 skills (2 equal)")
    assert bars.endswith("6.00: 2 are at one half or more.")
    assert "thick: 100% at 6.00" in mean


def test_bad_input_is_named():
    each, means = lamp_tables()
    with pytest.raises(ValueError, match=r"skills: lacks the columns \['fraction'\]"):
        lamps(skills=each.drop(columns="fraction"))
    with pytest.raises(ValueError, match=r"means: lacks the columns \['alone'\]"):
        lamps(means=means.drop(columns="alone"))
