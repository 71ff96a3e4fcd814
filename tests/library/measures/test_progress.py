"""Progress measures on logits whose spectrum is known because they were built from it."""

import itertools

import numpy as np
import pytest
import sympy as sp
from hypothesis import given
from hypothesis import strategies as st

from grokmodels import Experiment, Modular, measures, train
from grokmodels.measures import progress

P = 23
TASK = Modular(p=P)
SPLIT = TASK.split(0.4, seed=0)
NOISE = np.random.default_rng(0).normal(size=(P * P, P))


def cosine(k, p=P, phase=0.0, task=TASK):
    """cos(2πk(a + b − c)/p + phase), written down directly."""
    a, b = task.inputs.T
    return np.cos(2 * np.pi * k * (a + b - np.arange(p)[:, None]).T / p + phase)


def test_the_spectrum_of_a_sum_of_waves_is_its_squared_amplitudes():
    logits = 3 * cosine(2) + 1 * cosine(7, phase=0.4) + 2 * cosine(11, phase=1.9) + 5
    shares = progress.spectrum(logits)
    expected = np.zeros(11)
    expected[[1, 6, 10]] = np.array([9, 1, 4]) / 14
    np.testing.assert_allclose(shares, expected, atol=1e-12)
    assert progress.key_frequencies(logits) == (2, 11, 7)
    assert progress.key_frequencies(logits, share=0.1) == (2, 11)


@given(seed=st.integers(0, 99), amount=st.floats(0, 10))
def test_shares_add_up_to_the_rule_share(seed, amount):
    logits = np.random.default_rng(seed).normal(size=(P * P, P)) + amount * np.eye(P)[TASK.labels]
    assert progress.spectrum(logits).sum() == pytest.approx(measures.rule_share(logits, TASK.orbits))


