"""A lab for Jupyter: trains the library's engine behind ipywidgets controls, with progress, a chart and a stop button.

It is for networks too large for the page. On the page, which has no kernel, it shows a recorded run.
"""

from __future__ import annotations

import io
import time
from collections.abc import Iterator, Mapping, Sequence
from functools import reduce
from html import escape
from threading import Event, Thread
from typing import TYPE_CHECKING, Any, Literal, get_args, get_origin

import ipywidgets
import pandas as pd
from matplotlib.figure import Figure

from grokmodels import figures
from grokmodels.palette import PALETTE, css, stylesheet
from grokmodels.recipes.experiment import Experiment

if TYPE_CHECKING:
    from grokmodels.engine.run import Run
    from grokmodels.engine.stack import Stack

# A picture takes about 0.07 s of the thread that trains.
SECONDS_BETWEEN_PICTURES = 0.5

# Fields of a recipe that have controls, and what a reader calls them.
WORDS = {
    "task__operation": "operation", "task__p": "p", "fraction": "share trained on", "architecture__layers": "layers",
    "architecture__width": "width", "architecture__norm": "norm", "optimizer__name": "optimizer",
    "optimizer__learning_rate": "learning rate", "optimizer__weight_decay": "weight decay",
    "optimizer__momentum": "momentum", "batch_size": "batch size", "steps": "steps", "seed": "seed",
}  # fmt: skip
ENDS = {
    "finished": "all steps were taken",
    "generalized": "it ended early, as it had generalized",
    "diverged": "it diverged: a loss became NaN or infinite, and what was measured before is kept",
}
LOOK: dict[str, Any] = {"layout": {"width": "15.5rem"}, "style": {"description_width": "7.5rem"}}
STYLE = """
.grok-bench { max-width: 45rem; }
.grok-bench svg { display: block; width: 100%; height: auto; }
.grok-bench p { margin: 0.4rem 0; line-height: 1.5; color: var(--grok-ink); }
.grok-bench .grok-refused { padding-inline-start: 0.6rem; border-inline-start: 4px solid var(--grok-bad); }
"""
HOW_TO_OPEN = (
    "To train networks of your own, open this page live (<code>.venv/bin/jupyter lab book</code> in the repository) "
    "and run its cells: controls, a progress bar and a stop button take the place of these words."
)


