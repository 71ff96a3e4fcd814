"""Buttons that lead to the repository appear where its address is known, and nowhere else.

The address stands in ``_config.yml``, as ``repository: url``; the environment variable BOOK_REPOSITORY_URL wins where it
is set, so that a copy of the book links to its own sources without an edit: the workflow that publishes the site sets it.
"""

import os

from sphinx.application import Sphinx
from sphinx.config import Config
from sphinx.util.typing import ExtensionMetadata

BRANCH = "main"
BINDER = "https://mybinder.org"
COLAB = "https://colab.research.google.com"


def _add_buttons(app: Sphinx, config: Config) -> None:
    # Jupyter Book has made an option of the theme out of the address in _config.yml.
    address = (os.environ.get("BOOK_REPOSITORY_URL") or config.html_theme_options["repository_url"]).rstrip("/")
    # For the page "Where to work".
    config.myst_substitutions = config.myst_substitutions | {"launch": launch(address) if address else ""}
    if not address:
        return
    config.html_theme_options |= {
        "repository_url": address,
        "repository_branch": BRANCH,
        "path_to_docs": "",
        "use_repository_button": True,
        "use_issues_button": True,
        "use_edit_page_button": True,
        "launch_buttons": {
            "notebook_interface": "jupyterlab",
            "binderhub_url": BINDER,
            "colab_url": COLAB,
        },
    }


def launch(address: str) -> str:
    """Links, in Markdown, that open the repository where one can work. Binder and Colab know GitHub's by their names."""
    _, _, name = address.partition("://github.com/")
    links = {"Get the repository": address}
    if name:
        links |= {"Open on Binder": f"{BINDER}/v2/gh/{name}/{BRANCH}?urlpath=lab/tree/book"}
        links |= {"Open on Colab": f"{COLAB}/github/{name}/blob/{BRANCH}/book/phenomenon/mind.ipynb"}
        links |= {"Get the book as a zip": f"{address}/releases/latest"}
    return " · ".join(f"[{text}]({target})" for text, target in links.items())


def setup(app: Sphinx) -> ExtensionMetadata:
    """Register the extension."""
    # Before the theme turns its options into links.
    app.connect("config-inited", _add_buttons, priority=100)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
