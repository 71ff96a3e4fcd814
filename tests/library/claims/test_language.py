"""The verdict on language-like tasks, from what two studies declared."""

import pandas as pd
import pytest

from grokmodels import studies
from grokmodels.claims import language


def declared():
    predicted = [one for name in ("two-hop", "planted-rule") for one in studies.shipped(name)[0].predicted]
    rows = [{"sentence": one.sentence, "mechanism": one.mechanism, "verdict": "true"} for one in predicted]
    return pd.DataFrame(rows)


def but(rows, begins, verdict):
    changed = rows["sentence"].str.startswith(begins)
    assert changed.sum() == 1
    return rows.assign(verdict=rows["verdict"].mask(changed, verdict))


def test_every_sentence_that_decides_is_declared_once():
    sentences = declared()["sentence"]
    assert all(sentences.str.startswith(begins).sum() == 1 for begins in (*language.DELAYED, *language.CONTROLS))


def test_the_claim_holds_where_all_came_true():
    assert language.judge_language(declared()) == "holds"


@pytest.mark.parametrize("begins", [*language.DELAYED, *language.CONTROLS])
@pytest.mark.parametrize("verdict", ["false", "open"])
def test_it_fails_without_a_delay_and_without_a_rule(begins, verdict):
    assert language.judge_language(but(declared(), begins, verdict)) == "fails"


def test_it_has_limits_where_the_story_breaks():
    assert language.judge_language(but(declared(), "At a share of 0.1, 0.9", "false")) == "holds with limits"


def test_it_is_open_where_runs_are_missing():
    assert language.judge_language(but(declared(), "With 100 entities", "no runs")) == "open"
    assert language.judge_language(declared()[:0]) == "open"
