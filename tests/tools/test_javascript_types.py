"""The type checker knows every formula that a kernel calls, and how many numbers it takes and gives."""

from grokmodels.explorables.clock import Clock
from grokmodels.explorables.numerics import NOISE
from grokmodels.explorables.program import Script
from grokmodels.theory.circuits import FLOW_OF
from grokmodels.theory.clock import READING
from tools.javascript_types import declaration, formulas


def test_formulas_are_declared_with_their_arguments_and_results():
    assert declaration(READING) == (
        "declare function clockReading(u: number, v: number, D: number, rho: number): number;\n"
    )
    assert declaration(FLOW_OF["squared"]).endswith("decay: number): [number, number];\n")


def test_formulas_are_found_behind_scripts():
    behind = Script(NOISE.file, (READING,))
    assert list(formulas([NOISE, behind])) == [READING]
    assert READING in list(formulas(Clock.kernel.uses))
