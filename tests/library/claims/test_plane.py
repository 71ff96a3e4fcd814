"""The plane of data and noise: two laws by their formulas, and tables of runs against their histories."""

import numpy as np
import pandas as pd
import pytest

from grokmodels import studies
from grokmodels.claims import plane
from grokmodels.claims.motion import statistics_of
from grokmodels.theory import growth
from grokmodels.theory.evidence import study


@pytest.mark.parametrize(("fraction", "share"), [(0.5, 1 / 16), (0.6, 0.25), (0.7, 0.5), (0.9, 1.0)])
def test_laws_are_those_that_the_study_states(fraction, share):
    saturated = 1.35 * (fraction / 0.6) ** 1.5 * (1 - 1 / (1 / share + 1))
    priced = 1.636 * fraction**2 / np.sqrt(share)
    for law, ratio, slope in (("saturation", saturated, 0.42), ("price list", priced, 1.5)):
        expected = 1 + slope / (ratio - 1) if ratio > 1 else np.inf
        assert plane.foretold(law, fraction, share) == pytest.approx(expected)


@pytest.mark.slow
def test_runs_turn_where_their_histories_do():
    record = studies.record("motion-data").only(cohort="look")
    table = plane.runs(record)
    assert len(table) == len(record) > 100
    assert set(table["share"]) <= set(plane.SHARES)
    for number in (0, len(table) // 2, len(table) - 1):
        row, history = table.loc[number], record.histories.query(f"run == {number}")
        reached = history.loc[history["m_hat"] >= 0.5, "decay_time"]
        if row["turn_censored"]:
            assert row["turn"] == history["decay_time"].iloc[-1]
        else:
            assert row["turn"] in reached.to_list()
        # All but a run in noise turn where they first pass one half, or an evaluation or two later.
        assert reached.empty or row["turn"] >= reached.min()
        assert row["batch"] == (577 if row["batch_size"] == "full" else row["batch_size"]) or row["fraction"] != 0.6
        weights = 32 * 31
        wall = 2.0 * history["norm.unembedding.weight"].iloc[-1] / np.sqrt(weights)
        assert row["wall.unembedding.weight"] == pytest.approx(wall)
        # AdamW's box.
        assert wall < 1.02


@pytest.mark.slow
def test_evidence_has_the_columns_and_cells_of_simulated_studies():
    random = np.random.default_rng(0)
    simulated = study(growth.saddle(random), random)
    for cohort in ("look", "test"):
        evidence = plane.evidence(cohort)
        for name, real in evidence._asdict().items():
            made = getattr(simulated, name)
            assert set(real) == set(made)
            # Of the cross at p = 43 the test seeds have a part only.
            assert len(real) == len(made) or (name, cohort) == ("crossed", "test")
        assert statistics_of(evidence).notna().all()


def test_a_quench_is_read_where_the_noise_stops_and_where_it_returns():
    record = studies.record("quench").only(cohort="look")
    table = plane.quenched(record).set_index("seed")
    runs = record.along("block", "seed")
    for seed, own in runs.groupby("seed"):
        odds = {}
        for block, run in own.groupby("block"):
            off = float(block.removeprefix("quiet from "))
            m = np.array([run["m_hat"][abs(run["decay_time"] - at).idxmin()] for at in (off, off + 6)])
            odds[block] = np.log(m / (1 - m)) if m.min() > 0.01 else np.array([-6.0, -6.0])
        start, end = min(odds.values(), key=lambda pair: abs(pair[0] + 0.5))
        assert table.loc[seed, "start"] == pytest.approx(start, abs=1e-4)
        assert table.loc[seed, "end"] == pytest.approx(end, abs=1e-4)
        assert table.loc[seed, "turned"] == (end > 0)
    assert set(table.index) == set(runs["seed"])


def test_log_odds_end_where_the_docstring_says():
    found = plane.log_odds(pd.Series([-1.0, 0.25, 0.5, 3.0])).to_list()
    assert found == pytest.approx([-6, -np.log(3), 0, 6], abs=0.02)
