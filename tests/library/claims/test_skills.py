"""What is said of many skills, on runs whose skills turn at known times."""

import numpy as np
import pandas as pd
import pytest

from grokmodels import Experiment, studies
from grokmodels.claims import skills
from grokmodels.engine.run import Run
from grokmodels.studies import Record
from grokmodels.studies.study import Point

# Number of skills, structure, power, fraction.
NAMED = {f"one skill, {f}": (1, "shared", 0.0, f) for f in (0.2, 0.3, 0.4, 0.5, 0.7, 0.9)}
NAMED |= {f"{n} shared": (n, "shared", 0.0, 0.5) for n in (2, 8, 16, 32)}
NAMED |= {"8 shared, 0.4": (8, "shared", 0.0, 0.4), "2 unrelated": (2, "unrelated", 0.0, 0.7)}
NAMED |= {"4 unrelated": (4, "unrelated", 0.0, 0.7), "2 unrelated, power 0.5": (2, "unrelated", 0.5, 0.7)}
NAMED |= {"32 shared, power 0.4": (32, "shared", 0.4, 0.35)}
NAMED |= {"8 shared, power 0.3": (8, "shared", 0.3, 0.5), "8 shared, power 0.6": (8, "shared", 0.6, 0.4)}
NAMED |= {"8 shared, power 0.6, nested": (8, "shared", 0.6, 0.4), "8 shared, power 1": (8, "shared", 1.0, 0.3)}
EVERY = 10


def run_of(task, fraction, waits, seed, steepness=40.0):
    """A run whose skills' accuracy passes one half at accumulated decays ``waits``, one for each skill."""
    experiment = Experiment(task=task, fraction=fraction, seed=seed, evaluate_every=EVERY, batch_size=4)
    steps = np.arange(0, 10_001, EVERY)
    history = pd.DataFrame({"step": steps, "decay_time": steps * 0.003, "train_accuracy": 1.0})
    decay = history["decay_time"].clip(lower=1e-9)
    for skill, wait in enumerate(waits, start=1):
        history[f"train_accuracy.{skill}"] = 1.0
        history[f"test_accuracy.{skill}"] = 1 / (1 + (wait / decay) ** steepness)
    history["test_accuracy"] = history.filter(like="test_accuracy.").mean(axis=1)
    return experiment, Run(experiment, history, "finished", {"seconds": 1.0})


def record_of(waits_of, seeds=(0, 1, 2), steepness=lambda block: 40.0):
    """The record of runs in blocks, whose waits a function of (block, fractions, seed) gives."""
    done = []
    for block, (count, structure, power, fraction) in NAMED.items():
        task = {"kind": "skills", "p": 37, "skills": count, "structure": structure, "power": power}
        for seed in seeds:
            experiment = Experiment(task=task, fraction=fraction, batch_size=4)
            fractions = experiment.task.sizes(fraction) / 37**2
            waits = np.broadcast_to(waits_of(block, fractions, seed), len(fractions))
            made, run = run_of(task, fraction, waits, seed, steepness(block))
            done.append((Point(block, made, (), (), "look"), run))
    return Record.of(done)


def alone(fractions):
    """Waits near an edge at 0.15; none below."""
    above = np.asarray(fractions) / 0.15 - 1
    return np.where(above > 0, 1 + 0.5 / np.maximum(above, 1e-3), 1e6)


@pytest.fixture(scope="module")
def independent():
    return record_of(lambda block, fractions, seed: alone(fractions) * 1.05**seed)


@pytest.fixture(scope="module")
def together():
    return record_of(lambda block, fractions, seed: 3.0 * 1.05**seed)


def test_independent_skills_turn_where_single_ones_do(independent):
    assert skills.slope_on_single_skills(independent) == pytest.approx(1, abs=0.2)
    assert skills.last_over_first(independent, "8 shared, power 0.6") > 1.5
    for wait in ("many_over_few", "eight_over_one", "two_unrelated", "four_unrelated", "nested_over_own"):
        assert getattr(skills, f"wait_of_{wait}")(independent) == pytest.approx(1, abs=0.02)
    assert skills.last_over_first_unrelated(independent) > 1.02
    assert skills.rarest_that_turn(independent) == 0


def test_independent_skills_smooth_by_their_shares_alone(independent):
    for number in ("many_over_one", "many_over_one_as_early", "all_over_each_equal"):
        assert getattr(skills, f"width_of_{number}")(independent) == pytest.approx(1, abs=0.3)
    assert skills.width_of_all_over_each_unequal(independent) > 3
    assert skills.width_of_all_over_each_of_32(independent) > 3
    assert skills.width_unequal_over_equal(independent) > 3


