"""The tests of the phase transition on tables whose answer is known."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from grokmodels import studies
from grokmodels.claims import elimination as rules
from grokmodels.claims import transition
from grokmodels.claims.elimination import NOTHING, SMOOTH
from grokmodels.statistics import scaling
from grokmodels.statistics.sharpness import sharpness, steepening
from grokmodels.studies import Record
from grokmodels.theory.sizes import null_runs, saddle_runs


@pytest.fixture(scope="module")
def null():
    return null_runs(sizes=(40, 80, 160), seeds=20)


@pytest.fixture(scope="module")
def saddle():
    return saddle_runs()


def test_the_null_model_is_no_transition_but_its_threshold_is_one(null):
    smooth, thresholded = (sharpness(scaling.curves(null, name), 40) for name in ("m_hat at 0.55", "generalized"))
    assert smooth.kind not in {"first order", "continuous"}
    assert smooth.stretch.high < 0.5
    assert thresholded.kind == "first order"
    in_time = {moment: scaling.curves(null, f"m_hat at {moment}") for moment in (0.4, 0.55, 0.7)}
    assert steepening(in_time, draws=20).high < 0.1
    laws = transition.divergence(null)
    assert len(laws) == 3
    assert max(law.better_by for law in laws.values()) < 0
    assert transition.on_delays(null).excludes == {"continuous", "saddle"}


@pytest.mark.slow
def test_a_saddle_is_all_that_its_own_runs_leave(saddle):
    found = transition.on_order_parameter(saddle)
    assert [finding.question for finding in found] == [*transition.ORDER_PARAMETER]
    assert rules.surviving(found) == ["saddle"]
    for law in transition.divergence(saddle).values():
        slope = law.critical.slopes["ln_distance"]
        assert slope.low < -1 < slope.high


def test_runs_that_stopped_before_tell_nothing_of_an_order_parameter(saddle):
    """As it stood, a run that had generalized kept the m̂ at which it stopped, that of the accuracy asked for."""
    stopped = saddle["m_hat at 8"] > 0.7
    frozen = saddle.assign(**{"m_hat at 10": saddle["m_hat at 10"].mask(stopped, 0.85)})
    pinned = rules.surviving(transition.on_order_parameter(frozen))
    unknown = transition.on_order_parameter(saddle.assign(**{"m_hat at 10": saddle["m_hat at 10"].mask(stopped)}))
    assert pinned != [*rules.MECHANISMS]
    assert [finding.excludes for finding in unknown] == [NOTHING] * 4
    assert f"{stopped.sum()} of {len(saddle)} runs had stopped" in unknown[0].measured


def test_stored_runs_of_size_stopped_before_their_order_parameter_was_read():
    table = transition.measured_sizes()
    stopped = table["m_hat at 10"].isna()
    assert stopped.sum() > 300
    assert not (stopped & table["t_gen_censored"]).any()
    assert all(not finding.excludes for finding in transition.on_order_parameter(table))


def plateau_runs(m_at_fit, t_gen=500, censored=False):
    run = {"t_mem": 100, "t_gen": t_gen, "t_gen_censored": censored, "m_hat at t_mem": m_at_fit}
    return [run] * 10


def test_the_signal_at_the_fit_is_read_of_runs_with_a_plateau_that_ended():
    small, large = (pd.DataFrame(plateau_runs(m)) for m in (0.0, 0.9))
    assert transition.on_plateau(small).excludes == {"smooth curve"}
    assert transition.on_plateau(large).excludes == set(rules.MECHANISMS) - {"smooth curve"}
    elsewhere = pd.DataFrame(plateau_runs(0.0, t_gen=150) + plateau_runs(0.0, censored=True))
    found = transition.on_plateau(elsewhere)
    assert (found.runs, found.excludes) == (0, NOTHING)


def judged(**verdicts):
    rows = [(f"{words}, cell {i}", v) for words, values in verdicts.items() for i, v in enumerate(values)]
    return pd.DataFrame(rows, columns=["sentence", "verdict"]).assign(value=1.0)


def test_sentences_on_waits_find_their_tests():
    found = transition.on_waits(
        judged(Narrow=["true"] * 4, Halves=["true"] * 2, Lengthens=["false"] * 2, Noise=["true", "false"]), 100
    )
    assert [finding.excludes for finding in found] == [{"first order"}, {"first order"}, NOTHING]
    escape = transition.on_waits(judged(Narrow=["false"] * 4, Lengthens=["true"] * 2, Noise=["true"] * 2), 100)
    assert [finding.excludes for finding in escape] == [
        {"saddle"},
        {"continuous", *SMOOTH},
        {"saddle", *SMOOTH},
    ]


def test_every_test_of_waits_has_sentences_in_its_study():
    study, _ = studies.shipped("waiting-times")
    for first, _, _ in transition.WAITS.values():
        assert any(one.sentence.startswith(first) for one in study.predicted)


@pytest.mark.parametrize("power", [-1.0, 0.0, 1.0])
def test_the_exponent_of_weak_decay_is_found(power):
    decay, seed = np.repeat([0.1, 0.3, 1.0, 3.0], 6), np.tile(range(6), 4)
    wait = 500 * decay**power * np.exp(np.random.default_rng(0).normal(0, 0.1, 24))
    # What lies at decays above 1 is not asked about.
    wait[decay > 1] *= 100
    runs = pd.DataFrame({"optimizer.weight_decay": decay, "seed": seed, "delay": wait, "delay_censored": False})
    found = transition.decay_exponent(runs)
    assert found.low < power < found.high
    assert found.high - found.low < 0.3


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


def test_sharp_or_not_the_study_of_size_is_judged_without_its_order_parameter():
    found = {finding.question: finding for finding in transition.findings()}
    assert [*found][:4] == [*transition.ORDER_PARAMETER]
    weak = found[transition.WEAK_DECAY]
    # It has no test seeds.
    assert "first order" in transition.tests("look")[9].excludes
    assert weak.excludes == NOTHING


def test_the_ledger_has_rows_4_and_5():
    rows = transition.rows()
    assert [(row.number, row.verdict) for row in rows] == [(4, "open"), (5, "open")]
    stored = sum(len(studies.record(name)) for name in transition.STUDIES)
    assert all(row.runs == stored for row in rows)
    assert "had stopped before" in rows[1].effect
    assert isinstance(studies.record("size"), Record)


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
