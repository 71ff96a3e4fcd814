"""The plane of data and noise: two laws by their formulas, and tables of runs against their histories."""

import numpy as np
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


def test_runs_are_read_as_they_are_stored():
    study, folder = studies.shipped("motion-data")
    looked = plane.runs("motion-data", "look")
    assert not looked["test"].any()
    assert set(looked["share"]) <= set(plane.SHARES)
    stored = [(point, run) for point, run in studies.runs(study, folder) if not point.test]
    assert len(looked) == len(stored)
    for i in (0, len(stored) // 2, len(stored) - 1):
        row, run = looked.iloc[i], stored[i][1]
        history = run.history
        if row["censored"]:
            assert row["turn"] == pytest.approx(history["decay_time"].iloc[-1], rel=2e-3)
        else:
            at = history[history["m_hat"] >= 0.5]["decay_time"].min()
            assert row["turn"] >= at * 0.999
        weights = 32 * 31
        wall = 2.0 * history["norm.unembedding.weight"].iloc[-1] / np.sqrt(weights)
        assert row["wall.unembedding.weight"] == pytest.approx(wall)
        # AdamW's box.
        assert wall < 1.02


def test_evidence_has_the_columns_and_cells_of_simulated_studies():
    found = plane.evidence("look")
    random = np.random.default_rng(0)
    simulated = study(growth.saddle(random), random)
    for name in ("plane", "rates", "crossed", "quench"):
        real, made = getattr(found, name), getattr(simulated, name)
        if real is None:
            continue
        assert set(real) == set(made)
        assert len(real) == len(made)
    assert found.edge is None
    told = statistics_of(found)
    if found.plane is not None:
        assert told[[name for name in told.index if "60 %" in name]].notna().all()


def test_a_quench_is_read_where_the_noise_stops_and_where_it_returns():
    table = plane.quenched().set_index("seed")
    runs = studies.histories(*studies.shipped("quench")).query("seed < 410")
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
