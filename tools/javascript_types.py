"""Declare the formulas that explorables call, for the type checker: in JavaScript they have no file.

    make lint-js

prints them from their expressions into ``_build/javascript/formulas.d.ts``.
"""

import importlib
import pkgutil
from collections.abc import Iterable, Iterator
from pathlib import Path

from grokmodels import explorables
from grokmodels.explorables.explorable import Explorable
from grokmodels.explorables.program import Script
from grokmodels.theory.kernels import Kernel, Root, Source

DECLARATIONS = Path(__file__).parents[1] / "_build" / "javascript" / "formulas.d.ts"


def declaration(formula: Kernel | Root) -> str:
    """One function over numbers; a tuple of expressions is an array of that length."""
    arguments = ", ".join(f"{name}: number" for name in formula.names)
    expression = formula.expression if isinstance(formula, Kernel) else formula.result
    result = f"[{', '.join('number' for _ in expression)}]" if isinstance(expression, tuple) else "number"
    return f"declare function {formula.name}({arguments}): {result};\n"


def formulas(sources: Iterable[Source]) -> Iterator[Kernel | Root]:
    """The formulas among sources and what those need."""
    for part in sources:
        if isinstance(part, Kernel | Root):
            yield part
        elif isinstance(part, Script):
            yield from formulas(part.needs)


def programs() -> Iterator[Source]:
    """What the programs of all explorables use."""
    for module in pkgutil.iter_modules(explorables.__path__, "grokmodels.explorables."):
        for value in vars(importlib.import_module(module.name)).values():
            if isinstance(value, type) and issubclass(value, Explorable) and value.kernel:
                yield from value.kernel.uses


def main() -> None:
    """Write the declarations."""
    DECLARATIONS.parent.mkdir(parents=True, exist_ok=True)
    declarations = sorted({declaration(formula) for formula in formulas(programs())})
    DECLARATIONS.write_text("".join(declarations), encoding="utf-8")


if __name__ == "__main__":
    main()
