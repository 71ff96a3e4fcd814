"""A borrowed accelerator in one command: is it right here, how fast is it, and as many missing runs as time allows.

What comes back fits a few small files: ``report.json``, and a pack of runs for each study, which ``unpack`` merges
where the book is.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from grokmodels.studies import store
from grokmodels.studies.runners import alike, run_job, worth_compiling
from grokmodels.studies.study import missing, shipped

# Members side by side in the benchmark, and what part of the time it may take.
SIZES = (1, 4, 16, 64, 256, 512, 1024)
BENCHMARK_SHARE = 0.25
# Bytes that a file of a repository may have; what is larger came from too many runs at a time.
LARGEST = 16 * 10**6


def borrow(
    names: list[str], root: Path, out: Path, *, minutes: float, device: str = "auto", stack: int = 512,
    test: bool = False, say: Callable[[str], None] = print,
) -> dict[str, Any]:  # fmt: skip
    """Check, measure and run on a device for so many minutes; the report, as it is in ``out/report.json``.

    Runs of the studies ``names`` that are not stored below ``root`` are made, up to ``stack`` side by side, those of
    test seeds only on demand. They are packed into ``out``, whatever ends this. RuntimeError where a check fails:
    nothing is run on a device that is not right.
    """
    import torch

    from grokmodels.engine.devices import pick_device, provenance

    begun = time.time()
    place = pick_device(device)
    # What does not run on the device is one core's work, here as in studies.
    torch.set_num_threads(1)
    todo = {name: missing(*shipped(name, root), test=test) for name in names}
    out.mkdir(parents=True, exist_ok=True)
    report: dict[str, Any] = {"minutes": minutes, **provenance(place), "checks": _checked(place, say)}
    if failed := {name: what for name, what in report["checks"].items() if what != "passed"}:
        _write(out, report)
        raise RuntimeError(f"device: {place} fails {failed}; no run is made there")
    report |= _benchmark(place, begun + BENCHMARK_SHARE * 60 * minutes, say)
    report["studies"] = {}
    try:
        for name, points in todo.items():
            started = time.time()
            for together in alike(points):
                compiled = worth_compiling(together, 1, stack)
                run_job(together, str(out / name), device, stack, begun + 60 * minutes, compiled=compiled)
            made = len(store.keys(out / name) & {point.experiment.key for point in points})
            seconds = time.time() - started
            report["studies"][name] = {"missing": len(points), "made": made, "seconds": round(seconds, 1)}
            say(f"{name}: {made} of {len(points)} missing runs in {seconds:.0f} s")
    finally:
        for name in todo:
            store.pack(out / name)
        _write(out, report)
        for path in sorted(out.glob("[!.]*.*")):
            say(f"{path}: {path.stat().st_size / 1e6:.1f} MB" + "; more than 16 MB" * (path.stat().st_size > LARGEST))
    return report


def _checked(device: Any, say: Callable[[str], None]) -> dict[str, str]:
    from grokmodels.engine.checks import CHECKS

    outcomes = {}
    for name, check in CHECKS.items():
        try:
            check(device)
            outcomes[name] = "passed"
        # Whatever a driver or a kernel raises is a reason not to trust the device.
        except Exception as error:
            outcomes[name] = f"{type(error).__name__}: {error}".splitlines()[0]
        say(f"check: {name}: {outcomes[name]}")
    return outcomes


def _benchmark(device: Any, deadline: float, say: Callable[[str], None]) -> dict[str, Any]:
    """What the device does at best, stacks of growing size on it, and one core of its machine beside it."""
    import torch

    from grokmodels.engine import speed

    core = torch.device("cpu")
    rows = []
    for row in (
        *(speed.measure(name, members, core) for name, members in (("canonical", 1), ("small", 16))),
        *speed.sweep(device, SIZES, lambda: time.time() > deadline),
    ):
        rows.append(row)
        say("{recipe} x {members} on {device}: {step_ms:.4f} ms a step, {runs_an_hour:.0f} runs an hour".format(**row))
    return {"peaks": {str(place): speed.peaks(place) for place in (core, device)}, "stacks": rows}


def _write(out: Path, report: dict[str, Any]) -> None:
    (out / "report.json").write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
