import io

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_hex

from grokmodels import figures
from grokmodels.measures import fourier
from grokmodels.palette import PALETTE
from tests.explorable_samples import circle, family_tables, history


@pytest.fixture
def ax():
    with mpl.rc_context(figures.STYLE):
        fig, ax = plt.subplots()
        yield ax
        plt.close(fig)


def test_one_run_is_drawn_in_the_colors_of_train_and_test(ax):
    run = history()
    figures.learning_curves(ax, run, chance=1 / 97)
    train, test, chance = ax.lines
    assert to_hex(train.get_color()) == PALETTE["train"].light.lower()
    assert to_hex(test.get_color()) == PALETTE["test"].light.lower()
    np.testing.assert_array_equal(test.get_ydata(), run["test_accuracy"])
    assert chance.get_ydata()[0] == 1 / 97
    assert ax.get_xlabel() == "training step"


def test_several_seeds_are_a_median_and_a_band_with_n_stated(ax):
    runs = [history(seed=seed, t_gen=800 + 50 * seed).assign(seed=seed) for seed in range(5)]
    # One run stopped early: it counts on with its last value.
    runs[0] = runs[0][runs[0]["step"] <= 1200]
    figures.curve(ax, pd.concat(runs), "test_accuracy", "black")
    assert "n = 5 seeds" in ax.get_xlabel()
    last = [run["test_accuracy"].iloc[-1] for run in runs]
    assert ax.lines[0].get_ydata()[-1] == pytest.approx(np.median(last))
    band = ax.collections[0].get_paths()[0].vertices
    assert band[:, 1].max() <= 1
    assert np.isclose(band[:, 1], max(last)).any()


@pytest.mark.parametrize(
    ("draw", "scale"),
    [(figures.weight_norm, "linear"), (figures.rule_share, "log"), (figures.losses, "log")],
)
def test_each_measure_has_its_axis(ax, draw, scale):
    draw(ax, history())
    assert ax.get_yscale() == scale
    assert ax.get_ylabel()


def test_delay_bars_end_in_an_arrow_where_the_record_ends(ax):
    _, times = family_tables(seeds=1)
    figures.delay_bars(ax, times, [f"{decay:g}" for decay in times["weight_decay"]])
    drawn = {line.get_label(): len(line.get_xdata()) for line in ax.lines}
    assert drawn == {"memorized": 8, "generalized": 7, "not within budget": 1}
    with pytest.raises(ValueError, match="labels: got 1 for 8 runs"):
        figures.delay_bars(ax, times, ["one"])


def test_the_circle_carries_numbers_at_the_places_of_its_tokens(ax):
    points = fourier.project(circle(), fourier.fourier_plane(circle(), 14))
    figures.embedding_circle(ax, points, fourier.circle_order(97, 14))
    assert len(ax.texts) == 12
    for text in ax.texts:
        np.testing.assert_allclose(np.divide(text.get_position(), points[int(text.get_text())]), 1.13)


def test_words_are_stacked_under_their_count(ax):
    figures.stacked_words(ax, {"yes": ("generalizing", ["1 a", "2 b"]), "no": ("bad", [])})
    assert [text.get_text() for text in ax.texts] == ["2 b", "1 a", "yes: 2", "no: 0"]
    # The first word on top.
    assert ax.texts[1].get_position()[1] > ax.texts[0].get_position()[1]


def test_amplitudes_against_time_or_accumulated_decay(ax):
    trajectory = pd.DataFrame({"t": [0.0, 1, 2], "decay_time": [0, 0.1, 0.2], "u": [1, 1, 0.5], "v": [0.01, 0.1, 1]})
    figures.amplitudes(ax, trajectory, "decay_time")
    assert [to_hex(line.get_color()) for line in ax.lines] == [
        PALETTE["memorizing"].light.lower(),
        PALETTE["generalizing"].light.lower(),
    ]
    with pytest.raises(ValueError, match="time: got 'seconds'"):
        figures.amplitudes(ax, trajectory, "seconds")


@pytest.mark.slow
def test_the_same_figure_is_the_same_file():
    def svg():
        file = io.StringIO()
        with mpl.rc_context(figures.STYLE):
            fig, ax = plt.subplots()
            figures.learning_curves(ax, history())
            fig.savefig(file, format="svg", metadata={"Date": None})
            plt.close(fig)
        return file.getvalue()

    assert svg() == svg()


def test_use_style_outside_a_notebook_only_sets_the_style():
    with mpl.rc_context():
        figures.use_style()
        assert mpl.rcParams["figure.facecolor"] == "none"
        assert mpl.rcParams["svg.hashsalt"] == "grokmodels"
