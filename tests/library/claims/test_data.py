"""The analysis of the amount of data, on invented runs whose answer is known."""

import numpy as np
import pandas as pd
import pytest

from grokmodels import exercises
from grokmodels.claims import data
from grokmodels.claims.row import by_seeds
from grokmodels.statistics import Interval, Law


def run_table(fractions, wait, budget, seeds=20, spread=0.1, **columns):
    """Runs that take ``wait(fraction)`` steps, times a log-normal factor, and are censored at the budget."""
    rng = np.random.default_rng(0)
    rows = []
    for fraction in fractions:
        for seed in range(seeds):
            t_gen = 50 + wait(fraction) * np.exp(spread * rng.normal())
            row = {"fraction": fraction, "seed": seed, "test": False, "t_mem": 50, "t_gen": min(t_gen, budget)}
            rows.append(row | {"censored": t_gen > budget} | columns)
    return data.with_delay(pd.DataFrame(rows), spacing=25)


def with_edge(edge, scale=200.0):
    return lambda fraction: scale / (fraction - edge) if fraction > edge else np.inf


def test_a_delay_shorter_than_an_evaluation_counts_as_half_of_one():
    table = pd.DataFrame({"t_mem": [100, 100, 100], "t_gen": [100, 75, 150]})
    assert data.with_delay(table, 50)["delay"].tolist() == [25, 25, 50]


def test_the_law_with_an_edge_wins_where_there_is_one():
    table = run_table([0.25, 0.3, 0.32, 0.35, 0.4, 0.6, 0.9], with_edge(0.3), 50_000, seeds=5)
    found = data.laws(table)
    assert found.better_by > 10
    assert found.edge.low == pytest.approx(0.3, abs=0.02)
    assert found.edge.high == pytest.approx(0.3, abs=0.02)
    assert found.critical.slopes["ln_distance"].estimate == pytest.approx(-1, abs=0.2)


def test_a_pure_power_needs_no_edge():
    table = run_table([0.22, 0.3, 0.4, 0.6, 0.9], lambda fraction: 100 * fraction**-2.0, 50_000, seeds=5)
    found = data.laws(table)
    assert found.power.slopes["ln_fraction"].low < -2 < found.power.slopes["ln_fraction"].high
    assert found.edge.low == 0
    assert found.better_by < 2


def test_two_fractions_make_no_law():
    assert data.laws(run_table([0.2, 0.4, 0.6], with_edge(0.3), 5000)) is None


@pytest.mark.parametrize(
    ("shares", "expected"),
    [
        ([0, 0, 1, 1], 0.4),
        ([0, 0.25, 0.75, 1], 0.4),
        ([0, 0.3, 0.2, 1], 0.5 + 0.1 / 3),  # A dip is leveled to 0.25 and 0.25.
        ([0, 0.1, 0.2, 0.4], np.nan),
        ([0.6, 0.7, 0.8, 1], np.nan),
    ],
)
def test_half_of_the_seeds(shares, expected):
    rows = [
        {"fraction": fraction, "seed": seed, "t_gen": 500.0, "censored": seed >= round(20 * share)}
        for fraction, share in zip((0.2, 0.3, 0.5, 0.6), shares, strict=True)
        for seed in range(20)
    ]
    assert data.critical_fraction(pd.DataFrame(rows)) == pytest.approx(expected, nan_ok=True)


def test_intervals_of_shares_hold_the_share():
    table = run_table([0.2, 0.4, 0.8], with_edge(0.3), 3000)
    share = data.shares(table)
    assert share["done"].tolist()[0] == 0
    assert ((share["low"] <= share["share"]) & (share["share"] <= share["high"])).all()
    assert share["high"].iloc[0] > 0.05


@pytest.mark.parametrize("power", [-1.0, -0.5])
def test_the_exponent_of_the_critical_fraction(power):
    parts = []
    for p in (17, 23, 31, 43):
        edge = 0.7 * (p / 17) ** power
        fractions = edge * np.array([0.7, 0.9, 1.0, 1.1, 1.3])
        parts.append(run_table(fractions, lambda f, e=edge: 1000 * (f / e) ** -10.0, 1050, p=p))
    found = data.scaling(pd.concat(parts, ignore_index=True))
    assert found.exponent.estimate == pytest.approx(power, abs=0.05)
    # Seeds have the same luck at every size, which leaves the exponent no spread: its interval is a point, but for
    # the last bit.
    assert found.exponent.low - 1e-9 < power < found.exponent.high + 1e-9
    assert found.table["f_c"].iloc[0] == pytest.approx(0.7, rel=0.05)


