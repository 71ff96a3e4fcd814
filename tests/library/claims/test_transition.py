"""The tests of the phase transition on tables whose answer is known, and the rules that turn them into verdicts."""

import numpy as np
import pandas as pd
import pytest

from grokmodels.claims import transition
from grokmodels.claims.transition import ALL, Finding, Runs
from grokmodels.statistics import Interval, fit_law


@pytest.fixture(scope="module")
def null():
    return transition.null_runs(sizes=(40, 80, 160), seeds=20)


@pytest.fixture(scope="module")
def saddle():
    return transition.saddle_runs()


def test_the_null_model_is_no_transition_but_its_threshold_is_one(null):
    smooth = transition.sharpness(null, "m@0.55", draws=40)
    thresholded = transition.sharpness(null, "right", draws=40)
    assert smooth.kind != "first order"
    assert smooth.kind != "continuous"
    assert smooth.stretch.high < 0.5
    assert thresholded.kind == "first order"
    assert transition.steepening(null, "m", draws=20).high < 0.1
    laws = transition.divergence(null)
    assert len(laws) == 3
    assert max(law.aic_gain for law in laws.values()) < 0
    assert "smooth curve" in transition.judge_divergence(laws).allows


def test_a_saddle_does_not_sharpen_with_size_but_with_time(saddle):
    found = transition.sharpness(saddle, "m@10", draws=40)
    assert found.stretch.high < 0.25
    steep = transition.steepening(saddle, "m", draws=20)
    assert steep.low > 0.3
    laws = transition.divergence(saddle)
    assert all(law.exponent.low < 1 < law.exponent.high for law in laws.values())
    judged = [*transition.judge_sharpness(found, len(saddle)), transition.judge_steepening(steep, len(saddle))]
    assert transition.surviving(judged) == ["saddle"]


def test_the_critical_fraction_of_a_saddle_is_found_beyond_its_budget(saddle):
    for size, found in transition.limits(saddle, "m", draws=20).items():
        truth = 8.5 / size**0.5
        assert found.low - 0.1 * truth < truth < found.high + 0.1 * truth
        # At Λ = 10 the middle is still 40 % above it.
        assert found.high < 1.25 * truth


def test_weak_decay_that_shortens_the_wait_rules_escape_out():
    decay = np.repeat([0.1, 0.3, 1.0], 8)
    noise = np.exp(np.random.default_rng(0).normal(0, 0.2, 24))
    for power, allowed in ((-1.0, ALL - {"first order"}), (1.0, ALL - {"smooth curve"}), (0.0, ALL)):
        law = fit_law(500 * decay**power * noise, np.zeros(24, bool), ln_decay=np.log(decay))
        assert transition.judge_exponent(law).allows == allowed


def wait_table(draw, decay=1.0, batch=0, n=100, seed=0):
    times = draw(np.random.default_rng(seed), n)
    censored = times > 3000
    return pd.DataFrame(
        {"block": "noisy" if batch else "quiet", "decay": decay, "batch": batch, "seed": range(n), "t_mem": 0}
        | {"t_gen": np.minimum(times, 3000), "censored": censored}
    )


def narrow(scale):
    return lambda rng, n: scale * np.exp(rng.normal(0, 0.25, n))


def exponential(scale):
    return lambda rng, n: 25 + rng.exponential(scale, n)


def four(make, fast, slow):
    """Two decays, two batch sizes: scale 600, times ``fast`` at twice the decay, times ``slow`` in noise."""
    cells = [(1.0, 0, 1), (2.0, 0, fast), (1.0, 64, slow), (2.0, 64, fast * slow)]
    return pd.concat(
        [wait_table(make(600 * s), decay, batch, seed=i) for i, (decay, batch, s) in enumerate(cells)],
        ignore_index=True,
    )


def judged(table):
    return transition.waiting_evidence(table, transition.waiting_cells(table))


def test_waits_tell_growth_from_escape():
    growth = judged(four(narrow, 0.5, 1.0))
    assert [("first order" in f.allows) for f in growth] == [False, False, False]
    escape = judged(four(exponential, 2.0, 0.2))
    assert escape[0].allows == {"first order"}
    assert escape[1].allows == {"first order", "saddle"}
    assert "saddle" not in escape[2].allows
    nothing = judged(four(narrow, 0.5, 1.0)[:0])
    assert [f.measured for f in nothing] == ["not run yet"]
    assert not nothing[0].decides


