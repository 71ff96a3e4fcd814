"""The verdict on language-like tasks, from what studies declared, and the words on each signature."""

import itertools

import numpy as np
import pandas as pd
import pytest

from grokmodels import Experiment, studies
from grokmodels.claims import language
from grokmodels.engine.run import Run
from grokmodels.studies import Record
from grokmodels.studies.study import Point

EVERY = ("two-hop", "planted-rule", "agreement")


def declared(*names):
    predicted = [(name, one) for name in names or EVERY[:2] for one in studies.shipped(name)[0].predicted]
    rows = [
        {"study": name, "sentence": one.sentence, "mechanism": one.mechanism, "verdict": "true", "value": 0.25}
        for name, one in predicted
    ]
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


def test_every_signature_is_declared_by_the_story_of_two_basins():
    table = declared(*EVERY)
    for own in language.SIGNATURES.values():
        for task, sentences in own.items():
            for sentence in sentences:
                assert language.STORY in language.one(table, task, sentence)["mechanism"], sentence


def test_a_sentence_that_is_not_declared_is_refused():
    with pytest.raises(ValueError, match="must begin one prediction of 'two-hop', not 0"):
        language.one(declared(), "facts", "Nobody said so")


@pytest.mark.parametrize(
    ("verdicts", "word"),
    [
        (["true", "true"], "holds"), (["true", "false"], "partly"), (["false", "open"], "fails"),
        (["true", "open"], "open"), (["true", "no runs"], "no runs"),
    ],
)  # fmt: skip
def test_a_signature_has_one_word(verdicts, word):
    assert language.word(verdicts) == word


def test_the_table_of_signatures_follows_the_verdicts():
    table = but(declared(*EVERY), "Four questions a fact", "false")
    words = language.signatures(table)
    assert words.loc["examples a part count", "facts"] == "partly"
    assert pd.isna(words.loc["examples a part count", "grammar"])
    assert {*words.stack().dropna()} == {"holds", "partly"}


def test_what_counts_is_told_by_the_sentences_of_one_side():
    table = declared(*EVERY)
    price = ("Four questions a fact", "A share of 0.4: with 5 facts an entity, two")
    share = ("With 20 facts an entity and a share of 0.2", "A share of 0.4: with 5 facts an entity the wait")

    def told(*wrong):
        own = table
        for sentence in wrong:
            own = but(own, sentence, "false")
        return language.counting(own)

    assert told(*share) == "the questions per fact, and not their share"
    assert told(*price) == "the share of the questions, and not their number per fact"
    assert told(price[0], share[1]).startswith("neither")
    undecided = but(but(table, price[0], "open"), share[0], "false")
    assert language.counting(undecided).startswith("not decided")


def test_the_norm_is_held_against_the_memorizer_of_the_same_seed_and_decay():
    steps = np.arange(0, 1001, 10)

    def made(block, seed, generalizes, norm):
        experiment = Experiment(seed=seed).but(optimizer__weight_decay=0.3)
        columns = {"train_accuracy": steps >= 100, "test_accuracy": (steps >= 500) & generalizes}
        history = pd.DataFrame({"step": steps, "decay_time": steps * 1e-3, "weight_norm": norm} | columns).astype(float)
        return Point(block, experiment, (), (), "look"), Run(experiment, history, "finished", {"seconds": 1.0})

    falling = np.interp(steps, [100, 500], [40.0, 20.0])
    pairs = itertools.chain.from_iterable(
        (made("rule", seed, True, falling), made("no rule", seed, False, size)) for seed, size in ((1, 25.0), (2, 10.0))
    )
    found = language.norms(Record.of([*pairs, made("rule", 3, True, falling)]), "rule", 0.3, "no rule")
    assert found["seed"].tolist() == [1, 2]
    assert found["fall"].tolist() == [0.5, 0.5]
    assert found["beside"].tolist() == pytest.approx([0.8, 2.0])
    assert found["memorized"].all()
    assert language.norm_word(found) == "partly"
    assert language.norm_word(found[:1]) == "holds"
    assert language.norm_word(found[:0]) == "no runs"


def test_the_row_tells_what_decided_or_that_runs_are_missing(monkeypatch):
    table = declared(*EVERY)
    nothing = Record([])
    monkeypatch.setattr(studies, "record", lambda name: nothing)
    monkeypatch.setattr(language, "declared", lambda: table)
    (row,) = language.rows()
    assert row.verdict == "holds"
    assert "at most 25%" in row.effect
    assert row.brief.startswith("two-hop questions at 0.2 t_mem")
    monkeypatch.setattr(language, "declared", lambda: table.assign(verdict="no runs", value=np.nan))
    (row,) = language.rows()
    assert row.verdict == "open"
    assert "nan" not in row.effect + row.brief
