"""Pages link to the repository whose address is known, that of the environment first."""

import re
from types import SimpleNamespace

import pytest
from repository_links import _add_buttons, launch

from tools.student_notebooks import ROOT


@pytest.mark.parametrize(
    ("variable", "written", "used"),
    [
        ("", "", ""),
        ("", "https://example.org/a/", "https://example.org/a"),
        ("https://example.org/b", "", "https://example.org/b"),
        ("https://example.org/b", "https://example.org/a", "https://example.org/b"),
    ],
)
def test_buttons_lead_to(variable: str, written: str, used: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BOOK_REPOSITORY_URL", variable)
    # Jupyter Book hands the address in _config.yml on like this.
    config = SimpleNamespace(html_theme_options={"repository_url": written}, myst_substitutions={})
    _add_buttons(None, config)
    assert config.html_theme_options["repository_url"] == used
    assert ("launch_buttons" in config.html_theme_options) == bool(used)
    assert config.myst_substitutions["launch"] == (f"[Get the repository]({used})" if used else "")


def test_binder_and_colab_open_what_is_on_github() -> None:
    links = dict(re.findall(r"\[(.*?)\]\((.*?)\)", launch("https://github.com/an/other")))
    assert links["Open on Binder"] == "https://mybinder.org/v2/gh/an/other/main?urlpath=lab/tree/book"
    notebook = "book/phenomenon/mind.ipynb"
    assert links["Open on Colab"] == f"https://colab.research.google.com/github/an/other/blob/main/{notebook}"
    assert (ROOT / notebook).exists()