def moduli(power, p_late=None, late=None):
    """Runs of four moduli with f_c = 0.7 (p/17)^power, and of one more with an edge of its own."""
    edges = {p: 0.7 * (p / 17) ** power for p in (17, 23, 31, 43)} | ({p_late: late} if p_late else {})
    fractions = {p: edge * np.array([0.7, 0.9, 1.0, 1.1, 1.3]) for p, edge in edges.items()}
    fractions[59] = np.array([0.26, 0.29, 0.32, 0.36])
    tables = [
        run_table(fractions[p], lambda f, e=edge: 1000 * (f / e) ** -10.0, 1050, p=p) for p, edge in edges.items()
    ]
    return pd.concat(tables, ignore_index=True)


def test_the_law_of_some_moduli_foretells_another():
    power = -0.7
    foretold = data.scaling(moduli(power)).line.at(59)
    truth = 0.7 * (59 / 17) ** power
    assert foretold.low < truth < foretold.high
    assert foretold.estimate == pytest.approx(truth, rel=0.05)
    assert foretold.high - foretold.low < 0.1 * truth


@pytest.mark.parametrize(
    ("late", "holds", "words"), [(0.29, True, "0.29 ["), (0.34, False, "0.34 ["), (0.2, False, "below 0.26")]
)
def test_the_forecast_for_the_late_modulus_can_fail(late, holds, words):
    table = moduli(-0.7, 59, late)
    clause = data.check_size(table, data.scaling(table))[-1]
    assert "p = 59 between" in clause.declared
    assert clause.holds is holds
    assert clause.found.startswith(words)
    # Before its runs there is no such clause, and it is no size with or without an edge of row 11.
    assert len(data.check_size(moduli(-0.7), data.scaling(moduli(-0.7)))) == 5
    assert not clause.declared.startswith("p =")


def test_look_and_test_seeds_are_told_apart():
    table = pd.DataFrame({"seed": [0, 1, 2], "test": [False, True, True]})
    assert {name: len(part) for name, part in by_seeds(table).items()} == {"look": 1, "test": 2, "all": 3}
    assert list(by_seeds(table[:1])) == ["look", "all"]


def test_the_edge_at_an_endless_budget_is_found_again():
    fractions = np.linspace(0.3, 0.6, 31)
    # t = 100/(f − 0.3): a budget T sees 0.3 + 100/T.
    table = run_table(fractions, with_edge(0.3, 100.0), 2000, seeds=15)
    budgets = [600, 800, 1000, 1400, 2000]
    end = data.edge_without_end(table.assign(t_gen=table["t_gen"] - 150), budgets)
    assert end.estimate == pytest.approx(0.3, abs=0.02)
    assert end.low < 0.3 < end.high
    assert data.edge_by_budget(table, budgets)["f_c"].is_monotonic_decreasing
    # Before the first run has turned there is nothing to extrapolate.
    assert data.edge_without_end(table, [10, 20, 30]) is None


def history(t_mem, t_gen, budget=3000, every=50, **columns):
    steps = np.arange(0, budget + every, every)
    train, test = (steps >= t_mem).astype(float), np.where(steps >= t_gen, 1.0, 0.01)
    table = {"step": steps, "decay_time": 0.005 * steps, "train_accuracy": train, "test_accuracy": test}
    return pd.DataFrame(table | {"rule_share": 0.8 * test}).assign(**columns)


@pytest.mark.parametrize(
    ("t_mem", "t_gen", "expected"),
    [
        (100, 1000, "grokking"),
        (100, 100, "comprehension"),
        (100, 1e9, "memorization"),
        (1e9, 1e9, "collapse"),
        (1e9, 500, "comprehension"),
    ],
)
def test_a_run_has_the_phase_of_its_milestones(t_mem, t_gen, expected):
    assert data.phase(history(t_mem, t_gen)) == expected


def diagram(edge_of):
    parts = [
        history(100, 500 if f > edge_of(decay) else 1e9, fraction=f, weight_decay=decay, seed=s, test=False)
        for f in (0.3, 0.38, 0.44, 0.5, 0.65, 0.9)
        for decay in (0.1, 0.4, 1.2)
        for s in range(3)
    ]
    return data.phase_runs(pd.concat(parts, ignore_index=True))


