"""Canonical runs an hour, as a study makes them: by the clock, the workers' start included.

    python -m benchmarks.study_rate --runs 20 --workers 2

runs a study of so many seeds in a temporary folder, with the command that a reader would use, and prints the rate. On
a machine that does nothing else this takes some minutes.
"""

import argparse
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from grokmodels import studies

STUDY = """
question = "How many canonical runs an hour?"
prediction = "700 on two cores."
seeds = {seeds}

[base]
architecture.width = 64
steps = 3000
stop_when_generalized = true

[[block]]
name = "canonical"
"""


def rate(runs: int, workers: int, stack: int) -> float:
    """Runs an hour."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        (root / "studies").mkdir()
        (root / "studies" / "rate.toml").write_text(STUDY.format(seeds=list(range(runs))), encoding="utf-8")
        command = [sys.executable, "-m", "grokmodels", "--root", folder, "study", "rate"]
        begun = time.perf_counter()
        subprocess.run([*command, f"--workers={workers}", f"--stack={stack}"], check=True)
        hours = (time.perf_counter() - begun) / 3600
        table = studies.table(*studies.shipped("rate", root))
    print(f"of {len(table)} runs {(table['status'] == 'generalized').sum()} generalized")
    return len(table) / hours


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=20)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--stack", type=int, default=1, help="runs side by side on each worker")
    options = parser.parse_args()
    print(f"{rate(options.runs, options.workers, options.stack):.0f} runs an hour on {options.workers} workers")


if __name__ == "__main__":
    main()
