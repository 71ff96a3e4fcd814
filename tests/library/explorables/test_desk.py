"""The forecaster's desk: nothing that came is seen before it is shown, and errors are those of the benchmark."""

import json
import math
import re

import numpy as np
import pytest

from grokmodels.explorables.words import fill
from grokmodels.forecasts.scores import off
from tests.explorable_samples import DESK, desk, desk_tables

EXPLORABLE = desk()
NEVER = EXPLORABLE.controls["forecast"].values[-1]
CURVES = ("accuracy", "loss", "norm")


def rows(**state):
    return EXPLORABLE.rows(EXPLORABLE.state | state)


def told(**state):
    return rows(**state)["readout"]


@pytest.mark.parametrize("run", DESK)
@pytest.mark.parametrize("moment", [1.5, 2.0])
def test_nothing_of_the_future_is_drawn_before_it_is_shown(run, moment):
    for sees in ("training", "held-out"):
        seen = rows(run=run, moment=moment, sees=sees)
        now = seen["now"][0]["x"]
        assert now == moment
        for name in CURVES:
            assert seen[name]
            assert all(row["x"] <= now and row["past"] for row in seen[name])
        kinds = {row["kind"] for name in CURVES for row in seen[name]}
        training = {"train_accuracy", "train_loss", "weight_norm"}
        assert kinds == (training if sees == "training" else training | {"test_accuracy", "test_loss", "m_hat"})
        assert seen["truth"] == []
        assert [line["name"] for line in seen["board"]] == ["you"]
        assert seen["board"][0]["told"] == ""
        assert (seen["readout"]["came"], seen["readout"]["off"]) == (None, None)


def test_nothing_of_what_came_is_said_before_it_is_shown():
    for state in ({}, {"run": 2}, {"run": 3, "sees": "held-out"}):
        explorable = desk(**state)
        seen = explorable.rows(explorable.state)
        words = explorable.words(explorable.state, seen)
        said = [fill(text, words) for chart in explorable.charts.values() for text in (chart.caption, chart.alt)]
        said += [" ".join(readout.told(words)) for readout in explorable.readout]
        t_gen = DESK[explorable.run][1]
        assert not any(f"{t_gen:,}" in text or f" {t_gen}" in text for text in said)
        assert sum("hidden" in text for text in said) >= 6


def test_what_is_shown_is_the_record():
    runs, _ = desk_tables()
    for run, (t_mem, t_gen, censored) in DESK.items():
        seen, record = rows(run=run, answer="shown"), runs[runs["run"] == run].set_index("step")
        assert seen["truth"] == [{"x": t_gen / t_mem, "censored": censored}]
        for name in CURVES:
            assert max(row["x"] for row in seen[name]) == 1500 / t_mem
            assert not all(row["past"] for row in seen[name])
            for row in seen[name]:
                assert row["value"] == pytest.approx(record.loc[round(row["x"] * t_mem), row["kind"]], rel=6e-3)
        came = told(run=run, answer="shown")["came"]
        assert came == (f"not by step {t_gen:,}" if censored else f"at step {t_gen:,}")


@pytest.mark.parametrize("run", DESK)
def test_the_readers_error_is_that_of_the_benchmark(run):
    t_mem, t_gen, censored = DESK[run]
    for forecast in EXPLORABLE.controls["forecast"].values:
        seen = told(run=run, forecast=forecast, answer="shown")
        step = math.inf if forecast == NEVER else max(forecast * t_mem, 2 * t_mem)
        if step == math.inf:
            assert seen["own"] is None
            assert seen["off"] == ("not known to be wrong" if censored else "it did come")
            continue
        factor = np.exp(off(step, t_gen, censored))
        assert seen["own"] == pytest.approx(step)
        if censored and step >= t_gen:
            assert (factor, seen["off"]) == (1, "not known to be wrong")
        elif factor > 1.006:
            assert float(re.search(r"×([\d.]+)", seen["off"])[1]) == pytest.approx(factor, abs=0.0051)
            assert seen["off"].endswith("too early" if step < t_gen else "too late")
            assert ("at least" in seen["off"]) == censored


