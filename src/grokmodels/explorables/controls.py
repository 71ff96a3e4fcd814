"""Controls of an explorable: what a reader can move, and the trait that moves with it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import traitlets

from grokmodels.explorables.words import number


@dataclass(frozen=True)
class Slider:
    """A slider over allowed values, in the order given by ``values`` (ascending, not necessarily uniform).

    ``format`` is a Python format for the value shown; ``unit`` follows it; ``names`` replaces it for single values
    (``{0: "none"}``). ``play`` adds a button that runs through all values.
    """

    label: str
    values: Sequence[float]
    initial: float
    unit: str = ""
    format: str = "g"
    names: Mapping[float, str] | None = None
    play: bool = False

    def __post_init__(self) -> None:
        if len(self.values) < 2 or list(self.values) != sorted(set(self.values)):
            raise ValueError(f"{self.label}: needs two or more ascending values")
        if self.initial not in self.values:
            raise ValueError(f"{self.label}: initial is {self.initial}; must be one of the values")

    def nearest(self, value: Any) -> float:
        """The allowed value nearest to ``value``; ValueError outside their range or for what is not a number."""
        low, high = self.values[0], self.values[-1]
        if not isinstance(value, (int, float, np.number)) or not low <= value <= high:
            raise ValueError(f"{self.label}: got {value!r}; must be between {self.text(low)} and {self.text(high)}")
        return min(self.values, key=lambda allowed: abs(allowed - float(value)))

    def text(self, value: float) -> str:
        """The value as the reader sees it."""
        shown = (self.names or {}).get(value) or number(value, self.format)
        return f"{shown} {self.unit}".rstrip()

    def payload(self) -> dict[str, Any]:
        """What the glue needs, as JSON types."""
        texts = [self.text(value) for value in self.values]
        return {
            "kind": "slider",
            "label": self.label,
            "values": list(self.values),
            "texts": texts,
            "play": self.play,
        }


@dataclass(frozen=True)
class Choice:
    """One of a few named options, ``{value: label}``, shown as radio buttons."""

    label: str
    options: Mapping[str, str]
    initial: str

    def __post_init__(self) -> None:
        self.nearest(self.initial)

    def nearest(self, value: Any) -> str:
        """``value`` itself; ValueError if it is not an option."""
        if value not in self.options:
            raise ValueError(f"{self.label}: got {value!r}; must be one of {list(self.options)}")
        return str(value)

    def text(self, value: str) -> str:
        """The option's label."""
        return self.options[value]

    def payload(self) -> dict[str, Any]:
        """What the glue needs, as JSON types."""
        return {
            "kind": "choice",
            "label": self.label,
            "values": list(self.options),
            "texts": list(self.options.values()),
        }


Control = Slider | Choice


class Controlled(traitlets.TraitType[Any, Any]):
    """A synced trait that takes the allowed values of the control of the same name.

    Values between two allowed ones become the nearest; anything else raises ValueError.
    """

    def __init__(self) -> None:
        super().__init__()
        self.tag(sync=True)

    def default(self, obj: Any = None) -> Any:
        """The control's initial value."""
        return obj.controls[self.name].initial

    def validate(self, obj: Any, value: Any) -> Any:
        """The allowed value nearest to ``value``."""
        return obj.controls[self.name].nearest(value)


def grid(low: float, high: float, step: float) -> list[float]:
    """Uniform allowed values from ``low`` to ``high``, both included, free of rounding dust."""
    if not (step > 0 and math.isfinite(low) and high > low):
        raise ValueError(f"grid: got low {low}, high {high}, step {step}; needs low < high and step > 0")
    return [round(low + i * step, 12) for i in range(round((high - low) / step) + 1)]
