"""Kernels made of formulas: the JavaScript of the theory's expressions around a body, and where they are defined."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from grokmodels.theory.kernels import Source, source

# trait → least value, greatest value, and what to say beyond them.
Limits = Mapping[str, tuple[float, float, str]]

DEGREE = (
    1,
    6,
    "Undefined here: the degree D must be from 1 to 6. Below 1 a small circuit is pushed without bound.",
)
RATIO = (0.01, 20, "Undefined here: the efficiency ratio ρ must be positive, from 0.01 to 20.")
DECAY = (0, 10, "Undefined here: the weight decay λ must not be negative, and is followed up to 10.")
SEED = (1e-9, 10, "Undefined here: the seed v₀ must be positive, up to 10. A circuit of amplitude zero never starts.")


def formula_kernel(body: str, *parts: Source, limits: Limits, **constants: Any) -> str:
    """The source of a kernel whose ``body``, a function of (state, data), calls the JavaScript of ``parts`` and
    reads ``constants`` by name.

    Outside ``limits`` it says so instead.
    """
    fixed = {"limits": limits, **constants}
    declared = "".join(f"const {name} = {json.dumps(value, ensure_ascii=False)};\n" for name, value in fixed.items())
    return f"""(() => {{
{source(*parts)}
{declared}const answer = {body};
return (state, data) => {{
  for (const [trait, [least, greatest, words]] of Object.entries(limits)) {{
    if (!(state[trait] >= least && state[trait] <= greatest)) throw new RangeError(words);
  }}
  return answer(state, data);
}};
}})()"""


def require_within(limits: Limits, state: Mapping[str, Any]) -> None:
    """ValueError with the words of the first limit that the state violates, as the kernel says them."""
    for trait, (least, greatest, words) in limits.items():
        if not least <= state[trait] <= greatest:
            raise ValueError(words)
