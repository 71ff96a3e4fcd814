"""Lecture mode: the steps of a plan in `lecture.toml`, one screen each, made of what the chapters show.

The directive ``{lecture} 45`` lays out the plan of that name. `_static/lecture.js` puts it on stage; without it the steps
follow one another on the page.
"""

import json
import tomllib
from html import escape
from pathlib import Path
from typing import Any, Self

from docutils import nodes
from docutils.statemachine import StringList
from pydantic import BaseModel, ConfigDict, model_validator
from shown_elsewhere import shown_elsewhere
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.util.docutils import SphinxDirective
from sphinx.util.typing import ExtensionMetadata

# Beside the pages that have its plans.
PLANS = "lecture.toml"


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Move(_Entry):
    """A link that sets an explorable of the page: its words, the explorable's name and the values of some controls."""

    words: str
    explorable: str
    state: dict[str, int | float | str]


class Step(_Entry):
    """One screen: its title, what it shows (``page#name``), questions, a text, links that move, and notes (Markdown)."""

    title: str
    show: list[str] = []
    ask: list[str] = []
    text: str = ""
    moves: list[Move] = []
    notes: str = ""


class Row(_Entry):
    """The minutes of a plan, as the teaching guide's table has them, and the names of their steps."""

    minutes: str
    steps: list[str]


class Lecture(_Entry):
    """All steps by name, and plans by theirs: rows in order."""

    step: dict[str, Step]
    plan: dict[str, list[Row]]

    @model_validator(mode="after")
    def _steps_exist(self) -> Self:
        for plan, rows in self.plan.items():
            for name in (name for row in rows for name in row.steps):
                if name not in self.step:
                    raise ValueError(f"plan.{plan}: got step {name!r}; must be one of {', '.join(self.step)}")
        return self

    def screens(self, plan: str) -> list[tuple[str, Step]]:
        """The minutes and the step of each screen of a plan; ValueError for an unknown one."""
        if plan not in self.plan:
            raise ValueError(f"lecture: got plan {plan!r}; must be one of {', '.join(self.plan)}")
        return [(row.minutes, self.step[name]) for row in self.plan[plan] for name in row.steps]


def read(path: Path) -> Lecture:
    """The plans in a file; ValueError names what is wrong in it."""
    return Lecture.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))


class LectureDirective(SphinxDirective):
    """A section for every screen of a plan."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        """The sections; each has an address, ``#step-4``, and a label, ``lecture-45-step-4``."""
        relative, path = self.env.relfn2path(PLANS)
        self.env.note_dependency(relative)
        (plan,) = self.arguments
        try:
            screens = read(Path(path)).screens(plan)
        except ValueError as wrong:
            raise self.error(f"{PLANS}: {wrong}") from None
        return [self._screen(plan, number, *screen) for number, screen in enumerate(screens, start=1)]

    def _screen(self, plan: str, number: int, minutes: str, step: Step) -> nodes.section:
        address = f"step-{number}"
        domain: Any = self.env.get_domain("std")
        domain.note_hyperlink_target(f"lecture-{plan}-{address}", self.env.docname, address, step.title)
        side = nodes.container(classes=["grok-side"])
        side += nodes.paragraph("", f"Minutes {minutes}", classes=["grok-minutes"])
        for question in step.ask:
            side += self._parsed(question, "grok-ask")
        if step.moves:
            links = " ".join(map(_link, step.moves))
            side += nodes.raw("", f'<p class="grok-moves">{links}</p>', format="html")
        if step.notes:
            side += self._parsed(step.notes, "grok-notes")
        main = nodes.container(classes=["grok-main"])
        if step.text:
            main += self._parsed(step.text, "grok-text")
        for what in step.show:
            # Styles and scripts find outputs in a cell.
            main += nodes.container("", shown_elsewhere(what=what), classes=["cell", "grok-shown"])
        section = nodes.section("", nodes.title("", step.title), side, ids=[address], classes=["grok-step"])
        if main.children:
            section += main
        self.set_source_info(section)
        return section

    def _parsed(self, text: str, style: str) -> nodes.container:
        parsed = nodes.container(classes=[style])
        self.state.nested_parse(StringList(text.splitlines(), source=PLANS), 0, parsed)
        return parsed


def _link(move: Move) -> str:
    state, name = escape(json.dumps(move.state)), escape(move.explorable)
    return (
        f'<a class="grok-set" href="#explorable-{name}" data-explorable="{name}" data-state="{state}">'
        f"{escape(move.words)}</a>"
    )


def _follow_chapters(_app: Sphinx, env: BuildEnvironment) -> list[str]:
    """Write the pages of plans at every build, as a chapter that they show may have changed; they are few."""
    return [page for page, files in env.dependencies.items() if any(Path(file).name == PLANS for file in files)]


def _load_stage(
    app: Sphinx, _page: str, _template: str, context: dict[str, Any], _doctree: nodes.document | None
) -> None:
    if "grok-step" in context.get("body", ""):
        app.add_css_file("lecture.css")
        app.add_js_file("lecture.js", loading_method="defer")


def setup(app: Sphinx) -> ExtensionMetadata:
    """Register the extension."""
    app.setup_extension("shown_elsewhere")
    app.add_directive("lecture", LectureDirective)
    app.connect("env-updated", _follow_chapters)
    app.connect("html-page-context", _load_stage)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
