"""Words with numbers in them: readouts, and alt texts that follow the state."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

# The value of every control, by trait.
State = Mapping[str, Any]


@dataclass(frozen=True)
class Readout:
    """One value told in words: ``Readout("rule leads from time", "{at:.1f}", "generalizing")``.

    ``label``, ``value`` and ``color`` (a name of the palette) are templates for :func:`fill` over the controls' traits
    and the values that the kernel, or the recorded row, calls ``readout``. ``none`` is written where there is no value.
    """

    label: str
    value: str
    color: str
    none: str = "–"

    def told(self, values: Mapping[str, Any]) -> tuple[str, str, str]:
        """Label, value and color."""
        value = fill(self.value, values)
        return fill(self.label, values), self.none if value == "–" else value, fill(self.color, values)


@dataclass(frozen=True)
class Shown:
    """The value of a control, and the text under which a reader knows it."""

    raw: Any
    text: str


def fill(template: str, values: Mapping[str, Any]) -> str:
    """The text of a template, as ``elements.js`` makes it.

    ``{name}`` is a value as it is shown, ``{name:format}`` a number in a format that Python and d3 share (``.1%``,
    ``,.0f``, ``d``), a dash where there is none.
    """

    def one(found: re.Match[str]) -> str:
        name, style = found.groups()
        value = values.get(name)
        if value is None:
            return "–"
        if not style:
            return value.text if isinstance(value, Shown) else str(value)
        raw = value.raw if isinstance(value, Shown) else value
        return format(round(raw) if style.endswith("d") else raw, style).replace("-", "−")

    return re.sub(r"{(\w+)(?::([^}]*))?}", one, template)


def number(value: float, style: str = "g") -> str:
    """A number as books print it: 3·10⁻⁵ where Python writes 3e-05, and a minus sign that is one."""
    mantissa, _, exponent = format(value, style).replace("-", "−").partition("e")
    if not exponent:
        return mantissa
    power = f"10{superscript(int(exponent.replace('−', '-')))}"
    return power if mantissa == "1" else f"{mantissa}·{power}"


def superscript(power: int) -> str:
    """A whole number as it stands above the line."""
    return str(power).translate(str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"))
