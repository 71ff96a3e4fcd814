"""The fast exact forward pass against the textbook's, logits and gradients."""

import torch
from hypothesis import given
from hypothesis import strategies as st

from grokmodels import Architecture, Modular, Parity
from grokmodels.engine.prefixes import PrefixTree, necessary_flops, necessary_forward
from grokmodels.engine.transformer import Transformer

TASKS = st.one_of(
    st.builds(Modular, p=st.integers(2, 9)),
    st.builds(Parity, bits=st.integers(2, 6)),
)
ARCHITECTURES = st.builds(
    Architecture,
    layers=st.integers(1, 4),
    width=st.just(8),
    heads=st.sampled_from([1, 2, 4]),
    norm=st.sampled_from(["pre", "none"]),
    positions=st.booleans(),
    activation=st.sampled_from(["relu", "gelu"]),
)


@given(task=TASKS, arch=ARCHITECTURES, seed=st.integers(0, 99), data=st.data())
def test_it_is_the_textbook_forward(task, arch, seed, data):
    rows = torch.tensor(data.draw(st.lists(st.integers(0, task.n_inputs - 1), min_size=1, max_size=40)))
    model = Transformer(arch, task, seed).double()
    weights = torch.randn(len(rows), task.n_classes, dtype=torch.float64)

    textbook = model(torch.as_tensor(task.inputs)[rows])
    fast = necessary_forward(model, PrefixTree(task).levels(rows))
    assert torch.allclose(fast, textbook, rtol=0, atol=1e-10)

    parameters = list(model.parameters())
    expected = torch.autograd.grad((textbook * weights).sum(), parameters)
    for one, other in zip(torch.autograd.grad((fast * weights).sum(), parameters), expected, strict=True):
        assert torch.allclose(one, other, rtol=0, atol=1e-10)


def test_it_evaluates_no_prefix_twice_and_nothing_unasked():
    tree = PrefixTree(Parity(bits=10))
    every = tree.levels(torch.arange(1024))
    assert [len(level.tokens) for level in every] == [2, 4, 8, 16, 32, 64, 128, 256, 512, 1024]
    few = tree.levels(torch.arange(20))
    assert [len(level.tokens) for level in few] == [2, 4, 8, 16, 20, 20, 20, 20, 20, 20]
    assert [len(level.tokens) for level in PrefixTree(Modular(p=97)).levels(torch.arange(512))] == [97, 512]


@given(task=TASKS, layers=st.integers(1, 4), data=st.data())
def test_the_work_counted_is_the_work_that_torch_counts(task, layers, data):
    from torch.utils.flop_counter import FlopCounterMode

    rows = data.draw(st.integers(1, task.n_inputs))
    model = Transformer(Architecture(layers=layers, width=8, heads=2), task)
    with FlopCounterMode(display=False) as counter:
        necessary_forward(model, PrefixTree(task).levels(torch.arange(rows)))
    assert 3 * counter.get_total_flops() == necessary_flops(model.arch, task, rows)
