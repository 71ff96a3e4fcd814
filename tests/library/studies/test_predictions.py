"""Predictions: refused before anything runs where they are wrong, judged rightly on tables with known answers."""

import itertools
import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from grokmodels import Experiment, statistics, studies, train
from grokmodels.engine.run import Run
from grokmodels.studies import cli, files
from grokmodels.studies.quantities import ROUNDING, measure
from grokmodels.studies.verdicts import UNKNOWN, Value, evaluate, verdict

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
    cohorts = ["test" if i >= n / 2 else "look" for i in range(n)]
    columns = {"block": ["b"] * n, "seed": range(n), "cohort": cohorts} | columns
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
    assert studies.check([slope], runs.assign(cohort="look"))["verdict"].tolist() == ["true", "no runs", "true"]
    # Only two waits have ended: no law can be fitted.
    assert evaluate(slope, runs.assign(t_gen_censored=[True, True, False, False])) == (-math.inf, math.inf)


def spread(waits, censored=()):
    return evaluate(make(statistic="log spread"), table(np.asarray(waits, dtype=float), censored))


def test_a_spread_in_logs_is_that_of_the_likeliest_law():
    # Logarithms 1, 3, 3, 5: mean 3, variance 8 / 4.
    assert spread(np.exp([1, 3, 3, 5]))[0] == pytest.approx(2**0.5)
    assert spread([1650] * 4) == (0, 0)
    assert spread([1650] * 3 + [1000], censored=[3]) == (0, 0)
    # A longer wait, though open, is a spread.
    assert spread([1650] * 3 + [2000], censored=[3])[0] > 0.01


def test_a_spread_of_waits_is_the_same_with_half_of_them_open():
    waits = np.exp(np.random.default_rng(0).normal(7, 0.5, size=2000))
    budget = np.exp(7)
    seen = np.minimum(waits, budget)
    assert spread(seen, np.flatnonzero(waits > budget))[0] == pytest.approx(0.5, rel=0.05)
    assert spread(seen)[0] < 0.4


@pytest.mark.parametrize(
    ("waits", "censored"),
    [([100, 200], ()), ([100, 200, 300, 300], (2, 3)), ([100, 200, 300, 0], ()), ([100, 200, 300, math.nan], ())],
    ids=["two runs", "two ended", "not positive", "missing"],
)
def test_a_spread_is_not_known_of_too_little(waits, censored):
    assert spread(waits, censored) == UNKNOWN


@given(
    waits=st.lists(st.integers(1, 10**5), min_size=3, max_size=12),
    open_=st.sets(st.integers(3, 11)),
    factor=st.floats(0.1, 10),
    power=st.floats(0.5, 2),
)
def test_a_spread_is_of_ratios(waits, open_, factor, power):
    """In another unit of time it is the same, and of a power that many times larger."""
    waits, censored = np.array(waits, dtype=float), [i for i in open_ if i < len(waits)]
    known = spread(waits, censored)
    assert known.low == known.high >= 0
    assert spread(factor * waits**power, censored)[0] == pytest.approx(power * known.low, rel=1e-5, abs=1e-6)


CROSSED = (
    STUDY[: STUDY.index("[[block]]")]
    + """
[[block]]
name = "cross"
base.perturbation = 0.1
grid.split_seed = [0, 1]
grid.init_seed = [2, 3]

[[predicted]]
sentence = "The first norm is the initial weights'."
quantity = "weight_norm at 0"
statistic = "variance share"
component = "init"
comparison = "above"
bounds = 0.5
"""
)

# Components 16, 6, 3 and 2, worked by hand in test_components.
CELLS = np.array([[[1.0, 3.0], [3.0, 5.0]], [[5.0, 7.0], [11.0, 13.0]]])


def cross(x, quantity="t_gen"):
    """Runs of a cross: numbers (splits, initial weights, replicas)."""
    rows = [
        {
            "block": "b",
            "seed": seed,
            "cohort": "look",
            "split_seed": split,
            "init_seed": init,
            quantity: x[split, init, seed],
        }
        for split, init, seed in itertools.product(*map(range, x.shape))
    ]
    return pd.DataFrame(rows).assign(**{f"{quantity}_censored": False})