def test_noise_is_judged_at_the_weaker_decay_and_decay_in_full_batches():
    apart = {"full batch": Interval(1.0, 0.9, 1.1), "batch 64": Interval(0.4, 0.3, 0.5)}
    noise = {"decay 1": Interval(0.6, 0.55, 0.65), "decay 2": Interval(0.2, 0.1, 0.3)}
    cells = transition.waiting_cells(four(narrow, 0.5, 1.0))
    _, decay, loud = transition.judge_waits(cells, apart, noise)
    assert not decay.decides
    assert decay.measured.startswith("factor 1.00 [0.90, 1.10] (full batch), 0.40")
    assert loud.allows == ALL - {"first order"}


def test_the_toy_loses_the_rule_below_rho_1_only_if_the_table_has_not_starved():
    def at_turn(floor):
        return transition.areas(transition.toy_loops(2, dwells=(15,), between=(0.73, 1.8), floor=floor))["turn"][0]

    assert at_turn(0.15) < 0.4 < 0.7 < at_turn(0.01)


def test_censored_waits_do_not_narrow_the_spread():
    slow = wait_table(narrow(3000), n=200)
    assert 60 < slow["censored"].sum() < 140
    found = transition.waits(slow, draws=50)
    assert found.variation.low < 0.254 < found.variation.high


def loops(width, lift=0.0):
    """Three seeds at three speeds; ``width(rate)`` is the distance between the ways in fraction, ``lift`` its floor."""
    fraction = np.linspace(0.24, 0.6, 30)
    rows = []
    for steps in (1000, 4000, 12000):
        for seed in range(3):
            w = width(1 / steps) * (1 + 0.1 * seed)
            down, up = (lift + (1 - lift) / (1 + np.exp(-60 * (fraction - 0.4 + s * w / 2))) for s in (1, -1))
            rows.append(pd.DataFrame({"steps": steps, "seed": seed, "fraction": fraction, "down": down, "up": up}))
    return pd.concat(rows, ignore_index=True)


def test_loops_that_close_and_loops_that_stay():
    closing = transition.areas(loops(lambda rate: 3 * rate**0.5))
    staying = transition.areas(loops(lambda rate: 0.1 + rate**0.5))
    assert closing["area"].max() == pytest.approx(3 * 1000**-0.5 * 1.2, rel=0.05)
    assert transition.loop_stays(closing) is False
    assert transition.loop_stays(staying) is True
    assert "first order" not in transition.judge_loops(closing).allows
    assert transition.judge_loops(staying).allows == {"first order"}
    assert transition.judge_loops(closing[:0]).measured == "not run yet"


def test_a_rule_that_is_never_lost_leaves_no_loop_to_measure():
    kept = transition.areas(loops(lambda rate: 3 * rate**0.5, lift=0.7))
    assert not kept["lost"].any()
    judged = transition.judge_loops(kept)
    assert not judged.decides
    assert "no loop; mean rule share at the turn 0.70" in judged.measured


def test_the_toys_loops_are_judged_as_the_theory_says():
    two, three = (transition.areas(transition.toy_loops(d, dwells=(10, 30, 60))) for d in (2.0, 3.0))
    assert two["area"].iloc[-1] < 0.5 * two["area"].iloc[0]
    assert three["area"].iloc[-1] > 0.8 * three["area"].iloc[0]


def sweep_runs(accuracy=1.0):
    """One run swept down in 1,000 steps and back; its rule share is 1 on the way down, 0 on the way up."""
    step = np.arange(0, 4100, 50)
    share = np.interp(step, [0, 2000, 3000, 4000], [1, 1, 0.4, 1])
    history = pd.DataFrame({"run": 0, "step": step, "share": share, "decay_factor": 1.0, "test_accuracy": accuracy})
    history["rule_share"] = np.where(step <= 3000, 1.0, np.where(step > 3000, 0.0, 1.0))
    table = pd.DataFrame([{"run": 0, "block": "data, 1,000 steps", "fraction": 0.6, "seed": 3, "test": True}])
    return Runs(table, history)


def test_a_sweep_is_cut_into_its_two_ways():
    loop = transition.loops(sweep_runs())
    assert set(loop["steps"]) == {1000}
    assert loop["fraction"].min() == pytest.approx(0.24)
    assert transition.areas(loop)["area"].iloc[0] == pytest.approx(0.36, abs=0.03)
    assert transition.loops(sweep_runs(accuracy=0.5)).empty


