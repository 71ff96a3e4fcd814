import json
import re

import numpy as np
import pytest

from grokmodels.explorables.words import fill
from grokmodels.measures.fourier import fourier_energy, fourier_plane, project
from tests.explorable_samples import FREQUENCY, P, embeddings, history, replay


def told(explorable, step):
    return explorable.rows({"step": step})["readout"]


def frame(explorable, step):
    """Places of the tokens at a step, (p, 2)."""
    frames = explorable.data["frames"]
    at = frames["step"].index(step)
    return np.stack([frames["x"][at], frames["y"][at]], axis=1)


def test_readouts_are_the_recorded_ones():
    explorable, recorded = replay(), history().set_index("step")
    for step in explorable.controls["step"].values:
        said = told(explorable, step)
        for name in ("train_accuracy", "test_accuracy", "weight_norm", "rule_share"):
            assert said[name] == pytest.approx(recorded.loc[step, name], rel=1e-3)
    said = told(explorable, 400)
    assert [readout.told(said) for readout in explorable.readout] == [
        ("training accuracy", f"{said['train_accuracy']:.1%}", "train"),
        ("test accuracy", f"{said['test_accuracy']:.1%}", "test"),
        ("weight norm", f"{said['weight_norm']:.1f}", "ink"),
        ("rule share", f"{said['rule_share']:.4f}", "generalizing"),
    ]
    with pytest.raises(ValueError, match=r"Nothing was recorded here\."):
        explorable.rows({"step": 401})


def test_the_circle_emerges_in_the_plane_of_the_last_frame():
    explorable = replay()
    assert f"frequency {FREQUENCY}" in explorable.charts["circle"].caption

    def roundness(step):
        radius = np.linalg.norm(frame(explorable, step), axis=1)
        return np.std(radius) / np.mean(radius)

    assert roundness(1500) < 0.2 < 0.4 < roundness(100)
    # Token 0 is at the right, and the angle of token 1 is that of the frequency.
    x, y = frame(explorable, 1500).T
    turned = np.unwrap(np.angle((x + 1j * y)[[0, 1]]))
    assert np.diff(turned) % (2 * np.pi) == pytest.approx(2 * np.pi * FREQUENCY / P, abs=0.3)


def test_every_frame_is_seen_in_the_same_plane_and_in_its_own_units():
    explorable, all_ = replay(), embeddings()
    plane = fourier_plane(np.asarray(all_[1500], dtype=float), FREQUENCY)
    for step in (0, 800, 1500):
        centered = all_[step] - all_[step].mean(axis=0, dtype=float)
        share = np.square(centered @ plane).sum() / np.square(centered).sum()
        assert np.square(frame(explorable, step)).sum(axis=1).mean() == pytest.approx(share, rel=1e-3)
        assert told(explorable, step)["held"] == pytest.approx(share, rel=1e-3)
        seen = project(all_[step], plane)
        np.testing.assert_allclose(
            frame(explorable, step), seen / np.sqrt(np.square(centered).sum() / P), rtol=1e-3, atol=1e-6
        )
    energy = fourier_energy(all_[1500])[FREQUENCY - 1]
    assert f"holds {energy:.0%} of the final embedding" in explorable.charts["circle"].alt


def test_tokens_are_joined_along_the_circle_and_every_eighth_has_its_number():
    tokens = replay().data["tokens"]
    assert tokens["token"] == list(range(P))
    assert tokens["order"] == [FREQUENCY * token % P for token in range(P)]
    numbered = sorted(order for order, shown in zip(tokens["order"], tokens["labeled"], strict=True) if shown)
    assert len(numbered) == 12
    assert set(np.diff([*numbered, P])) <= {8, 9}


def test_undefined_rule_shares_are_left_out():
    run = history()
    run.loc[:3, "rule_share"] = [0, np.nan, np.inf, -1]
    explorable = replay(history=run, step=25)
    assert explorable.data["history"]["rule_share"][:4] == [None] * 4
    assert "rule share <strong>–</strong>" in explorable.html()
    payload = json.loads(re.search(r'class="grok-payload">(.*?)</script>', explorable.html(), re.DOTALL)[1])
    assert payload["data"] == explorable.data