def test_the_others_are_those_of_this_moment_with_their_intervals():
    _, said = desk_tables()
    for run, (t_mem, _, _) in DESK.items():
        you, always, now = rows(run=run, moment=1.5, answer="shown")["board"]
        assert [line["name"] for line in (you, always, now)] == ["you", "always 1,000", "now"]
        assert always["x"] == 1000 / t_mem
        assert always["low"] == pytest.approx(max(1000 * np.exp(-0.5), 1.5 * t_mem) / t_mem, rel=1e-3)
        assert always["high"] == pytest.approx(1000 * np.exp(0.5) / t_mem, rel=1e-3)
        # No interval reaches into the past.
        assert now["low"] == (NEVER if run == 3 else 1.5)
        assert now["told"].startswith("never") == (run == 3)
    assert set(EXPLORABLE.charts["board"].chart.to_dict()["layer"][3]["encoding"]["y"]["scale"]["domain"]) == {
        "you", *said["forecaster"]
    }  # fmt: skip


def test_whoever_waits_until_it_has_come_is_shown_it():
    seen = rows(run=3, moment=4.0)
    assert seen["readout"]["state"] == "The wait is over."
    assert seen["truth"][0]["x"] == seen["now"][0]["x"] == 450 / 200
    assert [line["name"] for line in seen["board"]] == ["you"]
    # The forecast that was made stays what it was.
    assert told(run=3, moment=4.0, forecast=1.5)["off"] == "×1.50 too early"


def test_every_run_is_a_chip_that_hides_the_answer_again():
    assert list(EXPLORABLE.presets) == ["Run 1", "Run 2", "Run 3"]
    for run, state in enumerate(EXPLORABLE.presets.values(), 1):
        assert state == EXPLORABLE.state | {"run": run, "answer": "hidden", "moment": 2.0, "sees": "training"}


def test_steps_of_the_forecast_are_finer_than_the_goal():
    *values, _ = EXPLORABLE.controls["forecast"].values
    assert max(np.array(values[1:]) / values[:-1]) < 1.07


def test_bad_input_is_named():
    runs, said = desk_tables()
    with pytest.raises(ValueError, match=r"runs: lacks the columns \['m_hat'\]"):
        desk(runs=runs.drop(columns="m_hat"))
    with pytest.raises(ValueError, match=r"forecasts: got runs \[1, 2\]; must be those of runs, \[1, 2, 3\]"):
        desk(forecasts=said[said["run"] < 3])
    with pytest.raises(ValueError, match="Your forecast: got 1000"):
        desk(forecast=1000)


def test_the_page_speaks_without_javascript():
    html = desk(run=2, answer="shown").html()
    assert "it generalized: <strong>not by step 1,500</strong>" in html
    assert html.count('<img class="dark-light" alt="') == 4
    assert "NaN" not in html


def test_the_shipped_desk_is_small_and_chosen_by_its_rule():
    from grokmodels.explorables import Desk
    from grokmodels.forecasts.benchmark import kept
    from grokmodels.forecasts.desk import MOMENTS, best

    runs, said = kept("forecast-runs"), kept("forecast-desk")
    explorable = Desk(runs=runs, forecasts=said)
    assert len(json.dumps(explorable.data, separators=(",", ":"), ensure_ascii=False)) < 60_000
    one = runs.groupby("run").first()
    assert one["key"].is_monotonic_increasing
    assert one["study"].is_unique
    assert one["censored"].value_counts().to_dict() == {False: 9, True: 3}
    assert set(said["forecaster"]) == set(best())
    assert set(said["moment"]) <= set(MOMENTS)
    # A forecast is made while the run waits.
    t_gen = said["run"].map(one["t_gen"])
    assert (said["now"] < t_gen).all()
    assert (t_gen < one["t_mem"].max() * 110).all()
