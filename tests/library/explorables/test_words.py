import pytest

from grokmodels.explorables.words import Readout, Shown, fill, number

VALUES = {"at": 12.345, "none": None, "runs": 10, "phase": "grokking", "decay": Shown(3e-5, "3·10⁻⁵"), "low": -0.5}


@pytest.mark.parametrize(
    ("template", "text"),
    [
        ("from time {at:.1f}", "from time 12.3"),
        ("of {runs} seeds: {none:d}", "of 10 seeds: –"),
        ("at decay {decay}, or {decay:.6f}", "at decay 3·10⁻⁵, or 0.000030"),
        ("{phase}", "grokking"),
        ("{runs:,d} and {low:.2f}", "10 and −0.50"),
        ("{unknown}", "–"),
    ],
)
def test_templates_are_filled(template, text):
    assert fill(template, VALUES) == text


def test_a_readout_without_a_value_says_its_own_word():
    assert Readout("at {runs}", "{none:.1f}", "ink", none="never").told(VALUES) == ("at 10", "never", "ink")
    assert Readout("at", "{at:.1f}", "{phase}").told(VALUES) == ("at", "12.3", "grokking")


def test_numbers_are_printed_as_in_books():
    assert [number(x) for x in (1e-5, 3e-5, -2e-7, 0.001, 100)] == ["10⁻⁵", "3·10⁻⁵", "−2·10⁻⁷", "0.001", "100"]
    assert number(1234.5, ",.0f") == "1,234"
