"""CPU seconds per optimizer step: textbook forward pass, necessary work only, stacks; and to grok.

``OMP_NUM_THREADS=1 make bench`` prints them; ``python -m tools.keep_benchmarks`` keeps them for the book. CPU time, not
wall time, so that another program on the machine does not count, and the least of many rounds: what shares a core's
caches can only add to a step's time.
"""

import resource
import subprocess
import sys
import time

import pytest
import torch

from grokmodels import Experiment, train
from grokmodels.engine.prefixes import necessary_flops
from grokmodels.engine.training import Member, _step

pytestmark = pytest.mark.benchmark(timer=time.process_time)
CPU = torch.device("cpu")
STEP = Experiment().but(task__p=97, fraction=0.4)
SMALL = Experiment().but(task__p=31, fraction=0.5, architecture__layers=1, architecture__width=32, batch_size=None)


def time_steps(benchmark, members, rounds=30):
    """Time steps of a stack; ``extra_info`` has milliseconds and matrix work of one member."""
    benchmark.pedantic(lambda: _step(members, 0), rounds=rounds, warmup_rounds=3)
    experiment = members[0].experiment
    rows = experiment.batch_size or len(members[0].split.train)
    seconds = benchmark.stats.stats.min / len(members)
    flops = necessary_flops(experiment.architecture, experiment.task, rows)
    benchmark.extra_info.update(
        p=experiment.task.p, layers=experiment.architecture.layers, width=experiment.architecture.width, rows=rows,
        members=len(members), milliseconds=1e3 * seconds, gflop=flops / 1e9, gflop_per_second=flops / seconds / 1e9,
    )  # fmt: skip


@pytest.mark.parametrize("forward", ["textbook", "auto"])
@pytest.mark.parametrize("batch", [512, None])
@pytest.mark.parametrize("width", [64, 128])
def test_step(benchmark, width, batch, forward):
    experiment = STEP.but(architecture__width=width, batch_size=batch)
    time_steps(benchmark, [Member(experiment, CPU, forward)], rounds=200 if batch else 30)


@pytest.mark.parametrize("members", [1, 4, 16])
@pytest.mark.parametrize("p", [23, 31])
def test_stack(benchmark, p, members):
    time_steps(benchmark, [Member(SMALL.but(task__p=p, seed=seed), CPU) for seed in range(members)])


@pytest.mark.parametrize("p", [31, 59, 97, 113])
def test_growth_with_p(benchmark, p):
    time_steps(benchmark, [Member(STEP.but(task__p=p, architecture__width=64, batch_size=None), CPU)], rounds=10)


@pytest.mark.parametrize("width", [32, 64, 128])
def test_peak_of_matrix_products(benchmark, width):
    """What the core can do at the shape of the perceptron."""
    a, b = torch.randn(3764, width), torch.randn(width, 4 * width)
    benchmark.pedantic(torch.mm, args=(a, b), rounds=100, warmup_rounds=5)
    rate = 2 * a.numel() * b.shape[1] / benchmark.stats.stats.min / 1e9
    benchmark.extra_info.update(width=width, gflop_per_second=rate)


@pytest.mark.parametrize("width", [64, 128])
def test_canonical_run(benchmark, width):
    recipe = STEP.but(architecture__width=width, steps=3000, stop_when_generalized=True)
    runs = []
    benchmark.pedantic(lambda: runs.append(train(recipe, progress=False)), rounds=1)
    benchmark.extra_info.update(width=width, delay_ratio=runs[0].milestones.delay_ratio, status=runs[0].status)


MEMORY = "import sys; from benchmarks.test_training_step import *; peak_of(int(sys.argv[1]))"


def peak_of(width):
    """Print the peak memory of this process after some steps and an evaluation, in MB."""
    train(STEP.but(architecture__width=width, steps=5, evaluate_every=5), progress=False)
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)


@pytest.mark.parametrize("width", [64, 128])
def test_memory(benchmark, width):
    command = [sys.executable, "-c", MEMORY, str(width)]
    process = benchmark.pedantic(subprocess.run, (command,), {"capture_output": True, "text": True, "check": True})
    benchmark.extra_info.update(width=width, megabytes=float(process.stdout))
