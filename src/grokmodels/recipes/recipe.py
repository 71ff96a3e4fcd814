"""The base of every recipe: immutable, checked when made, the same in Python, TOML and JSON."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, ValidationError


class Recipe(BaseModel):
    """A frozen, validated record. Unknown fields and bad values raise ValueError before any work starts.

    The error names each bad field, the value it got and what is allowed.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    def __init__(self, **values: object) -> None:
        try:
            super().__init__(**values)
        except ValidationError as error:
            raise ValueError(f"{type(self).__name__}: {_explain(error)}") from None

    # By fields alone: a task also caches its arrays in itself, and arrays have no single truth value.
    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and self.model_dump_json() == other.model_dump_json()

    def __hash__(self) -> int:
        return hash(self.model_dump_json())


def _explain(error: ValidationError) -> str:
    lines = []
    for problem in error.errors(include_url=False):
        field = ".".join(str(part) for part in problem["loc"])
        value = problem["input"]
        # A nested recipe explains itself; printing the whole of it again would bury the message.
        got = "" if isinstance(value, dict | Recipe) else f"got {value!r}; "
        reason = problem["msg"].removeprefix("Value error, ")
        lines.append(f"{field}: {got}{reason}" if field else reason)
    return "; ".join(lines)