def share(component, quantity="t_gen"):
    return make(
        quantity=quantity, statistic="variance share", component=component, comparison="between", bounds=[0, 0.6]
    )


@pytest.mark.parametrize(
    ("component", "expected"), [("split", 16 / 27), ("init", 6 / 27), ("interaction", 3 / 27), ("replicas", 2 / 27)]
)
def test_a_share_of_the_variance_is_that_of_logarithms_for_waits(component, expected):
    for quantity in ("t_gen", "delay", "delay_ratio", "decay_time at t_gen", "decay_time at 2.5"):
        assert evaluate(share(component, quantity), cross(np.exp(CELLS), quantity))[0] == pytest.approx(expected)
    for quantity in ("m_hat at 2.5", "weight_norm at end"):
        assert evaluate(share(component, quantity), cross(CELLS - 4, quantity))[0] == pytest.approx(expected)


def test_a_share_of_the_variance_may_be_negative_and_has_no_interval():
    # One split is as slow as the other, and so are its pairs on average: all of it is the pairs'.
    pairs = np.array([[[1.0, 1.0], [3.0, 3.0]], [[3.0, 3.0], [1.0, 1.0]]])
    assert evaluate(share("split", "m_hat at end"), cross(pairs, "m_hat at end")).low < 0
    found = studies.check([share("split")], cross(np.exp(CELLS)))
    assert found["verdict"].tolist() == ["true", "no runs", "true"]
    assert found["interval"][0] is None
    assert found["seeds"].tolist() == [2, 0, 2]


def test_a_share_of_the_variance_needs_every_run_of_its_cross():
    whole = cross(np.exp(CELLS))
    assert evaluate(share("split"), whole.iloc[1:]) == UNKNOWN
    assert evaluate(share("split"), whole[whole["split_seed"] == 0]) == UNKNOWN
    assert evaluate(share("split"), whole[whole["seed"] == 0]) == UNKNOWN
    for change in ({"t_gen_censored": whole.index == 3}, {"t_gen": whole["t_gen"].where(whole.index != 3)}):
        assert evaluate(share("split"), whole.assign(**change)) == UNKNOWN
    # Of no variance there is no share, and of what is not positive no logarithm.
    assert evaluate(share("split"), whole.assign(t_gen=0.1)) == UNKNOWN
    assert evaluate(share("split"), whole.assign(t_gen=range(8))) == UNKNOWN


@pytest.mark.slow
@given(
    waits=st.lists(st.integers(1, 10**5), min_size=12, max_size=12).filter(lambda waits: len(set(waits)) > 1),
    factor=st.floats(0.1, 10),
)
def test_shares_of_the_variance_are_of_one_whole(waits, factor):
    x = np.array(waits, dtype=float).reshape(3, 2, 2)
    shares = [
        [evaluate(share(component), cross(y))[0] for component in ("split", "init", "interaction", "replicas")]
        for y in (x, factor * x)
    ]
    assert sum(shares[0]) == pytest.approx(1)
    assert shares[0] == pytest.approx(shares[1], abs=1e-6)


def test_a_share_of_the_variance_is_asked_of_a_cross_that_the_study_declares(root):
    (root / "studies" / "tiny.toml").write_text(CROSSED, encoding="utf-8")
    study, _ = studies.shipped("tiny", root)
    done = [(point, train(point.experiment, progress=False)) for point in study.points() if point.cohort == "look"]
    assert len(done) == 8
    judged = studies.verdicts(study, studies.Record.of(done))
    assert judged["verdict"].tolist() == ["true", "no runs", "true"]
    # A split has no say in the first norm, and replicas little.
    assert judged["value"][0] == pytest.approx(1, abs=0.3)


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
    runs = table(np.repeat([100, 200, 300, 400, 500, 600], 7))
    found = studies.check([make(sentence="It is long.", bounds=250, mechanism=["clock"])], runs)
    assert found["cohort"].tolist() == ["look", "test", "all"]
    assert found["seeds"].tolist() == [21, 21, 42]
    assert found["value"].tolist() == [200, 500, 300]
    assert found["verdict"].tolist() == ["false", "true", "true"]
    assert found["sentence"].unique() == ["It is long."]
    assert found["mechanism"].tolist() == [("clock",)] * 3
    low, high = found["interval"][2]
    assert 100 <= low <= 300 <= high <= 600
    assert not found["at_least"].any()


