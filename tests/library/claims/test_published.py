"""Others' recipes on systems with known answers, and the rules of the words, both ways."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from grokmodels import studies
from grokmodels.claims import others, published
from grokmodels.recipes.schedules import Schedule
from grokmodels.statistics import Interval
from grokmodels.statistics.scaling import OrderCurve

DECAYS = np.geomspace(0.05, 2, 12)


def decayed(time, budget, decays=DECAYS, seeds=8, scatter=0.15):
    """Runs whose t_gen is ``time(decay)`` with scatter, those beyond the budget censored."""
    rng = np.random.default_rng(0)
    table = pd.DataFrame([(decay, seed) for decay in decays for seed in range(seeds)], columns=["decay", "seed"])
    t = np.array([time(decay) for decay in table["decay"]]) * np.exp(scatter * rng.normal(size=len(table)))
    return pd.DataFrame(
        {published.DECAY: table["decay"], "seed": table["seed"], "evaluate_every": 1}
        | {"t_gen": np.minimum(t, budget), "t_gen_censored": t > budget}
    )


def inverse(decay):
    return 1000 / decay


def test_the_two_steps_make_a_critical_decay_of_the_budget():
    runs = decayed(inverse, 10_000)
    found = published.by_budget(runs, (10_000, 5000, 2500, 1250))
    # Half of the runs are done at the decay whose wait is the budget: a power law has no other critical decay.
    assert found["product"].to_numpy() == pytest.approx(1000, rel=0.2)
    assert found["power"].to_numpy() == pytest.approx(-1, abs=0.1)
    # The exponent in the distance from there is another number, though nothing is critical.
    assert (found["exponent"] > -0.85).all()


def test_a_critical_decay_that_is_there_stays_where_it_is():
    runs = decayed(
        lambda decay: 100 * (decay - 0.1) ** -0.8 if decay > 0.1 else np.inf, 10_000, np.geomspace(0.05, 2, 40)
    )
    found = published.by_budget(runs, (10_000, 5000, 2500))
    assert found["critical"].to_numpy() == pytest.approx(0.105, abs=0.015)
    assert published.exponent_of_two_steps(runs, draws=20).estimate == pytest.approx(-0.75, abs=0.12)


def test_shares_that_are_all_alike_have_no_middle():
    assert np.isnan(published.two_steps(decayed(inverse, 1e9)).critical)
    law = published.TwoSteps(0.1, -1.0, 50.0)
    assert law.time([0.1, 0.2, 0.6]) == pytest.approx([np.inf, 500, 100])


def test_a_smaller_budget_counts_what_it_would_have_seen():
    runs = decayed(lambda _: 100, 10_000, [1.0], seeds=1, scatter=0).assign(evaluate_every=25)
    last = 100 + 25 * (published.EVALUATIONS - 1)
    assert not published.within(runs, last)["t_gen_censored"].any()
    cut = published.within(runs, last - 1)
    assert cut["t_gen_censored"].all()
    assert (cut["t_gen"] == last - 1).all()
    assert published.power_of_means({0.1: 100.0, 1.0: 10.0}) == pytest.approx(-1)
    assert published.powers_between({0.1: 100.0, 1.0: 10.0, 10.0: 0.1}) == pytest.approx([-1, -2])


def measured(spent, w_mem, w_gen):
    """Runs at several decays, by seeds, as :func:`published.passages` finds them."""
    rows = []
    for decay in (0.1, 0.3, 1.0):
        rows.extend((decay, seed, spent(decay, seed), w_mem(decay), w_gen) for seed in range(4))
    return pd.DataFrame(rows, columns=[published.DECAY, "seed", "spent", "w_mem", "w_gen"])


def test_a_passage_of_the_norm_is_calibrated_on_one_cell():
    cells = measured(lambda decay, _: np.log(40 * decay**-0.1 / 20) / 0.25, lambda decay: 40 * decay**-0.1, 20.0)
    exact = published.forecast_errors(cells, 1.0)
    assert exact.norm == pytest.approx(0, abs=1e-12)
    assert exact.wait > 0.15


def test_one_wait_for_all_is_no_passage_of_the_norm():
    cells = measured(lambda _, seed: 2.5 + 0.1 * seed, lambda decay: 40 * decay**-0.1, 20.0)
    typical = published.typical_errors(cells, draws=20)
    assert typical["wait"].high < 0.1 < typical["norm"].low


def test_a_passage_is_a_contraction_with_its_norms():
    table = {"weight_norm at t_mem": 40.0, "weight_norm at t_gen": 40 * np.exp(-2.0), "weight_norm at end": 20.0}
    table |= {"t_mem": 100.0, "t_gen": 500.0, "delay": 400.0, "block": "one", "batch_size": "full", "seed": 0}
    table |= {"t_gen_censored": False, published.RATE: 0.01, published.DECAY: 0.5}
    row = published.passages(SimpleNamespace(measured=lambda *_: pd.DataFrame([table]))).iloc[0]
    assert row["spent"] == pytest.approx(2)
    assert row["kappa"] == pytest.approx(1)
    assert row["kappa_end"] == pytest.approx(np.log(2) / 2)
    assert row["w_mem"] == 40


def test_an_intervention_begins_at_the_first_step_after_memorization():
    held, off = (f"khanh2026passage, {arm}" for arm in ("held norm", "decay off"))
    rows = [("khanh2026passage", 0, 400, 0, (), False), ("khanh2026passage", 1, 800, 0, (), False)]
    # Seed 0 has memorized by step 500, seed 1 by 1,000 only.
    rows += [(held, seed, np.nan, start, ((0, 1.0),), start == 1000) for seed in (0, 1) for start in (500, 1000)]
    rows += [(off, 0, np.nan, 0, ((0, 1.0), (500, 1.0), (500, 0.0)), False)]
    names = ["block", "seed", "t_mem", "optimizer.hold_from", "optimizer.weight_decay_schedule.knots", "t_gen_censored"]
    runs = pd.DataFrame(rows, columns=names).assign(**{published.DECAY: 1.0})
    found = published.interventions(SimpleNamespace(runs=runs)).set_index("arm")
    assert found.loc["as it is"].tolist() == [2, 2]
    assert found.loc["held norm"].tolist() == [1, 2]
    assert found.loc["decay off"].tolist() == [1, 1]
    assert Schedule(knots=rows[-1][4]).knots[-1][0] == 500


def test_powers_of_rate_and_decay_are_told_apart():
    grid = [(rate, decay, seed) for rate in (0.001, 0.002, 0.004) for decay in (0.5, 1, 2) for seed in range(4)]
    runs = pd.DataFrame(grid, columns=[published.RATE, published.DECAY, "seed"]).assign(
        block="all", batch_size=64, t_mem=1.0
    )
    delay = runs[published.RATE] ** -1.5 * runs[published.DECAY] ** -1.0 * np.exp(0.01 * runs["seed"])
    found = published.powers(runs.assign(delay=delay, t_gen=1 + delay, delay_censored=False))
    assert found["rate"].estimate == pytest.approx(-1.5, abs=1e-3)
    assert found["decay"].estimate == pytest.approx(-1, abs=1e-3)


def sized(spread, mean=lambda p, x: 0.0, seeds=400):
    """Curves of Gaussian order parameters: their standard deviation by p, their mean by p and x."""
    rng, x = np.random.default_rng(0), np.array([0.8, 1.0, 1.2])
    noise = rng.normal(size=(seeds, 1))
    noise = (noise - noise.mean()) / noise.std(ddof=1)
    return [OrderCurve(p, x, np.array([mean(p, one) for one in x]) + spread(p) * noise) for p in (23, 31, 43, 59, 71)]


def test_a_growing_variance_is_preferred_to_one_that_saturates():
    grows = published.preference(sized(lambda p: p / 50))
    assert grows.power == pytest.approx(2)
    assert grows.better > 7
    saturates = published.preference(sized(lambda p: np.sqrt(1 - np.exp(-p / 20))))
    assert saturates.better < -7


def test_binder_ratios_cross_where_their_means_do():
    # Of a mean that is p (x − 1) in units of the scatter, the ratios of all sizes are one at x = 1, and dip there.
    curves = sized(lambda _: 1.0, lambda p, x: 1 + p * (x - 0.9) / 20)
    found = published.crossings(curves)
    assert (found["small"] == [23, 31, 43, 59]).all()
    assert found["x"].between(0.8, 1.0).all()


def test_contrast_is_a_mean_over_the_end_of_runs_of_one_split():
    rows = [
        {"run": run, "block": block, "task.p": 31, "fraction": f, "seed": seed, "spectral_contrast": 10 * step + seed}
        for run, (block, f, seed) in enumerate(
            [(f"p 31, {kind}", f, s) for kind in ("one split", "own splits") for f in (0.3, 0.5) for s in (0, 1)]
        )
        for step in range(4)
    ]
    (curve,) = published.contrast_curves(SimpleNamespace(along=lambda *_: pd.DataFrame(rows)), last=2)
    assert curve.x == pytest.approx([0.68, 1.14], abs=0.01)
    assert curve.values.tolist() == [[25, 25], [26, 26]]


def test_local_powers_of_critical_sizes():
    p = np.array([31, 59, 97])
    table = pd.DataFrame({"p": p, "middle": p**-0.5, "low": 0.99 * p**-0.5, "high": 1.01 * p**-0.5})
    for power in published.local_powers(table):
        assert power.estimate == pytest.approx(1.5)
        assert power.low < 1.5 < power.high


def test_the_kernel_is_that_of_random_networks():
    p, width, rng = 3, 200_000, np.random.default_rng(0)
    first, second, out = rng.standard_normal((3, width, p)).transpose(0, 2, 1)
    gradients = {}
    for a, b in [(0, 0), (0, 1), (1, 1)]:
        read = first[a] + second[b]
        # Of one output, in its own weight and in those that read a and b.
        by_a, by_b = (np.zeros((p, width)) for _ in range(2))
        by_a[a], by_b[b] = 2 * out[0] * read, 2 * out[0] * read
        gradients[a, b] = np.concatenate([(read**2)[None], by_a, by_b])
    for other, shared in (((0, 0), 2), ((0, 1), 1), ((1, 1), 0)):
        measured = (gradients[0, 0] * gradients[other]).sum() / width
        assert measured == pytest.approx(float(published.tangent_kernel(shared)), rel=0.05)


@pytest.mark.parametrize("fraction", [0.3, 0.95])
def test_the_kernel_knows_the_training_pairs_and_no_other(fraction):
    found = published.kernel_regression(17, fraction)
    assert found.accuracy == 0
    assert found.loss > 1


def test_words_for_two_intervals():
    reported = Interval(-0.76, -0.8, -0.72)
    assert others.compared(reported, Interval(-0.75, -0.9, -0.7)) == "agrees"
    assert others.compared(reported, Interval(-0.5, -0.78, -0.4)) == "partly"
    assert others.compared(reported, Interval(-0.5, -0.6, -0.4)) == "differs"
    assert others.compared(Interval(0, 0, 0), Interval(0.1, 0, 0.3)) == "agrees"
    assert others.compared(Interval(0, 0, 0), Interval(0.9, 0.7, 1)) == "differs"
    assert others.compared(None, Interval(1, 0, 2)) == "not stated"
    assert others.compared(reported, None) == "not run"
    assert others.compared(reported, Interval(np.nan, np.nan, np.nan)) == "not run"


def test_words_for_conditions():
    assert others.required(True, True) == "agrees"
    assert others.required(False, True) == "partly"
    assert others.required(False) == "differs"


def judged(*rows):
    names = ["sentence", "mechanism", "verdict"]
    return pd.DataFrame(rows, columns=names).assign(cohort="all")


def test_words_for_declared_sentences():
    table = judged(
        ("One law: first ...", ("published",), "true"),
        ("... and more.", ("published", "ours"), "false"),
        ("One law, abstract: third.", ("ours",), "true"),
        ("Other law: all.", ("published",), "no runs"),
        ("Third law: it.", ("published",), "open"),
        ("Third law: this.", ("published",), "true"),
    )
    assert others.declared(table, "One law") == ("partly", "1 of 2 true")
    assert others.declared(table, "One law", "ours") == ("partly", "1 of 2 true")
    assert others.declared(table, "Other law") == ("not run", "1 sentences not run")
    # What was not decided has not come true.
    assert others.declared(table, "Third law") == ("partly", "1 of 1 true; 1 not judged")


def test_every_law_of_the_study_is_found():
    sentences = [one.sentence for one in studies.shipped("published-laws")[0].predicted]
    table = judged(*((one, ("published",), "true") for one in sentences))
    names = ("Norm separation", "First passage", "Variance gate", "Critical size", "Decay regimes")
    counts = [int(others.declared(table, law)[1].split()[0]) for law in names]
    assert sum(counts) == len(sentences)
    assert min(counts) > 5


def test_the_printed_means_say_what_the_study_says_of_them():
    assert published.powers_between(others.VERMA_MEANS) == pytest.approx([-0.97, -0.78, -0.66], abs=0.01)
    decays = {decay: t for decay, (t, *_) in others.SEPARATION_DECAY.items()}
    assert published.power_of_means(decays) == pytest.approx(-0.79, abs=0.01)
    assert published.power_of_means(others.SEPARATION_RATE) == pytest.approx(-1.66, abs=0.01)
    assert others.share_of_contraction() == pytest.approx([0.76, 0.80, 0.76, 0.55], abs=0.01)
