"""The analysis of the order parameter, on runs whose law is known."""

import numpy as np
import pandas as pd
import pytest

from grokmodels import Experiment, studies
from grokmodels.claims import order_parameter as op
from grokmodels.engine.run import Run
from grokmodels.studies import Point, Record
from grokmodels.theory.plateau import DECAY_TIME, SHARE

STARTS = (5e-4, 1e-3, 2e-3)


def known(ratio=1.6, share_0=1e-3, number=0, stretch=1.0, noise=0.0, crosstalk=0.1, cohort="look", decay=0.5):
    """A run that follows the toy's law at constant margin, its clock from m = ½ on ``stretch`` times faster.

    It has the columns of :func:`op.histories`, but for ``waiting``: see :func:`marked`.
    """
    decay_time = np.arange(0, 12, 0.05)
    half = DECAY_TIME(0.5, 1.0, share_0, 1.0, ratio)
    m = SHARE(decay_time + (stretch - 1) * np.clip(decay_time - half, 0, None), share_0, ratio, 1.0)
    odds = (m / (1 - m) * crosstalk) ** 2
    accuracy = np.clip((m - 0.2) / 0.6, 0.01, 1)
    step = np.arange(len(m)) * 25
    run = pd.DataFrame(
        {
            "step": step,
            "decay_time": decay_time,
            "m_hat": m + np.random.default_rng(number).normal(0, noise, len(m)),
            "rule_share": odds / (1 + odds),
            "train_signal": 10.0,
            "test_signal": 10 * m,
            "train_loss": 0.1,
            "test_loss": 5 - 4 * m,
            "train_accuracy": (step >= 25).astype(float),
            "test_accuracy": accuracy,
            "weight_norm": np.sqrt(10 * (1 - m * (1 - 1 / ratio))),
        }
    )
    t_gen = step[accuracy >= 0.99][0] if (accuracy >= 0.99).any() else step[-1]
    beside = {"seed": number, "cohort": cohort, "t_mem": 25, "t_gen": t_gen, "optimizer.weight_decay": decay}
    return marked(run.assign(**beside))


def marked(run):
    """Root and plateau of a run, as :func:`op.histories` sets them."""
    root = op.signed_root(run["rule_share"], run["test_signal"])
    return run.assign(root=root, waiting=run.index.isin(op.plateau(run, 25, 97).index))


def leaking(run, first=20, root=0.02):
    """The same run, its table louder than its rule at its first evaluations, and fading."""
    leak = -root * np.exp(-np.arange(first) / 10)
    run.loc[run.index[:first], "rule_share"] = leak**2 / (1 + leak**2)
    run.loc[run.index[:first], "test_signal"] = leak
    return marked(run)


def control(number, height=0.001):
    run = known(number=number)
    wobble = height * np.random.default_rng(number).random(len(run))
    quiet = {"m_hat": wobble, "rule_share": wobble, "test_signal": wobble, "test_loss": 5.0}
    return marked(run.assign(**quiet, test_accuracy=0.01))


def recorded(*runs, block="decay"):
    """The record of runs, as a study's."""
    of_run = ["seed", "cohort", "t_mem", "t_gen", "optimizer.weight_decay", "root", "waiting"]
    return Record.of(
        (
            Point(block, recipe, (), (), run["cohort"].iloc[0]),
            Run(recipe, run.drop(columns=of_run), "finished", {"seconds": 0.0}),
        )
        for run in runs
        for recipe in [
            Experiment(seed=int(run["seed"].iloc[0])).but(
                optimizer__weight_decay=float(run["optimizer.weight_decay"].iloc[0])
            )
        ]
    )


