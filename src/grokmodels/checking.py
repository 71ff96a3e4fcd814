"""How an answer is checked: with one sentence where it is wrong."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any, ParamSpec

Answers = ParamSpec("Answers")


def checker(check: Callable[Answers, None]) -> Callable[Answers, None]:
    """What readers call: refuses the dots of a stub, and says "Correct." where ``check`` finds nothing wrong."""

    @functools.wraps(check)
    def checked(*args: Answers.args, **kwargs: Answers.kwargs) -> None:
        for name, answer in inspect.signature(check).bind(*args, **kwargs).arguments.items():
            assert answer is not ..., f"{name}: got ...; put your answer in place of the dots"
        check(*args, **kwargs)
        print("Correct.")

    return checked


def expect(case: str, got: Any, expected: Any, tolerance: float = 0.0) -> None:
    """AssertionError that shows the case where ``got`` is further from ``expected`` than the tolerance."""
    if expected is None or isinstance(expected, str):
        right = got == expected
    else:
        right = got is not None and abs(got - expected) <= tolerance
    assert right, f"{case}: expected {expected}, got {got}"
