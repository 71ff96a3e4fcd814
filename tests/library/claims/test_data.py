"""The analysis of the amount of data, on invented runs whose answer is known."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from grokmodels import studies
from grokmodels.claims import data
from grokmodels.recipes.tasks import Modular
from grokmodels.statistics import Interval
from grokmodels.statistics.edges import Edge, Edges
from grokmodels.studies.verdicts import Value, verdict


def run_table(fractions, wait, budget, seeds=20, spread=0.1, **columns):
    """Runs that take ``wait(fraction)`` steps, times a log-normal factor, and are censored at the budget."""
    rng = np.random.default_rng(0)
    rows = []
    for fraction in fractions:
        for seed in range(seeds):
            t_gen = 50 + wait(fraction) * np.exp(spread * rng.normal())
            row = {"fraction": fraction, "seed": seed, "cohort": "look", "t_gen": min(t_gen, budget)}
            row |= {"delay": min(t_gen, budget) - 50, "evaluate_every": 25}
            rows.append(row | {"delay_censored": t_gen > budget, "t_gen_censored": t_gen > budget} | columns)
    return pd.DataFrame(rows)


def record_of(runs, **more):
    return SimpleNamespace(runs=runs, cohort="all", **more)


def with_edge(edge, scale=200.0):
    return lambda fraction: scale / (fraction - edge) if fraction > edge else np.inf


def test_the_law_with_an_edge_wins_where_there_is_one():
    table = run_table([0.25, 0.3, 0.32, 0.35, 0.4, 0.6, 0.9], with_edge(0.3), 50_000, seeds=5)
    found = data.laws(table)
    assert found.better_by > 10
    assert found.edge.low == pytest.approx(0.3, abs=0.02)
    assert found.edge.high == pytest.approx(0.3, abs=0.02)
    assert found.critical.slopes["ln_distance"].estimate == pytest.approx(-1, abs=0.2)


def test_a_pure_power_needs_no_edge():
    table = run_table([0.22, 0.3, 0.4, 0.6, 0.9], lambda fraction: 100 * fraction**-2.0, 50_000, seeds=5)
    # A run that did not memorize has no delay, and is in no law.
    table = pd.concat([table, table[:1].assign(delay=np.nan, seed=99)], ignore_index=True)
    found = data.laws(table)
    assert found.power.slopes["ln_fraction"].low < -2 < found.power.slopes["ln_fraction"].high
    assert found.edge.low == 0
    assert found.better_by < 2


def test_two_fractions_make_no_law():
    with pytest.raises(ValueError, match="ended at 2 fractions"):
        data.laws(run_table([0.2, 0.4, 0.6], with_edge(0.3), 5000))


def test_the_sentences_of_data_fraction_can_come_true_and_false(monkeypatch):
    def judged(wait):
        table = run_table([0.26, 0.3, 0.32, 0.35, 0.5, 0.75], wait, 20_000, seeds=5)
        other = run_table([0.4], wait, 20_000, seeds=5, **{data.DECAY: 1.0})
        unlike = other.assign(**{data.DECAY: 0.1, "delay": 1e6})
        at_04 = SimpleNamespace(only=lambda cohort: SimpleNamespace(runs=pd.concat([other, unlike])))
        monkeypatch.setattr(data.studies, "record", lambda name: {"weight-decay": at_04}[name])
        return {
            prediction.estimate: verdict(prediction, Value(value, value))
            for prediction in studies.shipped("data-fraction")[0].predicted
            for value in [np.atleast_1d(getattr(data, prediction.estimate.split(".")[1])(record_of(table)))[0]]
            if not np.isnan(value)
        }

    edge = judged(with_edge(0.28))
    assert edge == dict.fromkeys(edge, "true")
    assert len(edge) == 5
    power = judged(lambda fraction: 100 * fraction**-0.5)
    assert [power[f"data.{name}"] for name in ("gain_of_edge", "ratio_of_delays")] == ["false", "false"]
    assert "data.generalized_below_edge" not in power
    assert judged(lambda fraction: 1000 * fraction**2)["data.power_of_fraction"] == "false"


def test_only_fractions_with_a_wait_are_resolved():
    table = run_table([0.3, 0.6], lambda fraction: 400 if fraction < 0.5 else 30, 5000)
    assert data.resolved(table)["fraction"].unique().tolist() == [0.3]


def test_intervals_of_shares_hold_the_share():
    table = run_table([0.2, 0.4, 0.8], with_edge(0.3), 3000)
    share = data.shares(table)
    assert share["done"].tolist()[0] == 0
    assert ((share["low"] <= share["share"]) & (share["share"] <= share["high"])).all()
    assert share["high"].iloc[0] > 0.05


def moduli(edge_of):
    parts = []
    for p in (17, 23, 31, 43, 59):
        # A shared seed must not have the same luck at every size: that would leave a law no spread.
        edge, seeds = edge_of(p), np.random.default_rng(p).permutation(40)
        fractions = edge * np.array([0.7, 0.9, 0.95, 1.0, 1.05, 1.1, 1.3])
        table = run_table(fractions, lambda f, e=edge: 1000 * (f / e) ** -10.0, 1050, 40, 0.3, **{data.P: p})
        parts.append(table.assign(seed=table["seed"].map(dict(enumerate(seeds)))))
    return pd.concat(parts, ignore_index=True)


POWER, INVERSE = (lambda p: 0.7 * (p / 17) ** -0.7), (lambda p: 0.158 + 9.1 / p)


@pytest.mark.parametrize(("truth", "right", "wrong"), [(POWER, "power", "inverse"), (INVERSE, "inverse", "power")])
def test_a_law_of_the_modulus_that_is_not_so_is_rejected(truth, right, wrong):
    table = data.by_modulus(moduli(truth))
    found = data.laws_of_modulus(table)
    assert found[wrong].p_value < 0.001
    # The grid of fractions and its straight lines shift an edge a little, at every size by as much.
    assert found[right].p_value > 0.01
    assert table["f_c"].to_numpy() == pytest.approx(truth(table["p"].to_numpy()), rel=0.05)
    assert "rejected" in data.said_of_law("a law", found[wrong])
    assert str(found[right].at([0, 1])) in data.said_of_law("a law", found[right])
    assert data.rise_with_modulus(record_of(moduli(truth))) < 0


def test_the_two_numbers_of_a_logarithm_come_back():
    p = np.array([31, 43, 59, 97, 139])
    edge = (2.6 * np.log(p) - 2) / p
    found = data.laws_of_modulus(pd.DataFrame({"p": p, "f_c": edge, "low": 0.98 * edge, "high": 1.02 * edge}))
    assert [found["logarithm"].at(row).estimate for row in np.eye(2)] == pytest.approx([2.6, -2])
    assert found["logarithm"].chi2 == pytest.approx(0, abs=1e-9)


def test_the_stored_runs_reject_the_power_of_p_that_stood_in_the_ledger():
    for runs in studies.by_cohort(studies.record("size").runs).values():
        found = data.laws_of_modulus(data.by_modulus(runs))
        assert found["power"].p_value < data.REJECTED < found["inverse"].p_value
        assert "rejected" in data.said_of_law("", found["power"])
        assert set(runs[data.WIDTH]) == {32}


def test_a_modulus_without_an_edge_is_left_out_and_a_rise_is_seen():
    table = moduli(lambda p: 0.3 + p / 1000)
    assert data.rise_with_modulus(record_of(table)) == pytest.approx(0.016, abs=0.005)
    without = table.assign(t_gen_censored=table["t_gen_censored"] | (table[data.P] == 31))
    assert data.by_modulus(without)["p"].tolist() == [17, 23, 43, 59]


@pytest.mark.parametrize(("late", "expected"), [(0.29, "true"), (0.34, "false"), (0.2, "false"), (0.5, "false")])
def test_the_forecast_for_the_late_modulus_can_fail(late, expected):
    table = run_table([0.26, 0.29, 0.32, 0.36], lambda f: 1000 * (f / late) ** -10.0, 1050)
    (prediction,) = [one for one in studies.shipped("size")[0].predicted if one.sentence.startswith("(d)")]
    found = data.critical_fraction(record_of(table)).estimate
    assert verdict(prediction, Value(found, found)) == expected


def test_the_middle_of_the_step_of_each_width():
    middles = {(97, 32): 0.23, (97, 100): 0.17}
    rows = [
        {data.P: p, data.WIDTH: width, "fraction": f, "seed": seed, "m_hat at 10": 0.9 if f > middle else 0.1}
        for (p, width), middle in middles.items()
        for f in np.arange(0.1, 0.3, 0.02).round(2)
        for seed in range(20)
    ]
    asked = []
    found = data.by_width(SimpleNamespace(measured=lambda name: asked.append(name) or pd.DataFrame(rows)))
    assert asked == ["m_hat at 10"]
    assert found.set_index("width")["middle"].to_dict() == pytest.approx({32: 0.23, 100: 0.17})
    assert found["runs"].tolist() == [200, 200]


def of_edges(monkeypatch, edges, amplitude=4.0):
    """A law of the wait with γ = 2 and these edges by p, each known within 2 %."""
    systems = {p: Edge(Interval(f, 0.98 * f, 1.02 * f), amplitude, 0.2, (1.6, 0.0)) for p, f in edges.items()}
    law = Edges(Interval(2.0, 1.9, 2.1), systems, 0.0)
    monkeypatch.setattr(data.long_waits, "law", lambda: law)
    table = pd.DataFrame({"p": [*systems], "edge": [one.edge for one in systems.values()]})
    monkeypatch.setattr(data.long_waits, "sizes", lambda: table)
    monkeypatch.setattr(data, "power_of_pairs", lambda: Interval(1.31, 1.30, 1.33))
    worse = pd.Series({"a power of f": 351.0, "exp(c / f³)": 1.6})
    monkeypatch.setattr(data.long_waits, "rivals", lambda: pd.DataFrame({"one spread": worse}))
    return law


def test_a_budget_sees_the_edge_where_the_wait_is_its_length(monkeypatch):
    law = of_edges(monkeypatch, {31: 0.22, 97: 0.1})
    for budget in (10, 40, 200):
        seen = data.seen_at(budget)
        assert [float(law.median(p, seen[p])) for p in (31, 97)] == pytest.approx([budget, budget])
    assert data.seen_at(1e9).tolist() == pytest.approx([0.22, 0.1], rel=1e-3)
    assert data.seen_at(4).tolist() == pytest.approx([0.44, 0.2])


def test_the_pairs_at_the_edge_are_a_power_of_p_or_not(monkeypatch):
    sizes = (31, 43, 59, 97, 139)
    of_edges(monkeypatch, {p: 0.22 * (p / 31) ** -0.7 for p in sizes})
    assert data.laws_of_modulus(data.edges_by_modulus())["power"].at([0, 1]).estimate == pytest.approx(-0.7)
    waits, pairs, worse = data.said_of_waits()
    assert "At 5 sizes" in waits
    assert "γ = 2.00 [1.90, 2.10]" in waits
    assert "0.22 [0.22, 0.22] at p = 31" in waits
    assert pairs.startswith("The pairs at the edge go as p to the power 1.31 [1.30, 1.33], which is not excluded")
    assert worse == "Laws without an edge are worse in AIC by 351 (a power of f), 2 (exp(c / f³))"
    of_edges(monkeypatch, {p: 0.158 + 9.1 / p for p in sizes})
    assert data.said_of_waits()[1].startswith("The pairs at the edge are no power of p: χ²")


def test_a_study_that_is_not_complete_says_how_many_runs_it_has(monkeypatch):
    assert data.runs_of("size") == "size"
    monkeypatch.setattr(data.studies, "record", lambda name: range(900))
    assert data.runs_of("size") == "size (900 of 920 runs)"


@pytest.mark.parametrize(
    ("t_mem", "t_gen", "then", "expected"),
    [
        (True, True, 0.01, "grokking"),
        (True, True, 0.5, "comprehension"),
        (True, False, 0.01, "memorization"),
        (True, False, 0.9, "memorization"),
        (False, False, np.nan, "collapse"),
        (False, True, np.nan, "comprehension"),
    ],
)
def test_a_run_has_the_phase_of_its_milestones(t_mem, t_gen, then, expected):
    runs = pd.DataFrame(
        {"t_mem_censored": [not t_mem], "t_gen_censored": [not t_gen], "test_accuracy at t_mem": [then]}, index=[7]
    )
    assert data.phases(runs).to_dict() == {7: expected}


def diagram(edge_of):
    fractions = (0.3, 0.38, 0.44, 0.5, 0.65, 0.9)
    parts = [
        run_table(fractions, lambda f, d=decay: 200 if f > edge_of(d) else np.inf, 3000, 3, **{data.DECAY: decay})
        for decay in (0.1, 0.4, 1.2)
    ]
    return pd.concat(parts, ignore_index=True)


def test_an_edge_that_moves_with_the_decay_is_noticed():
    still, moving = diagram(lambda decay: 0.4), diagram(lambda decay: 0.7 if decay < 1 else 0.4)
    assert data.movement_of_edge(record_of(still)) == pytest.approx(0, abs=1e-12)
    assert data.by_decay(moving).tolist() == pytest.approx([0.775, 0.775, 0.41])
    assert data.movement_of_edge(record_of(moving)) == pytest.approx(0.365)
    # Decays outside of the declared range do not count, and an edge beyond the fractions is not known.
    assert data.movement_of_edge(record_of(diagram(lambda decay: 0.7 if decay < 0.4 else 0.4))) == pytest.approx(
        0, abs=1e-9
    )
    assert np.isnan(data.movement_of_edge(record_of(diagram(lambda decay: 2 if decay < 1 else 0.4))))


def cuts(losses, cut=2000):
    """A record of runs that have the rule at the cut and lose it so many steps later."""
    runs, histories = [], []
    steps = np.arange(0, 6050, 50)
    for number, (left, lost_after) in enumerate(losses):
        right = np.where((steps < 500) | (steps > cut + lost_after), 0.05, 1.0)
        knots = ((0, 1.0), (cut, 1.0), (cut, left / 0.6))
        runs.append({"fraction": 0.6, "seed": number, "cohort": "look", "data_schedule.knots": knots})
        table = {"run": number, "step": steps, "decay_time": 0.005 * steps, "test_accuracy": right}
        histories.append(pd.DataFrame(table | {"rule_share": 0.8 * right}))
    return record_of(pd.DataFrame(runs), histories=pd.concat(histories, ignore_index=True))


def test_losing_the_rule_is_timed_from_the_cut():
    lost = data.losses_of_rule(cuts([(0.18, 400), (0.27, 1000), (0.48, 1e9)])).set_index("left")
    assert lost.index.tolist() == pytest.approx([0.18, 0.27, 0.48])
    assert lost["loss"].tolist() == pytest.approx([2.25, 5.25, 20])
    assert lost["loss_censored"].tolist() == [False, False, True]
    assert lost["after"].tolist() == pytest.approx([0.05, 0.05, 1])
    assert lost["share_after"].tolist() == pytest.approx([0.04, 0.04, 0.8])
    # The cut is that of the run's own schedule.
    assert data.losses_of_rule(cuts([(0.18, 400)], cut=3000))["loss"].tolist() == pytest.approx([2.25])


def judged(*verdicts):
    quantities = ["power of fraction", *["something else"] * (len(verdicts) - 1)]
    return pd.DataFrame({"quantity": quantities[: len(verdicts)], "verdict": verdicts})


def ended(from_table, from_rule):
    """Where the median networks of two cells below the edge and of one above it end; None: no run."""
    sides = {False: from_table, True: from_rule}
    rows = [(0.6, side, 0.0) for side, end in sides.items() if end is not None]
    rows += [(0.9, side, end) for side, end in sides.items() if end is not None]
    return pd.DataFrame([*rows, (1.3, False, 0.9)], columns=["distance", "of_rule", "end"])


LOST, KEPT, FOUND, ONE_SIDE = ended(0.0, 0.3), ended(0.0, 0.8), ended(0.7, 0.8), ended(0.0, None)


@pytest.mark.parametrize(
    ("declared", "ends", "expected"),
    [
        (judged("true", "true"), LOST, "holds"),
        (judged("true", "false"), LOST, "holds with limits"),
        (judged("true", "open"), LOST, "holds with limits"),
        (judged("true", "true"), KEPT, "holds with limits"),
        (judged("true", "true"), FOUND, "holds with limits"),
        (judged("true", "true"), ONE_SIDE, "holds with limits"),
        (judged("false", "true"), LOST, "holds with limits"),
        (judged("false", "true"), KEPT, "fails"),
        (judged("open", "true"), FOUND, "fails"),
        (judged("false", "true"), ONE_SIDE, "fails"),
        (judged("true", "no runs"), LOST, "open"),
        (judged(), LOST, "open"),
    ],
)
def test_the_verdict_follows_its_rule(declared, ends, expected):
    assert data.judge_data(declared, ends) == expected


def pairs_seen(p, train):
    a, b = np.divmod(np.asarray(train), p)
    different = a != b
    low, high = np.minimum(a, b)[different], np.maximum(a, b)[different]
    return len(np.unique(low * p + high)) / (p * (p - 1) / 2)


@pytest.mark.parametrize("fraction", [0.2, 0.4, 0.7])
def test_a_fraction_of_ordered_pairs_shows_more_of_the_unordered_ones(fraction):
    plain, together = (Modular(p=97, unordered=unordered).split(fraction, seed=0).train for unordered in (False, True))
    assert pairs_seen(97, plain) == pytest.approx(1 - (1 - fraction) ** 2, abs=0.02)
    assert pairs_seen(97, together) == pytest.approx(fraction, abs=0.02)
