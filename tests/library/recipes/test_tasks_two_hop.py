"""Worlds of facts: what is asked, what answers it, and what is trained on."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from grokmodels.recipes.tasks import TwoHop, sentences

WORLDS = st.integers(1, 5).flatmap(
    lambda relations: st.builds(
        TwoHop,
        entities=st.integers(4, 9),
        relations=st.just(relations),
        degree=st.one_of(st.none(), st.integers(1, relations)),
        identity=st.booleans(),
        unused=st.sampled_from([0.0, 0.2]),
        answers=st.sampled_from(["composed", "random"]),
        world_seed=st.integers(0, 9),
    )
)
WRITTEN = WORLDS.flatmap(
    lambda world: st.builds(
        lambda ways: TwoHop(**world.model_dump() | {"wording": "sentences", "ways": ways}), st.integers(1, 4)
    )
)


def read(task, tokens):
    """The words or symbols of an input, without padding."""
    return [task.vocabulary[token] for token in tokens.tolist() if token != task.padding]


def understood(words):
    """Entity and relations that a sentence asks for, found by another way than it was written."""
    said = words[words.index(sentences.STOP) + 1 :] if sentences.STOP in words else words
    relation = {word: number for number, pair in enumerate(sentences.RELATIONS) for word in pair}
    hops = [relation[word] for word in said if word in relation]
    (name,) = (word for word in said if word not in {*relation, "the", "of", "'s", "is"})
    return name, hops[::-1] if "of" in said else hops


@given(world=WORLDS)
def test_an_answer_is_looked_up_hop_by_hop(world):
    facts = {}
    for tokens, label in zip(world.inputs, world.labels, strict=True):
        words = read(world, tokens)
        if len(words) == 2:
            facts[tuple(words)] = f"e{label}"
    degree = world.relations if world.degree is None else world.degree
    assert len(facts) == world.entities * degree
    for tokens, label, bridge in zip(world.inputs, world.labels, world.bridges, strict=True):
        head, *hops = read(world, tokens)
        if len(hops) == 0:
            assert f"e{label}" == f"e{bridge}" == head
        if len(hops) == 2:
            assert f"e{bridge}" == facts[head, hops[0]]
            assert world.answers == "random" or f"e{label}" == facts[facts[head, hops[0]], hops[1]]
    assert (world.n_inputs, world.length) == world.inputs.shape
    assert len(np.unique(world.inputs, axis=0)) == world.n_inputs
    assert world.inputs.max() < world.n_tokens == len(world.vocabulary)


@settings(max_examples=30)
@given(task=WRITTEN)
def test_a_sentence_asks_what_the_symbols_ask(task):
    plain = TwoHop(**task.model_dump() | {"wording": "symbols", "ways": 1})
    assert np.array_equal(task.labels, np.repeat(plain.labels, task.ways))
    names = {}
    for tokens, query in zip(task.inputs, task.queries, strict=True):
        name, hops = understood(read(task, tokens))
        names.setdefault(query[0], set()).add(name)
        assert hops == [r for r in query[1:] if r >= 0]
    assert max(map(len, names.values())) <= 2
    assert len(set.union(*names.values())) == sum(map(len, names.values()))
    assert len(np.unique(task.inputs, axis=0)) == task.n_inputs
    assert (task.n_inputs, task.length) == task.inputs.shape


def test_all_words_are_different():
    words = sentences.vocabulary(1000)
    assert len(set(words)) == len(words)


@settings(max_examples=50)
@given(task=st.one_of(WORLDS, WRITTEN), fraction=st.floats(0.2, 0.8), seed=st.integers(0, 99))
def test_facts_are_trained_on_and_questions_of_unused_facts_are_neither_trained_on_nor_tested(task, fraction, seed):
    hops = (task.queries[:, 1:] >= 0).sum(axis=1)
    h, r, s = task.queries.T
    unused = (hops == 2) & (task.is_unused[h, r] | task.is_unused[task.bridges, s])
    open_ = (hops == 2) & ~unused
    try:
        train, test = task.split(fraction, seed)
    except ValueError:
        assert round(fraction * open_.sum() / task.ways) in (0, open_.sum() / task.ways)
        return
    assert len(train) == task.n_train(fraction)
    assert not set(train) & set(test)
    assert set(np.flatnonzero(hops < 2)) <= set(train)
    assert set(np.flatnonzero(open_)) == {*train, *test} - set(np.flatnonzero(hops < 2))
    # All ways of writing one thing are on one side.
    assert {row // task.ways for row in train}.isdisjoint(row // task.ways for row in test)
    for name in (name for part, name in task.breakdown if part == "apart"):
        assert task.subset(name)[unused].all() or name in ("one_unused", "two_unused")
        assert not task.subset(name)[~unused].any()


def test_the_share_of_unused_facts_is_the_one_asked_for():
    world = TwoHop(unused=0.1)
    assert world.is_unused.sum() == 50
    both = world.subset("one_unused").astype(int) + 2 * world.subset("two_unused")
    h, r, s = world.queries.T
    expected = world.is_unused[h, r].astype(int) + world.is_unused[world.bridges, s]
    assert np.array_equal(both, np.where(s >= 0, expected, 0))


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"degree": 11}, "degree: got 11; must be at most the 10 relations, or None for all"),
        ({"ways": 2}, "ways: got 2; must be 1 where the wording is symbols"),
        ({"wording": "sentences", "relations": 13}, "relations: got 13; must be at most 12 in sentences"),
        ({"unused": 1}, "unused: got 1; Input should be less than 1"),
    ],
)
def test_a_world_that_cannot_be_is_refused(fields, said):
    with pytest.raises(ValueError, match=said):
        TwoHop(**fields)


def test_a_fraction_that_leaves_nothing_to_test_is_refused():
    with pytest.raises(ValueError, match=r"fraction: 0\.9999 trains on 5000 of 5000 two-hop questions"):
        TwoHop().split(0.9999, 0)