def test_histories_are_those_of_runs_that_memorized_with_signs_and_plateaus():
    never = known(number=1).assign(train_accuracy=0.5)
    (found,) = op.histories(recorded(leaking(known(cohort="test")), never))
    assert (found["seed"].iloc[0], found["cohort"].iloc[0], found["t_mem"].iloc[0]) == (0, "test", 25)
    assert (found["root"][:20] < 0).all()
    assert (found["root"][20:] > 0).all()
    ends = found["step"][found["waiting"]].iloc[[0, -1]].tolist()
    assert ends == [25, found["step"][found["test_accuracy"] < 0.05].iloc[-1]]


def test_a_plateau_does_not_come_back():
    run = known()
    run.loc[run["step"] == 2000, "test_accuracy"] = 0.2
    assert marked(run)["step"][marked(run)["waiting"]].iloc[-1] == 1975


@pytest.mark.parametrize(("ratio", "share_0"), [(1.4, 1e-3), (1.6, 5e-4), (1.8, 2e-3)])
def test_the_law_is_found_where_it_is_true(ratio, share_0):
    found = op.law(known(ratio=ratio, share_0=share_0, noise=0.001))
    assert found.ratio == pytest.approx(ratio, abs=0.05)
    assert found.share_0 == pytest.approx(share_0, rel=0.2)


def test_a_table_that_speaks_against_the_right_answer_bends_no_law():
    run = leaking(known(ratio=1.6))
    assert op.law(run).ratio == pytest.approx(1.6, abs=0.05)
    waiting = run[run["waiting"]]
    # Without its sign the rule share falls at first, and both numbers are wrong.
    blind = np.polyfit(waiting["decay_time"], np.log(np.abs(waiting["root"])), 1)[0]
    assert abs(1 + blind / 2 - 1.6) > 0.1
    (row,) = op.seeds([run], [control(1), control(2)]).to_dict("records")
    assert abs(row["curvature"]) < 0.1
    assert row["start"] < 0
    assert row["growth"] == pytest.approx((waiting["root"].iloc[-1] / run["root"][20]) ** 2)


def test_a_bent_climb_has_curvature():
    run = known()
    log_root = np.log(run["root"]) + 0.3 * run["decay_time"] ** 2 / 2
    bent = marked(run.assign(rule_share=1 / (1 + np.exp(-2 * log_root))))
    assert op.seeds([bent], [control(1)])["curvature"].iloc[0] == pytest.approx(0.3, abs=0.05)


def test_the_law_forecasts_its_own_runs_and_not_faster_ones():
    own = [known(share_0=s, number=i) for i, s in enumerate(STARTS)]
    law = op.forecasts(own).query("forecast == 'law'")
    assert (law[["half", "gen"]].abs() < 0.03).all(axis=None)
    fast = [known(share_0=s, number=i, stretch=4) for i, s in enumerate(STARTS)]
    assert (op.forecasts(fast).query("forecast == 'law'")["gen"] > 0.1).all()


def test_a_shifted_copy_is_forecast_by_shifting():
    runs = [known(share_0=s, number=i) for i, s in enumerate(STARTS)]
    errors = op.forecasts(runs).set_index(["seed", "forecast"])["half"].abs()
    assert errors[0, "shifted"] < 0.05 < errors[0, "others"]


def test_a_curve_arrives_only_at_levels_that_it_reaches():
    assert op.arrival(lambda x: np.interp(x, [1, 2, 3], [0.1, 0.5, 0.4]), 0.4) == pytest.approx(1.75, abs=0.01)
    assert np.isnan(op.arrival(lambda x: np.interp(x, [1, 2, 3], [0.1, 0.5, 0.4]), 0.6))


def test_widths_of_the_law():
    run = known()
    assert op.width(run, "m_hat") == pytest.approx(DECAY_TIME(0.9, 1.0, 0.1, 1.0, 1.6), rel=0.03)
    assert op.width(run, "test_accuracy") < op.width(run, "m_hat")


def test_the_rule_leaves_the_controls_first_and_controls_stay():
    controls = [control(i) for i in range(6)]
    found = op.onsets(known(crosstalk=1.0), controls)
    assert found["root"] < found["test_accuracy"]
    assert np.isnan(op.onsets(control(9), controls)["test_accuracy"])


