"""A site without any solution, for a class that is graded.

The environment variable BOOK_WITHOUT_SOLUTIONS, set to 1, asks for it, or ``-D without_solutions=1`` of Sphinx.
Solutions are not read at all, so no page, target or index of the search has a word of them; references to them become
plain text. No source is offered, neither as a copy nor by a link to the repository, since solutions stand in there.
"""

import os
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.addnodes import pending_xref
from sphinx.application import Sphinx
from sphinx.config import Config
from sphinx.environment import BuildEnvironment
from sphinx.transforms.post_transforms import SphinxPostTransform
from sphinx.util.docutils import SphinxDirective
from sphinx.util.typing import ExtensionMetadata
from sphinx_exercise.directive import SolutionDirective

VARIABLE = "BOOK_WITHOUT_SOLUTIONS"

# Where Sphinx keeps, between builds, the labels of solutions.
LABELS = "grok_solutions"


class LeftOut(SphinxDirective):
    """A solution, of which only its label is noted."""

    has_content = True
    required_arguments = 1
    option_spec = SolutionDirective.option_spec

    def run(self) -> list[nodes.Node]:
        _labels(self.env).add(self.options.get("label", ""))
        return []


class Refused(SphinxDirective):
    """A solution that stands between two directives, as text of the page."""

    required_arguments = 1
    option_spec = SolutionDirective.option_spec

    def run(self) -> list[nodes.Node]:
        raise self.error("a solution between solution-start and solution-end cannot be left out: write one directive")


class LeaveOutReferences(SphinxPostTransform):
    """Leave of a reference to a solution the words that its author gave it."""

    # Before any reference is looked up.
    default_priority = 1

    def run(self, **kwargs: Any) -> None:
        """Replace the references of a page."""
        labels = _labels(self.env)
        for reference in list(self.document.findall(pending_xref)):
            if reference["reftarget"].lstrip("#") in labels:
                words = reference.astext() if reference.get("refexplicit") else ""
                reference.replace_self(nodes.inline("", words))


def _labels(env: BuildEnvironment) -> set[str]:
    if not hasattr(env, LABELS):
        setattr(env, LABELS, set())
    labels: set[str] = getattr(env, LABELS)
    return labels


def _leave_out(app: Sphinx, config: Config) -> None:
    if not config.without_solutions:
        return
    app.add_directive("solution", LeftOut, override=True)
    app.add_directive("solution-start", Refused, override=True)
    app.add_post_transform(LeaveOutReferences)
    config.html_copy_source = False
    config.html_show_sourcelink = False
    config.html_theme_options = config.html_theme_options | {
        "repository_url": "",
        "use_download_button": False,
        "use_repository_button": False,
        "use_issues_button": False,
        "use_edit_page_button": False,
        "launch_buttons": {},
    }
    # This site has a folder of its own and shares the outputs of executed chapters.
    config.nb_execution_cache_path = str(Path(app.srcdir) / "_build" / ".jupyter_cache")


def setup(app: Sphinx) -> ExtensionMetadata:
    """Register the extension."""
    app.add_config_value("without_solutions", os.environ.get(VARIABLE) == "1", "env", bool)
    # After the buttons that lead to a repository, before the theme turns its options into links.
    app.connect("config-inited", _leave_out, priority=200)
    return {"parallel_read_safe": False, "parallel_write_safe": True}