def test_skills_that_turn_together_do_so_whatever_their_share(together):
    assert skills.slope_on_single_skills(record_of(lambda b, f, s: alone(f) if len(f) == 1 else 3.0)) == pytest.approx(
        0
    )
    assert skills.last_over_first(together, "8 shared, power 0.6") == pytest.approx(1, abs=0.01)
    assert skills.width_of_all_over_each_unequal(together) == pytest.approx(1)
    assert skills.last_over_first_unrelated(together) == 1
    assert skills.rarest_that_turn(together) == 1
    assert skills.luck_of_a_run(together).estimate == pytest.approx(1, abs=0.01)


def test_skills_that_help_one_another_are_early_and_as_sharp_as_one_as_early():
    # A step is the wider, the earlier it comes.
    wide = {"one skill, 0.9": 5.0, "32 shared": 5.0}
    record = record_of(
        lambda block, fractions, seed: alone(0.9) if block == "32 shared" else alone(fractions) / len(fractions) ** 0.5,
        steepness=lambda block: wide.get(block, 40.0),
    )
    assert skills.wait_of_many_over_few(record) == pytest.approx(8**-0.5, abs=0.04)
    assert skills.wait_of_eight_over_one(record) == pytest.approx(8**-0.5, abs=0.04)
    assert skills.width_of_many_over_one(record) > 5
    assert skills.width_of_many_over_one_as_early(record) == pytest.approx(1, abs=0.05)


def test_the_power_of_the_share_is_the_one_that_the_waits_have():
    record = record_of(lambda block, fractions, seed: 0.8 / fractions)
    assert skills.power_of_the_share(record) == pytest.approx(-1, abs=0.03)


def test_skills_that_do_not_turn_are_not_taken_for_ones_that_do():
    record = record_of(lambda block, fractions, seed: np.where(fractions < 0.45, 1e6, 2.0), seeds=(0,))
    assert np.isinf(skills.last_over_first(record, "8 shared, power 0.6"))
    assert np.isnan(skills.wait_of_eight_over_one(record))
    assert np.isnan(skills.luck_of_a_run(record_of(lambda block, fractions, seed: 1e6, seeds=(0, 1))))


def declared(many, unequal):
    rows = zip(skills.SMOOTHS, (many, unequal), strict=True)
    return pd.DataFrame([{"quantity": q, "comparison": "above", "verdict": v} for q, v in rows])


@pytest.mark.parametrize(
    ("many", "unequal", "verdict"),
    [
        ("true", "true", "holds"),
        ("false", "true", "holds with limits"),
        ("false", "false", "fails"),
        ("no runs", "true", "open"),
    ],
)
def test_the_verdict_follows_from_what_was_declared(many, unequal, verdict):
    assert skills.judge_diversity(declared(many, unequal)) == verdict


def test_what_the_study_estimates_is_here_and_decides():
    study, _ = studies.shipped("skills")
    names = {one.estimate for one in study.predicted if one.estimate}
    assert all(callable(getattr(skills, name.removeprefix("skills."))) for name in names)
    assert {*skills.SMOOTHS} <= {one.number for one in study.predicted if one.comparison == "above"}


def test_row_14_says_what_the_study_says(monkeypatch):
    values = {"width of many over one as early": 1.02, "width of all over each unequal": 2.5}
    values |= {"width of many over one": 2.2, "width unequal over equal": 1.4, "slope on single skills": 0.3}
    values |= {"width of all over each equal": 1.1}
    rows = pd.DataFrame(
        [{"quantity": q, "comparison": "above", "verdict": "true" if v > 2 else "false", "value": v,
          "mechanism": ("independent", "frequency")} for q, v in values.items()]
    )  # fmt: skip
    monkeypatch.setattr(skills, "judged", lambda: rows)
    (row,) = skills.rows()
    assert (row.number, row.verdict) == (14, "holds with limits")
    assert "1.02 times as wide" in row.effect
    assert "2.50 times as wide as the step of each" in row.effect
    assert skills.mechanisms().loc["independent"].to_dict() == {"true": 2, "false": 4}
    assert skills.mechanisms().loc["smoothing"].sum() == 0
    monkeypatch.setattr(skills, "judged", lambda: rows.assign(verdict="open"))
    assert skills.rows()[0].verdict == "open"
