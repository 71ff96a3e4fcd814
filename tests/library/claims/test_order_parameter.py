"""The analysis of the order parameter, on runs whose law is known."""

import numpy as np
import pandas as pd
import pytest

from grokmodels import Experiment, studies
from grokmodels.engine.training import Run
from grokmodels.claims import order_parameter as op
from grokmodels.theory.plateau import DECAY_TIME, SHARE


def seed(ratio=1.6, share_0=1e-3, number=0, stretch=1.0, noise=0.0, crosstalk=0.1):
    """A run that follows the toy's law at constant margin, its clock from m = ½ on ``stretch`` times faster."""
    decay_time = np.arange(0, 12, 0.05)
    half = DECAY_TIME(0.5, 1.0, share_0, 1.0, ratio)
    m = SHARE(decay_time + (stretch - 1) * np.clip(decay_time - half, 0, None), share_0, ratio, 1.0)
    m_hat = m + np.random.default_rng(number).normal(0, noise, len(m))
    odds = (m / (1 - m) * crosstalk) ** 2
    run = pd.DataFrame(
        {
            "step": np.arange(len(m)) * 25,
            "decay_time": decay_time,
            "m_hat": m_hat,
            "rule_share": odds / (1 + odds),
            "train_signal": 10.0,
            "train_loss": 0.1,
            "test_loss": 5 - 4 * m,
            "test_accuracy": np.clip((m - 0.2) / 0.6, 0.01, 1),
            "weight_norm": np.sqrt(10 * (1 - m * (1 - 1 / ratio))),
        }
    )
    t_gen = int(run["step"][run["test_accuracy"] >= 0.99].iloc[0])
    return op.Seed(number, run, 25, t_gen, test=False)


def control(number):
    run = seed().run.copy()
    wobble = 0.001 * np.random.default_rng(number).random(len(run))
    return op.Seed(
        number, run.assign(m_hat=wobble, rule_share=wobble, test_loss=5 + wobble, test_accuracy=0.01), 25, 25, False
    )


def test_the_law_is_found_where_it_is_true():
    found = op.fit(seed(ratio=1.6, share_0=1e-3, noise=0.003))
    assert found.ratio == pytest.approx(1.6, abs=0.05)
    assert found.share_0 == pytest.approx(1e-3, rel=0.2)
    assert abs(found.curvature) < 0.1


def test_the_plateau_ends_at_five_percent_and_does_not_come_back():
    one = seed()
    one.run.loc[one.run["step"] == 2000, "test_accuracy"] = 0.2
    assert op.waiting(one)["step"].iloc[[0, -1]].tolist() == [25, 1975]


def test_a_bent_climb_has_curvature():
    bent = seed()
    x = op.half_log_odds(bent.run["rule_share"]) + 0.3 * bent.run["decay_time"] ** 2 / 2
    run = bent.run.assign(rule_share=1 / (1 + np.exp(-2 * x)))
    assert op.fit(bent._replace(run=run)).curvature == pytest.approx(0.3, abs=0.05)


def test_the_law_forecasts_its_own_runs_and_not_faster_ones():
    own = [seed(share_0=s, number=i) for i, s in enumerate((5e-4, 1e-3, 2e-3))]
    toy = op.forecasts(own).query("forecast == 'toy'")
    assert (toy[["half", "gen"]].abs() < 0.03).all(axis=None)
    fast = [seed(share_0=s, number=i, stretch=4) for i, s in enumerate((5e-4, 1e-3, 2e-3))]
    assert (op.forecasts(fast).query("forecast == 'toy'")["gen"] > 0.1).all()


def test_a_shifted_copy_is_forecast_by_shifting():
    runs = [seed(share_0=s, number=i) for i, s in enumerate((5e-4, 1e-3, 2e-3))]
    table = op.forecasts(runs).set_index(["seed", "forecast"])
    assert table.loc[(0, "shifted"), "rms"] < 0.02 < table.loc[(0, "others"), "rms"]


def test_a_curve_arrives_only_at_levels_that_it_reaches():
    curve = op.Curve(np.array([1.0, 2.0, 3.0]), np.array([0.1, 0.5, 0.4]))
    assert curve.arrival(0.4) == 2
    assert np.isnan(curve.arrival(0.6))


def test_widths_of_the_law():
    wide = op.widths(seed(), 1.6)
    assert wide["m_hat"] == pytest.approx(wide["toy"], rel=0.03)
    assert wide["test_accuracy"] < wide["m_hat"]


def test_the_rule_share_leaves_the_controls_first_and_controls_stay():
    controls = [control(i) for i in range(6)]
    found = op.onsets(seed(crosstalk=1.0), controls)
    assert found["rule_share"] < found["test_accuracy"]
    assert np.isnan(op.onsets(control(9), controls)["test_accuracy"])


