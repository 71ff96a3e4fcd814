"""Checkers pass right answers and name what is wrong with others."""

import inspect
from importlib import import_module
from pathlib import Path

import pytest

from grokmodels import exercises

# A module of answers for each module of checkers.
CHAPTERS = sorted(path.stem for path in Path(exercises.__file__).parent.glob("[!_]*.py"))
EXERCISES = [one for name in CHAPTERS for one in import_module(f"tests.library.exercises.{name}").EXERCISES]
WRONG = [(checker, words, answer) for checker, _, wrong in EXERCISES for words, answer in wrong.items()]


def test_every_checker_is_tried_with_a_right_and_a_wrong_answer():
    checkers = {checker for name, checker in inspect.getmembers(exercises) if name.startswith("check_")}
    assert {exercise.checker for exercise in EXERCISES} == checkers
    assert {checker for checker, *_ in WRONG} == checkers


def check(checker, answer):
    if isinstance(answer, dict):
        checker(**answer)
    elif isinstance(answer, tuple):
        checker(*answer)
    else:
        checker(answer)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("checker", "answer"), [(one.checker, one.right) for one in EXERCISES], ids=lambda x: getattr(x, "__name__", "")
)
def test_a_right_answer_passes(checker, answer, capsys):
    check(checker, answer)
    # That of forecasts says its place first.
    assert capsys.readouterr().out.splitlines()[-1] == "Correct."


@pytest.mark.slow
@pytest.mark.parametrize(
    ("checker", "words", "answer"), WRONG, ids=[f"{checker.__name__}: {words}" for checker, words, _ in WRONG]
)
def test_a_wrong_answer_is_told_what_is_wrong(checker, words, answer, capsys):
    with pytest.raises(AssertionError, match=words):
        check(checker, answer)
    assert "Correct." not in capsys.readouterr().out
