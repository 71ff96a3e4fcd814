"""Predictions: refused before anything runs where they are wrong, judged rightly on tables with known answers."""

import math

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from grokmodels import studies, train
from grokmodels.studies import cli, files
from grokmodels.studies.verdicts import ROUNDING, Value, evaluate, verdict

STUDY = """
question = "Does it shrink?"
seeds = [0, 1]
test_seeds = [2]

[base]
task.p = 7
architecture.width = 8
batch_size = "full"
steps = 20
evaluate_every = 10

[[block]]
name = "decay"
grid.optimizer.weight_decay = [0.0, 0.5, 1.0]

[[block]]
name = "wide"
base.architecture.width = 16

[[predicted]]
sentence = "Decay accumulates."
mechanism = ["clock"]
quantity = "decay_time at end"
statistic = "median"
block = "decay"
where.optimizer.weight_decay = 1.0
over.where.optimizer.weight_decay = 0.5
comparison = "equal within"
bounds = [2, 0.01]
"""


def make(**changes):
    return studies.Prediction(
        **{"sentence": "", "quantity": "t_gen", "statistic": "median", "comparison": "above", "bounds": 100} | changes
    )


def table(waits, censored=(), **columns):
    """Runs of seeds 0, 1, … with these t_gen; the last of the seeds are test seeds."""
    n = len(waits)
    open_ = [i in censored for i in range(n)]
    columns = {"block": ["b"] * n, "seed": range(n), "test": [i >= n / 2 for i in range(n)]} | columns
    return pd.DataFrame({**columns, "t_gen": waits, "t_gen_censored": open_})


@pytest.mark.parametrize(
    ("statistic", "censored", "low", "high"),
    [
        ("median", (), 200, 200),
        ("median", (3,), 200, 200),
        # Kaplan and Meier: of the four, one ended at 100 and one at 300, with 400 open.
        ("median", (1, 3), 300, 300),
        ("median", (1, 2, 3), 200, math.inf),
        ("largest", (), 400, 400),
        ("largest", (1,), 400, math.inf),
        ("smallest", (), 100, 100),
        ("smallest", (0,), 100, 200),
    ],
)
def test_a_statistic_of_waits_knows_what_censoring_leaves_open(statistic, censored, low, high):
    assert evaluate(make(statistic=statistic), table([100, 200, 300, 400], censored)) == (low, high)


def test_a_ratio_compares_two_selections():
    runs = table([100, 100, 300, 300], block=["a", "a", "b", "b"])
    ratio = make(block="b", over={"block": "a"}, comparison="above", bounds=3)
    assert evaluate(ratio, runs) == (3, 3)
    assert evaluate(ratio, runs.assign(t_gen_censored=[False, False, True, True])) == (3, math.inf)
    assert evaluate(ratio, runs.assign(t_gen_censored=[True, True, False, False])) == (0, 3)
    # A choice by fields: any of a list.
    chosen = make(where={"seed": [2, 3]}, over={"where": {"seed": [0, 1]}})
    assert evaluate(chosen, runs) == (3, 3)


def test_a_slope_in_logs_is_that_of_a_power_law():
    runs = table([1000, 500, 250, 125], decay=[0.1, 0.2, 0.4, 0.8])
    slope = make(statistic="log slope", against="decay", comparison="equal within", bounds=[-1, 1e-6])
    assert evaluate(slope, runs)[0] == pytest.approx(-1)
    assert studies.check([slope], runs.assign(test=False))["verdict"].tolist() == ["true", "no runs", "true"]
    # Only two waits have ended: no law can be fitted.
    assert evaluate(slope, runs.assign(t_gen_censored=[True, True, False, False])) == (-math.inf, math.inf)


@pytest.mark.parametrize(
    ("comparison", "bounds", "value", "expected"),
    [
        ("above", 3, (3, 3), "true"),
        ("above", 3, (3 * (1 - ROUNDING / 2),) * 2, "true"),
        ("above", 3, (3 * (1 - 10 * ROUNDING),) * 2, "false"),
        ("above", 3, (4, math.inf), "true"),
        ("above", 3, (2, math.inf), "open"),
        ("below", 3, (2, 2), "true"),
        ("below", 3, (2, math.inf), "open"),
        ("below", 3, (4, math.inf), "false"),
        ("below", 0, (1e-17, 1e-17), "true"),
        ("between", [1, 2], (1.5, 1.5), "true"),
        ("between", [1, 2], (1.5, 2.5), "open"),
        ("between", [1, 2], (2.5, 3), "false"),
        ("equal within", [0.3, 0.1], (0.1 + 0.3, 0.1 + 0.3), "true"),
        ("equal within", [0.3, 0.1], (0.41, 0.41), "false"),
        ("above", 3, (-math.inf, math.inf), "open"),
    ],
)
def test_a_verdict_is_open_where_the_bound_lies_within_what_is_known(comparison, bounds, value, expected):
    assert verdict(make(comparison=comparison, bounds=bounds), Value(*value)) == expected


