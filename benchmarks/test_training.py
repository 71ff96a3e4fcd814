"""CPU seconds of training, the textbook's way and the engine's: steps, stacks, evaluations, runs until they grok.

``OMP_NUM_THREADS=1 make bench`` prints them; ``python -m tools.keep_benchmarks`` keeps them for the book. CPU time, not
wall time, so that another program on the machine does not count, and the least of many rounds: what shares a core's
caches can only add to a step's time. Compiling comes before the clock starts.
"""

import re
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch

from grokmodels import train
from grokmodels.engine import compiling, speed
from grokmodels.engine.prefixes import necessary_flops
from grokmodels.engine.slot import Member
from grokmodels.engine.stack import Stack
from tests.textbook import Textbook

pytestmark = pytest.mark.benchmark(timer=time.process_time)
CPU = torch.device("cpu")
# The budget is not used up; a round is the steps between two evaluations.
STEP, SMALL = (speed.RECIPES[name].but(steps=1_000_000, evaluate_every=5) for name in ("canonical", "small"))
needs_a_compiler = pytest.mark.skipif(not compiling.can_compile(CPU), reason="no C++ compiler for torch.compile")
torchs_own_warning = pytest.mark.filterwarnings("ignore::DeprecationWarning")


def rounds_of(recipe):
    return 8 if recipe.batch_size is None else 40


def time_textbook(benchmark, recipe):
    run = Textbook(recipe)
    steps = range(recipe.evaluate_every)
    benchmark.pedantic(lambda: [run.step() for _ in steps], rounds=rounds_of(recipe), warmup_rounds=1)
    tell(benchmark, recipe, members=1)


def time_engine(benchmark, recipe, members=1, compiled=False):
    stack = stack_of(recipe, members, compiled)
    benchmark.pedantic(stack.advance, rounds=rounds_of(recipe), warmup_rounds=2)
    tell(benchmark, recipe, members)


def stack_of(recipe, members, compiled=False):
    return Stack([Member(recipe.but(seed=seed)) for seed in range(members)], CPU, compiled=compiled)


def tell(benchmark, recipe, members):
    """``extra_info`` has milliseconds and matrix work of one member's step."""
    rows = recipe.batch_size or len(recipe.split.train)
    seconds = benchmark.stats.stats.min / members / recipe.evaluate_every
    flops = necessary_flops(recipe.architecture, recipe.task, rows)
    benchmark.extra_info.update(
        p=recipe.task.p, layers=recipe.architecture.layers, width=recipe.architecture.width, rows=rows,
        members=members, milliseconds=1e3 * seconds, gflop=flops / 1e9, gflop_per_second=flops / seconds / 1e9,
    )  # fmt: skip


@pytest.mark.parametrize("way", [time_textbook, time_engine], ids=["textbook", "engine"])
@pytest.mark.parametrize("batch", [512, None])
@pytest.mark.parametrize("width", [64, 128])
def test_step(benchmark, width, batch, way):
    way(benchmark, STEP.but(architecture__width=width, batch_size=batch))


@needs_a_compiler
@torchs_own_warning
@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
@pytest.mark.parametrize("batch", [512, None])
@pytest.mark.parametrize("width", [64, 128])
def test_compiled_step(benchmark, width, batch, precision):
    time_engine(benchmark, STEP.but(architecture__width=width, batch_size=batch, precision=precision), compiled=True)


@pytest.mark.parametrize("p", [23, 31])
def test_textbook_alone(benchmark, p):
    time_textbook(benchmark, SMALL.but(task__p=p))


@pytest.mark.parametrize("members", [1, 4, 16])
@pytest.mark.parametrize("p", [23, 31])
def test_stack(benchmark, p, members):
    time_engine(benchmark, SMALL.but(task__p=p), members)


@needs_a_compiler
@torchs_own_warning
@pytest.mark.parametrize("members", [1, 4, 16])
@pytest.mark.parametrize("p", [31])
def test_compiled_stack(benchmark, p, members):
    time_engine(benchmark, SMALL.but(task__p=p), members, compiled=True)


@pytest.mark.parametrize("p", [31, 59, 97, 113])
def test_growth_with_p(benchmark, p):
    time_engine(benchmark, STEP.but(task__p=p, architecture__width=64, batch_size=None))


@pytest.mark.parametrize("width", [32, 64, 128])
def test_peak_of_matrix_products(benchmark, width):
    """What the core can do at the shape of the perceptron."""
    a, b = torch.randn(3764, width), torch.randn(width, 4 * width)
    benchmark.pedantic(torch.mm, args=(a, b), rounds=100, warmup_rounds=5)
    rate = 2 * a.numel() * b.shape[1] / benchmark.stats.stats.min / 1e9
    benchmark.extra_info.update(width=width, gflop_per_second=rate)


@pytest.mark.parametrize(
    ("recipe", "members"),
    [(STEP.but(architecture__width=64), 1), (STEP.but(architecture__width=128), 1), (SMALL, 1), (SMALL, 16)],
    ids=["64", "128", "small-1", "small-16"],
)
def test_evaluation(benchmark, recipe, members):
    """Measuring all inputs; milliseconds are those of one member."""
    stack = stack_of(recipe, members)
    benchmark.pedantic(stack.measure, args=(range(members),), rounds=30, warmup_rounds=2)
    benchmark.extra_info.update(
        width=recipe.architecture.width, milliseconds=1e3 * benchmark.stats.stats.min / members
    )  # fmt: skip


def time_run(benchmark, width, compiled=False):
    """A run until it groks; ``evaluations`` is the share of its time that goes into measuring."""
    recipe = speed.RECIPES["canonical"].but(architecture__width=width)
    train(recipe.but(steps=1), compiled=compiled, progress=False)
    runs = []
    benchmark.pedantic(lambda: runs.append(train(recipe, compiled=compiled, progress=False)), rounds=1)
    history, seconds = runs[0].history, benchmark.stats.stats.min
    evaluation = speed.measure("canonical", 1, CPU, architecture__width=width)["evaluation_ms"] / 1e3
    benchmark.extra_info.update(
        width=width, delay_ratio=runs[0].milestones.delay_ratio, status=runs[0].status,
        steps=int(history["step"].iloc[-1]), evaluations=evaluation * len(history) / seconds,
    )  # fmt: skip


@pytest.mark.parametrize("width", [64, 128])
def test_canonical_run(benchmark, width):
    time_run(benchmark, width)


@needs_a_compiler
@torchs_own_warning
@pytest.mark.parametrize("width", [64])
def test_compiled_canonical_run(benchmark, width):
    time_run(benchmark, width, compiled=True)


# Of a process, what Linux calls the high water mark; the peak that resource knows includes the parent's at the start.
STATUS = Path("/proc/self/status")
MEMORY = "import sys; from benchmarks.test_training import print_peak; print_peak(int(sys.argv[1]))"


def print_peak(width):
    """Print the peak memory of this process after some steps and an evaluation, in MB."""
    train(STEP.but(architecture__width=width, steps=5), progress=False)
    print(int(re.search(r"VmHWM:\s+(\d+) kB", STATUS.read_text(encoding="utf-8"))[1]) / 1024)


@pytest.mark.skipif(not STATUS.exists(), reason="asks Linux for a process's peak memory")
@pytest.mark.parametrize("width", [64, 128])
def test_memory(benchmark, width):
    command = [sys.executable, "-c", MEMORY, str(width)]
    process = benchmark.pedantic(subprocess.run, (command,), {"capture_output": True, "text": True, "check": True})
    benchmark.extra_info.update(width=width, megabytes=float(process.stdout))
