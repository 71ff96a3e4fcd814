import pytest

from grokmodels.explorables import Choice, Slider, grid


def test_a_slider_takes_the_nearest_allowed_value():
    slider = Slider("Step", [0, 25, 100], initial=25)
    assert [slider.nearest(value) for value in (0, 12, 13, 99.9)] == [0, 0, 25, 100]


@pytest.mark.parametrize("value", [-1, 100.1, float("nan"), float("inf"), "25", None])
def test_what_is_outside_raises(value):
    with pytest.raises(ValueError, match=r"Step: got .*; must be between 0 and 100"):
        Slider("Step", [0, 25, 100], initial=25).nearest(value)


def test_values_are_shown_with_their_unit_or_name():
    slider = Slider("Decay", [0, 1000], initial=0, unit="per step", format=",", names={0: "none"})
    assert slider.payload()["texts"] == ["none per step", "1,000 per step"]


@pytest.mark.parametrize("values", [[1], [1, 1], [2, 1]])
def test_values_must_ascend(values):
    with pytest.raises(ValueError, match="two or more ascending values"):
        Slider("Step", values, initial=1)


def test_a_choice_takes_its_options_only():
    with pytest.raises(ValueError, match=r"Sign: got 'both'; must be one of \['plus', 'minus'\]"):
        Choice("Sign", {"plus": "+", "minus": "−"}, initial="both")


def test_a_grid_is_free_of_dust():
    assert grid(0, 0.3, 0.1) == [0, 0.1, 0.2, 0.3]
    with pytest.raises(ValueError, match="needs low < high and step > 0"):
        grid(0, 1, 0)


def test_values_are_shown_as_books_print_them():
    slider = Slider("Seed", [-0.5, 1e-6, 3e-5, 0.0001, 0.25], initial=0.25)
    assert slider.payload()["texts"] == ["−0.5", "10⁻⁶", "3·10⁻⁵", "0.0001", "0.25"]
