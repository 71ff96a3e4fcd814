"""The checker of the chapter on norms."""

import pytest

from grokmodels import exercises

FREE = ("embedding", "position", "output", "mlp_out")


def rescaled(parameters, factor, free=FREE):
    return {
        name: values * (factor if any(part in name.split(".") for part in free) else 1)
        for name, values in parameters.items()
    }


def test_the_right_answer_passes(capsys):
    exercises.check_rescaling(rescaled)
    assert capsys.readouterr().out == "Correct.\n"


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (lambda parameters, factor: parameters, "norm of the embedding"),
        (lambda parameters, factor: rescaled(parameters, factor, FREE[:1]), "largest change of a logit"),
        (lambda parameters, factor: {"embedding": factor * parameters["embedding"]}, "same names"),
    ],
)
def test_a_wrong_answer_is_named(wrong, message):
    with pytest.raises(AssertionError, match=message):
        exercises.check_rescaling(wrong)
