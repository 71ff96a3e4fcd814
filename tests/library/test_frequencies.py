"""The explorable of frequencies, on logits whose waves are known."""

import json
import re
import subprocess
import sys

import numpy as np
import pytest

from tests.explorable_samples import RULE, frequencies, recorded


def test_importing_needs_no_torch():
    code = "import sys, grokmodels.explorables.frequencies; print('torch' in sys.modules)"
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert said.stdout.strip() == "False"


def test_the_strongest_waves_at_the_end_are_kept_and_drawn():
    rows = frequencies().rows({"run": "p = 23", "step": 200, "kept": 2})
    assert {bar["frequency"] for bar in rows["bars"] if bar["kept"]} == {3, 5}
    shares = np.array([bar["share"] for bar in rows["bars"]])
    # Amplitudes 3, 2 and 1 of waves, nothing else but noise.
    np.testing.assert_allclose(shares[np.array(RULE) - 1], np.array([9, 4, 1]) / 14, atol=0.02)
    told = {row["label"]: row["value"] for row in rows["readout"]}
    assert told["of the squared logits kept"] == pytest.approx(13 / 14, abs=0.02)
    assert rows["now"] == [rows["curve"][-1]]


def test_few_waves_answer_before_the_network_and_none_guess():
    explorable = frequencies()
    early = {kept: explorable.rows({"run": "p = 23", "step": 50, "kept": kept})["now"][0] for kept in (0, 3)}
    assert early[0]["few"] == pytest.approx(1 / 23, abs=1e-4)
    assert early[3]["few"] == 1 > early[3]["network"] + 0.5


def test_states_that_were_not_recorded_are_refused():
    explorable = frequencies()
    with pytest.raises(ValueError, match=r"No network was recorded at step 70\."):
        explorable.rows({"run": "p = 23", "step": 70, "kept": 1})
    with pytest.raises(ValueError, match=r"No accuracy was computed for 9 waves\."):
        explorable.rows({"run": "p = 23", "step": 50, "kept": 9})
    with pytest.raises(ValueError, match=r"Network: got 'p = 5'"):
        frequencies(run="p = 5")
    with pytest.raises(ValueError, match="'short' was not recorded at the steps of the others"):
        frequencies(runs={"p = 23": recorded(), "short": recorded(steps=(0, 50))})


def test_the_page_is_small_and_speaks_without_javascript():
    html = frequencies().html()
    assert len(html) < 200_000
    assert "Frequencies kept: <strong>4</strong>" in html
    assert len(re.findall(r'<img class="dark-light" alt="[^"]+"', html)) == 2
    payload = json.loads(re.search(r'class="grok-payload">(.*?)</script>', html, re.DOTALL)[1])
    assert payload["data"] == frequencies().data
