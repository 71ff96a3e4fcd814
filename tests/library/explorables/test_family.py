import pytest

from tests.explorable_samples import DECAYS, family, family_tables


def drawn(explorable, name, weight_decay):
    """The records of a table at one decay."""
    table = explorable.data[name]
    return [i for i, decay in enumerate(table["weight_decay"]) if decay == weight_decay]


def test_the_slider_has_the_recorded_decays():
    explorable = family(weight_decay=0.3)
    assert list(explorable.controls["weight_decay"].values) == DECAYS
    assert explorable.weight_decay == 0.3


def test_outcomes_are_those_of_the_runs():
    explorable = family()
    _, times = family_tables()
    for decay, runs in times.groupby("weight_decay"):
        told = explorable.rows({"weight_decay": decay})["readout"]
        seen = runs[~runs["t_gen_censored"]]
        assert (told["runs"], told["memorized"], told["generalized"]) == (len(runs), len(runs), len(seen))
        # With ten runs the sixth is the first by which more than half have generalized.
        assert told["median"] == (sorted(runs["t_gen"])[5] if len(seen) > 5 else None)
    with pytest.raises(ValueError, match=r"Nothing was recorded here\."):
        family().rows({"weight_decay": 0.7})


def test_the_alt_text_says_the_chosen_decay():
    explorable = family(weight_decay=0.3)
    assert "at weight decay 0.3: " in explorable.html()
    explorable.weight_decay = 3
    assert "at weight decay 3: " in explorable.html()
    assert "at weight decay 0.3: " not in explorable.html()


def test_kept_evaluations_are_recorded_ones():
    runs, _ = family_tables()
    explorable = family()
    recorded = runs[(runs["weight_decay"] == 0.5) & (runs["seed"] == 3)].set_index("step")["test_accuracy"]
    curves = explorable.data["curves"]
    (kept,) = (i for i in drawn(explorable, "curves", 0.5) if curves["seed"][i] == 3)
    assert 40 < len(curves["step"][kept]) <= 60
    for step, accuracy in zip(curves["step"][kept], curves["test"][kept], strict=True):
        assert accuracy == pytest.approx(recorded[step], rel=1e-3)


def test_a_run_that_stopped_early_keeps_its_last_accuracy_in_the_median():
    runs, times = family_tables(decays=[0.5, 1.0], seeds=3)
    runs = runs[(runs["seed"] > 0) | (runs["step"] < 5000)]
    last = runs[(runs["seed"] == 0) & (runs["weight_decay"] == 0.5)].iloc[-1]
    explorable = family(history=runs, milestones=times)
    curves, medians = explorable.data["curves"], explorable.data["medians"]
    (early,) = (i for i in drawn(explorable, "curves", 0.5) if curves["seed"][i] == 0)
    assert curves["step"][early][-1] == last["step"] < 5000
    assert curves["test"][early][-1] == pytest.approx(last["test_accuracy"], rel=1e-3)
    (middle,) = drawn(explorable, "medians", 0.5)
    assert max(medians["step"][middle]) == 20_000
    assert None not in medians["test"][middle]


def test_the_guess_is_about_another_decay_at_which_most_generalized():
    assert family(weight_decay=0.1).guess.state == {"weight_decay": 0.2}
    assert family(weight_decay=0.3).guess.state == {"weight_decay": 0.1}
    runs, times = family_tables(decays=[0.0, 0.1], seeds=3, budget=500)
    assert family(history=runs, milestones=times).guess is None


def test_bad_input_is_named():
    runs, times = family_tables(seeds=1)
    with pytest.raises(ValueError, match=r"milestones: lacks the columns \['t_gen_censored'\]"):
        family(milestones=times.drop(columns="t_gen_censored"))
    with pytest.raises(ValueError, match=r"history: has no run at weight decay \[3\.0\]"):
        family(history=runs[runs["weight_decay"] < 3], milestones=times)