def size_runs():
    """Two runs: one that is read before and after its turn, one that stopped early."""
    step = np.arange(0, 2025, 25)
    turn = np.where(step >= 1200, 0.9, 0.1)
    long = pd.DataFrame({"run": 0, "step": step, "decay_time": 0.005 * step, "m_hat": turn, "rule_share": turn})
    short = long[long["step"] <= 800].assign(run=1, m_hat=0.8)
    histories = pd.concat([long, short]).assign(share=1.0, decay_factor=1.0, test_accuracy=0.5)
    table = pd.DataFrame({"run": [0, 1], "p": 17, "fraction": [0.5, 0.6], "seed": 0, "test": False})
    return Runs(table.assign(t_mem=50, t_gen=[2000, 700], censored=[True, False]), histories)


def test_order_parameters_are_read_at_their_moment():
    table = transition.order_parameters(size_runs()).set_index("run")
    assert table.loc[0, "m_hat@4"] == 0.1
    assert table.loc[0, "m_hat@10"] == 0.9
    assert table.loc[1, "m_hat@10"] == 0.8
    assert list(table["right"]) == [0, 1]
    assert table.loc[0, "size"] == 289
    judged = transition.judge_plateau(size_runs())
    assert judged.measured.endswith("0 of 1 runs")


def test_sizes_that_are_still_running_are_left_out():
    rows = [
        {"size": size, "test": False, "seed": seed, "x": x}
        for size in (1, 2)
        for seed in range(6)
        for x in range(6)
        if not (size == 2 and seed == 5 and x > 2)
    ]
    assert set(transition.complete(pd.DataFrame(rows))["size"]) == {1}


def test_look_and_test_seeds_are_told_apart():
    runs = size_runs()
    runs = runs._replace(table=runs.table.assign(test=[False, True]))
    for seeds, number in (("look", [0]), ("test", [1]), ("all", [0, 1])):
        part = transition.seen(runs, seeds)
        assert part.table["run"].tolist() == number
        assert part.histories["run"].unique().tolist() == number


def test_the_findings_stand_beside_those_of_the_test_seeds():
    for question, found in transition.side_by_side().items():
        assert "all" in found
        assert {finding.question for finding in found.values()} == {question}


def finding(*allowed):
    return Finding("?", "measured", frozenset(allowed) if allowed else ALL, 10)


def test_verdicts_follow_from_what_is_left():
    cases = [
        ([finding()], "open", "open"),
        ([finding("first order", "continuous")], "holds", "open"),
        ([finding("first order"), finding()], "holds", "holds"),
        ([finding("saddle", "crossover"), finding("saddle", "continuous")], "holds with limits", "fails"),
        ([finding("crossover", "smooth curve"), finding("crossover")], "fails", "fails"),
        ([finding("first order"), finding("saddle"), finding("saddle")], "open", "open"),
        ([finding("saddle", "crossover")], "open", "open"),
    ]
    for found, transition_verdict, basins in cases:
        assert transition.verdict_transition(found) == transition_verdict, found
        assert transition.verdict_basins(found) == basins, found


def test_what_each_test_alone_rules_out():
    found = [finding("saddle", "continuous")._replace(question="one"), finding("saddle")._replace(question="two")]
    assert transition.without_each([*found, finding()]) == {"one": ["saddle"], "two": ["continuous", "saddle"]}


def test_an_interval_on_the_border_decides_nothing():
    undecided = transition.Sharpness(
        Interval(0.2, 0.0, 0.5), Interval(0.5, 0.0, 1.0), Interval(0, -1, 1), 0.5, "undecided"
    )
    assert not any(f.decides for f in transition.judge_sharpness(undecided, 10))
    assert not transition.judge_steepening(Interval(0.1, 0.0, 0.3), 10).decides


def test_held_out_waits_for_the_test_seeds(saddle):
    table = saddle.assign(test=saddle["seed"] >= 13)
    assert transition.held_out(table[~table["test"]], "m@10") is None
    assert transition.held_out(table, "m@10", draws=20).low < 5


def test_the_ledger_has_rows_4_and_5():
    rows = transition.rows()
    assert [row.number for row in rows] == [4, 5]
    for row in rows:
        assert ("by the test seeds alone" in row.reason) == bool(transition.findings("test"))
        assert row.runs > 0
        assert row.seeds <= row.runs
