"""One sympy expression, two kernels: a numpy function and JavaScript source."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol

import numpy as np
import sympy as sp
from sympy.printing.jscode import JavascriptCodePrinter

# Symbols print as the book writes them; an argument needs a name that Python and JavaScript allow.
_NAMES = {"lambda": "decay", "Lambda": "decay_time"}


class Source(Protocol):
    """Anything that exists in JavaScript too."""

    @property
    def declarations(self) -> tuple[str, ...]:
        """Function declarations, those that others need first."""


def source(*parts: Source) -> str:
    """The JavaScript of several parts as one text, each declaration once."""
    return "\n".join(dict.fromkeys(text for part in parts for text in part.declarations))


@dataclass(frozen=True)
class Kernel:
    """A formula that can be read (``expression``), called on numbers or arrays, and printed as JavaScript.

    The arguments keep their order and their symbols' names in both languages, but λ is ``decay`` and Λ ``decay_time``.
    A tuple of expressions gives a tuple of values, in JavaScript an array. Where the formula is undefined the value is
    NaN or infinite, in both.
    """

    name: str
    expression: Any
    arguments: tuple[sp.Symbol, ...]

    def __call__(self, *values: Any, **named: Any) -> Any:
        """The value at numbers or arrays that broadcast; arguments by position or by name."""
        with np.errstate(all="ignore"):
            return self._numpy(*map(_number, values), **{name: _number(value) for name, value in named.items()})

    @property
    def names(self) -> list[str]:
        """The names of the arguments."""
        return [_NAMES.get(symbol.name, symbol.name) for symbol in self.arguments]

    @property
    def declarations(self) -> tuple[str, ...]:
        """One function with the same name and arguments."""
        several = isinstance(self.expression, tuple)
        shared, values = sp.cse(self._named if several else [self._named])
        lines = [f"const {symbol} = {_print(value)};" for symbol, value in shared]
        results = ", ".join(_print(value) for value in values)
        return (_function(self.name, self.names, [*lines, f"return {f'[{results}]' if several else results};"]),)

    @cached_property
    def _numpy(self) -> Any:
        return sp.lambdify([sp.Symbol(name) for name in self.names], self._named, modules="numpy", cse=True)

    @property
    def _named(self) -> Any:
        """The expression over plain symbols that carry the arguments' names."""
        names = dict(zip(self.arguments, map(sp.Symbol, self.names), strict=True))
        if isinstance(self.expression, tuple):
            return tuple(sp.sympify(part).xreplace(names) for part in self.expression)
        return sp.sympify(self.expression).xreplace(names)


@dataclass(frozen=True)
class Root:
    """A number defined by an equation: ``equation`` = 0 for ``unknown``, by the same Newton steps in both languages.

    Newton's method begins at ``start``; ``result``, an expression in the unknown, is what the call gives. NaN where
    there is no root, or none is found.
    """

    name: str
    equation: sp.Expr
    unknown: sp.Symbol
    start: sp.Expr
    arguments: tuple[sp.Symbol, ...]
    result: sp.Expr

    def __call__(self, *values: Any, **named: Any) -> Any:
        """The value at numbers or arrays that broadcast; arguments by position or by name."""
        start, step, residual, result = self._parts
        x = start(*values, **named)
        for _ in range(_STEPS):
            x = step(*values, **named, x=x)
        found = np.abs(residual(*values, **named, x=x)) < _TOLERANCE
        return np.where(found, result(x=x), np.nan)[()]

    @property
    def names(self) -> list[str]:
        """The names of the arguments."""
        return self._parts[0].names

    @property
    def declarations(self) -> tuple[str, ...]:
        """The parts of the method, and a function with the same name and arguments."""
        start, step, residual, result = self._parts
        names = ", ".join(self.names)
        lines = [
            f"let x = {start.name}({names});",
            f"for (let i = 0; i < {_STEPS}; i++) x = {step.name}({names}, x);",
            f"return Math.abs({residual.name}({names}, x)) < {_TOLERANCE} ? {result.name}(x) : NaN;",
        ]
        parts = (text for part in self._parts for text in part.declarations)
        return (*parts, _function(self.name, self.names, lines))

    @cached_property
    def _parts(self) -> tuple[Kernel, Kernel, Kernel, Kernel]:
        x = sp.Symbol("x")
        equation = self.equation.subs(self.unknown, x)
        step = x - equation / sp.diff(equation, x)
        return (
            Kernel(f"{self.name}Start", self.start, self.arguments),
            Kernel(f"{self.name}Step", step, (*self.arguments, x)),
            Kernel(f"{self.name}Residual", equation, (*self.arguments, x)),
            Kernel(f"{self.name}Result", self.result.subs(self.unknown, x), (x,)),
        )


# Enough even at a double root, where Newton's method only halves the error at each step.
_STEPS = 60
_TOLERANCE = 1e-9


def _function(name: str, arguments: list[str], lines: list[str]) -> str:
    body = "".join(f"  {line}\n" for line in lines)
    return f"function {name}({', '.join(arguments)}) {{\n{body}}}\n"


def _number(value: Any) -> Any:
    """Numpy's numbers give NaN or infinity where Python's own would raise."""
    return np.asarray(value, dtype=float)[()]


def _print(expression: sp.Expr) -> str:
    return str(_Printer().doprint(expression))


class _Printer(JavascriptCodePrinter):  # type: ignore[misc]
    """Sympy's printer, but with π and e as numbers: it would declare them above the expression.

    A small whole power of a symbol is a product, which is several times quicker.
    """

    def _print_Pow(self, expr: sp.Pow) -> str:  # noqa: N802 - sympy's name
        if expr.base.is_Symbol and expr.exp in (2, 3):
            return f"({'*'.join([self._print(expr.base)] * int(expr.exp))})"
        return str(super()._print_Pow(expr))

    def _print_NumberSymbol(self, expr: sp.Expr) -> str:  # noqa: N802 - sympy's name
        return repr(float(expr))