def test_an_interval_is_as_open_as_its_draws():
    found = studies.check([make(bounds=50)], table(np.repeat([100, 200, 300, 400], 20), censored=range(40, 80)))
    whole = found.iloc[2]
    assert whole["verdict"] == "true"
    assert whole["value"] == 200
    low, high = whole["interval"]
    assert 100 <= low <= 200
    assert high == math.inf
    test = found.iloc[1]
    assert (test["value"], test["at_least"], test["interval"]) == (300, True, (300, math.inf))


def test_a_prediction_without_runs_says_so():
    empty = studies.check([make()], pd.DataFrame())
    assert empty["verdict"].tolist() == ["no runs"] * 3
    other = studies.check([make(block="c")], table([1, 2]))
    assert other["verdict"].tolist() == ["no runs"] * 3


def test_few_seeds_have_no_interval():
    found = studies.check([make()], table(range(150, 180)))
    assert [interval is None for interval in found["interval"]] == [True, True, False]
    assert found["verdict"].tolist() == ["true", "true", "true"]


def test_seeds_that_all_agree_leave_room_for_one_that_does_not():
    prediction = make(quantity="generalized", statistic="share", bounds=0.9)
    runs = table([1] * 50, generalized=1.0, generalized_censored=False)
    test = studies.check([prediction], runs).iloc[1]
    assert (test["value"], test["interval"]) == (1, statistics.share_interval(25, 25)[1:])
    runs.loc[0, "generalized"] = math.nan
    assert [interval is None for interval in studies.check([prediction], runs)["interval"]] == [True, False, True]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({}, "median of t_gen 200"),
        ({"over": {"where": {"seed": 0}}}, "median of t_gen (ratio) 2"),
        ({"statistic": "log slope", "against": "size"}, "log slope of t_gen against size 1"),
        ({"statistic": "variance share", "component": "init"}, "variance share of t_gen from init not known"),
        ({"where": {"seed": 9}}, "no runs"),
    ],
)
def test_a_number_says_in_words_what_it_is_of(changes, words):
    runs = table([100, 200, 300], size=[1, 2, 3], split_seed=0, init_seed=0)
    told = studies.in_words(studies.check([make(sentence="It is long.", **changes)], runs))
    assert told.startswith("It is long.\n  look ")
    assert told.splitlines()[-1].rstrip().endswith(words)


def test_the_table_has_a_row_for_each_prediction_and_a_column_for_each_cohort():
    runs = table([1100, 1200.4, 1300, 1400])
    predicted = [make(sentence="It is long.", bounds=250), make(sentence="It is long.", statistic="largest")]
    shown = studies.as_table(studies.check(predicted, runs), "Said before.").words
    assert shown["prediction"].tolist() == ["It is long. [median of t_gen]", "It is long. [largest of t_gen]"]
    judged = studies.check(predicted, runs)
    for cohort, n in (("look", 2), ("test", 2), ("all", 4)):
        rows = judged[judged["cohort"] == cohort]
        expected = [f"{row['verdict']} · {row['value']:,.0f}" for _, row in rows.iterrows()]
        assert shown[f"{cohort}, n = {n}"].tolist() == expected


