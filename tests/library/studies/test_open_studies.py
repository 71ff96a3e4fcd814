"""The studies that begin an open problem: valid, judged by what is there, and none of the shipped ones."""

import re
from importlib import import_module

import pytest

from grokmodels import studies

NAMES = studies.open_studies(studies.ROOT)


def test_there_are_ten_and_no_list_of_shipped_studies_has_them() -> None:
    assert len(NAMES) == 10
    assert all(re.fullmatch(r"open/[a-z-]+", name) for name in NAMES)
    assert not {name.removeprefix("open/") for name in NAMES} & set(studies.studies_in(studies.ROOT))


@pytest.fixture(params=NAMES, scope="module")
def study(request: pytest.FixtureRequest) -> studies.Study:
    return studies.shipped(request.param, studies.ROOT)[0]


def test_it_asks_predicts_and_says_its_cost(study: studies.Study) -> None:
    assert study.question.endswith("?")
    assert "Nothing of it has been run" in study.prediction
    assert re.search(r"^Power: ", study.prediction, re.M)
    assert re.search(r"^Cost: .*\b(core|GPU)\b", study.prediction.replace("\n", " ").replace("Cost:", "\nCost:"), re.M)
    assert len(study.predicted) >= 5
    named = {mechanism for prediction in study.predicted for mechanism in prediction.mechanism}
    assert len(named) >= 3
    # Each mechanism of the predictions is explained in the prose.
    assert all(f"- {mechanism}" in study.prediction for mechanism in named)


def test_its_mechanisms_disagree(study: studies.Study) -> None:
    """Some prediction is signed by some mechanisms and not by all, or nothing could be decided."""
    named = {mechanism for prediction in study.predicted for mechanism in prediction.mechanism}
    assert any(set(prediction.mechanism) < named for prediction in study.predicted)


def test_every_run_is_its_own_and_there_are_test_seeds(study: studies.Study) -> None:
    keys = [point.experiment.key for point in study.points()]
    assert len(set(keys)) == len(keys)
    assert {point.cohort for point in study.points()} == {"look", "test"}


def test_its_estimates_are_there(study: studies.Study) -> None:
    for name in {prediction.estimate for prediction in study.predicted} - {""}:
        module, _, function = name.partition(".")
        assert callable(getattr(import_module(f"grokmodels.claims.{module}"), function))


@pytest.mark.slow
def test_no_run_of_one_is_a_run_of_another_study() -> None:
    points = {
        name: studies.shipped(name, studies.ROOT)[0].points() for name in [*studies.studies_in(studies.ROOT), *NAMES]
    }
    keys = {name: {point.experiment.key for point in of} for name, of in points.items()}
    questions = [studies.shipped(name, studies.ROOT)[0].question for name in keys]
    assert len(set(questions)) == len(questions)
    for name in NAMES:
        for other in keys.keys() - {name}:
            assert not keys[name] & keys[other], (name, other)
