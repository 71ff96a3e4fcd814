"""What the benchmarks found: of training a line each, beside the seconds of whole rounds; of sliders a table."""

import numpy as np
import pytest

UNITS = {
    "milliseconds": "{:9.2f} ms a member",
    "gflop_per_second": "{:7.1f} GFLOP/s",
    "steps": "{:6,d} steps",
    "evaluations": "{:7.1%} of it measuring",
    "megabytes": "{:7.0f} MB",
}

MOVES = pytest.StashKey[list]()
TIMES = pytest.StashKey[list]()
MEMORY = pytest.StashKey[list]()


@pytest.fixture
def moves(request: pytest.FixtureRequest) -> list:
    """Where a benchmark of controls leaves its rows for the table: explorable, trait, work, until painted."""
    return request.config.stash.setdefault(MOVES, [])


@pytest.fixture
def laboratory_times(request: pytest.FixtureRequest) -> list:
    """Where a run in the page leaves what it took: name, seconds to memorize, to generalize, milliseconds a frame."""
    return request.config.stash.setdefault(TIMES, [])


@pytest.fixture
def laboratory_memory(request: pytest.FixtureRequest) -> list:
    """Where restarts in the page leave the megabytes that are held after each."""
    return request.config.stash.setdefault(MEMORY, [])


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    told = [(b.name, b.extra_info) for b in config._benchmarksession.benchmarks if b.extra_info]
    for name, found in told:
        terminalreporter.write_line(
            f"{name:40}" + "".join(form.format(found[key]) for key, form in UNITS.items() if key in found)
        )
    if moves := config.stash.get(MOVES, []):
        terminalreporter.write_line(f"{'milliseconds of':36}{'work':>18}{'until painted':>18}")
        terminalreporter.write_line(f"{'':36}" + 2 * f"{'median':>9}{'largest':>9}")
    for name, trait, *measured in moves:
        numbers = "".join(f"{np.median(times):9.1f}{max(times):9.1f}" for times in measured)
        terminalreporter.write_line(f"{name:18}{trait:18}{numbers}")
    if times := config.stash.get(TIMES, []):
        terminalreporter.write_line(f"{'in the page':36}{'memorized':>12}{'generalized':>12}{'frame':>9}{'longest':>9}")
    for name, memorized, generalized, frames in times:
        took = f"{memorized:10.2f} s{generalized:10.2f} s{np.median(frames):6.0f} ms{max(frames):6.0f} ms"
        terminalreporter.write_line(f"{name:36}{took}")
    if memory := config.stash.get(MEMORY, []):
        told = ", ".join(f"{megabytes:.0f}" for megabytes in memory)
        terminalreporter.write_line(f"MB held before and after each of {len(memory) - 1} runs: {told}")
