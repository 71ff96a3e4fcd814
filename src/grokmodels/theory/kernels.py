"""One sympy expression, two kernels: a numpy function and JavaScript source."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import sympy as sp
from sympy.printing.jscode import JavascriptCodePrinter


@dataclass(frozen=True)
class Kernel:
    """A formula that can be read (``expression``), called on numbers or arrays, and printed as JavaScript.

    ``arguments`` maps the name of each argument, in the order of the call, to its symbol. An expression that is a tuple
    gives a tuple of values, in JavaScript an array. Where the formula is undefined
    the value is NaN or infinite, in both.
    """

    name: str
    expression: Any
    arguments: Mapping[str, sp.Symbol]

    def __call__(self, *values: Any, **named: Any) -> Any:
        """The value at numbers or arrays that broadcast; arguments by position or by name."""
        with np.errstate(all="ignore"):
            return self._numpy(*values, **named)

    @property
    def javascript(self) -> str:
        """A function declaration with the same name and arguments."""
        wanted = self.expression if isinstance(self.expression, tuple) else (self.expression,)
        shared, results = sp.cse([sp.sympify(part) for part in self._named(wanted)])
        printer = _Printer()
        lines = [f"const {symbol} = {printer.doprint(value)};" for symbol, value in shared]
        values = [printer.doprint(value) for value in results]
        value = f"[{', '.join(values)}]" if isinstance(self.expression, tuple) else values[0]
        body = "".join(f"  {line}\n" for line in [*lines, f"return {value};"])
        return f"function {self.name}({', '.join(self.arguments)}) {{\n{body}}}\n"

    @cached_property
    def _numpy(self) -> Any:
        symbols = [sp.Symbol(name) for name in self.arguments]
        wanted = self._named(self.expression)
        return sp.lambdify(symbols, wanted, modules=["scipy", "numpy"], cse=True)

    def _named(self, expression: Any) -> Any:
        """The expression over plain symbols that carry the arguments' names."""
        names = {symbol: sp.Symbol(name) for name, symbol in self.arguments.items()}
        if isinstance(expression, tuple):
            return tuple(sp.sympify(part).subs(names) for part in expression)
        return sp.sympify(expression).subs(names)


class _Printer(JavascriptCodePrinter):  # type: ignore[misc]
    """Sympy's printer, without its line that declares constants such as Math.PI by name."""
