"""Buttons that lead to the repository appear where its address is known, and nowhere else.

The address stands in ``_config.yml``, as ``repository: url``; the environment variable BOOK_REPOSITORY_URL wins where it
is set, so that a copy of the book links to its own sources without an edit: the workflow that publishes the site sets it.
"""

import os

from sphinx.application import Sphinx
from sphinx.config import Config
from sphinx.util.typing import ExtensionMetadata


def _add_buttons(app: Sphinx, config: Config) -> None:
    # Jupyter Book has made an option of the theme out of the address in _config.yml.
    address = (os.environ.get("BOOK_REPOSITORY_URL") or config.html_theme_options["repository_url"]).rstrip("/")
    if not address:
        return
    config.html_theme_options |= {
        "repository_url": address,
        "repository_branch": "main",
        "path_to_docs": "",
        "use_repository_button": True,
        "use_issues_button": True,
        "use_edit_page_button": True,
        "launch_buttons": {
            "notebook_interface": "jupyterlab",
            "binderhub_url": "https://mybinder.org",
            "colab_url": "https://colab.research.google.com",
        },
    }


def setup(app: Sphinx) -> ExtensionMetadata:
    """Register the extension."""
    # Before the theme turns its options into links.
    app.connect("config-inited", _add_buttons, priority=100)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
