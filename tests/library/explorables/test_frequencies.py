"""The explorable of frequencies, on logits whose waves are known."""

import json
import re

import numpy as np
import pytest

from tests.explorable_samples import RULE, few, frequencies


def test_the_strongest_frequencies_at_the_end_are_kept_at_every_step():
    explorable = frequencies()
    for step, part in ((50, 0.25), (200, 1.0)):
        rows = explorable.rows({"run": "p = 23", "step": step, "kept": 2})
        assert {bar["frequency"] for bar in rows["bars"] if bar["kept"]} == set(RULE[:2])
        shares = np.array([bar["share"] for bar in rows["bars"]])
        np.testing.assert_allclose(shares[np.array(RULE) - 1], part * np.array([3, 2, 1]) / 6, atol=1e-3)
        told = {row["label"]: row["value"] for row in rows["readout"]}
        assert told["of the squared logits kept"] == pytest.approx(part * 5 / 6, abs=1e-3)


def test_the_accuracy_is_that_of_the_kept_number():
    explorable = frequencies()
    for kept in (0, 1, 3, 6):
        now = explorable.rows({"run": "p = 23", "step": 100, "kept": kept})["now"]
        expected = few().set_index("step").loc[100]
        assert now == [
            pytest.approx({"step": 100, "network": expected["network"], "few": expected["kept"][kept]}, 1e-3)
        ]
    assert explorable.rows(explorable.state)["now"][0] == explorable.rows(explorable.state)["curve"][-1]


def test_states_that_were_not_recorded_are_refused():
    explorable = frequencies()
    with pytest.raises(ValueError, match=r"No network was recorded at step 70\."):
        explorable.rows({"run": "p = 23", "step": 70, "kept": 1})
    with pytest.raises(ValueError, match=r"No accuracy was computed with 9 frequencies\."):
        explorable.rows({"run": "p = 23", "step": 50, "kept": 9})
    with pytest.raises(ValueError, match=r"Network: got 'p = 5'"):
        frequencies(run="p = 5")
    for other in (few(steps=(0, 50)), few(most=3)):
        with pytest.raises(ValueError, match="'odd' has other steps or numbers of frequencies than 'p = 23'"):
            frequencies(runs={"p = 23": few(), "odd": other})


def test_the_page_is_small_and_speaks_without_javascript():
    html = frequencies().html()
    assert len(html) < 200_000
    assert "Frequencies kept: <strong>4</strong>" in html
    assert len(re.findall(r'<img class="dark-light" alt="[^"]+"', html)) == 2
    payload = json.loads(re.search(r'class="grok-payload">(.*?)</script>', html, re.DOTALL)[1])
    assert payload["data"] == frequencies().data