def test_a_sentence_with_one_number_stands_alone_and_names_are_words():
    runs = table([100, 200], delay_ratio=[7.0, 8.0], delay_ratio_censored=False)
    predicted = [make(sentence="It waits.", quantity=quantity) for quantity in ("t_gen", "delay_ratio")]
    shown = [
        studies.as_table(studies.check(some, runs)).words["prediction"].tolist() for some in (predicted, predicted[1:])
    ]
    assert shown == [["It waits. [median of t_gen]", "It waits. [median of delay ratio]"], ["It waits."]]


def test_where_the_number_of_seeds_differs_it_stands_beside_the_rows():
    predicted = [make(), make(where={"seed": [0, 1, 3]})]
    shown = studies.as_table(studies.check(predicted, table([100, 200, 300, 400]))).words
    assert [*shown] == ["prediction", "look", "test", "all", "n"]
    assert shown["n"].tolist() == ["2, 2, 4", "2, 1, 3"]


def test_a_cohort_without_runs_has_no_column_in_the_table():
    judged = studies.check([make()], table([100, 200, 300], cohort="look"))
    assert [*studies.as_table(judged).words] == ["prediction", "look, n = 3", "all, n = 3"]


@pytest.fixture
def root(tmp_path):
    (tmp_path / "studies").mkdir()
    (tmp_path / "studies" / "tiny.toml").write_text(STUDY, encoding="utf-8")
    return tmp_path


def test_the_quantities_of_stored_runs_are_checked_and_shown(root, capsys):
    study, folder = studies.shipped("tiny", root)
    for point in studies.missing(study, folder):
        files.save(train(point.experiment, progress=False), folder)
    found = studies.verdicts(study, studies.record(study, folder))
    assert found["verdict"].tolist() == ["true", "no runs", "true"]
    assert found["value"][0] == pytest.approx(2)
    cli.main(["--root", str(root), "show", "tiny"])
    shown = capsys.readouterr().out
    assert "Decay accumulates." in shown
    assert "true" in shown
    assert "no runs" in shown


def run_of(decay_times, status="finished"):
    """A run that was evaluated at these accumulated decays, where m̂ counts the evaluations."""
    n = len(decay_times)
    history = pd.DataFrame({"step": range(n), "decay_time": decay_times, "m_hat": np.arange(n, dtype=float)})
    return Run(Experiment(), history.assign(train_accuracy=0.0, test_accuracy=0.0), status, {})


@pytest.mark.parametrize("status", ["finished", "generalized", "diverged"])
@pytest.mark.parametrize(
    ("moment", "row"),
    [("0", 0), ("0.0999", 0), ("0.1", 1), ("2e-1", 2), ("0.3", 3), ("0.35", 3), ("0.4", 3), ("0.401", None)],
)
def test_a_moment_may_be_an_accumulated_decay(moment, row, status):
    # Their third sum is a little above 0.3: rounding takes no evaluation away.
    run = run_of(np.cumsum([0.0, 0.1, 0.1, 0.1]), status)
    known = math.nan if row is None else row
    assert measure(run, f"m_hat at {moment}") == pytest.approx((known, False), nan_ok=True)


def test_a_run_that_no_longer_decays_never_comes_to_a_later_decay():
    for run in (run_of([0.0, 0.1, 0.1]), run_of([0.1]), run_of([])):
        assert math.isnan(measure(run, "m_hat at 0.11")[0])
    assert measure(run_of([0.0, 0.1, 0.1]), "m_hat at 0.1") == (2, False)
    # Without decay all of a run is at none.
    assert measure(run_of([0.0, 0.0]), "m_hat at 0") == (1, False)


@given(spacings=st.lists(st.floats(0.01, 1), min_size=1, max_size=20), part=st.floats(0, 1))
def test_an_accumulated_decay_lies_between_its_evaluation_and_the_next(spacings, part):
    decay_times = np.cumsum([0.0, *spacings])
    decay = part * float(decay_times[-1])
    row = int(measure(run_of(decay_times), f"m_hat at {decay!r}")[0])
    assert decay_times[row] <= decay * (1 + ROUNDING)
    assert row == len(spacings) or decay < decay_times[row + 1]


