"""What is said of many skills, on runs whose skills turn at known times."""

import numpy as np
import pandas as pd
import pytest

from grokmodels import Experiment, studies
from grokmodels.claims import skills
from grokmodels.engine.run import Run
from grokmodels.studies import Record
from grokmodels.studies.study import Point

NAMED = {"32 shared": (32, "shared", 0.0), "8 unrelated": (8, "unrelated", 0.0), "16 unrelated": (16, "unrelated", 0.0)}
NAMED |= {"16 unrelated, power 0.4": (16, "unrelated", 0.4), "8 unrelated, power 0.6": (8, "unrelated", 0.6)}
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


def record_of(waits_of, seeds=(0, 1, 2)):
    """The record of runs in blocks, whose waits a function of (block, fractions, seed) gives."""
    done = []
    blocks = {f"one skill, {f}": (1, "unrelated", 0.0, f) for f in (0.2, 0.3, 0.5, 0.8)}
    blocks |= {name: (*made, 0.4 if made[2] else 0.5) for name, made in NAMED.items()}
    for block, (count, structure, power, fraction) in blocks.items():
        task = {"kind": "skills", "p": 37, "skills": count, "structure": structure, "power": power}
        for seed in seeds:
            experiment = Experiment(task=task, fraction=fraction, batch_size=4)
            fractions = experiment.task.sizes(fraction) / 37**2
            made, run = run_of(task, fraction, waits_of(block, fractions, seed), seed)
            done.append((Point(block, made, (), (), "look"), run))
    return Record.of(done)


def alone(fractions):
    return 1 + 0.5 / (np.asarray(fractions) / 0.15 - 1)


@pytest.fixture(scope="module")
def independent():
    return record_of(lambda block, fractions, seed: alone(fractions) * 1.05**seed)


@pytest.fixture(scope="module")
def together():
    return record_of(lambda block, fractions, seed: np.full(len(fractions), 3.0 * 1.05**seed))


def test_independent_skills_turn_where_single_ones_do(independent):
    assert skills.error_of_single_skills(independent) < 0.05
    assert skills.last_over_first_unrelated(independent) > 1.5
    assert skills.spread_of_equal_unrelated(independent) == pytest.approx(1, abs=0.01)
    assert skills.width_unequal_over_equal(independent) > 2
    assert skills.width_of_many_over_one(independent) == pytest.approx(1, abs=0.3)


def test_skills_that_turn_together_do_so_whatever_their_share(together):
    assert skills.last_over_first_unrelated(together) == pytest.approx(1, abs=0.01)
    assert skills.width_unequal_over_equal(together) == pytest.approx(1, abs=0.3)
    assert skills.spread_within_over_between(together) < 0.1
    assert skills.power_of_the_share(together) == pytest.approx(0, abs=0.02)


def test_the_power_of_the_share_is_the_one_that_the_waits_have():
    record = record_of(lambda block, fractions, seed: 0.8 / fractions)
    assert skills.power_of_the_share(record) == pytest.approx(-1, abs=0.03)


def test_a_skill_that_does_not_turn_waits_for_ever():
    record = record_of(lambda block, fractions, seed: np.where(fractions < 0.25, 1e6, 2.0), seeds=(0,))
    assert np.isinf(skills.turns(record, "8 unrelated, power 0.6").iloc[0, -1])
    assert np.isinf(skills.last_over_first_unrelated(record))
    assert np.isinf(skills.single_skills(record)[0.2])
    assert np.isnan(skills.foretold(record, np.array([0.2]))).all()


def declared(many, unequal):
    rows = [("width of many over one", many), ("width unequal over equal", unequal)]
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
    values = {"width of many over one": 1.02, "width unequal over equal": 2.5}
    values |= {"last over first unrelated": 3.0, "last over first shared": 1.1}
    rows = pd.DataFrame(
        [{"quantity": q, "comparison": "above", "verdict": "true" if v > 2 else "false", "value": v,
          "mechanism": ("independent", "frequency")} for q, v in values.items()]
    )  # fmt: skip
    monkeypatch.setattr(skills, "judged", lambda: rows)
    (row,) = skills.rows()
    assert (row.number, row.verdict) == (14, "holds with limits")
    assert "1.02 times as wide" in row.effect
    assert "2.50 times as that of sixteen equal ones" in row.effect
    words = {"above": "at least twice", "between": "alike", "else": "neither", "open": "not known"}
    assert skills.said("width unequal over equal", words) == "at least twice"
    assert skills.said("width of many over one", words) == "neither"
    assert skills.mechanisms().loc["independent"].to_dict() == {"true": 2, "false": 2}
    assert skills.mechanisms().loc["smoothing"].sum() == 0
    monkeypatch.setattr(skills, "judged", lambda: rows.assign(verdict="open"))
    assert skills.said("width of many over one", words) == "not known"
    assert skills.rows()[0].verdict == "open"
