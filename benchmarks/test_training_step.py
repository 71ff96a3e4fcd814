"""Seconds per optimizer step, textbook forward pass against necessary work only: ``OMP_NUM_THREADS=1 make bench``."""

import pytest
import torch

from grokmodels.architecture import Architecture
from grokmodels.experiment import Optimizer
from grokmodels.prefixes import PrefixTree, necessary_forward
from grokmodels.tasks import Modular
from grokmodels.training import make_optimizer
from grokmodels.transformer import Transformer

TASK = Modular(p=97)
TRAIN = torch.as_tensor(TASK.split(0.4, seed=0).train)


def necessary_flops(width, rows):
    """Multiplications and additions of one step's matrix products in a two-layer model, backward counted as twice."""
    first, last = min(TASK.p, rows), rows
    every_row, keys_and_values = 24 * width**2, 4 * width**2
    forward = (first + last) * (every_row + keys_and_values) + last * (
        every_row - keys_and_values + 2 * width * TASK.n_classes
    )
    return 3 * forward


@pytest.mark.parametrize("forward", ["textbook", "necessary"])
@pytest.mark.parametrize("rows", [512, len(TRAIN)])
@pytest.mark.parametrize("width", [64, 128])
def test_step(benchmark, width, rows, forward):
    model = Transformer(Architecture(width=width), TASK)
    optimizer = make_optimizer(Optimizer(), model)
    tree, inputs, labels = PrefixTree(TASK), torch.as_tensor(TASK.inputs), torch.as_tensor(TASK.labels)

    def step():
        batch = TRAIN[torch.randperm(len(TRAIN))[:rows]]
        logits = model(inputs[batch]) if forward == "textbook" else necessary_forward(model, tree.levels(batch))
        optimizer.zero_grad(set_to_none=True)
        torch.nn.functional.cross_entropy(logits, labels[batch]).backward()
        optimizer.step()

    benchmark.pedantic(step, rounds=30, warmup_rounds=3)
    benchmark.extra_info["necessary GFLOP/s"] = necessary_flops(width, rows) / benchmark.stats.stats.median / 1e9


@pytest.mark.parametrize("width", [64, 128])
def test_peak_of_matrix_products(benchmark, width):
    """What the machine can do at the shape of the perceptron; ``extra_info`` has GFLOP/s."""
    a, b = torch.randn(len(TRAIN), width), torch.randn(width, 4 * width)
    benchmark.pedantic(torch.mm, args=(a, b), rounds=100, warmup_rounds=5)
    benchmark.extra_info["GFLOP/s"] = 2 * a.numel() * b.shape[1] / benchmark.stats.stats.median / 1e9