@pytest.mark.parametrize("quantity", ["m_hat at -1", "m_hat at nan", "m_hat at inf", "m_hat at ", "t_gen at 3"])
def test_no_other_moment_is_taken(quantity):
    with pytest.raises(ValueError, match="an accumulated decay, a number of at least 0") as raised:
        make(quantity=quantity)
    assert f"quantity: got {quantity!r}" in str(raised.value)


QUANTITIES = ["t_mem", "t_gen", "delay", "delay_ratio", "memorized", "generalized", "diverged"]


@pytest.mark.parametrize(
    "quantity",
    [
        *QUANTITIES,
        "weight_norm at start",
        "test_loss at end",
        "decay_time at t_gen",
        "train_rule_accuracy at end",
        "test_loss at 0",
        "test_loss at 12.5",
        "turned at end",
        "coherence at end",
    ],
)
def test_every_quantity_can_be_measured(root, quantity):
    study, _ = studies.shipped("tiny", root)
    point = next(study.points())
    run = train(point.experiment, progress=False)
    row = studies.Record.of([(point, run)]).measured(quantity).iloc[0]
    expected = {
        "t_mem": (20, True), "t_gen": (20, True), "memorized": (0, False), "generalized": (0, False),
        "test_loss at 0": (run.history["test_loss"].iloc[-1], False),
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
        (('"decay_time at end"', '"m_hat at -2"'), ["quantity: got 'm_hat at -2'; must be", "at least 0"]),
        (
            ('"median"', '"variance share"'),
            ["component: got None for 'variance share'; must be one of ['split', 'init', 'interaction', 'replicas']"],
        ),
        (('"median"', '"median"\ncomponent = "init"'), ["component: got 'init' for 'median'", "absent else"]),
        (('"median"', '"variance share"\ncomponent = "luck"'), ["component: got 'luck'", "'split', 'init'"]),
        (
            ('"median"', '"variance share"\ncomponent = "init"'),
            ["statistic: got 'variance share' of 3 runs; must be of a balanced cross", "split_seed", "init_seed"],
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
        (('"decay_time at end"', '"coherence at end"'), ["coherence at end", "do not have"]),
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


def run_of_subsets():
    """A run whose skill 1 is right from step 100 on, and skill 2 from step 300 on."""
    history = pd.DataFrame({"step": np.arange(0, 1000, 100), "decay_time": np.arange(10) / 10})
    history["train_accuracy"] = history["train_accuracy.1"] = history["train_accuracy.2"] = 1.0
    history["test_accuracy.1"] = (history["step"] >= 100).astype(float)
    history["test_accuracy.2"] = history["test_accuracy"] = (history["step"] >= 300).astype(float)
    history["apart_accuracy.3"] = (history["step"] >= 500).astype(float)
    return Run(Experiment().but(task={"kind": "skills"}, evaluate_every=100), history, "finished", {})


@pytest.mark.parametrize(
    ("quantity", "value"),
    [
        ("t_gen", 300),
        ("t_gen.1", 100),
        ("t_gen.2", 300),
        ("t_gen.3", 500),
        ("t_mem.2", 50),
        ("delay.2", 300),
        ("decay_time at t_gen.1", 0.1),
        ("test_accuracy.2 at t_gen.1", 0),
        ("test_accuracy.1 at end", 1),
        ("apart_accuracy.3 at 0.45", 0),
        ("t_mem.3", math.nan),
    ],
)
def test_a_subset_has_its_own_waits_moments_and_accuracy(quantity, value):
    assert measure(run_of_subsets(), quantity) == pytest.approx((value, False), nan_ok=True)


@pytest.mark.parametrize(
    "quantity", ["t_gen.", "t_gen.1 at end", "m_hat.1 at end", "test_accuracy.1", "test_loss.1 at end", "generalized.1"]
)
def test_nothing_else_is_asked_of_a_subset(quantity):
    with pytest.raises(ValueError, match="an accumulated decay, a number of at least 0"):
        make(quantity=quantity)