def test_an_edge_that_moves_with_the_decay_is_noticed():
    still = {clause.declared[:4]: clause.holds for clause in data.check_diagram(diagram(lambda decay: 0.4))}
    assert still == {"at f": True, "weak": False, "edge": True, "coll": False}
    moving = diagram(lambda decay: 0.7 if decay < 1 else 0.4)
    assert {clause.declared[:4]: clause.holds for clause in data.check_diagram(moving)}["edge"] is False
    assert data.edge_by_decay(moving)["f_c"].tolist() == pytest.approx([0.775, 0.775, 0.41])


def cut(left, lost_after):
    """A run that has the rule at the cut and loses it so many steps later."""
    run = history(100, 500, budget=6000, kept=left / 0.6, seed=0, test=False)
    gone = run["step"] > data.CUT + lost_after
    run.loc[gone, ["test_accuracy", "rule_share"]] = 0.05
    return run


def test_losing_the_rule_is_timed_from_the_cut():
    histories = pd.concat([cut(0.18, 400), cut(0.27, 1000), cut(0.48, 1e9)], ignore_index=True)
    lost = data.losses_of_rule(histories).set_index("left")
    assert lost["lost"].tolist() == pytest.approx([2.25, 5.25, 20])
    assert lost["kept_it"].tolist() == [False, False, True]
    assert lost["before"].tolist() == [1, 1, 1]
    assert lost["after"].tolist() == [0.05, 0.05, 1]
    assert [clause.holds for clause in data.check_ungrokking(lost.reset_index(), 0.42)] == [True, True, True]
    swapped = pd.concat([cut(0.18, 1000), cut(0.27, 400), cut(0.48, 100)], ignore_index=True)
    verdicts = [clause.holds for clause in data.check_ungrokking(data.losses_of_rule(swapped), 0.42)]
    assert verdicts == [True, False, False]


def laws_with(low, high):
    law = Law(Interval(0, 0, 0), {"ln_fraction": Interval((low + high) / 2, low, high)}, 1.0, 0.0, 10, 0)
    return data.Laws(law, Interval(0, 0, 0), law, 0.0)


@pytest.mark.parametrize(
    ("both", "edges", "declared", "verdict"),
    [
        (laws_with(-3, -1), [True, True], [True], "holds"),
        (laws_with(-3, -1), [True, True], [True, False], "holds with limits"),
        (laws_with(-3, -1), [True, False], [True], "holds with limits"),
        (laws_with(-1, 1), [True, True], [True], "holds with limits"),
        (laws_with(-1, 1), [True, False], [True], "fails"),
        (None, [True], [True], "open"),
        (laws_with(-3, -1), [], [True], "open"),
    ],
)
def test_the_verdict_follows_its_rule(both, edges, declared, verdict):
    assert data.data_size_verdict(both, edges, declared) == verdict


def test_the_row_counts_its_runs():
    large = run_table([0.22, 0.3, 0.4, 0.6, 0.9], with_edge(0.25), 5000, seeds=5)
    parts = [run_table([0.3, 0.45, 0.6, 0.9], with_edge(e), 2000, p=p) for p, e in ((17, 0.55), (23, 0.42))]
    small = pd.concat(parts, ignore_index=True)
    row = data.data_size_row(large, small, data.laws(large), data.scaling(small))
    assert (row.number, row.runs, row.seeds) == (11, len(large) + len(small), 20)
    assert row.censored == large["censored"].sum() + small["censored"].sum()
    assert "p = 97: delay ∝ fraction^(-" in row.effect
    assert row.verdict in ("holds", "holds with limits")


def half(fractions, done, runs):
    share = np.asarray(done) / np.asarray(runs)
    above = np.flatnonzero(share >= 0.5)
    if len(above) == 0 or above[0] == 0:
        return None
    i = above[0]
    return fractions[i - 1] + (0.5 - share[i - 1]) / (share[i] - share[i - 1]) * (fractions[i] - fractions[i - 1])


def test_the_checker_passes_a_right_answer(capsys):
    exercises.check_half(half)
    assert capsys.readouterr().out == "Correct.\n"


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        (lambda fractions, done, runs: fractions[np.argmax(np.array(done) / np.array(runs) >= 0.5)], "expected 0.4"),
        (lambda fractions, done, runs: half(fractions, done, runs) or 0.0, "expected None"),
    ],
)
def test_the_checker_names_what_is_wrong(wrong, words):
    with pytest.raises(AssertionError, match=words):
        exercises.check_half(wrong)
