"""The forward pass of stacks against the textbook's, logits and gradients, and the work that it leaves out."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from grokmodels import MLP, Architecture, Modular, Parity
from grokmodels.engine import network
from grokmodels.engine.prefixes import PrefixTree, necessary_flops
from grokmodels.engine.textbook import textbook
from grokmodels.recipes.tasks import Skills, Table, TwoHop

TASKS = st.one_of(
    st.builds(
        Modular, p=st.one_of(st.integers(2, 9), st.just(37)), format=st.sampled_from(["a b", "a b =", "a o b ="])
    ),
    st.builds(Parity, bits=st.one_of(st.integers(2, 7), st.just(11))),
    st.builds(Skills, skills=st.integers(1, 3), p=st.just(5)),
    st.builds(TwoHop, entities=st.integers(2, 6), relations=st.integers(1, 3)),
    st.builds(
        TwoHop,
        entities=st.just(4),
        relations=st.integers(1, 2),
        wording=st.just("sentences"),
        ways=st.integers(1, 3),
    ),
)
SCALES = st.sampled_from([1.0, 0.3])
MLPS = st.builds(
    MLP,
    layers=st.integers(1, 3),
    width=st.just(8),
    embedding=st.sampled_from([None, 5]),
    activation=st.sampled_from(["relu", "gelu", "square"]),
    biases=st.booleans(),
    output_scale=SCALES,
)
TRANSFORMERS = st.builds(
    Architecture,
    layers=st.integers(1, 4),
    width=st.just(8),
    heads=st.sampled_from([1, 2, 4]),
    norm=st.sampled_from(["pre", "none"]),
    attention=st.sampled_from(["causal", "bidirectional"]),
    positions=st.booleans(),
    activation=st.sampled_from(["relu", "gelu", "square"]),
    biases=st.sampled_from(["none", "mlp", "all"]),
    output_scale=SCALES,
    # Squares of squares, with nothing to normalize them, are numbers whose attention amplifies any rounding.
).filter(lambda arch: (arch.activation, arch.norm) != ("square", "none") or arch.layers == 1)


def network_of(arch, task, seed):
    model = textbook(arch, task, seed).double()
    generator = torch.Generator().manual_seed(seed)
    for name, values in model.named_parameters():
        # Gains of one and biases of zero would hide one in the wrong place.
        if "norm" in name or name.endswith("bias"):
            values.data.normal_(1, 0.3, generator=generator)
    return model


def stacked(models):
    """Every parameter of some networks as one tensor, member axis first."""
    each = [dict(model.named_parameters()) for model in models]
    return {name: torch.stack([p[name].detach() for p in each]).requires_grad_() for name in each[0]}


def assert_close(ours, theirs, arch):
    """Equal but for rounding, which squares of squares make as large as their numbers are."""
    largest = max(1.0, *(x.abs().max().item() for x in theirs)) if arch.activation == "square" else 1.0
    for one, other in zip(ours, theirs, strict=True):
        assert (one - other).abs().max() <= 1e-10 * largest


@pytest.mark.slow
@settings(max_examples=150)
@given(
    task=TASKS,
    arch=st.one_of(TRANSFORMERS, MLPS),
    seeds=st.lists(st.integers(0, 99), min_size=1, max_size=3),
    data=st.data(),
)
def test_a_stacks_logits_and_gradients_are_the_textbooks(task, arch, seeds, data):
    n = data.draw(st.integers(1, 40))
    some = st.lists(st.integers(0, task.n_inputs - 1), min_size=n, max_size=n)
    if data.draw(st.booleans(), label="rows shared"):
        rows = torch.tensor(data.draw(some)).expand(len(seeds), -1)
    else:
        rows = torch.tensor([data.draw(some) for _ in seeds])
    models = [network_of(arch, task, seed) for seed in seeds]
    weights = torch.randn(len(seeds), n, task.n_classes, dtype=torch.float64)

    parameters = stacked(models)
    said = network.logits(parameters, arch, network.Reader(task, arch)(rows))
    gradients = torch.autograd.grad((said * weights).sum(), list(parameters.values()))
    inputs = torch.as_tensor(task.inputs)
    for member, model in enumerate(models):
        expected = model(inputs[rows[member]])
        assert_close([said[member]], [expected], arch)
        theirs = torch.autograd.grad((expected * weights[member]).sum(), list(model.parameters()))
        assert_close([gradient[member] for gradient in gradients], theirs, arch)


@pytest.mark.parametrize(
    ("arch", "task", "way"),
    [
        (Architecture(), Modular(), "necessary"),
        (Architecture(attention="bidirectional"), Modular(), "dense"),
        (Architecture(), Parity(bits=10), "necessary"),
        (Architecture(), TwoHop(wording="sentences"), "dense"),
        (MLP(), Modular(), "gathered"),
        (MLP(), Parity(), "dense"),
        (MLP(embedding=16), Modular(), "dense"),
    ],
)
def test_the_way_is_the_one_that_saves_work(arch, task, way):
    assert network.way(arch, task.n_tokens, task.length) == way


def test_it_evaluates_no_prefix_twice_and_nothing_unasked():
    def sizes(task, rows):
        read = PrefixTree(task).levels(torch.arange(rows).unsqueeze(0))
        # A level without row numbers reads all tokens in their order.
        return [task.n_tokens if level.tokens[-1] is None else level.tokens[-1].shape[1] for level in read]

    assert sizes(Parity(bits=10), 1024) == [2, 4, 8, 16, 32, 64, 128, 256, 512, 1024]
    assert sizes(Parity(bits=10), 20) == [2, 4, 8, 16, 20, 20, 20, 20, 20, 20]
    assert sizes(Modular(p=97), 512) == [97, 512]


@pytest.mark.parametrize("attention", ["causal", "bidirectional"])
@pytest.mark.parametrize("positions", [True, False])
def test_padding_changes_nothing(attention, positions):
    """A fact says the same in a world of questions, where it is padded, and where nothing else is asked."""
    world = TwoHop(entities=5, relations=2)
    facts = Table(tokens=(world.inputs[:10, 1:]).tolist(), answers=world.labels[:10])
    arch = Architecture(layers=2, width=8, heads=2, attention=attention, positions=positions)
    padded, plain = textbook(arch, world).double(), textbook(arch, facts).double()
    shared = dict(padded.named_parameters())
    for name, values in plain.named_parameters():
        values.data = shared[name].data[tuple(slice(size) for size in values.shape)]
    said = padded(torch.as_tensor(world.inputs[:10]))[:, : facts.n_classes]
    assert (said - plain(torch.as_tensor(facts.inputs))).abs().max() < 1e-12


@settings(max_examples=20)
@given(task=TASKS.filter(lambda task: task.length < network.LONG), layers=st.integers(1, 4), data=st.data())
def test_the_work_counted_is_the_work_that_torch_counts(task, layers, data):
    from torch.utils.flop_counter import FlopCounterMode

    rows, members = data.draw(st.integers(1, task.n_inputs)), data.draw(st.integers(1, 3))
    arch = Architecture(layers=layers, width=8, heads=2)
    batch = network.Reader(task, arch)(torch.arange(rows).expand(members, -1))
    parameters = stacked([textbook(arch, task)] * members)
    with FlopCounterMode(display=False) as counter:
        network.logits(parameters, arch, batch)
    assert 3 * counter.get_total_flops() == members * necessary_flops(arch, task, rows)
