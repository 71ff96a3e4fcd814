"""The edge in the data: laws and ends of runs made with known ones, and the stored runs against their histories."""

import numpy as np
import pandas as pd
import pytest

from grokmodels import studies
from grokmodels.claims import data, edge, plane
from grokmodels.statistics.edges import fit_edges


def made(law, budget=200.0, seeds=20):
    """Runs at nine fractions of three sizes whose wait has the median ``law(p, f)``, and that end where it says."""
    rng, rows = np.random.default_rng(0), []
    for p, critical in ((31, 0.22), (59, 0.14), (97, 0.1)):
        for fraction in critical * np.geomspace(0.8, 1.8, 9):
            wait = law(fraction / critical, fraction) * np.exp(0.25 * rng.standard_normal(seeds))
            for seed, one in enumerate(wait):
                turned = one < budget
                rows.append((p, fraction, False, seed, min(one, budget), not turned, 0.9 if turned else 0.0, 0.5 * one))
            rows += (
                [(p, fraction, True, seed, 1.0, False, 0.0, 0.5) for seed in range(3)] if fraction < critical else []
            )
    columns = ["p", "fraction", "of_rule", "seed", "turn", "turn_censored", "end", "start"]
    return pd.DataFrame(rows, columns=columns)


def diverging(away, _):
    with np.errstate(divide="ignore"):
        return 5 * np.maximum(away - 1, 0) ** -1.5


@pytest.fixture
def of(monkeypatch):
    """The module as if these runs were stored."""

    def use(table):
        for cached in (edge.law, edge.law_with_growing_spread, edge.rivals):
            cached.cache_clear()
        monkeypatch.setattr(edge, "runs", lambda: table)

    yield use
    for cached in (edge.law, edge.law_with_growing_spread, edge.rivals):
        cached.cache_clear()


def test_an_edge_is_found_and_laws_without_one_are_worse(of):
    of(made(diverging))
    assert edge.law().exponent.low <= 1.5 <= edge.law().exponent.high
    assert edge.rivals().to_numpy().min() > 20
    table = edge.sizes().set_index("p")
    assert table["edge"].map(lambda one: one.estimate).to_dict() == pytest.approx(
        {31: 0.22, 59: 0.14, 97: 0.1}, rel=0.04
    )
    power = data.power_of_pairs()
    slope = np.polyfit(np.log([31, 59, 97]), np.log([0.22 * 31**2, 0.14 * 59**2, 0.1 * 97**2]), 1)[0]
    assert power.estimate == pytest.approx(slope, abs=0.08)


def test_waits_without_an_edge_are_not_given_one(of):
    of(made(lambda _, fraction: 0.02 * np.exp(0.9 / fraction**0.9)))
    worse = edge.rivals()
    assert worse.loc["exp(c / f)", "one spread"] == worse["one spread"].min() < 2
    assert worse.loc["exp(c / f)", "growing spread"] == worse["growing spread"].min() < 2


def test_ends_and_climb_are_those_that_were_made(of):
    of(made(diverging))
    ends = edge.ends()
    assert (ends.loc[ends["of_rule"], "end"] == 0).all()
    assert (ends.loc[~ends["of_rule"] & (ends["distance"] > 1.3), "end"] == 0.9).all()
    climb = edge.climb()
    assert climb["share"].to_numpy() == pytest.approx(0.5)
    assert climb["distance"].between(0.95, 1.9).all()


def test_cells_count_and_wait_like_their_runs(of):
    table = made(diverging)
    of(table)
    for one in edge.cells().itertuples():
        own = table[(table["p"] == one.p) & (table["fraction"] == one.fraction) & ~table["of_rule"]]
        waits = np.sort(own["turn"].mask(own["turn_censored"], np.inf))
        assert (one.n, one.turned) == (len(own), np.isfinite(waits).sum())
        assert one.wait == waits[len(waits) // 2 - 1]


class Made:
    """Histories of runs at several fractions that turn at once at their waits, or never."""

    def __init__(self, table):
        self.table = table

    def along(self, name):
        parts = []
        for number, run in enumerate(self.table.itertuples()):
            decay_time = np.linspace(0, (1 if run.turn_censored else 1.2) * run.turn, 121)
            m_hat = (decay_time > run.turn - 1e-9) & (not run.turn_censored)
            parts.append(
                pd.DataFrame(
                    {"run": number, "step": range(121), "decay_time": decay_time, "m_hat": m_hat.astype(float)}
                )
            )
            parts[-1][name] = getattr(run, name)
        return pd.concat(parts)


def test_one_record_has_an_edge_and_an_exponent_of_its_own():
    table = made(diverging).query("p == 59 and not of_rule")
    known = fit_edges(edge.waits(table))
    for estimate, right in ((edge.exponent_of_waits, known.exponent), (edge.edge_of_waits, known.systems[59].edge)):
        assert estimate(Made(table)) == pytest.approx(right)
        assert np.isnan(estimate(Made(table.assign(turn_censored=True))).estimate)


@pytest.mark.slow
def test_stored_runs_have_the_data_that_their_recipes_say():
    table = edge.runs()
    assert table["of_rule"].sum() == sum("rule" in block for block in table["block"]) > 40
    for name in ("long-data", "new-size"):
        record = studies.record(name)
        last = record.runs.index[-1]
        history, recipe = record.histories.query(f"run == {last}"), record.points[last].experiment
        own = table[(table["block"] == record.runs.loc[last, "block"]) & (table["seed"] == recipe.seed)]
        share = recipe.data_schedule.knots[-1][1]
        assert own["fraction"].item() == pytest.approx(recipe.fraction * share)
        late = history.loc[history["decay_time"].between(*edge.END), "m_hat"]
        assert own["end"].item() == pytest.approx(late.mean(), nan_ok=True)
        assert own["start"].item() == plane.passes(history, 0.1)[0]
    width = pd.concat([studies.record(name).runs for name in edge.STUDIES])
    assert len(table) == (width["architecture.width"] >= width["task.p"]).sum() < len(width)
