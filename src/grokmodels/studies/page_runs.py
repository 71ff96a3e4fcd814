"""Runs that a reader saved in the page's laboratory, read as runs of the library."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from grokmodels.recipes.experiment import Experiment
from grokmodels.studies.files import ResultError, first_line

if TYPE_CHECKING:
    from grokmodels.engine.run import Run

# That of ``training.js``.
FORMAT = 1


def read_page_run(path: Path | str) -> Run:
    """The run in a file that the laboratory saved. ResultError, naming the file, for any other.

    What was moved while it trained stands in the schedules of its recipe. The recipe can be trained by the library, but
    split, weights and batches are drawn by another generator there, so that it is another run of the same kind; to the
    last bit :class:`grokmodels.explorables.engine.Trainer` repeats it. ``provenance["train"]`` are the training inputs.

    The columns of the history are those of :class:`~grokmodels.engine.run.Run`.
    """
    from grokmodels.engine.run import Run

    try:
        saved: Any = json.loads(Path(path).read_text(encoding="utf-8"))
        if not isinstance(saved, dict) or saved.get("format") != FORMAT:
            raise ValueError(f"not a run of format {FORMAT} that a page saved")
        history = pd.DataFrame(saved["history"], dtype=float).astype({"step": "int64"})
        provenance = {"engine": "page", "train": saved["train"]}
        return Run(Experiment(**saved["experiment"]), history, saved["status"], provenance)
    except FileNotFoundError:
        raise ResultError(f"{path}: there is no such file") from None
    except KeyError as error:
        raise ResultError(f"{path}: a run without its {error}") from None
    except (OSError, ValueError, TypeError) as error:
        raise ResultError(f"{path}: {first_line(error)}") from None
