"""Replays: a run that is its recipe's comes back, also where roundings part runs; another does not."""

import math
from dataclasses import replace
from types import SimpleNamespace

import pandas as pd
import pytest

from grokmodels import Experiment, studies, train
from grokmodels.studies import files, replays

SMALL = Experiment().but(task__p=7, architecture__width=8, batch_size=10, steps=20, evaluate_every=10)
# A fast recipe of a noisy study. Its norms differ by 1 to 3 % at the first evaluation where runs round differently.
CHAOTIC = Experiment().but(
    task__p=31, architecture__layers=1, architecture__width=32, fraction=0.1979, batch_size=24, seed=1,
    optimizer__learning_rate=0.005, optimizer__weight_decay=1.0, steps=400, evaluate_every=400,
)  # fmt: skip


def replayed(recipe, run, folder):
    """What a replay says of a run that is stored as one of the recipe."""
    files.save(replace(run, experiment=recipe), folder)
    return studies.replay(studies.Point("block", recipe, (), (), False), folder, 20)


@pytest.mark.parametrize("change", [{"seed": 1}, {"split_seed": 1}, {"init_seed": 1}, {"fraction": 0.45}])
def test_a_run_of_another_beginning_is_refused(tmp_path, change):
    assert replayed(SMALL, train(SMALL, progress=False), tmp_path) <= 2**-16
    assert math.isnan(replayed(SMALL, train(SMALL.but(**change), progress=False), tmp_path))


@pytest.fixture(scope="module")
def chaotic():
    return train(CHAOTIC, progress=False)


def test_no_twins_are_trained_where_norms_agree(chaotic, tmp_path, monkeypatch):
    monkeypatch.setattr(replays, "_parted", None)
    assert replayed(CHAOTIC, chaotic, tmp_path) <= 2**-16


@pytest.fixture
def tampered(chaotic):
    """The run with its norm after step 0 times a factor."""
    norm = chaotic.history["weight_norm"]
    return lambda factor: replace(chaotic, history=chaotic.history.assign(weight_norm=norm * [1, factor]))


@pytest.mark.slow
def test_as_far_as_roundings_part_runs_a_run_may_be(tampered, tmp_path):
    assert replayed(CHAOTIC, tampered(1.02), tmp_path) <= studies.REPLAY_TOLERANCE


@pytest.mark.parametrize("at", [0, 1])
def test_a_norm_that_was_tampered_with_on_the_way_is_refused(tmp_path, at):
    run = train(SMALL, progress=False)
    norm = run.history["weight_norm"].copy()
    norm.iloc[at] *= 1.02
    found = replayed(SMALL, replace(run, history=run.history.assign(weight_norm=norm)), tmp_path)
    assert not found <= studies.REPLAY_TOLERANCE


def test_the_farthest_of_four_twins_says_how_far_runs_part(monkeypatch):
    norms = iter([10.1, 9.9, 10.0, 10.4])

    def ends(experiment, progress):
        return SimpleNamespace(history=pd.DataFrame({"step": [experiment.steps], "weight_norm": [next(norms)]}))

    monkeypatch.setattr("grokmodels.engine.training.train", ends)
    assert replays._parted(CHAOTIC, 10.0) == pytest.approx(3 * 0.04)


@pytest.mark.slow
def test_a_wrong_recipe_is_refused_where_runs_part(chaotic, tmp_path):
    doubled = train(CHAOTIC.but(optimizer__weight_decay=2.0), progress=False)
    assert replayed(CHAOTIC, doubled, tmp_path) > studies.REPLAY_TOLERANCE


@pytest.mark.slow
@pytest.mark.parametrize("factor", [0.8, 1.2])
def test_a_norm_that_was_tampered_with_is_refused_where_runs_part(tampered, tmp_path, factor):
    assert replayed(CHAOTIC, tampered(factor), tmp_path) > studies.REPLAY_TOLERANCE


@pytest.mark.slow
def test_a_replay_whose_twins_end_early_is_refused(tampered, tmp_path, monkeypatch):
    monkeypatch.setattr(replays, "TWIN_SIZE", 1e30)
    assert math.isnan(replayed(CHAOTIC, tampered(1.02), tmp_path))
