"""Time this machine and keep the figures for the book's chapter on reproducing.

    OMP_NUM_THREADS=1 python -m tools.keep_benchmarks

writes results/benchmarks.csv: one row per benchmark of training, and the processor they ran on.
"""

import json
import tempfile
from pathlib import Path

import pandas as pd
import pytest

ROOT = Path(__file__).parents[1]


def main() -> None:
    """Run the benchmarks and write the table."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "benchmarks.json"
        status = pytest.main([str(ROOT / "benchmarks" / "test_training.py"), f"--benchmark-json={file}"])
        if status:
            raise SystemExit(status)
        rows(json.loads(file.read_text(encoding="utf-8"))).to_csv(ROOT / "results" / "benchmarks.csv", index=False)


def rows(report: dict) -> pd.DataFrame:  # type: ignore[type-arg]
    """The table of a pytest-benchmark report: ``name``, ``seconds`` (least), what each benchmark adds, ``machine``."""
    cpu = report["machine_info"]["cpu"]
    machine = f"{cpu['brand_raw']}, {cpu['count']} cores"
    return pd.DataFrame(
        {"name": b["name"], "seconds": b["stats"]["min"], **b["extra_info"], "machine": machine}
        for b in report["benchmarks"]
    ).round(6)


if __name__ == "__main__":
    main()
