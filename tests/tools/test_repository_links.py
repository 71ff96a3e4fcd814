"""Pages link to the repository whose address is known, that of the environment first."""

from types import SimpleNamespace

import pytest
from repository_links import _add_buttons


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
    config = SimpleNamespace(html_theme_options={"repository_url": written})
    _add_buttons(None, config)
    assert config.html_theme_options["repository_url"] == used
    assert ("launch_buttons" in config.html_theme_options) == bool(used)