numbers = st.floats(-1e6, 1e6)


@given(bound=numbers, ends=st.tuples(numbers, numbers).map(sorted), inner=st.floats(0, 1))
def test_knowing_more_never_turns_a_verdict(bound, ends, inner):
    low, high = ends
    point = min(max(low + inner * (high - low), low), high)
    for comparison in ("above", "below"):
        prediction = make(comparison=comparison, bounds=bound)
        assert verdict(prediction, Value(low, high)) in (verdict(prediction, Value(point, point)), "open")


@given(
    waits=st.lists(st.integers(1, 10**6), min_size=1, max_size=8),
    ended=st.lists(st.booleans(), min_size=8, max_size=8),
    statistic=st.sampled_from(["median", "largest", "smallest"]),
)
def test_what_is_known_of_open_waits_holds_when_they_end(waits, ended, statistic):
    """Whatever longer waits the open ones turn out to have, with one budget for all."""
    budget = max(waits)
    censored = [i for i, _ in enumerate(waits) if not ended[i]]
    seen = [budget if i in censored else wait for i, wait in enumerate(waits)]
    later = [2 * budget if i in censored else wait for i, wait in enumerate(waits)]
    known = evaluate(make(statistic=statistic), table(seen, censored))
    truth = evaluate(make(statistic=statistic), table(later))
    assert truth.low == truth.high
    assert known.low <= truth.low <= known.high


def test_a_check_is_one_row_for_look_seeds_test_seeds_and_all():
    runs = table([100, 200, 300, 400, 500, 600])
    found = studies.check([make(sentence="It is long.", bounds=250, mechanism=["clock"])], runs)
    assert found["runs"].tolist() == ["look", "test", "all"]
    assert found["seeds"].tolist() == [3, 3, 6]
    assert found["value"].tolist() == [200, 500, 300]
    assert found["verdict"].tolist() == ["false", "true", "true"]
    assert found["sentence"].unique() == ["It is long."]
    assert found["mechanism"].tolist() == [("clock",)] * 3
    low, high = found["interval"][2]
    assert 100 <= low <= 300 <= high <= 600
    assert not found["at_least"].any()


def test_an_interval_is_as_open_as_its_draws():
    found = studies.check([make(bounds=50)], table([100, 200, 300, 400], censored=(2, 3)))
    whole = found.iloc[2]
    assert whole["verdict"] == "true"
    assert whole["value"] == 200
    assert whole["interval"] == (100, math.inf)
    test = found.iloc[1]
    assert (test["value"], test["at_least"], test["interval"]) == (300, True, (300, math.inf))


def test_a_prediction_without_runs_says_so():
    empty = studies.check([make()], pd.DataFrame())
    assert empty["verdict"].tolist() == ["no runs"] * 3
    other = studies.check([make(block="c")], table([1, 2]))
    assert other["verdict"].tolist() == ["no runs"] * 3


def test_one_seed_has_no_interval():
    found = studies.check([make()], table([150, 250]))
    assert found["interval"][0] is None
    assert found["verdict"].tolist() == ["true", "true", "true"]


@pytest.fixture
def root(tmp_path):
    (tmp_path / "studies").mkdir()
    (tmp_path / "studies" / "tiny.toml").write_text(STUDY, encoding="utf-8")
    return tmp_path


def test_the_quantities_of_stored_runs_are_checked_and_shown(root, capsys):
    study, folder = studies.shipped("tiny", root)
    for point in studies.missing(study, folder):
        files.save(train(point.experiment, progress=False), folder)
    found = studies.verdicts(study, folder)
    assert found["verdict"].tolist() == ["true", "no runs", "true"]
    assert found["value"][0] == pytest.approx(2)
    cli.main(["--root", str(root), "show", "tiny"])
    shown = capsys.readouterr().out
    assert "Decay accumulates." in shown
    assert "true" in shown
    assert "no runs" in shown


