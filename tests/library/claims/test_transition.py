"""The verdict on phase transitions: its rules both ways, the null model's threshold, and estimates of older studies."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from grokmodels import studies
from grokmodels.claims import marks, motion, transition
from grokmodels.statistics import scaling
from grokmodels.statistics.sharpness import sharpness, steepening
from grokmodels.theory.sizes import null_runs


def test_the_null_model_is_no_transition_but_its_threshold_is_one():
    null = null_runs(sizes=(40, 80, 160), seeds=20)
    smooth, thresholded = (sharpness(scaling.curves(null, name), 40) for name in ("m_hat at 0.55", "generalized"))
    assert smooth.kind not in {"first order", "continuous"}
    assert smooth.stretch.high < 0.5
    assert thresholded.kind == "first order"
    in_time = {moment: scaling.curves(null, f"m_hat at {moment}") for moment in (0.4, 0.55, 0.7)}
    assert steepening(in_time, draws=20).high < 0.1


def test_verdicts_follow_from_marks_and_mechanisms():
    assert transition.judge_transition(True, True, True) == "holds"
    assert transition.judge_transition(True, None, False) == "holds with limits"
    assert transition.judge_transition(True, None, True) == "holds with limits"
    assert transition.judge_transition(False, True, True) == "fails"
    assert transition.judge_transition(True, False, True) == "fails"
    assert transition.judge_transition(None, True, True) == "open"
    assert transition.judge_basins([{"first order", "escape", "null"}, {"first order", "escape"}]) == "fails"
    assert transition.judge_basins([{"first order", "escape"}, {"first order"}]) == "open"


@pytest.mark.slow
def test_stored_runs_decide_rows_4_and_5():
    rows = transition.rows()
    assert [(row.name, row.verdict) for row in rows] == [("4a", "fails"), ("5", "holds with limits")]
    assert [one.answer for one in marks.measured()] == [True, None, False]
    for cohort in ("look", "test"):
        assert transition.excluded(cohort) == set(transition.references())
        # The part on sizes alone, in which a table gives way by growth.
        alone = transition.ruled(cohort, ("sizes",)).set_index("mechanism")["excluded"]
        assert alone[["first order", "escape", "null", "crossover", "renewal"]].all()
        assert not alone[["saddle", "saturation", "price list", "kicks"]].any()
    assert transition.measured("look").notna().all()


@pytest.mark.slow
def test_scores_count_every_sentence_once_for_each_mechanism_that_it_names():
    scores = transition.scores()
    declared = [one for name in transition.STUDIES for one in studies.shipped(name)[0].predicted]
    assert scores.to_numpy().sum() == sum(len(one.mechanism) for one in declared)
    assert scores.loc["first order", "false"] > 5 * scores.loc["first order", "true"]


def test_a_verdict_from_some_parts_reads_nothing_else(monkeypatch):
    seen = pd.Series(np.arange(len(motion.INDEX), dtype=float), motion.INDEX)
    transition.ruled.cache_clear()
    monkeypatch.setattr(transition, "measured", lambda cohort: seen)
    found = transition.ruled("look", ("quench",))
    assert set(found["statistic"]) <= set(motion.INDEX[motion.PARTS["quench"]])
    transition.ruled.cache_clear()


def record_of(table):
    return SimpleNamespace(runs=table)


def size_runs(stretch, spread=0.2, seeds=40):
    """Runs whose share that generalizes steepens as the size to a power, and whose waits spread by as much in ln t."""
    rng, rows = np.random.default_rng(0), []
    for p in (17, 23, 31, 43):
        x = np.linspace(-0.5, 0.5, 7)
        chance = 1 / (1 + np.exp(-8 * (p / 27) ** (2 * stretch) * x))
        for seed in range(seeds):
            for fraction, share in zip(10 / p * np.exp(x), chance, strict=True):
                late = rng.random() > share
                wait = 2000.0 if late else min(float(800 * np.exp(rng.normal(0, spread))), 1999.0)
                row = {"task.p": p, "fraction": fraction, "seed": seed, "delay": wait, "t_gen_censored": late}
                rows.append(row | {"delay_censored": late})
    return record_of(pd.DataFrame(rows))


@pytest.mark.parametrize("stretch", [0.0, 0.5])
def test_the_rise_of_the_share_steepens_as_it_was_made_to(stretch):
    record = size_runs(stretch)
    found = transition.stretch_of_generalized(record)
    assert found.low - 0.05 < stretch < found.high + 0.05
    # About its own middle each curve is the others', whatever the power.
    assert transition.collapse_residual(record) < 2


def test_the_largest_variation_counts_censored_waits():
    table = pd.DataFrame({"task.p": 17, "fraction": 0.5, "seed": range(200)})
    waits = 1000 * np.exp(np.random.default_rng(0).normal(0, 0.4, 200))
    censored = waits > 1000
    table = table.assign(delay=np.minimum(waits, 1000), delay_censored=censored)
    few = table.assign(fraction=0.4, delay_censored=np.arange(200) >= 7, delay=np.geomspace(1, 1e6, 200))
    found = transition.largest_variation(record_of(pd.concat([table, few])))
    assert found == pytest.approx(np.sqrt(np.expm1(0.16)), abs=0.08)
    assert np.isnan(transition.largest_variation(record_of(few)))


@pytest.mark.parametrize(("of_split", "of_init", "largest"), [(1.0, 0.2, True), (0.2, 1.0, False)])
def test_the_split_leads_a_cross_whose_luck_it_is(of_split, of_init, largest):
    rng = np.random.default_rng(0)
    split, init = of_split * rng.normal(size=16), of_init * rng.normal(size=16)
    seeds = [(s, i, r) for s in range(16) for i in range(16) for r in range(2)]
    runs = pd.DataFrame(seeds, columns=["split_seed", "init_seed", "seed"])
    luck = split[runs["split_seed"]] + init[runs["init_seed"]] + 0.1 * rng.normal(size=len(runs))
    runs = runs.assign(block="look", t_gen=np.exp(6 + luck), t_gen_censored=False)
    assert (transition.split_over_largest_other(SimpleNamespace(runs=runs)) > 1) == largest
    assert np.isnan(transition.split_over_largest_other(SimpleNamespace(runs=runs.assign(block=runs["seed"]))))