class Workbench:
    """Controls that change a recipe, a button that trains it, and a chart of its accuracy that grows meanwhile.

    What has no control is as in ``experiment``, of which only the fields that its task and network have are offered.
    ``recorded``, a stored run, is in the chart from the start, and is what a page without a kernel shows. Charts are
    in the style that is set, as by :func:`grokmodels.figures.use_style`.

    Training goes on in a thread, so the kernel stays free for other cells. One that is stopped is kept up to its last
    evaluation: as the run of its recipe with so many ``steps``, which it equals to the last bit.
    ``runs`` are all :class:`~grokmodels.engine.run.Run` of this workbench in their order, ``run`` the latest, None
    before one has ended. ``studies.files.save(bench.run, folder)`` stores it under its key, and
    ``studies.load`` reads it back by its key.
    """

    def __init__(self, experiment: Experiment | None = None, *, recorded: Run | None = None) -> None:
        from grokmodels.engine import devices

        self._base, self.recorded = experiment or Experiment(), recorded
        self.runs: list[Run] = []
        self._thread, self._stopping = Thread(), Event()
        self._stack: Stack | None = None
        self._begun = self._drawn = 0.0
        self.controls = {field: _control(WORDS[field], *about) for field, about in _fields(self._base).items()}
        self.device = ipywidgets.Dropdown(description="device", options=devices.available(), **LOOK)
        self.train_button = ipywidgets.Button(description="Train", button_style="primary", icon="play")
        self.stop_button = ipywidgets.Button(description="Stop", icon="stop", disabled=True)
        self.progress = ipywidgets.IntProgress(layout={"width": "20rem"})
        self.words, self.note, self.chart = ipywidgets.HTML(), ipywidgets.HTML(), ipywidgets.HTML()
        self.train_button.on_click(lambda _: self.start())
        self.stop_button.on_click(lambda _: self.stop())
        self.view = self._laid_out()
        if recorded is not None:
            self._draw([recorded.history])

    @property
    def run(self) -> Run | None:
        """The latest run that has ended."""
        return self.runs[-1] if self.runs else None

    @property
    def experiment(self) -> Experiment:
        """What the controls say. ValueError where that is no recipe."""
        return self._base.but(**{field: control.value for field, control in self.controls.items()})

    def start(self) -> None:
        """Train what the controls say, as the button does; where that cannot be done, say why and start nothing."""
        from grokmodels.engine.slot import Member
        from grokmodels.engine.training import train_stack

        if self._thread.is_alive():
            return
        try:
            experiment = self.experiment
            runs = train_stack(
                [Member(experiment)], device=self.device.value, watch=self._watch, stop=self._stopping.is_set
            )
        except ValueError as refused:
            self._say(str(refused), refused=True)
            return
        self._stopping.clear()
        self._stack, self._begun, self._drawn = None, time.monotonic(), 0.0
        self.progress.max, self.progress.value = experiment.steps, 0
        self._say("")
        self._busy(True)
        self._thread = Thread(target=self._work, args=(runs, experiment.steps), name="workbench", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End the training at its next evaluation, as the button does, and keep what was trained."""
        if self._thread.is_alive():
            # Said first, so that it is not said of a training that has ended.
            self._say("Stopping at the next evaluation …")
            self._stopping.set()

    def wait(self, seconds: float | None = None) -> Run | None:
        """Wait until the training has ended, at most so many seconds, and return :attr:`run`."""
        if self._thread.is_alive():
            self._thread.join(seconds)
        return self.run

    def html(self) -> str:
        """What stands on a page without a kernel: the recorded run, and how to train here."""
        parts = [f"<style>{stylesheet()}{STYLE}</style>"]
        if self.recorded is not None:
            parts += [_picture([self.recorded.history]), f"<p>{escape(_told(self.recorded))}</p>"]
        return f'<div class="grok-bench">{"".join(parts)}<p>{HOW_TO_OPEN}</p></div>'

    def __repr__(self) -> str:
        return f"Workbench({len(self.runs)} runs)"

    def _repr_mimebundle_(self, **kwargs: Any) -> dict[str, Any]:
        return {**self.view._repr_mimebundle_(**kwargs), "text/plain": repr(self), "text/html": self.html()}

    def _laid_out(self) -> Any:
        wrapped = {"flex_flow": "row wrap", "align_items": "center"}
        controls = [*self.controls.values(), *[self.device] * (len(self.device.options) > 1)]
        view = ipywidgets.VBox(
            [
                ipywidgets.HTML(f"<style>{stylesheet()}{STYLE}</style>"),
                ipywidgets.Box(controls, layout=wrapped),
                ipywidgets.Box([self.train_button, self.stop_button, self.progress], layout=wrapped),
                self.words,
                self.note,
                self.chart,
            ]
        )
        view.add_class("grok-bench")
        return view

    # -- in the thread that trains ------------------------------------------------------------------------------------

    def _work(self, runs: Iterator[Run], steps: int) -> None:
        """Train to the end or until it is stopped, keep the run, and say how it ended."""
        try:
            run = next(runs, None) or self._so_far()
        except Exception as error:
            # Nobody looks at a thread's traceback.
            self._say(f"{type(error).__name__}: {error}", refused=True)
            raise
        else:
            self._keep(run, steps)
        finally:
            # Its tensors may fill a card.
            self._stack = None
            self._busy(False)

    def _so_far(self) -> Run | None:
        """What was trained until it was stopped, if anything was."""
        last = self._stack.slots[0].last if self._stack else None
        return self._stack.run(0) if self._stack and last and last["step"] else None

    def _watch(self, stack: Stack) -> None:
        """Show how far the training is, now and then."""
        self._stack, now = stack, time.monotonic()
        if now - self._drawn < SECONDS_BETWEEN_PICTURES:
            return
        self._drawn = now
        if (last := stack.slots[0].last) is None:
            return
        step, steps = stack.slots[0].step, self.progress.max
        self.progress.value, self.words.value = step, _progress(last, steps, now - self._begun)
        if step:
            self._draw([*self._histories, stack.run(0).history])

    def _keep(self, run: Run | None, steps: int) -> None:
        if run is None:
            self._say("Stopped before the first step: there is nothing to keep.")
            return
        self.runs.append(run)
        last = run.history.iloc[-1].to_dict() if len(run.history) else {}
        self.progress.value = int(last.get("step", 0))
        self.words.value = _progress(last, steps) if last else ""
        how = ENDS[run.status] if run.experiment.steps == steps else f"it was stopped at step {run.experiment.steps:,}"
        self._say(f"Run {len(self.runs)}: {how}. {_milestones(run)}.")
        self._draw(self._histories)

    # -- what is shown ------------------------------------------------------------------------------------------------

    @property
    def _histories(self) -> list[pd.DataFrame]:
        recorded = [self.recorded] if self.recorded is not None else []
        return [run.history for run in [*recorded, *self.runs]]

    def _draw(self, histories: Sequence[pd.DataFrame]) -> None:
        self.chart.value = _picture(histories)

    def _say(self, text: str, *, refused: bool = False) -> None:
        kind = ' class="grok-refused"' if refused else ""
        self.note.value = f'<p role="status"{kind}>{escape(text)}</p>' if text else ""

    def _busy(self, busy: bool) -> None:
        self.train_button.disabled, self.stop_button.disabled = busy, not busy


def _fields(experiment: Experiment) -> dict[str, tuple[Any, Any]]:
    """Those of :data:`WORDS` that the recipe's task, network and optimizer have: the kind of each, and its value."""
    found = {}
    for field in WORDS:
        *parents, name = field.split("__")
        part: Any = reduce(getattr, parents, experiment)
        if name in type(part).model_fields:
            found[field] = type(part).model_fields[name].annotation, getattr(part, name)
    # Beside a number, a field may be None, which a control calls "full".
    return {field: (kind, "full" if value is None else value) for field, (kind, value) in found.items()}


def _control(words: str, kind: Any, value: Any) -> Any:
    """What sets a field; its limits are the recipe's, which says what it refuses."""
    look = LOOK | {"description": words, "value": value}
    if get_origin(kind) is Literal:
        return ipywidgets.Dropdown(options=get_args(kind), **look)
    if kind in (int, float):
        return {int: ipywidgets.IntText, float: ipywidgets.FloatText}[kind](**look)
    return ipywidgets.Text(**look | {"value": str(value), "placeholder": "a number, or full"})


def _progress(last: Mapping[Any, float], steps: int, seconds: float | None = None) -> str:
    """How far it is, in words; with the ``seconds`` that it took also those that are left."""
    step = last["step"]
    accuracies = " · ".join(
        f'<span style="color: {css(name)}">{words} accuracy {last[f"{name}_accuracy"]:.1%}</span>'
        for name, words in (("train", "training"), ("test", "test"))
    )
    left = f" · about {seconds / step * (steps - step):,.0f} s left" if seconds and step else ""
    return f"<p>step {step:,.0f} of {steps:,} · {accuracies}{left}</p>"


def _milestones(run: Run) -> str:
    t_mem, t_gen = run.milestones
    return f"99 % accuracy in training: {t_mem}; in the test: {t_gen}"


def _told(run: Run) -> str:
    settings = ", ".join(f"{WORDS[field]} {value}" for field, (_, value) in _fields(run.experiment).items())
    return f"A recorded run: {settings}. {_milestones(run)}."


def _picture(histories: Sequence[pd.DataFrame]) -> str:
    """Accuracy curves, the last history's in full and the others' faint, as a picture in the colors of the page."""
    # Not of pyplot, which keeps figures and is for one thread only.
    figure = Figure()
    axes = figure.subplots()
    *earlier, latest = histories
    for history in earlier:
        for name in ("train", "test"):
            axes.plot(history["step"], history[f"{name}_accuracy"], color=figures.COLORS[name], alpha=0.3, linewidth=1)
    figures.learning_curves(axes, latest)
    axes.set_xlim(0, max([1, *(history["step"].max() for history in histories if len(history))]))
    drawn = io.StringIO()
    figure.savefig(drawn, format="svg", transparent=True, metadata={"Date": None})
    svg = drawn.getvalue()
    for name, color in PALETTE.items():
        svg = svg.replace(color.light.lower(), f"var(--grok-{name}, {color.light})")
    return f'<div role="img" aria-label="{escape(_alt(histories))}">{svg[svg.index("<svg") :]}</div>'


def _alt(histories: Sequence[pd.DataFrame]) -> str:
    text, latest = "Training and test accuracy against training steps.", histories[-1]
    if len(latest):
        last = latest.iloc[-1]
        text += f" At step {last['step']:,.0f}: {last['train_accuracy']:.0%} and {last['test_accuracy']:.0%}."
    return text + (f" Earlier runs, {len(histories) - 1} of them, are faint." if len(histories) > 1 else "")