def test_a_table_that_speaks_louder_against_the_right_answer_does_not_leave():
    controls = [control(i) for i in range(6)]
    anti = marked(control(7).assign(rule_share=0.5, test_signal=-1.0))
    assert np.isnan(op.onsets(anti, controls)["root"])
    assert op.onsets(marked(anti.assign(test_signal=1.0)), controls)["root"] == 25


def test_the_control_above_the_others_is_the_false_alarm():
    controls = [control(i) for i in range(5)] + [control(5, height=0.1)]
    assert op.false_alarms(controls) == {"root": 1, "m_hat": 1, "test_loss": 0, "test_accuracy": 0}


def test_stairs_put_the_climb_where_the_loss_is_disturbed():
    run = known()
    disturbed = np.arange(len(run)) % 10 < 3
    log_root = np.cumsum(np.where(disturbed, 0.1, 0.0)) - 6
    share = 1 / (1 + np.exp(-2 * log_root))
    found = op.stairs(marked(run.assign(train_loss=np.where(disturbed, 1.0, 0.1), rule_share=share)))
    assert found["climb"] == pytest.approx(1, abs=0.05)
    assert found["time"] == pytest.approx(0.4, abs=0.05)


def test_disturbed_begins_where_the_loss_doubles():
    run = known()
    marks = op.disturbed(run.assign(train_loss=np.where(run["step"] == 500, 1.0, 0.1)))
    assert run["step"][marks].tolist() == [500]


def test_spikes_are_counted_per_unit_of_decay_and_strong_decays_left_out():
    run = known()
    spiky = run.assign(train_loss=np.where(np.arange(len(run)) % 20 == 10, 1.0, 0.1))
    strong, none = spiky.assign(**{"optimizer.weight_decay": 1.0}), spiky.assign(**{"optimizer.weight_decay": 0.0})
    found = op.by_decay(recorded(spiky, strong, none)).set_index("decay")
    assert found.index.tolist() == [0.5, 1.0]
    assert found.loc[0.5, "ratio"] == pytest.approx(1.6, abs=0.05)
    # One every 20 evaluations, 0.05 of Λ apart, at each of which the root gains what the law says in a unit of Λ.
    assert found.loc[0.5, "spikes"] == pytest.approx(1, abs=0.15)
    assert found.loc[0.5, "gain"] == pytest.approx(2 * 0.6, rel=0.15)
    assert np.isnan(found.loc[1.0, "spikes"])


def test_the_norm_of_the_law():
    found = op.norms(known(), 1.6)
    for name in ("plateau", "gen"):
        assert found[f"measured_{name}"] == pytest.approx(found[f"toy_{name}"], rel=0.03)


def table(growth=50.0, lead=100.0, sharper=1.0, broader=2.0, rise=0.1):
    columns = {"growth": growth, "lead_root": lead, "sharper": sharper, "broader": broader, "rise": rise}
    return pd.DataFrame({name: np.broadcast_to(value, 5) for name, value in columns.items()})


def judged(*verdicts):
    return pd.DataFrame({"sentence": ["Decay 0.5, the wait: …"] * len(verdicts), "verdict": verdicts})


def test_row_12_follows_its_rule():
    assert op.judge_gradual(table())[0] == "holds"
    assert op.judge_gradual(table(sharper=3.0))[0] == "holds with limits"
    assert op.judge_gradual(table(lead=[100, 100, 0, 100, 100]))[0] == "holds with limits"
    assert op.judge_gradual(table(growth=[50, 50, 50, 50, 9.9]))[0] == "fails"


