"""A world of facts that a network learns in the page, to build and to question."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import Any

import altair as alt

from grokmodels.explorables.charts import Chart, Drawing, log_steps, percent, series
from grokmodels.explorables.controls import Control, Controlled, Slider, grid
from grokmodels.explorables.engine import FOLDER, wasm_base64, worker_text
from grokmodels.explorables.explorable import Rows
from grokmodels.explorables.guess import Guess, guessed
from grokmodels.explorables.program import Program, Script
from grokmodels.explorables.raster import Kind, Raster
from grokmodels.explorables.recording import KNOWN_RUNS, TRAINEES, Trained, record
from grokmodels.explorables.words import Readout, State
from grokmodels.palette import css
from grokmodels.recipes import Architecture, Experiment, Optimizer, TwoHop
from grokmodels.recipes.tasks import sentences

_HERE = Path(__file__).parent

FIRST = TwoHop(entities=20, relations=6, unused=0.1)
# What a reader first meets: it memorizes, waits and then answers within seconds. Bounded gradients keep its curves
# calm; world_recipe.js makes batches follow the world.
BASE = Experiment(
    task=FIRST,
    fraction=0.9,
    architecture=Architecture(layers=2, width=32),
    optimizer=Optimizer(learning_rate=3e-3, weight_decay=1.0, clip=0.3),
    batch_size=110,
    steps=20_000,
    evaluate_every=25,
    stop_when_generalized=True,
)
DECAYS = [0, 0.1, 0.2, 0.3, 0.5, 1, 2]
# Where the recording ends at the latest, and its frames.
RECORDED, FRAMES = 4000, 40
COLUMNS = (
    *("step", "decay_time", "train_accuracy", "test_accuracy", "weight_norm", "train_accuracy.facts"),
    *("train_accuracy.questions", "apart_accuracy.one_unused", "apart_accuracy.two_unused"),
)
# The letter of answer 0 in a recorded frame; world_recorded.js reads them.
FIRST_LETTER = 48
PEOPLE = (
    *("Ada", "Ben", "Cleo", "Dan", "Eva", "Finn", "Gus", "Hana", "Ivo", "June", "Kim", "Lea", "Max", "Nora", "Otis"),
    *("Pia", "Quinn", "Rosa", "Sam", "Tara", "Udo", "Vera", "Will", "Xenia", "Yara", "Zoe", "Anton", "Bella", "Cem"),
    *("Dora", "Emil", "Faye", "Gil", "Hugo", "Iris", "Jan", "Kai", "Lou", "Mia", "Nils"),
)
RELATIONS = [word for word, _ in sentences.RELATIONS[:8]]

_WORDS = Script(
    _HERE / "world_words.js", needs=tuple(Script(FOLDER / f"{name}.js") for name in ("random", "worlds", "tasks"))
)
RECIPE = Script(_HERE / "world_recipe.js", needs=(_WORDS,))
RECORDING = Script(_HERE / "world_recorded.js", needs=(KNOWN_RUNS, _WORDS, Script(_HERE / "world_rows.js")))

# By the numbers that world_rows.js gives: a gap, then what an input is, wrong and right.
CELLS = (
    Kind("surface", 0.0, "", legend=False),
    Kind("ink", 0.15, "fact, wrong", legend=False),
    Kind("ink", 0.6, "fact"),
    Kind("train", 0.2, "trained on, wrong", legend=False),
    Kind("train", 1.0, "trained on"),
    Kind("test", 0.2, "held out, wrong", legend=False),
    Kind("test", 1.0, "held out"),
    Kind("memorizing", 0.2, "needs an unused fact, wrong", legend=False),
    Kind("memorizing", 1.0, "needs an unused fact"),
)


class World(Trained):
    """Facts about people and two-hop questions over them, learned in the page by a network that the reader questions.

    The world is built by ``entities``, ``relations``, the ``share`` of the questions that is trained on and the share
    ``unused`` of the facts that no trained question needs. ``person``, ``first`` and ``second`` are what is asked: who
    is the second of the first of the person? At first a run is shown that was recorded up to the step ``recorded``, or
    to its end. Weight decay acts while a network trains; every other control of the world begins a new one.
    """

    weight_decay = Controlled()
    person = Controlled()
    first = Controlled()
    second = Controlled()
    entities = Controlled()
    relations = Controlled()
    share = Controlled()
    unused = Controlled()

    process = Program(_HERE / "world.js", RECIPE, RECORDING, TRAINEES)
    recipe = Program(_HERE / "world_recipe.js", _WORDS)
    _shown = Program(_HERE / "world_recorded.js", RECORDING)

    def __init__(
        self,
        *,
        name: str = "world",
        title: str = "A world of facts to build and to question",
        question: str = "It is told all facts and some of the questions. When does it answer those it was never told?",
        recorded: int = RECORDED,
        **state: Any,
    ) -> None:
        super().__init__(
            name=name,
            title=title,
            question=question,
            controls=_controls(),
            charts={
                "questions": _questions(),
                "accuracy": Chart(
                    _accuracy(),
                    "Right answers",
                    "Share of right answers against training steps, 25 to 20,000 on a logarithmic axis. At step "
                    "{step:,.0f}: facts {facts:.0%}, trained questions {shown:.0%}, held-out questions "
                    "{test_accuracy:.0%}, questions that need one unused fact {one:.0%}, two {two:.0%}; {when}.",
                    height=190,
                ),
                "sentences": Chart(
                    _sentences(),
                    "What it says now",
                    "Facts and questions of every kind as sentences, each with the answer of the network at step "
                    "{step:,.0f}, its probability, and whether it is right.",
                    height=232,
                ),
                "norm": Chart(
                    _norm(),
                    "Weight norm",
                    "Euclidean norm of all weights against training steps: {weight_norm:.1f} at step {step:,.0f}.",
                    height=110,
                ),
            },
            layout=("questions questions", "accuracy sentences", "norm norm"),
            readout=_READOUT,
            presets=PRESETS,
            guess=Guess(
                chart="accuracy",
                kind="mark",
                prompt="At which step will half of the held-out questions be answered right?",
                state={},
                answer="Half of them were right at step {turned:,.0f}.",
                awaits="turned",
            ),
            data={
                "base": BASE.model_dump(mode="json"),
                "words": {"people": list(PEOPLE), "relations": RELATIONS},
                "worker": worker_text(),
                "wasm": wasm_base64(),
            },
            **state,
        )
        recording = record(self.experiment(self.state), recorded, FRAMES, COLUMNS, _drawn)
        self.data = {**self.data, "recording": recording}

    def rows(self, state: State) -> Rows:
        """What the page shows at first: the end of the recorded run, and its answer to the question."""
        return self._shown_at(state)

    @cached_property
    def _shown_at(self) -> Any:
        return self._shown.start({key: self.data[key] for key in ("recording", "words")})


def _controls() -> dict[str, Control]:
    people, relations = (dict[float, str](enumerate(words)) for words in (PEOPLE, RELATIONS))
    return {
        "weight_decay": Slider("Weight decay λ", DECAYS, 1, names={0: "none"}),
        "person": Slider("Person", list(people), 0, names=people),
        "first": Slider("First relation", list(relations), 0, names=relations),
        "second": Slider("Second relation", list(relations), 1, names=relations),
        "entities": Slider("People", grid(10, 40, 5), FIRST.entities, format=".0f"),
        "relations": Slider("Relations", list(range(3, 9)), FIRST.relations, format="d"),
        "share": Slider("Share trained on", grid(0.1, 0.95, 0.05), BASE.fraction, format=".0%"),
        "unused": Slider("Unused facts", grid(0, 0.5, 0.05), FIRST.unused, format=".0%"),
    }


PRESETS: dict[str, State] = {
    "No decay": {"weight_decay": 0},
    "Few questions": {"share": 0.35},
    "Many facts unused": {"unused": 0.3},
}

_READOUT = (
    Readout("{question}", "{answer}", "{color}", none="–"),
    Readout("step", "{step:,.0f}", "ink"),
    Readout("facts", "{facts:.0%}", "ink"),
    Readout("trained questions", "{shown:.0%}", "train"),
    Readout("held-out questions", "{test_accuracy:.0%}", "test"),
    Readout("with an unused fact", "{one:.0%}", "memorizing"),
    Readout("Λ", "{decay_time:.1f}", "muted"),
)


def _drawn(frame: dict[str, Any]) -> dict[str, Any]:
    """What is drawn of a frame, as letters: of every input a digit, its answer, and two digits of its probability."""
    return {
        "cells": "".join(map(str, frame["cells"])),
        "said": "".join(chr(FIRST_LETTER + said) for said in frame["said"]),
        "sure": "".join(f"{min(99, round(100 * sure)):02d}" for sure in frame["sure"]),
    }


def _questions() -> Raster:
    return Raster(
        source="questions",
        kinds=CELLS,
        caption="Everything that can be asked: a row for each person; full color: answered right",
        alt="All facts and questions as a table, a row for each person, the facts first, then the questions by their "
        "first relation. Right at step {step:,.0f}: facts {facts:.0%}, trained questions {shown:.0%}, held-out "
        "questions {test_accuracy:.0%}. {question} {way}, {status}. The network says: {answer}.",
        hint="Point at a cell; click a question to ask it.",
    )


_KINDS = {
    "train_accuracy.facts": ("ink", "facts"),
    "train_accuracy.questions": ("train", "trained"),
    "test_accuracy": ("test", "held out"),
    "apart_accuracy.one_unused": ("memorizing", "one fact unused"),
}


def _steps() -> alt.X:
    x: alt.X = log_steps(alt.X, BASE.evaluate_every, BASE.steps)
    return x


def _accuracy() -> Drawing:
    x, y = _steps(), percent("accuracy")
    past = alt.Chart(alt.NamedData("ghosts")).encode(x=x, y=alt.Y("test_accuracy:Q"), detail="run:N")
    ends = alt.Chart(alt.NamedData("ends")).encode(x=x, y=alt.Y("test_accuracy:Q"), text="label:N")
    lines = (
        alt.Chart(alt.NamedData("curves"))
        # A dot in a name would lead into an object.
        .transform_fold([name.replace(".", "\\.") for name in _KINDS], as_=["set", "accuracy"])
        .mark_line(strokeWidth=2.5, clip=True)
        .encode(x=x, y=y, color=series("set", _KINDS, columns=2))
    )
    return alt.layer(
        past.mark_line(color=css("test"), opacity=0.35, strokeWidth=1.5, clip=True),
        lines,
        ends.mark_text(align="right", dx=-4, dy=-6, color=css("muted")),
        guessed("mark", x),
    )


def _sentences() -> Drawing:
    y = alt.Y("line:O", axis=None)
    base = alt.Chart(alt.NamedData("sentences")).encode(y=y)
    # In the order in which world_rows.js has them.
    colors = [css(name) for name in ("ink", "train", "test", "memorizing")]
    color = alt.Color("kind:O", scale=alt.Scale(domain=[1, 2, 3, 4], range=colors), legend=None)
    left: dict[str, Any] = {"align": "left", "fontSize": 12, "baseline": "middle"}
    return alt.layer(
        base.mark_text(**left).encode(x=alt.value(0), text="words:N", color=color),
        base.mark_text(**left | {"align": "right"}, color=css("ink")).encode(x=alt.value("width"), text="answer:N"),
    )


def _norm() -> Drawing:
    y = alt.Y("weight_norm:Q", title=None, scale=alt.Scale(zero=False))
    line = alt.Chart(alt.NamedData("curves")).mark_line(strokeWidth=2, color=css("ink"), clip=True)
    return line.encode(x=_steps(), y=y)
