"""The textbook transformer against torch's own building blocks."""

import pytest
import torch
from torch import nn

from grokmodels import Architecture, Modular, Parity
from grokmodels.engine.transformer import Block, Transformer


def torch_layer(block: Block, arch: Architecture) -> nn.TransformerEncoderLayer:
    """torch.nn's encoder layer with the weights of one of our blocks, and biases of zero where it has none."""
    d = arch.width
    activation = torch.square if arch.activation == "square" else arch.activation
    layer = nn.TransformerEncoderLayer(
        d, arch.heads, 4 * d, dropout=0.0, activation=activation, batch_first=True, norm_first=True
    ).double()
    if arch.norm == "none":
        layer.norm1, layer.norm2 = nn.Identity(), nn.Identity()
    ours = {
        "self_attn.in_proj_": [block.query, block.key, block.value],
        "self_attn.out_proj.": [block.output],
        "linear1.": [block.mlp_in],
        "linear2.": [block.mlp_out],
        "norm1.": [block.norm1],
        "norm2.": [block.norm2],
    }
    with torch.no_grad():
        for name, parameter in layer.named_parameters():
            kind = "bias" if name.endswith("bias") else "weight"
            parts = [getattr(part, kind) for part in ours[name.removesuffix(kind)]]
            parameter.copy_(torch.zeros_like(parameter) if parts[0] is None else torch.cat(parts))
    return layer.train()


@pytest.mark.parametrize("biases", ["none", "mlp", "all"])
@pytest.mark.parametrize("activation", ["relu", "gelu", "square"])
@pytest.mark.parametrize("norm", ["pre", "none"])
@pytest.mark.parametrize("attention", ["causal", "bidirectional"])
def test_a_block_is_torchs_encoder_layer(attention, norm, activation, biases):
    arch = Architecture(width=24, heads=3, norm=norm, attention=attention, activation=activation, biases=biases)
    block = Transformer(arch, Parity(bits=5), seed=1).double().layers[0]
    # Gains of one and biases of zero would hide one in the wrong place.
    for name, values in block.named_parameters():
        if "norm" in name or name.endswith("bias"):
            nn.init.normal_(values)
    x = torch.randn(7, 6, 24, dtype=torch.float64)
    mask = nn.Transformer.generate_square_subsequent_mask(6, dtype=torch.float64) if attention == "causal" else None
    expected = torch_layer(block, arch)(x, src_mask=mask)
    assert torch.allclose(block(x), expected, atol=1e-12)


def test_a_causal_model_does_not_look_ahead():
    model = Transformer(Architecture(width=16), Parity(bits=4)).double()
    tokens = torch.tensor([[0, 1, 1, 0], [0, 1, 0, 1]])
    first, second = model.layers[0](model.embed(tokens))
    # Equal but for rounding: how a row of a matrix product is summed may depend on where in the matrix it stands.
    assert torch.allclose(first[:2], second[:2], atol=1e-12)
    assert not torch.allclose(first[2], second[2], atol=1e-3)


def test_without_positions_a_bidirectional_model_sees_a_bag_of_tokens():
    model = Transformer(Architecture(width=16, attention="bidirectional", positions=False), Parity(bits=4)).double()
    a, b = model(torch.tensor([[0, 1, 1, 0], [1, 0, 0, 1]]))
    assert torch.allclose(a, b, atol=1e-12)


@pytest.mark.parametrize("layers", [1, 2, 3, 4])
def test_sizes(layers):
    d, p = 16, 11
    model = Transformer(Architecture(layers=layers, width=d), Modular(p=p))
    per_layer = 4 * d * d + 8 * d * d + 2 * d
    assert sum(x.numel() for x in model.parameters()) == 2 * p * d + 2 * d + layers * per_layer + d
    assert model(torch.zeros(5, 2, dtype=torch.long)).shape == (5, p)


def test_initial_entries_have_the_stated_spread_and_follow_the_seed():
    arch = Architecture(width=128, init_scale=3.0)
    model = Transformer(arch, Modular(), seed=5)
    assert model.embedding.std().item() == pytest.approx(3 / 128**0.5, rel=0.05)
    assert model.layers[0].mlp_out.weight.std().item() == pytest.approx(3 / 512**0.5, rel=0.05)
    assert torch.equal(model.embedding, Transformer(arch, Modular(), seed=5).embedding)
    assert not torch.equal(model.embedding, Transformer(arch, Modular(), seed=6).embedding)


@pytest.mark.parametrize(
    ("values", "names"),
    [
        ({"width": 128, "heads": 3}, ["width", "128", "multiple of heads"]),
        ({"layers": 5}, ["layers", "5", "less than or equal to 4"]),
        ({"norm": "post"}, ["norm", "'post'", "'pre' or 'none'"]),
        ({"init_scale": 0}, ["init_scale", "0", "greater than 0"]),
    ],
)
def test_a_bad_architecture_names_field_value_and_what_is_allowed(values, names):
    with pytest.raises(ValueError, match="got") as raised:
        Architecture(**values)
    assert all(name in str(raised.value) for name in names)
