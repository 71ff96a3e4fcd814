"""What charts compute and no formula says, in JavaScript: integrators, random numbers, contour lines.

All but the lines are twins of functions of :mod:`grokmodels.theory`, which is what the tests hold them against.
"""

from pathlib import Path

from grokmodels.explorables.program import Script

_HERE = Path(__file__).parent

INTEGRATE = Script(_HERE / "integrate.js")
GAUSSIAN = Script(_HERE / "gaussian.js")
NOISE = Script(_HERE / "noise.js")
LANGEVIN = Script(_HERE / "langevin.js")
CONTOURS = Script(_HERE / "contours.js")
