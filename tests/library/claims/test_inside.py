"""The verdict on circuits from the inside, on invented runs whose order of events is known."""

import numpy as np
import pandas as pd
import pytest

from grokmodels.claims import inside
from grokmodels.statistics import Interval
from tests.explorable_samples import sigmoid

STEPS = np.arange(0, 1450, 50)
# When each measure passes its half-way mark.
HALVES = {
    "key_energy": 500,
    "excluded_loss": 550,
    "restricted_loss": 400,
    "restricted_heldout": 450,
    "rule_share": 600,
    "test_loss": 700,
}


def run(halves=HALVES, accuracy=800, width=60, keys=(3, 1), p=11, seed=0, noise=0.0):
    """A run whose measures are sigmoids of known middles; the accuracy is three times as steep."""
    table = pd.DataFrame({"step": STEPS})
    draw = np.random.default_rng(seed)
    for measure, half in halves.items():
        rise = sigmoid((STEPS - half) / width) + noise * draw.normal(size=len(STEPS))
        table[measure] = rise if inside.MEASURES[measure] > 0 else 4 - 3 * rise
    table["test_accuracy"] = sigmoid((STEPS - accuracy) / (width / 3))
    energy = np.array([5, 1, 4, 2, 3]) / 15
    return inside.Inside(
        p, seed, 100, keys, table.assign(**{f"energy_{k + 1}": x for k, x in enumerate(energy)}), False
    )


def test_crossings_are_the_middles_that_were_put_in():
    found = run()
    for measure, half in HALVES.items():
        assert inside.crossing(found, measure) == pytest.approx(half, abs=5)
    # From 10 to 90 % a sigmoid takes 2 ln 9 of its widths.
    assert inside.widths((found,))["rule_share"][0] == pytest.approx(60 * 2 * np.log(9), rel=0.05)


def test_leads_are_differences_to_the_accuracy_and_may_be_negative():
    table = inside.leads((run(), run(accuracy=450)))
    assert table["restricted_loss"].tolist() == pytest.approx([400, 50], abs=6)
    assert table["rule_share"].tolist() == pytest.approx([200, -150], abs=6)


def test_a_single_dip_moves_neither_crossing_nor_end():
    found = run()
    found.table.loc[len(STEPS) - 1, "rule_share"] = 0.1
    found.table.loc[found.table["step"] == 700, "rule_share"] = 0.2
    assert inside.crossing(found, "rule_share") == pytest.approx(600, abs=5)


def test_a_run_that_has_not_generalized_has_no_crossings():
    found = run(accuracy=1500)
    assert np.isnan(inside.crossing(found, "key_energy"))
    assert len(inside.leads((found, run())).dropna()) == 1


def test_a_crossing_that_the_record_does_not_confirm_is_none():
    found = run()
    found.table["rule_share"] = 0.0
    # The end, a median of five, is 1; but no checkpoint beyond the mark is followed by another.
    found.table.loc[found.table.index[-5:], "rule_share"] = [1.0, 0.0, 0.0, 1.0, 1.0]
    assert np.isnan(inside.crossing(found, "rule_share"))


def test_energy_where_the_accuracy_is_seen_is_unknown_where_it_never_is():
    never = run(accuracy=5000)
    assert np.isnan(inside.predicted((never,))["at_seen"][0])
    assert inside.came_true((never,))["key energy above one half at 10 % test accuracy"] == (0, 1)


def test_the_prediction_is_held_against_every_run():
    good = run(HALVES | {"key_energy": 500})
    moved = {"key_energy": 900, "restricted_loss": 750, "restricted_heldout": 800, "excluded_loss": 1000}
    late = run(HALVES | moved, keys=(2, 4), seed=1)
    told = inside.came_true((good, late))
    assert told == {
        "key energy above one half at 10 % test accuracy": (1, 2),
        "key energy below one half at t_mem": (2, 2),
        "restricted loss falls before test loss": (1, 2),
        "the same over held-out pairs": (1, 2),
        "excluded loss rises below 10 % test accuracy": (1, 2),
        "3 to 8 key frequencies": (0, 2),
        "other frequencies in another seed (pairs)": (1, 1),
    }
    assert inside.came_true((good, run()))["other frequencies in another seed (pairs)"] == (0, 1)


def test_early_winners_are_counted_against_chance():
    # The embedding's two strongest frequencies are 1 and 3, which are the keys; chance expects 2·2/5.
    assert inside.early_winners(run(), 0) == (2, pytest.approx(0.8))
    assert inside.early_winners(run(keys=(2, 4)), 0)[0] == 0


def test_frequencies_that_catch_up_or_are_lost_are_counted():
    found = run()
    waves = {"wave_3": 0.4, "wave_1": np.where(STEPS < 700, 0.1, 0.2), "wave_2": np.where(STEPS == 500, 0.02, 0.0)}
    found = found._replace(table=found.table.assign(**waves, wave_4=0.001, wave_5=np.where(STEPS > 1200, 0.05, 0)))
    (row,) = inside.competition((found,)).to_dict("records")
    assert (row["early"], row["late"], row["lost"]) == (4, 2, 1)
    assert (row["kept"], row["chance"]) == (1, pytest.approx(0.4))
    (row,) = inside.competition((found._replace(key=()),)).to_dict("records")
    assert np.isnan([row[name] for name in ("early", "late", "kept", "chance")]).all()


def test_the_verdict_follows_from_the_intervals():
    ahead, behind, unclear = Interval(50, 20, 80), Interval(-50, -80, -20), Interval(5, -20, 30)
    assert inside.verdict([ahead] * 4, everywhere=True) == "holds"
    assert inside.verdict([ahead] * 4, everywhere=False) == "holds with limits"
    assert inside.verdict([ahead, unclear, unclear, unclear], everywhere=False) == "holds with limits"
    assert inside.verdict([unclear] * 4, everywhere=True) == "fails"
    assert inside.verdict([ahead, behind, ahead, ahead], everywhere=False) == "fails"
    assert inside.verdict([], everywhere=True) == "open"


@pytest.mark.parametrize(("accuracy", "verdict"), [(800, "holds"), (300, "fails")])
def test_the_row_judges_invented_runs(monkeypatch, accuracy, verdict):
    found = tuple(run(accuracy=accuracy + 10 * seed, seed=seed, noise=0.01) for seed in range(4))
    monkeypatch.setattr(inside, "runs", lambda: found)
    (row,) = inside.rows()
    assert (row.number, row.runs, row.seeds, row.censored, row.verdict) == (12, 4, 4, 0, verdict)


def test_the_row_of_the_stored_runs_reports_all_of_them():
    (row,) = inside.rows()
    assert row.runs == len(inside.runs())
    assert row.verdict in ("holds", "holds with limits", "fails")
