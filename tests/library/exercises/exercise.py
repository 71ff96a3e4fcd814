"""What a checker is tried with."""

from collections.abc import Callable
from typing import Any, NamedTuple


class Exercise(NamedTuple):
    """A checker, a right answer, and by what is said of them the wrong ones; a dictionary or a tuple holds several."""

    checker: Callable[..., None]
    right: Any
    wrong: dict[str, Any]