def test_all_waves_together_are_the_projection_on_the_symmetry():
    centered = NOISE - NOISE.mean(axis=1, keepdims=True)
    flat = TASK.orbits.ravel()
    means = np.bincount(flat, weights=centered.ravel()) / np.bincount(flat)
    np.testing.assert_allclose(progress.waves(NOISE, range(1, P // 2 + 1)), means[TASK.orbits], atol=1e-12)


@pytest.mark.parametrize("part", [progress.waves, progress.turning])
def test_parts_are_orthogonal_projections(part):
    kept = part(NOISE, [3, 5])
    centered = NOISE - NOISE.mean(axis=1, keepdims=True)
    np.testing.assert_allclose(part(kept, [3, 5]), kept, atol=1e-12)
    assert np.sum(kept * (centered - kept)) == pytest.approx(0, abs=1e-9)
    np.testing.assert_allclose(part(kept, [4]), 0, atol=1e-12)


def test_turning_keeps_a_class_with_a_phase_of_its_own_and_waves_do_not():
    wave = 2 * cosine(4)
    own = wave * np.random.default_rng(1).permutation([1, 1, 1, *[-1] * 20])
    own -= own.mean(axis=1, keepdims=True)
    np.testing.assert_allclose(progress.turning(wave, [4]), wave, atol=1e-12)
    np.testing.assert_allclose(progress.waves(wave, [4]), wave, atol=1e-12)
    turned = progress.turning(own, [4])
    assert np.square(progress.waves(own, [4])).sum() < 0.7 * np.square(turned).sum()


def test_losses_of_a_rule_beside_a_lookup_table():
    lookup = np.zeros((P * P, P))
    lookup[SPLIT.train] = 6 * np.eye(P)[TASK.labels[SPLIT.train]]
    rule = progress.handmade(P, [2, 5, 9])
    logits = 4 * rule + lookup
    guessing = np.log(P)
    # The rule alone answers where the table is silent, and without it the table is all there is.
    assert progress.restricted_loss(logits, [2, 5, 9], SPLIT.test) < 0.1
    assert progress.excluded_loss(4 * rule, [2, 5, 9], SPLIT.train) == pytest.approx(guessing)
    assert progress.restricted_loss(4 * rule, [3, 4], SPLIT.test) == pytest.approx(guessing)
    assert progress.excluded_loss(logits, [2, 5, 9], SPLIT.train) < 0.5 * guessing
    assert progress.excluded_loss(logits, [2, 5, 9], SPLIT.test) > guessing
    # Removing what is not there changes nothing.
    plain = measures.cross_entropy(NOISE[SPLIT.train], TASK.labels[SPLIT.train])
    assert progress.excluded_loss(NOISE, [], SPLIT.train) == pytest.approx(plain)


def test_a_lookup_table_has_waves_over_all_pairs_and_none_over_held_out_ones():
    lookup = np.zeros((P * P, P))
    lookup[SPLIT.train] = 40 * np.eye(P)[TASK.labels[SPLIT.train]]
    everything = range(1, P // 2 + 1)
    assert progress.restricted_loss(lookup, everything, SPLIT.test) < 0.01
    guessing = progress.restricted_loss(lookup, everything, SPLIT.test, over=SPLIT.test)
    assert guessing == pytest.approx(np.log(P))
    rule = progress.handmade(P, [2, 5])
    np.testing.assert_allclose(progress.waves(rule, [2, 5], over=SPLIT.test), rule, atol=1e-12)


def test_an_embedding_keeps_its_mean_and_the_chosen_circles():
    one, other = (np.cos(2 * np.pi * k * np.arange(P) / P + 0.3)[:, None] * [1.0, 2.0] for k in (3, 7))
    np.testing.assert_allclose(progress.keep(one + other + 5, [3]), one + 5, atol=1e-12)
    np.testing.assert_allclose(progress.keep(one + 5, []), 5, atol=1e-12)


def test_the_handmade_solution_is_the_sum_of_cosines():
    np.testing.assert_allclose(progress.handmade(P, [3, 8], [2, 0.5]), 2 * cosine(3) + 0.5 * cosine(8), atol=1e-12)
    for frequencies in ([1], [4, 9], [2, 3, 10]):
        logits = progress.handmade(P, frequencies)
        assert measures.accuracy(logits, TASK.labels) == 1
        np.testing.assert_allclose(measures.margins(logits, TASK.labels), progress.margin(P, frequencies), atol=1e-9)


def test_the_margin_of_one_frequency_is_known_exactly():
    assert progress.margin(P, [5]) == pytest.approx(float(1 - sp.cos(2 * sp.pi / P)))
    assert progress.margin(P, range(1, 12)) == pytest.approx(11 + sp.Rational(1, 2))


def test_random_choices_have_margins_of_choices():
    drawn = progress.random_margins(11, 2, draws=50, rng=np.random.default_rng(0))
    possible = [progress.margin(11, choice) for choice in itertools.combinations(range(1, 6), 2)]
    assert len(drawn) == 50
    assert np.abs(drawn[:, None] - possible).min(axis=1).max() < 1e-12
    assert len(set(drawn.round(9))) > 1


@pytest.mark.parametrize("p", [11, 23, 31])
def test_no_choice_of_frequencies_exceeds_the_bound(p):
    for n in range(1, 5):
        best = max(progress.margin(p, choice) for choice in itertools.combinations(range(1, p // 2 + 1), n))
        assert best <= progress.margin_bound(p, n) + 1e-9


def test_gini_of_known_lists():
    assert progress.gini([2, 2, 2, 2]) == pytest.approx(0)
    assert progress.gini([0, 0, 0, 7]) == pytest.approx(3 / 4)
    assert progress.gini([1, 3]) == pytest.approx(1 / 4)


def test_following_a_run_agrees_with_its_history():
    recipe = Experiment().but(
        task__p=11, architecture__layers=1, architecture__width=16, batch_size="full", steps=60, evaluate_every=20
    )
    run = train(recipe, checkpoints=(0, 40, 60), progress=False)
    table = progress.follow(run, share=0.0)
    assert table["step"].tolist() == [0, 40, 60]
    history = run.history.set_index("step").loc[table["step"]]
    for column in ("rule_share", "test_loss", "test_accuracy", "train_accuracy"):
        np.testing.assert_allclose(table[column], history[column], rtol=1e-4)
    # A network whose embedding keeps every frequency is itself, and one that keeps none cannot tell pairs apart.
    (_, whole), (_, all_kept) = next(progress.logits_of(run, [60])), next(progress.logits_of(run, [60], range(1, 6)))
    np.testing.assert_allclose(all_kept, whole, atol=1e-4)
    (_, blind) = next(progress.logits_of(run, [60], []))
    np.testing.assert_allclose(blind, blind[:1].repeat(121, axis=0), atol=1e-4)
    table_few = progress.few(run, most=5, steps=(0, 60))
    assert [kept[-1] for kept in table_few["kept"]] == pytest.approx(table_few["network"].tolist())
    assert sorted(table_few["rank"][1]) == [1, 2, 3, 4, 5]
    # With every frequency a key frequency, the key energy is all of it.
    np.testing.assert_allclose(table["key_energy"], 1)
    np.testing.assert_allclose(table.filter(like="energy_").sum(axis=1), 1)
    # Nor does a run of which no frequency is key leave anything out: its waves are none.
    none = progress.follow(run, share=2.0)
    assert (none["key_energy"] == 0).all()
    np.testing.assert_allclose(none["restricted_loss"], np.log(11))


def test_bad_input_is_named():
    with pytest.raises(ValueError, match=r"logits: got shape \(4, 3\); must be \(p², p\)"):
        progress.spectrum(np.ones((4, 3)))
    with pytest.raises(ValueError, match=r"frequencies: got \[0, 12\]; must be 1 to 11"):
        progress.waves(NOISE, [0, 5, 12])
    with pytest.raises(
        ValueError, match=r"values: got 2 values from -1.0 to 3.0; must be nonnegative and not all zero"
    ):
        progress.gini([3, -1])
    with pytest.raises(ValueError, match="values: got none"):
        progress.gini([])
    run = train(
        Experiment().but(task__operation="subtract", task__p=5, batch_size="full", steps=1),
        checkpoints=(0,),
        progress=False,
    )
    with pytest.raises(ValueError, match="must be addition"):
        progress.follow(run)
    with pytest.raises(ValueError, match="run: got no checkpoints"):
        progress.follow(train(Experiment().but(task__p=5, batch_size="full", steps=1), progress=False))
