"""The engine that trains in a page: the library's transformer in JavaScript, its arithmetic in WebAssembly.

``make kernels`` compiles ``kernels.c`` to ``kernels.wasm``; ``kernels.js`` does the same in plain JavaScript. A page
runs :func:`worker_text` in workers, one for each network; :class:`Trainer` runs the same scripts in V8, for recorded
runs and tests.
"""

from __future__ import annotations

import base64
import json
from functools import cache
from pathlib import Path
from typing import Any
from weakref import finalize

import pandas as pd

from grokmodels.explorables.program import v8
from grokmodels.recipes.experiment import Experiment

FOLDER = Path(__file__).parent
# In the order in which they build on each other.
SCRIPTS = (
    *("kernels", "memory", "random", "worlds", "tasks", "prefixes", "layers", "network"),
    *("schedules", "optimizers", "measures", "training"),
)


@cache
def _text(*names: str) -> str:
    return "\n".join(FOLDER.joinpath(f"{name}.js").read_text(encoding="utf-8") for name in names)


def worker_text() -> str:
    """The whole script of a worker; ``worker.js`` lists the messages."""
    return f'"use strict";\n{_text(*SCRIPTS, "worker")}\nserve(self);\n'


def wasm_base64() -> str:
    """``kernels.wasm``, as a page carries it."""
    return base64.b64encode(FOLDER.joinpath("kernels.wasm").read_bytes()).decode()


class Trainer:
    """One run of the page's engine, in V8: the same weights, to the last bit, as in a page.

    ValueError for an experiment that the engine does not train.

    >>> from grokmodels import Experiment
    >>> tiny = Experiment().but(task__p=11, architecture__width=16, architecture__layers=1, batch_size=None)
    >>> trainer = Trainer(tiny)
    >>> trainer.advance(100)
    >>> trainer.history["step"].tolist()
    [0, 25, 50, 75, 100]
    """

    def __init__(self, experiment: Experiment, *, simd: bool = True) -> None:
        self._engine = v8()
        finalize(self, self._engine.close)
        self._engine.eval(f"{_text(*SCRIPTS)}\nlet training;")
        module = list(FOLDER.joinpath("kernels.wasm").read_bytes())
        bytes_ = f"new Uint8Array({json.dumps(module)})" if simd else "null"
        self.ask(f"void (training = new Training({experiment.model_dump_json()}, {bytes_}))")

    def ask(self, expression: str) -> Any:
        """What a JavaScript expression, of ``training`` for one, is. A RangeError of the engine is a ValueError."""
        said = json.loads(str(self._engine.eval(_ANSWER.format(expression=expression))))
        if "refused" in said:
            raise ValueError(said["refused"])
        return said.get("value")

    def advance(self, step: int) -> None:
        """Train until this step, or until the run is over."""
        self.ask(f"training.advance({step})")

    def change(self, **changes: float | None) -> None:
        """Another ``learning_rate``, ``weight_decay``, ``batch_size`` (None: full) or ``data_share``, from now on."""
        self.ask(f"training.change({json.dumps(changes)})")

    def frame(self, since: int = 0) -> dict[str, Any]:
        """What a page is sent: ``step``, ``status``, what it says of every input, ``circles``, and new ``rows``.

        The rows are those of the history from number ``since`` on. Of every input, in the order of the library's task,
        ``cells`` (n_inputs,) are 2 · part + right: part 0 is held out, 1 shown, 2 taken away, 3 neither. ``said`` is
        the answer and ``sure`` its probability. In arithmetic ``circles`` are those of the strongest frequencies:
        ``frequency``, ``share``, ``x`` (p,) and ``y`` (p,).
        """
        frame: dict[str, Any] = self.ask(
            "(({ cells, said, sure, ...rest }) => ({ cells: [...cells], said: [...said], sure: [...sure], ...rest }))"
            f"(training.frame({since}))"
        )
        return frame

    @property
    def history(self) -> pd.DataFrame:
        """What was measured so far, in the columns of :class:`~grokmodels.engine.run.Run`."""
        return pd.DataFrame(self.ask("training.rows"), dtype=float).astype({"step": "int64"})

    def written(self) -> dict[str, Any]:
        """The file that a page saves (:func:`grokmodels.studies.read_page_run` reads it)."""
        run: dict[str, Any] = self.ask("training.written()")
        return run


_ANSWER = """(() => {{
  try {{
    return JSON.stringify({{ value: {expression} }});
  }} catch (reason) {{
    if (!(reason instanceof RangeError)) throw reason;
    return JSON.stringify({{ refused: reason.message }});
  }}
}})()"""