def test_row_1_follows_the_predictions_and_its_rule():
    assert op.judge_abrupt(judged("true", "true"), table())[0] == "holds with limits"
    assert op.judge_abrupt(judged("true", "true"), table(broader=1.0))[0] == "holds"
    assert op.judge_abrupt(judged("true", "false"), table())[0] == "fails"
    assert op.judge_abrupt(judged("true", "open"), table())[0] == "open"
    assert op.judge_abrupt(judged("true", "true"), table(rise=[0.1, 0.1, 0.1, 0.1, 0.34]))[0] == "fails"
    of_others = judged("true").assign(sentence="Width 128: …")
    assert op.judge_abrupt(pd.concat([of_others.assign(verdict="false"), judged("true")]), table())[0] != "fails"


def test_the_two_predictions_of_the_wait_are_those_of_the_study():
    waits = [one for one in studies.shipped("canonical")[0].predicted if one.sentence.startswith("Decay 0.5, the wait")]
    assert [(one.quantity, one.block, one.bounds) for one in waits] == [
        ("test_accuracy at t_mem", "decay", (0.05,)),
        ("delay_ratio", "decay", (3.0,)),
    ]


def stored(block, seed, t_mem=100, t_gen=1000, highest=1.0, at_t_mem=0.01, norm=5.0, steps=6000):
    """A run of a block of ``canonical`` with the given milestones, as the library yields it."""
    step = np.arange(0, steps, 50)
    accuracy = np.where(step >= t_gen, highest, at_t_mem)
    history = pd.DataFrame({"step": step, "train_accuracy": (step >= t_mem).astype(float), "test_accuracy": accuracy})
    history = history.assign(decay_time=step * 1e-3, weight_norm=np.where(step < t_gen, 9.0, norm))
    recipe = Experiment(seed=seed)
    return Point(block, recipe, (), (), "look"), Run(recipe, history, "finished", {"seconds": 0.0})


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        (stored("decay", 1, t_mem=600, t_gen=2000), "Decay 0.5: every seed memorizes"),
        (stored("decay", 1, at_t_mem=0.06), "Decay 0.5, the wait: at t_mem"),
        (stored("decay", 1, t_gen=250), "Decay 0.5, the wait: every seed"),
        (stored("decay", 1, t_gen=4050), "Decay 0.5: every seed generalizes within"),
        (stored("decay", 1, norm=10.0), "Decay 0.5: the weight norm"),
        (stored("control", 1, t_mem=600, highest=0.09), "No decay: every seed memorizes"),
        (stored("control", 1, highest=0.11), "No decay: the test accuracy"),
        (stored("wide", 1, t_mem=600, t_gen=2500), "Width 128, decay 1: every seed memorizes"),
        (stored("wide", 1, t_gen=250), "Width 128, decay 1: every seed generalizes at least"),
        (stored("wide", 1, t_gen=2550), "Width 128, decay 1: every seed generalizes within"),
    ],
)
def test_every_criterion_of_the_prose_can_come_out_false(wrong, sentence):
    right = [stored("decay", 0), stored("control", 0, highest=0.09), stored("wide", 0)]
    study = studies.shipped("canonical")[0]
    (of_all,) = studies.verdicts(study, Record.of(right)).groupby("cohort")["verdict"].unique()[["all"]]
    assert of_all.tolist() == ["true"]
    found = studies.verdicts(study, Record.of([*right, wrong])).query("cohort == 'all'")
    (false,) = found["sentence"][found["verdict"] == "false"]
    assert false.startswith(sentence)


def test_a_norm_that_is_not_known_makes_no_largest_ratio():
    record = Record.of([stored("decay", 0), stored("decay", 1, t_gen=9999)])
    assert np.isnan(op.largest_norm_ratio(record))


def test_networks_answer_pairs_above_chance_whose_mirror_they_were_shown_and_others_below():
    tables = op.tables()
    assert len(tables) == 9
    assert (tables["signal shown"] > 0).all()
    assert (tables["signal other"] < 0).all()
    assert (tables["accuracy shown"] > tables["accuracy other"]).all()
    assert tables.loc[tables["p"] == 31, "accuracy shown"].mean() > 1 > tables["accuracy other"].max()
