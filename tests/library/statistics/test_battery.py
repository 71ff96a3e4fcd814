"""A verdict over many statistics: right as often as it says, whatever they have to do with one another."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import binom

from grokmodels.statistics import battery

NAMES = [f"s{i}" for i in range(12)]


def gaussian(n, seed, shift=0.0, correlation=0.9, tails=False):
    """Vectors of twelve statistics, ten of which say nearly the same; ``tails``: one of them as wild as Cauchy's."""
    rng = np.random.default_rng(seed)
    x = np.sqrt(1 - correlation) * rng.normal(size=(n, 12))
    x[:, :10] += np.sqrt(correlation) * rng.normal(size=(n, 1))
    if tails:
        x[:, 11] = rng.standard_cauchy(n)
    x[:, 0] += shift
    return pd.DataFrame(x, columns=NAMES)


@pytest.mark.parametrize("correlation", [0.0, 0.9])
@pytest.mark.parametrize("tails", [False, True])
def test_the_true_system_is_excluded_as_often_as_alpha_says(correlation, tails):
    # Many references, as one that was drawn by bad luck is wrong for good.
    lost = sum(
        (battery.p_values({"a": one}, gaussian(50, 1000 + i, 0, correlation, tails))["a"] <= 0.05).sum()
        for i in range(20)
        for one in [battery.reference(gaussian(100, i, 0, correlation, tails))]
    )
    low, high = binom.interval(0.999, 1000, 0.05)
    # Studies that share a reference are not quite independent.
    assert low - 10 <= lost <= high + 10


def test_a_shifted_system_is_excluded_and_by_the_statistic_that_shifted():
    references = {"true": battery.reference(gaussian(400, 0)), "other": battery.reference(gaussian(400, 1, shift=8))}
    observed = gaussian(1, 2).iloc[0]
    verdict = battery.exclude(references, observed)
    assert list(verdict["mechanism"]) == ["true", "other"]
    assert list(verdict["excluded"]) == [False, True]
    assert verdict["statistic"][1] == "s0"
    assert verdict["z"][1] < -5
    assert verdict["p"][1] == pytest.approx(1 / 401)
    for name, one in references.items():
        assert battery.p_value(one, observed) == verdict.set_index("mechanism")["p"][name]


def test_a_wild_statistic_does_not_hide_a_shift_in_another():
    references = {"a": battery.reference(gaussian(400, 0, tails=True))}
    assert (battery.p_values(references, gaussian(100, 1, shift=8, tails=True))["a"] <= 0.05).mean() > 0.95


def test_what_was_not_measured_is_left_out_and_the_bar_is_lower():
    one = battery.reference(gaussian(400, 0, correlation=0))
    observed = pd.Series(0.0, NAMES) + 0.01
    observed["s0"] = 2.6
    few = observed.where(observed.index.isin(["s0", "s1"]))
    assert battery.p_value(one, few) < battery.p_value(one, observed) / 2
    assert battery.p_value(one, observed * np.nan) == 1
    verdict = battery.exclude({"a": one}, observed * np.nan)
    assert not verdict["excluded"][0]
    assert verdict["statistic"][0] == ""


def test_studies_that_do_not_tell_do_not_lower_the_bar():
    def partly(n, seed):
        x = gaussian(n, seed, correlation=0)
        return x.where(np.random.default_rng(seed + 50).random((n, 12)) < [0.5, *[1.0] * 11])

    lost = [(battery.p_values({"a": battery.reference(partly(400, i))}, partly(100, 90 + i)) <= 0.05) for i in range(8)]
    assert 15 <= sum(int(x.to_numpy().sum()) for x in lost) <= 70
    # What no study of a system tells is no evidence against it.
    never = partly(400, 0).assign(s0=np.nan)
    assert battery.p_value(battery.reference(never), pd.Series(0.0, NAMES).replace(0.0, 0.01)) > 0.5


def test_a_constant_statistic_has_the_resolution_for_its_scale():
    x = gaussian(200, 0, correlation=0).assign(s0=1.0)
    rough, exact = battery.reference(x, {"s0": 0.1}), battery.reference(x)
    observed = pd.Series(0.0, NAMES)
    for off, allowed in ((0.1, True), (0.9, False)):
        observed["s0"] = 1 - off
        assert (battery.p_value(rough, observed) > 0.05) is allowed
        assert battery.p_value(exact, observed) < 0.05
    observed["s0"] = 1.0
    assert battery.p_value(exact, observed) > 0.5


def test_a_skewed_statistic_has_a_scale_for_each_side():
    rng = np.random.default_rng(0)
    x = pd.DataFrame({"a": rng.exponential(size=2000)})
    one = battery.reference(x)
    assert one.scale.above[0] / one.scale.below[0] == pytest.approx((np.log(50) + 0) / np.log(2 / 1.01), rel=0.25)
    assert battery.p_value(one, pd.Series({"a": -0.5})) < 0.01


def test_the_confusion_counts_who_survives():
    make = {"a": 0.0, "b": 9.0, "c": 9.0}
    references = {name: battery.reference(gaussian(400, i, shift)) for i, (name, shift) in enumerate(make.items())}
    fresh = {name: gaussian(100, 10 + i, shift) for i, (name, shift) in enumerate({**make, "new": 4.0}.items())}
    table = battery.confusion(references, fresh)
    assert list(table.columns) == ["a", "b", "c", "alone", "lost", "low", "high"]
    assert table.loc["a", "alone"] == table.loc["a", "a"] > 0.85
    assert table.loc["b", "c"] > 0.85
    assert table.loc["b", "alone"] < 0.1
    assert (table.loc["a", ["b", "c"]] == 0).all()
    assert np.isnan(table.loc["new", "lost"])
    named = table.drop("new")
    assert (named["low"] <= named["lost"]).all()
    assert (named["lost"] <= named["high"]).all()
    assert named["lost"].to_dict() == pytest.approx({name: 1 - table.loc[name, name] for name in make})


def test_what_cannot_be_judged_is_refused():
    with pytest.raises(ValueError, match="studies: got 10; a reference needs at least 20"):
        battery.reference(gaussian(10, 0))
    with pytest.raises(ValueError, match=r"resolution: got .'t'."):
        battery.reference(gaussian(20, 0), {"t": 1.0})
    few = battery.reference(gaussian(20, 0))
    with pytest.raises(ValueError, match=r"alpha: got 0\.01; with 20 studies"):
        battery.exclude({"a": few}, gaussian(1, 1).iloc[0], alpha=0.01)
    with pytest.raises(KeyError):
        battery.p_value(few, pd.Series({"s0": 1.0}))