QUANTITIES = ["t_mem", "t_gen", "delay", "delay_ratio", "memorized", "generalized", "diverged"]


@pytest.mark.parametrize(
    "quantity",
    [*QUANTITIES, "weight_norm at start", "test_loss at end", "decay_time at t_gen", "train_rule_accuracy at end"],
)
def test_every_quantity_can_be_measured(root, quantity):
    study, _ = studies.shipped("tiny", root)
    point = next(study.points())
    run = train(point.experiment, progress=False)
    row = studies.measured([(point, run)], [make(quantity=quantity, statistic=statistic_for(quantity))]).iloc[0]
    expected = {
        "t_mem": (20, True), "t_gen": (20, True), "memorized": (0, False), "generalized": (0, False),
        "diverged": (0, False), "train_rule_accuracy at end": (math.nan, False),
        "weight_norm at start": (run.history["weight_norm"][0], False),
        "test_loss at end": (run.history["test_loss"].iloc[-1], False), "decay_time at t_gen": (0, True),
    }  # fmt: skip
    # Before t_mem nothing is known of a delay.
    value, censored = expected.get(quantity, (math.nan, False))
    assert row[quantity] == pytest.approx(value, nan_ok=True)
    assert row[f"{quantity}_censored"] == censored


def statistic_for(quantity):
    return "share" if quantity in ("memorized", "generalized", "diverged") else "median"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (('"decay_time at end"', '"decay at end"'), ["quantity: got 'decay at end'; must be one of ['t_mem', "]),
        (('"median"', '"middle"'), ["statistic: got 'middle'", "'median', 'largest'"]),
        (('"median"', '"share"'), ["statistic: got 'share' of 'decay_time at end'", "memorized"]),
        (('"median"', '"log slope"'), ["against: got None for 'log slope'; must be a field"]),
        (
            ('"median"', '"log slope"\nagainst = "optimizer.weight_decay"'),
            ["against: got 'optimizer.weight_decay', which is [1.0]; must be two or more positive numbers"],
        ),
        (('"equal within"', '"over"'), ["comparison: got 'over'", "'above', 'below', 'between' or 'equal within'"]),
        (("[2, 0.01]", "2"), ["bounds: got [2.0]; must be two numbers for 'equal within'"]),
        (("[2, 0.01]", "[2, -0.01]"), ["bounds: got [2.0, -0.01]; no number is 'equal within' these"]),
        (("[2, 0.01]", '["two", 1]'), ["bounds.0: got 'two'"]),
        (('block = "decay"', 'block = "dcay"'), ["block: got 'dcay'; must be one of ['decay', 'wide']"]),
        (("where.optimizer.weight_decay = 1.0", "where.optimizer.weight_decay = 2.0"), ["2.0", "[0.0, 0.5, 1.0]"]),
        (("where.optimizer.weight_decay = 1.0", "where.optimizer.decay = 2.0"), ["optimizer.decay", "'weight_decay'?"]),
        (("sentence", "sentense"), ["sentense", "did you mean 'sentence'?"]),
        (('"decay_time at end"', '"train_rule_accuracy at end"'), ["train_rule_accuracy at end", "do not have"]),
        (('"decay_time at end"', '"spectral_contrast at end"'), ["spectral_contrast at end", "do not have"]),
        (("where.optimizer.weight_decay = 1.0", "where.batch_size.x = 2.0"), ["batch_size.x", "before 'x' has none"]),
    ],
)
def test_a_bad_prediction_is_named_before_anything_runs(root, change, words, capsys):
    assert change[0] in STUDY
    path = root / "studies" / "tiny.toml"
    path.write_text(STUDY.replace(*change, 1), encoding="utf-8")
    with pytest.raises(SystemExit) as raised:
        cli.main(["--root", str(root), "study", "tiny"])
    assert raised.value.code == 2
    error = capsys.readouterr().err
    assert all(word in error for word in ["tiny.toml", *words]), error
    assert not (root / "results").exists()


def test_a_study_foretells_something(root):
    path = root / "studies" / "tiny.toml"
    path.write_text(STUDY[: STUDY.index("[[predicted]]")], encoding="utf-8")
    with pytest.raises(ValueError, match="predicted: got none; must be stated before the runs"):
        studies.read(path)