def test_stairs_put_the_climb_where_the_loss_is_disturbed():
    one = seed()
    disturbed = np.arange(len(one.run)) % 10 < 3
    x = np.cumsum(np.where(disturbed, 0.1, 0.0)) - 6
    run = one.run.assign(train_loss=np.where(disturbed, 1.0, 0.1), rule_share=1 / (1 + np.exp(-2 * x)))
    found = op.stairs(one._replace(run=run))
    assert found["climb"] == pytest.approx(1, abs=0.05)
    assert found["time"] == pytest.approx(0.4, abs=0.05)


def test_the_norm_of_the_law():
    found = op.norms(seed(), 1.6)
    for name in ("plateau", "gen"):
        assert found[f"measured_{name}"] == pytest.approx(found[f"toy_{name}"], rel=0.03)


def result(growth, leads, sharper):
    n = len(growth)
    fits = pd.DataFrame(
        {"growth": growth, "sharper": sharper, "broader": 2.0, "delay_ratio": 5.0, "at_t_mem": 0.01, "rise": 0.1}
    )
    return op.Summary(fits.assign(seed=range(n)), pd.DataFrame({"seed": range(n), "rule_share": leads}), pd.DataFrame())


def stored(block, seed, t_mem=100, t_gen=1000, highest=1.0, norm=5.0, test=False):
    """A run of a block of ``canonical`` with the given milestones, as the library yields it."""
    step = np.arange(0, 6000, 50)
    accuracy = np.where(step >= t_gen, highest, 0.01)
    history = pd.DataFrame({"step": step, "train_accuracy": (step >= t_mem).astype(float), "test_accuracy": accuracy})
    recipe = Experiment(seed=seed)
    run = Run(recipe, history.assign(weight_norm=np.where(step < t_gen, 9.0, norm)), "finished", {})
    return studies.Point(block, recipe, (), (), test), run


def test_the_prediction_is_counted_block_by_block_for_first_seeds_and_test_seeds(monkeypatch):
    found = [
        stored("decay", 0),
        stored("decay", 1, t_mem=600, norm=10.0),
        stored("decay", 5, t_gen=250, test=True),
        stored("control", 0, highest=0.09),
        stored("wide", 0, t_gen=2600),
    ]
    monkeypatch.setattr(studies, "runs", lambda *_: iter(found))
    told = op.came_true()
    assert told.loc[("decay", "t_mem within 500 steps")].tolist() == ["1 of 2", "1 of 1"]
    assert told.loc[("decay", "t_gen at least 3 t_mem")].tolist() == ["1 of 2", "0 of 1"]
    assert told.loc[("decay", "norm lower at t_gen")].tolist() == ["1 of 2", "1 of 1"]
    assert told.loc[("control", "test accuracy stays below 10 %")].tolist() == ["1 of 1", ""]
    assert told.loc[("wide", "t_gen within 2,500 steps"), "first seeds"] == "0 of 1"


def test_first_seeds_and_test_seeds_stand_side_by_side():
    controls = [control(i) for i in range(4)]
    runs = [seed(share_0=s, number=i)._replace(test=i > 2) for i, s in enumerate((5e-4, 7e-4, 1e-3, 2e-3, 3e-3))]
    found = op.summary(runs, controls)
    told = op.side_by_side(found)
    assert told.loc["seeds"].tolist() == ["3", "2", "5"]
    assert told.loc["verdict, row 12", "all"] == op.gradual(found)[0]
    assert told.loc["ρ on the plateau", "test seeds"] == str(op.median(found.only(True).fits, "ratio"))
    # Of a single test seed there is a count and nothing else.
    alone = op.side_by_side(op.summary(runs[:4], controls))
    assert alone["test seeds"].tolist() == ["1"] + ["-"] * (len(alone) - 1)


def test_verdicts_follow_their_rules():
    assert op.gradual(result([50.0] * 5, [100] * 5, [1.0] * 5))[0] == "holds"
    assert op.gradual(result([50.0] * 5, [100] * 5, [3.0] * 5))[0] == "holds with limits"
    assert op.gradual(result([50.0] * 4 + [5.0], [100] * 5, [1.0] * 5))[0] == "fails"
    fits = result([50.0] * 5, [100] * 5, [1.0] * 5).fits
    assert op.abrupt(fits)[0] == "holds with limits"
    assert op.abrupt(fits.assign(broader=1.0))[0] == "holds"
    assert op.abrupt(fits.assign(at_t_mem=0.5))[0] == "fails"


def test_disturbed_begins_where_the_loss_doubles():
    one = seed()
    run = one.run.assign(train_loss=np.where(one.run["step"] == 500, 1.0, 0.1))
    marked = op.disturbed(one._replace(run=run))
    assert op.waiting(one)["step"][marked].tolist() == [500]
