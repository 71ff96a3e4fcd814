"""A build that ended with warnings is not continued.

Sphinx reads again only what changed, so without this a second build would not repeat the warnings of the first, and
pass.
"""

from pathlib import Path

from sphinx.application import ENV_PICKLE_FILENAME, Sphinx
from sphinx.util.typing import ExtensionMetadata


def _forget_failure(app: Sphinx, error: Exception | None) -> None:
    if error or app._warncount:
        Path(app.doctreedir, ENV_PICKLE_FILENAME).unlink(missing_ok=True)


def setup(app: Sphinx) -> ExtensionMetadata:
    """Register the extension."""
    app.connect("build-finished", _forget_failure)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
