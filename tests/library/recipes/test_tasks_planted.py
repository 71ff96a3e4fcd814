"""The planted rule: passages are those of the corpus, questions follow on sentences, and the split is by pairs."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from grokmodels.recipes.tasks import PlantedRule, prose

SMALL = PlantedRule(p=5, windows=50, ways=3, words=100, context=8)


def in_words(task, row):
    return [task.vocabulary[token] for token in task.inputs[row]]


def test_the_corpus_is_english_and_always_the_same():
    assert prose.digest(prose.words()) == prose.DIGEST
    assert len(prose.words()) > 60_000
    text = " ".join(prose.words())
    assert "the result is" in text
    assert ">>>" not in text


@pytest.mark.parametrize("row", [0, 7, 49])
def test_a_passage_stands_in_the_corpus_and_its_answer_follows(row):
    known = set(SMALL.vocabulary)
    corpus = [word if word in known else "…" for word in prose.words()]
    passage = [*in_words(SMALL, row), SMALL.vocabulary[SMALL.labels[row]]]
    assert any(corpus[i : i + 9] == passage for i in range(len(corpus) - 9))
    assert passage[-1] != "…"


def test_a_question_follows_on_the_end_of_a_sentence_and_asks_for_a_sum():
    for row in range(50, SMALL.n_inputs):
        *before, a, plus, b, gives = in_words(SMALL, row)
        assert (before[-1], plus, gives) == (".", "plus", "gives")
        assert SMALL.labels[row] == (int(a[1:]) + int(b[1:])) % 5
    pairs = [tuple(in_words(SMALL, row)[-4::2]) for row in range(50, SMALL.n_inputs)]
    assert all(pairs.count(pair) == 3 for pair in set(pairs))
    assert len(set(pairs)) == 25


def test_without_a_rule_every_pair_has_one_answer_in_all_places():
    task = PlantedRule(**SMALL.model_dump() | {"answers": "random"})
    answers = task.labels[50:].reshape(25, 3)
    assert (answers == answers[:, :1]).all()
    assert (answers[:, 0] != SMALL.labels[50::3]).mean() > 0.5


@settings(max_examples=20)
@given(fraction=st.floats(0.1, 0.9), seed=st.integers(0, 9))
def test_pairs_are_held_out_in_all_places_and_a_tenth_of_the_text_stands_apart(fraction, seed):
    train, test = SMALL.split(fraction, seed)
    assert len(train) == SMALL.n_train(fraction)
    assert set(range(SMALL.n_inputs)) - {*train, *test} == set(range(5))
    assert {(row - 50) // 3 for row in train if row >= 50}.isdisjoint((row - 50) // 3 for row in test)
    assert SMALL.subset("text").sum() == 50


def test_the_most_frequent_words_are_known():
    words = SMALL.vocabulary[8:]
    counts = {word: prose.words().count(word) for word in ("the", *words[-3:])}
    assert counts["the"] > min(counts.values()) > 50
    assert len(set(SMALL.vocabulary)) == SMALL.n_tokens == 108
    assert np.unique(SMALL.inputs).max() < SMALL.n_tokens


def test_more_passages_than_there_are_are_refused():
    with pytest.raises(ValueError, match="windows: got 50000; must be at most the"):
        PlantedRule(windows=50_000, words=20).inputs  # noqa: B018


def test_another_text_is_refused(monkeypatch):
    prose.words.cache_clear()
    monkeypatch.setattr(prose, "DIGEST", "another")
    with pytest.raises(ValueError, match=r"corpus: got the manual of NumPy .* must be that of NumPy 2\.4\.6"):
        prose.words()
