"""The base of every recipe: immutable, checked when made, the same in Python, TOML and JSON."""

from __future__ import annotations

from collections.abc import Collection
from difflib import get_close_matches
from typing import Any, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, ModelWrapValidatorHandler, ValidationError, model_validator

# For a field that may be None: a file has no None, and says "none".
OrNone = BeforeValidator(lambda value: None if isinstance(value, str) and value == "none" else value)


class Recipe(BaseModel):
    """A frozen, validated record. Unknown fields and bad values raise ValueError before any work starts.

    The error names each bad field, the value it got and what is allowed; for an unknown field, those that there are.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    def __init__(self, **values: object) -> None:
        try:
            super().__init__(**values)
        except ValidationError as error:
            raise ValueError(f"{type(self).__name__}: {_explain(error, list(type(self).model_fields))}") from None

    @model_validator(mode="wrap")
    @classmethod
    def _itself(cls, value: Any, read: ModelWrapValidatorHandler[Self]) -> Self:
        # A subclass may compute other labels, yet would be written down, and read back, as the class that it extends.
        if isinstance(value, cls) and type(value) is not cls:
            raise ValueError(
                f"got {value!r}, of the subclass {type(value).__qualname__}; must be of the class {cls.__name__} itself"
            )
        return read(value)

    # By fields alone: a task also caches its arrays in itself, and arrays have no single truth value.
    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and self._values() == other._values()

    def __hash__(self) -> int:
        return hash((type(self), self._values()))

    def _values(self) -> tuple[object, ...]:
        return tuple(getattr(self, field) for field in type(self).model_fields)


def did_you_mean(name: str, known: Collection[str]) -> str:
    """The end of an error about a name that is not ``known``: all that are, and the one that was probably meant."""
    close = get_close_matches(name, known, n=1, cutoff=0.5)
    return f"must be one of {list(known)}" + (f"; did you mean {close[0]!r}?" if close else "")


def _explain(error: ValidationError, fields: list[str]) -> str:
    lines = []
    for problem in error.errors(include_url=False):
        # Of a choice between kinds also the kind is there, which the nested recipe names itself.
        name, *places = problem["loc"] or ("",)
        field = ".".join([str(name), *(str(place) for place in places if isinstance(place, int))])
        value = problem["input"]
        # A nested recipe explains itself; printing the whole of it again would bury the message.
        got = "" if isinstance(value, dict | Recipe) else f"got {value!r}; "
        reason = problem["msg"].removeprefix("Value error, ")
        if problem["type"] == "union_tag_invalid":
            reason = f"got kind {problem['ctx']['tag']!r}; must be one of {problem['ctx']['expected_tags']}"
        elif problem["type"] == "union_tag_not_found":
            reason = f"got {value!r} without a kind; it must say which"
        elif problem["type"] == "extra_forbidden":
            reason = f"there is no such field; {did_you_mean(field, fields)}"
        lines.append(f"{field}: {got}{reason}" if field else reason)
    return "; ".join(lines)
