"""Simulate the studies that the battery of "What keeps the weights moving" is calibrated on, some ten minutes.

    make battery

writes them into results/battery.feather.
"""

from grokmodels.claims import motion
from grokmodels.studies.places import find_root


def main() -> None:
    """Simulate and keep."""
    motion.keep(motion.calibration(), find_root() / "results" / "battery.feather")


if __name__ == "__main__":
    main()