def test_frames_may_be_fewer_than_evaluations():
    explorable = replay(embeddings=embeddings([0, 110, 1510]), step=110)
    recorded = history().set_index("step")["test_accuracy"]
    for step, at in ((0, 0), (110, 100), (1510, 1500)):
        assert told(explorable, step)["test_accuracy"] == pytest.approx(recorded[at], rel=1e-3)
        columns = explorable.data["history"]
        spans = zip(columns["step"], columns["until"], strict=True)
        assert [begin for begin, end in spans if begin <= step < end] == [at]


def words(explorable, step):
    return explorable.words({"step": step}, explorable.rows({"step": step}))


def test_the_alt_texts_tell_what_has_happened_so_far():
    explorable = replay()
    alt = {step: fill(explorable.charts["accuracy"].alt, words(explorable, step)) for step in (50, 500, 1500)}
    run = history()
    train, test = (int(run.loc[run[name] >= 0.5, "step"].iloc[0]) for name in ("train_accuracy", "test_accuracy"))
    never = "has not passed one half"
    assert alt[50].endswith(f"Up to step 50, training accuracy {never}, test accuracy {never}.")
    learned = f"training accuracy first passed one half at step {train}"
    assert alt[500].endswith(f"Up to step 500, {learned}, test accuracy {never}.")
    assert alt[1500].endswith(f"Up to step 1,500, {learned}, test accuracy first passed one half at step {test}.")
    for chart in ("circle", "norm", "rule_share"):
        assert "at step 500" in fill(explorable.charts[chart].alt, words(explorable, 500))


class TestGuess:
    def test_it_is_asked_a_quarter_of_the_way(self):
        explorable, run = replay(), history()
        turned = int(run.loc[run["test_accuracy"] >= 0.5, "step"].iloc[0])
        guess = explorable.guess
        assert (guess.chart, guess.kind) == ("accuracy", "mark")
        assert abs(guess.state["step"] - turned / 4) <= 12.5
        assert guess.answer == f"It was step {turned}."

    def test_it_is_not_asked_where_the_explorable_starts(self):
        asked = replay().guess.state["step"]
        assert abs(replay(step=asked).guess.state["step"] - asked) == 25

    def test_a_run_that_never_generalizes_has_none(self):
        explorable = replay(history=history(t_gen=10**9))
        assert explorable.guess is None
        assert list(explorable.presets) == ["First step", "Last step"]
        assert "test accuracy has not passed one half" in explorable.html()

    def test_nor_has_one_without_a_frame_before(self):
        assert replay(embeddings=embeddings([1000, 1500]), step=1000).guess is None


def test_presets_are_the_ends_the_plateau_and_the_turn():
    presets = replay().presets
    assert list(presets) == ["First step", "Plateau", "Turn", "Last step"]
    run = history().set_index("step")
    assert presets["First step"]["step"] == 0
    assert presets["Last step"]["step"] == 1500
    plateau, turn = (run.loc[presets[name]["step"]] for name in ("Plateau", "Turn"))
    assert plateau["train_accuracy"] > 0.99 > 0.05 > plateau["test_accuracy"]
    assert turn["test_accuracy"] == pytest.approx(0.5, abs=0.2)


def test_bad_input_is_named():
    with pytest.raises(ValueError, match=r"history: lacks the columns \['rule_share'\]"):
        replay(history=history().drop(columns="rule_share"))
    with pytest.raises(ValueError, match="embeddings: step 0 is before the first evaluation"):
        replay(history=history(range(100, 1525, 25)))
    with pytest.raises(ValueError, match="Training step: got 99999"):
        replay(step=99999)


def test_the_page_stays_small():
    assert len(replay().html()) < 300_000
