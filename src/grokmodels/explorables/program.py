"""Programs of explorables: JavaScript in files of its own, run by the page and, for pictures and tests, by V8."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any
from weakref import finalize

from grokmodels.theory.kernels import Source, source


@dataclass(frozen=True)
class Script:
    """A JavaScript file of functions, and the formulas and files that they call."""

    file: Path
    needs: tuple[Source, ...] = ()

    @property
    def declarations(self) -> tuple[str, ...]:
        """What the file needs, and its text."""
        return (*(text for part in self.needs for text in part.declarations), self.file.read_text(encoding="utf-8"))


class Program:
    """The kernel of an explorable: a file that defines a function of (state, data) with the file's name.

    ``grokking_curve.js`` defines ``grokkingCurve``. ``uses`` are formulas of the theory and files, which it calls.
    """

    def __init__(self, file: str | Path, *uses: Source) -> None:
        self.file, self.uses = Path(file), uses

    @cached_property
    def text(self) -> str:
        """One expression whose value is the function."""
        first, *others = self.file.stem.split("_")
        name = first + "".join(word.capitalize() for word in others)
        return f"(() => {{\n{source(*self.uses, Script(self.file))}\nreturn {name};\n}})()"

    def start(self, data: Mapping[str, Any]) -> Callable[[Mapping[str, Any]], Any]:
        """The function of the state alone, as V8 runs it: ValueError with its words where the state has no answer."""
        engine = v8()
        engine.eval(_HARNESS.format(kernel=self.text, data=json.dumps(data, allow_nan=False)))

        def run(state: Mapping[str, Any]) -> Any:
            answer = json.loads(str(engine.eval(f"answer({json.dumps(state)})")))
            if "undefined" in answer:
                raise ValueError(answer["undefined"])
            return answer["rows"]

        # Before Python ends: after, the engine waits forever for threads that Python has stopped.
        finalize(run, engine.close)
        return run


def v8() -> Any:
    """An engine that runs JavaScript (``eval``): pictures and tests need one, a reader of the theory does not."""
    from py_mini_racer import DEFAULT_V8_FLAGS, MiniRacer, init_mini_racer

    # Its one thread never comes to make WebAssembly faster later on, so that this must be done at once. Where a
    # processor has keys for memory, threads older than the first engine may not read what it keeps: the process ends.
    flags = (*DEFAULT_V8_FLAGS, "--no-liftoff", "--no-memory-protection-keys")
    init_mini_racer(flags=flags, ignore_duplicate_init=True)
    # It takes the event loop of the thread that makes it: Jupyter's may be busy when it is called, or closed.
    with ThreadPoolExecutor(1) as apart:
        return apart.submit(MiniRacer).result()


_HARNESS = """
const kernel = {kernel};
const data = {data};
const answer = (state) => {{
  try {{
    return JSON.stringify({{ rows: kernel(state, data) }});
  }} catch (reason) {{
    if (!(reason instanceof RangeError)) throw reason;
    return JSON.stringify({{ undefined: reason.message }});
  }}
}};
"""
