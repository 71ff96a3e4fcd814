"""Explorables: charts with controls that work in the built book and in live Jupyter."""

from grokmodels.explorables.assets import write_assets
from grokmodels.explorables.charts import Chart
from grokmodels.explorables.clock import Clock
from grokmodels.explorables.collapse import Collapse
from grokmodels.explorables.controls import Choice, Controlled, Slider, grid
from grokmodels.explorables.desk import Desk
from grokmodels.explorables.diagram import Diagram
from grokmodels.explorables.escape import Escape
from grokmodels.explorables.explorable import Explorable
from grokmodels.explorables.family import Family
from grokmodels.explorables.frequencies import Frequencies
from grokmodels.explorables.grokking_curve import GrokkingCurve
from grokmodels.explorables.guess import Guess, guessed
from grokmodels.explorables.hysteresis import Hysteresis
from grokmodels.explorables.laboratory import Laboratory
from grokmodels.explorables.lamps import Lamps
from grokmodels.explorables.landscape import Landscape
from grokmodels.explorables.motion import Motion
from grokmodels.explorables.phase_diagram import PhaseDiagram
from grokmodels.explorables.program import Program, Script
from grokmodels.explorables.race import Race
from grokmodels.explorables.raster import Kind, Raster
from grokmodels.explorables.recipe_map import RecipeMap
from grokmodels.explorables.replay import Replay
from grokmodels.explorables.ridge_threshold import RidgeThreshold
from grokmodels.explorables.schedules import Schedules
from grokmodels.explorables.tables import columns, compact
from grokmodels.explorables.words import Readout
from grokmodels.explorables.world import World

__all__ = [
    "Chart",
    "Choice",
    "Clock",
    "Collapse",
    "Controlled",
    "Desk",
    "Diagram",
    "Escape",
    "Explorable",
    "Family",
    "Frequencies",
    "GrokkingCurve",
    "Guess",
    "Hysteresis",
    "Kind",
    "Laboratory",
    "Lamps",
    "Landscape",
    "Motion",
    "PhaseDiagram",
    "Program",
    "Race",
    "Raster",
    "Readout",
    "RecipeMap",
    "Replay",
    "RidgeThreshold",
    "Schedules",
    "Script",
    "Slider",
    "World",
    "columns",
    "compact",
    "grid",
    "guessed",
    "write_assets",
]
