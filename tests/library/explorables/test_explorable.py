"""The framework: what a notebook gets, what a page gets."""

import json
import re

import altair as alt
import numpy as np
import pandas as pd
import pytest
import traitlets

from grokmodels.explorables import Chart, columns, compact, write_assets
from grokmodels.explorables.assets import GLUE, STYLE
from grokmodels.palette import PALETTE, css, without_variables
from tests.explorable_samples import Power, family, replay


def payload(explorable):
    return json.loads(re.search(r'class="grok-payload">(.*?)</script>', explorable.html(), re.DOTALL)[1])


class TestWidget:
    def test_traits_snap_and_can_be_linked(self):
        explorable = replay()
        explorable.step = 810
        assert explorable.step == 800
        with pytest.raises(ValueError, match="Training step: got 9000"):
            explorable.step = 9000
        assert explorable.step == 800

        class Other(traitlets.HasTraits):
            value = traitlets.Float()

        other = Other(value=401.0)
        traitlets.link((other, "value"), (explorable, "step"))
        assert explorable.step == 400
        explorable.step = 600
        assert other.value == 600

    def test_the_notebook_gets_a_widget_a_page_and_a_short_text(self):
        bundle, _ = replay()._repr_mimebundle_()
        assert bundle["text/plain"] == "Replay(step=800)"
        assert "application/vnd.jupyter.widget-view+json" in bundle
        assert bundle["text/html"] == replay().html()

    def test_the_synced_state_stays_small(self):
        explorable = replay()
        assert len(json.dumps(explorable.get_state(), default=str)) < 6_000
        assert set(explorable.keys) - set(Power().keys) == {"step"}

    def test_the_front_end_is_answered(self):
        explorable, sent = replay(), []
        explorable.send = sent.append
        explorable._answer(explorable, {"ask": "html"}, [])
        explorable._answer(explorable, {"ask": "page"}, [])
        assert sent[0] == {"what": "html", "html": explorable.html(), "traits": ["step"]}
        assert sent[1]["scripts"][1] == GLUE
        assert "window.vegaEmbed" in sent[1]["scripts"][0]


class TestState:
    def test_rows_are_those_of_the_kernel(self):
        rows = Power().rows({"exponent": 2, "sign": "minus"})
        assert [row["y"] for row in rows["curve"]] == [0, -0.25, -1, -2.25, -4]
        assert rows["readout"] == {"last": 2, "end": -4, "color": "test"}
        with pytest.raises(ValueError, match=r"^No power below zero here\.$"):
            Power().rows({"exponent": -1, "sign": "plus"})

    def test_presets_are_whole_states(self):
        explorable = Power()
        assert explorable.presets == {
            "Square": {"exponent": 2, "sign": "plus"},
            "Minus": {"exponent": 1, "sign": "minus"},
        }

    @pytest.mark.parametrize("changes", [{"exponent": 4}, {"power": 3}, {"sign": "both"}])
    def test_a_preset_or_guess_that_no_control_takes_is_refused(self, changes):
        class Wrong(Power):
            def _checked(self, _):
                return super()._checked(changes)

        with pytest.raises(ValueError, match=r"got .*; must be"):
            Wrong()


class TestMarkup:
    def test_words_and_pictures_need_no_javascript(self):
        html = family().html()
        assert "How does the wait" in html
        assert "Weight decay: <strong>3</strong>" in html
        pictures = re.findall(r'<img class="dark-light" alt="([^"]+)" src="data:image/svg\+xml,[^"]+">', html)
        assert len(pictures) == 2
        assert "0: 0 of 10 seeds" in pictures[1]
        assert "var(" not in "".join(re.findall(r'src="([^"]+)"', html))

    def test_words_follow_the_state(self):
        explorable = Power()
        explorable.exponent = 2
        html = explorable.html()
        assert "<figcaption>x to the 2 ·</figcaption>" in html
        assert 'alt="A curve that ends at 4.0, exponent 2 ·."' in html
        assert '<span style="--grok-color: var(--grok-train)">at 2 <strong>4.0</strong></span>' in html
        explorable.exponent = 3
        assert "at 2 <strong>nothing</strong>" in explorable.html()

    @pytest.mark.slow
    def test_the_picture_is_that_of_the_state(self):
        def pictured(explorable):
            return re.findall(r'src="([^"]+)"', explorable.html())

        explorable = family()
        first = pictured(explorable)
        explorable.weight_decay = 0.1
        assert all(before != after for before, after in zip(first, pictured(explorable), strict=True))

    def test_the_payload_cannot_end_its_script(self):
        explorable = Power()
        explorable.data |= {"words": ["</script><script>alert(1)</script>", "<!--"]}
        assert payload(explorable)["data"] == explorable.data
        assert explorable.html().count("</script>") == 1

    def test_a_state_without_an_answer_says_why(self):
        explorable = Power()
        explorable.exponent = -1
        assert '<p class="grok-note" role="status">No power below zero here.</p>' in explorable.html()

    @pytest.mark.parametrize("make", [replay, family])
    def test_pages_stay_small(self, make):
        assert len(make().html()) < 300_000

    def test_the_page_asks_no_other_host(self):
        links = re.findall(r"https?://[^\"' )]+", replay().html() + family().html() + GLUE + STYLE)
        # Names of formats, which nothing fetches.
        assert {re.split(r"/", link)[2] for link in links} <= {"www.w3.org", "vega.github.io"}


def test_a_chart_knows_what_it_draws_and_what_moves_it():
    base = alt.Chart(alt.NamedData("past")).encode(x="step:Q")
    now = alt.Chart(alt.NamedData("now")).transform_calculate(y="datum.step * 2 + kept")
    chart = Chart(alt.layer(base.mark_line().transform_filter("datum.step <= step"), now.mark_point()), "", "", 100)
    assert chart.reads() == ["now", "past"]
    assert chart.follows(["step", "kept", "run", "ste"]) == ["step", "kept"]
    assert {"name": "step", "value": 3} in chart.spec({"step": 3})["params"]


def test_compact_numbers_keep_four_digits_and_mark_what_is_missing():
    table = pd.DataFrame({"step": [1, 123456], "x": [np.pi * 1e-5, np.nan], "y": [np.inf, 2.0], "name": ["a", "b"]})
    expected = {"step": [1, 123456], "x": [3.142e-05, None], "y": [None, 2], "name": ["a", "b"]}
    assert columns(table) == expected
    assert compact(np.array([[0.123456, 1]], dtype=np.float32)) == [[0.1235, 1]]


def test_one_palette_for_every_page(tmp_path):
    assert without_variables(f"stroke: {css('train')}") == "stroke: #0072B2"
    with pytest.raises(ValueError, match="color: got 'blue'"):
        css("blue")
    style = write_assets(tmp_path)[2].read_text(encoding="utf-8")
    for name, color in PALETTE.items():
        assert f"--grok-{name}: {color.light};" in style
        assert f"--grok-{name}: {color.dark};" in style
