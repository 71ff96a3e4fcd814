import json
import re

import numpy as np
import pandas as pd
import pytest
import traitlets

from grokmodels.explorables import Choice, Slider, columns, compact, grid, write_assets
from grokmodels.explorables.assets import GLUE, STYLE
from grokmodels.palette import PALETTE, css, without_variables
from tests.explorable_samples import DECAYS, FREQUENCY, P, Power, embeddings, family, family_tables, history, replay


def payload(explorable):
    return json.loads(re.search(r'class="grok-payload">(.*?)</script>', explorable.html(), re.DOTALL)[1])


class TestControls:
    def test_a_slider_takes_the_nearest_allowed_value(self):
        slider = Slider("Step", [0, 25, 100], initial=25)
        assert [slider.nearest(value) for value in (0, 12, 13, 99.9)] == [0, 0, 25, 100]

    @pytest.mark.parametrize("value", [-1, 100.1, float("nan"), float("inf"), "25", None])
    def test_what_is_outside_raises(self, value):
        with pytest.raises(ValueError, match=r"Step: got .*; must be between 0 and 100"):
            Slider("Step", [0, 25, 100], initial=25).nearest(value)

    def test_values_are_shown_with_their_unit_or_name(self):
        slider = Slider("Decay", [0, 1000], initial=0, unit="per step", format=",", names={0: "none"})
        assert slider.payload()["texts"] == ["none per step", "1,000 per step"]

    @pytest.mark.parametrize("values", [[1], [1, 1], [2, 1]])
    def test_values_must_ascend(self, values):
        with pytest.raises(ValueError, match="two or more ascending values"):
            Slider("Step", values, initial=1)

    def test_a_choice_takes_its_options_only(self):
        with pytest.raises(ValueError, match=r"Sign: got 'both'; must be one of \['plus', 'minus'\]"):
            Choice("Sign", {"plus": "+", "minus": "−"}, initial="both")

    def test_a_grid_is_free_of_dust(self):
        assert grid(0, 0.3, 0.1) == [0, 0.1, 0.2, 0.3]
        with pytest.raises(ValueError, match="needs low < high and step > 0"):
            grid(0, 1, 0)


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
        assert len(json.dumps(explorable.get_state(), default=str)) < 5_000
        assert set(explorable.keys) - set(Power().keys) == {"step"}

    def test_the_front_end_is_answered(self):
        explorable, sent = replay(), []
        explorable.send = sent.append
        explorable._answer(explorable, {"ask": "html"}, [])
        explorable._answer(explorable, {"ask": "page"}, [])
        assert sent[0] == {"what": "html", "html": explorable.html(), "traits": ["step"]}
        assert sent[1]["scripts"][1] == GLUE
        assert "window.vegaEmbed" in sent[1]["scripts"][0]


class TestMarkup:
    def test_words_and_pictures_need_no_javascript(self):
        html = family().html()
        assert "How does the wait" in html
        assert "Weight decay: <strong>3</strong>" in html
        pictures = re.findall(r'<img class="dark-light" alt="([^"]+)" src="data:image/svg\+xml,[^"]+">', html)
        assert len(pictures) == 2
        assert "0: 0 of 10 seeds" in pictures[1]
        assert "var(" not in "".join(re.findall(r'src="([^"]+)"', html))

    def test_the_payload_cannot_end_its_script(self):
        explorable = Power()
        explorable.data = {"axis": {"x": [0, 1], "word": ["</script><script>alert(1)</script>", "<!--"]}}
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


class TestReplay:
    def test_rows_are_the_recorded_ones(self):
        rows = replay().rows({"step": 400})
        assert [row["step"] for row in rows["past"]] == list(range(0, 425, 25))
        assert rows["now"] == rows["past"][-1:]
        assert rows["now"][0]["test_accuracy"] == pytest.approx(
            history().set_index("step").test_accuracy[400], rel=1e-3
        )
        assert len(rows["circle"]) == P
        with pytest.raises(ValueError, match=r"No network was recorded at step 401\."):
            replay().rows({"step": 401})

    def test_the_circle_emerges_in_the_plane_of_the_last_frame(self):
        explorable = replay()
        assert f"frequency {FREQUENCY}" in explorable.charts["circle"].caption

        def roundness(step):
            radius = [np.hypot(row["x"], row["y"]) for row in explorable.rows({"step": step})["circle"]]
            return np.std(radius) / np.mean(radius)

        assert roundness(1500) < 0.2 < 0.4 < roundness(100)

    def test_bad_input_is_named(self):
        with pytest.raises(ValueError, match=r"history: lacks the columns \['rule_share'\]"):
            replay(history=history().drop(columns="rule_share"))
        with pytest.raises(ValueError, match="embeddings: step 0 is before the first evaluation"):
            replay(history=history(range(100, 1525, 25)))
        with pytest.raises(ValueError, match="Training step: got 99999"):
            replay(step=99999)

    def test_undefined_rule_shares_are_left_out(self):
        run = history()
        run.loc[:3, "rule_share"] = [0, np.nan, np.inf, -1]
        explorable = replay(history=run)
        assert explorable.data["history"]["rule_share"][:4] == [None] * 4
        assert payload(explorable)["data"] == explorable.data

    def test_frames_may_be_fewer_than_evaluations(self):
        explorable = replay(embeddings=embeddings([0, 110, 1500]), step=110)
        assert explorable.rows(explorable.state)["now"][0]["step"] == 100


class TestFamily:
    def test_the_slider_has_the_recorded_decays(self):
        explorable = family(weight_decay=0.3)
        assert list(explorable.controls["weight_decay"].values) == DECAYS
        assert explorable.weight_decay == 0.3

    def test_rows_are_the_chosen_runs(self):
        rows = family().rows({"weight_decay": 0.0})
        assert len({row["run"] for row in rows["runs"]}) == 20
        assert {row["censored"] for row in rows["chosen"] if row["milestone"] == "generalized"} == {True}
        assert [row["value"] for row in rows["readout"]] == [10, 0]
        with pytest.raises(ValueError, match=r"No run was recorded at weight decay 0\.7\."):
            family().rows({"weight_decay": 0.7})

    def test_kept_evaluations_are_recorded_ones(self):
        runs, _ = family_tables()
        recorded = runs[(runs["weight_decay"] == 0.5) & (runs["seed"] == 3)].set_index("step")["test_accuracy"]
        kept = [row for row in family().rows({"weight_decay": 0.5})["runs"] if row["run"] == "3 test"]
        assert 40 < len(kept) <= 60
        assert all(row["accuracy"] == pytest.approx(recorded[row["step"]], rel=1e-3) for row in kept)

    def test_a_run_that_stopped_early_keeps_its_last_accuracy_in_the_median(self):
        runs, times = family_tables(decays=[0.5, 1.0], seeds=3)
        runs = runs[(runs["seed"] > 0) | (runs["step"] < 5000)]
        explorable = family(history=runs, milestones=times)
        rows = explorable.rows({"weight_decay": 0.5})
        assert max(row["step"] for row in rows["runs"] if row["run"] == "0 test") < 5000
        assert max(row["step"] for row in rows["median"]) == 20_000
        assert all(row["accuracy"] is not None for row in rows["median"])

    def test_bad_input_is_named(self):
        runs, times = family_tables(seeds=1)
        with pytest.raises(ValueError, match=r"milestones: lacks the columns \['t_gen_censored'\]"):
            family(milestones=times.drop(columns="t_gen_censored"))
        with pytest.raises(ValueError, match=r"history: has no run at weight decay \[3\.0\]"):
            family(history=runs[runs["weight_decay"] < 3], milestones=times)


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
