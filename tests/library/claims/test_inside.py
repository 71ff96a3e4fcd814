"""The verdict on circuits from the inside, on invented runs whose order of events is known."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from grokmodels.claims import inside
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


def run(halves=HALVES, accuracy=800, width=60, frequencies=(3, 1), p=11, seed=0, noise=0.0):
    """A run whose measures are sigmoids of known middles; the accuracy is three times as steep."""
    table = pd.DataFrame({"step": STEPS})
    draw = np.random.default_rng(seed)
    for measure, half in halves.items():
        rise = sigmoid((STEPS - half) / width) + noise * draw.normal(size=len(STEPS))
        table[measure] = rise if inside.MEASURES[measure] > 0 else 4 - 3 * rise
    table["test_accuracy"] = sigmoid((STEPS - accuracy) / (width / 3))
    energy = np.array([5, 1, 4, 2, 3]) / 15
    table = table.assign(**{f"energy_{k + 1}": x for k, x in enumerate(energy)})
    return inside.Followed(p, seed, 100, frequencies, table, key=f"{seed}")


@pytest.fixture
def record(monkeypatch):
    """A function that makes a record of invented runs, among others that are not in it."""

    def of(*followed):
        stranger = run(accuracy=5000, frequencies=(1, 2, 3, 4, 5), seed=99)
        monkeypatch.setattr(inside, "runs", lambda: (*followed, stranger))
        return SimpleNamespace(runs=pd.DataFrame({"key": [one.key for one in followed]}))

    return of


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
    # It takes no part in the mean, and is not ahead.
    assert list(inside.summary((found, run(), run(seed=1))).loc["key_energy", ["ahead", "runs"]]) == [2, 3]


def test_a_crossing_that_the_record_does_not_confirm_is_none():
    found = run()
    found.table["rule_share"] = 0.0
    # The end, a median of five, is 1; but no checkpoint beyond the mark is followed by another.
    found.table.loc[found.table.index[-5:], "rule_share"] = [1.0, 0.0, 0.0, 1.0, 1.0]
    assert np.isnan(inside.crossing(found, "rule_share"))


def test_energy_is_read_where_the_accuracy_is_seen(record):
    early, late = run(HALVES | {"key_energy": 500}), run(HALVES | {"key_energy": 900}, seed=1)
    # A sigmoid of width 20 is at 10 % 44 steps before its middle, at 800; the checkpoint behind it is at 800.
    assert inside.seen(early) == 800
    energies = [early.table.set_index("step")["key_energy"][800], late.table.set_index("step")["key_energy"][800]]
    assert inside.least_energy_when_seen(record(early, late)) == pytest.approx(min(energies))
    assert inside.least_energy_when_seen(record(early)) > 0.5 > inside.least_energy_when_seen(record(late))
    assert np.isnan(inside.least_energy_when_seen(record(early, run(accuracy=5000, seed=1))))


def test_the_largest_energy_at_t_mem_is_that_of_the_earliest(record):
    early, late = run(HALVES | {"key_energy": 100}), run(seed=1)
    assert inside.largest_energy_at_t_mem(record(early, late)) == pytest.approx(0.5)
    assert inside.largest_energy_at_t_mem(record(late)) < 0.01


def test_leads_of_losses_are_those_of_the_run_that_fits_worst(record):
    late = run(HALVES | {"restricted_loss": 750, "excluded_loss": 1000}, seed=1)
    assert inside.least_lead_of_restricted_loss(record(run())) == pytest.approx(300, abs=6)
    assert inside.least_lead_of_restricted_loss(record(run(), late)) == pytest.approx(-50, abs=6)
    # A tenth of its way comes 2.2 widths before its middle.
    assert inside.least_lead_of_excluded_loss(record(run())) == pytest.approx(800 - (550 - 2.2 * 60), abs=10)
    assert inside.least_lead_of_excluded_loss(record(run(), late)) == pytest.approx(800 - (1000 - 2.2 * 60), abs=10)


def test_frequencies_are_counted_and_compared_within_a_size(record):
    runs = record(run(), run(seed=1, frequencies=(1, 3)), run(seed=2, frequencies=(2, 4, 5)), run(seed=3, p=13))
    assert (inside.fewest_frequencies(runs), inside.most_frequencies(runs)) == (2, 3)
    # Of the three pairs of one size one has the same frequencies, in another order.
    assert inside.share_of_different_pairs(runs) == pytest.approx(2 / 3)


def test_frequencies_that_catch_up_or_are_lost_are_counted():
    found = run()
    waves = {"wave_3": 0.4, "wave_1": np.where(STEPS < 700, 0.1, 0.2), "wave_2": np.where(STEPS == 500, 0.02, 0.0)}
    found = found._replace(table=found.table.assign(**waves, wave_4=0.001, wave_5=np.where(STEPS > 1200, 0.05, 0)))
    (row,) = inside.competition((found,)).to_dict("records")
    assert (row["early"], row["late"], row["lost"]) == (4, 2, 1)
    assert (row["kept"], row["chance"]) == (1, pytest.approx(0.4))
    # The embedding's two strongest frequencies are 1 and 3: none of these.
    (row,) = inside.competition((found._replace(frequencies=(2, 4)),)).to_dict("records")
    assert row["kept"] == 0


def test_a_mean_lead_has_an_interval_of_student():
    followed = tuple(run(HALVES | {"rule_share": half}, seed=half) for half in (500, 600, 700, 550))
    lead = inside.leads(followed)["rule_share"]
    means = inside.summary(followed)
    row = means.loc["rule_share"]
    half = 3.182 * lead.std() / 2
    assert [row["lead"], row["low"], row["high"]] == pytest.approx(
        [lead.mean(), lead.mean() - half, lead.mean() + half], rel=1e-3
    )
    assert list(row[["ahead", "longer", "runs"]]) == [4, 4, 4]
    late = inside.summary((*followed, run(HALVES | {"rule_share": 900}, seed=1)))
    assert list(late.loc["rule_share", ["ahead", "runs"]]) == [4, 5]


def means(*intervals, ahead=9):
    table = pd.DataFrame(intervals, columns=["low", "high"])
    return table.assign(ahead=ahead, longer=9, runs=9)


LEADS, LAGS, UNCLEAR = (20, 80), (-80, -20), (-20, 30)


@pytest.mark.parametrize(
    ("table", "verdict"),
    [
        (means(*[LEADS] * 4), "holds"),
        (means(*[LEADS] * 4, ahead=8), "holds with limits"),
        (means(LEADS, UNCLEAR, UNCLEAR, UNCLEAR), "holds with limits"),
        (means(*[UNCLEAR] * 4), "fails"),
        (means(LEADS, LAGS, LEADS, LEADS), "fails"),
        (inside.summary(()), "open"),
    ],
)
def test_the_verdict_follows_from_the_means(table, verdict):
    assert inside.judge_gradual(table) == verdict


@pytest.mark.parametrize(("accuracy", "verdict"), [(800, "holds"), (300, "fails")])
def test_invented_runs_are_judged(accuracy, verdict):
    followed = tuple(run(accuracy=accuracy + 10 * seed, seed=seed, noise=0.01) for seed in range(4))
    assert inside.judge_gradual(inside.summary(followed)) == verdict


def test_the_row_of_the_stored_runs_reports_all_of_them():
    (row,) = inside.rows()
    assert (row.number, row.runs, row.seeds, row.censored) == (12, 9, 3, 0)
    assert row.verdict == "holds with limits"
    assert "6 of 7 sentences" in row.reason


def test_the_sign_of_the_rule_share_moves_no_half_way_mark_far():
    """A leak makes the share fall before it rises; at the half-way mark of these runs that does not matter."""
    leaking = 0
    for run_ in inside.runs():
        sign = np.sign(run_.table["test_signal"])
        signed = run_._replace(table=run_.table.assign(rule_share=run_.table["rule_share"] * sign))
        leaking += int((sign[run_.table["step"] >= run_.t_mem] < 0).any())
        assert inside.crossing(signed, "rule_share") == pytest.approx(inside.crossing(run_, "rule_share"), abs=25)
    assert leaking >= 2
