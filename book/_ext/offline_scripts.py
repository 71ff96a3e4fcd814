"""Third-party scripts come out of installed wheels, so pages ask no other host and none is committed.

MathJax and the Vega bundle are written once for each version under `_build/.scripts`, the book's own script and styles
at every build; Sphinx copies all of them into the site.
"""

import hashlib
import shutil
from importlib import resources
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.config import Config
from sphinx.util.typing import ExtensionMetadata

from grokmodels.explorables.assets import write_assets
from grokmodels.palette import PALETTE

# The TeX-to-HTML component, its fonts, the TeX extensions it loads on demand, and the speech rules in English that its
# accessibility menu asks for.
MATHJAX_FILES = (
    "tex-chtml.js",
    "output/chtml/fonts",
    "input/tex/extensions",
    "a11y",
    "sre/mathmaps/base.json",
    "sre/mathmaps/en.json",
)


def _write_mathjax(folder: Path) -> None:
    source = Path(str(resources.files("mathjax"))) / "static" / "mathjax" / "es5"
    for name in MATHJAX_FILES:
        target = folder / "mathjax" / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if (source / name).is_dir():
            shutil.copytree(source / name, target)
        else:
            shutil.copyfile(source / name, target)


def _write_palette(folder: Path) -> None:
    """Give every color of the figures to the pages, under the names that charts and styles use."""
    light = "".join(f"--grok-{name}: {color.light}; " for name, color in PALETTE.items())
    dark = "".join(f"--grok-{name}: {color.dark}; " for name, color in PALETTE.items())
    text = f":root {{ {light}}}\nhtml[data-theme='dark'] {{ {dark}}}\n"
    (folder / "palette.css").write_text(text, encoding="utf-8")


def _add_static_files(app: Sphinx, config: Config) -> None:
    scripts = Path(app.srcdir) / "_build" / ".scripts"
    mathjax = scripts / f"mathjax-{version('django-static-mathjax')}"
    if not mathjax.exists():
        scripts.mkdir(parents=True, exist_ok=True)
        # Moved when complete: an interrupted build leaves no half-written folder behind.
        with TemporaryDirectory(dir=scripts) as partial:
            _write_mathjax(Path(partial) / "complete")
            (Path(partial) / "complete").rename(mathjax)
    ours = scripts / "book"
    ours.mkdir(exist_ok=True)
    _write_palette(ours)
    write_assets(ours)
    config.html_static_path += [str(mathjax), str(ours)]
    config["static_files_digest"] = _digest(Path(app.srcdir) / "book" / "_static", ours)


def _digest(*folders: Path) -> str:
    digest = hashlib.sha256()
    for folder in folders:
        for file in sorted(folder.iterdir()):
            digest.update(file.name.encode() + file.read_bytes())
    return digest.hexdigest()


def _load_where_needed(
    app: Sphinx, pagename: str, template: str, context: dict[str, Any], page: nodes.document | None
) -> None:
    """Load the charts only on pages that show one, as they weigh more than the page."""
    if "grok-explorable" in context.get("body", ""):
        app.add_css_file("explorable.css")
        app.add_js_file("vega.js", loading_method="defer")
        app.add_js_file("explorable.js", loading_method="defer")
    if pagename == "search":
        # A page opened from disk may not fetch others, so it lists results without excerpts.
        app.add_js_file(
            None, body="if (location.protocol === 'file:') DOCUMENTATION_OPTIONS.SHOW_SEARCH_SUMMARY = false;"
        )


def setup(app: Sphinx) -> ExtensionMetadata:
    """Register the extension."""
    # Sphinx copies styles and scripts with the pages it writes, and writes none when only these changed: a setting that
    # follows them makes it write all.
    app.add_config_value("static_files_digest", "", "html", str)
    app.connect("config-inited", _add_static_files)
    app.connect("html-page-context", _load_where_needed)
    app.add_css_file("palette.css", priority=400)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
