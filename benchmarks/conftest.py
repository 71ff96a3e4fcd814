"""What the benchmarks of training found, a line each, beside the seconds of whole rounds."""

import pytest

UNITS = {
    "milliseconds": "{:9.2f} ms a member",
    "gflop_per_second": "{:7.1f} GFLOP/s",
    "steps": "{:6,d} steps",
    "evaluations": "{:7.1%} of it measuring",
    "megabytes": "{:7.0f} MB",
}


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    told = [(b.name, b.extra_info) for b in config._benchmarksession.benchmarks if b.extra_info]
    for name, found in told:
        terminalreporter.write_line(
            f"{name:40}" + "".join(form.format(found[key]) for key, form in UNITS.items() if key in found)
        )
