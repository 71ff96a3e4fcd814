"""The spectral contrast: against numpy on the textbook's network, and of covariances that are known."""

import math

import numpy as np
import pytest
import torch

from grokmodels import train
from grokmodels.engine import contrast, network
from grokmodels.engine import stack as stacks
from grokmodels.engine.slot import Member
from grokmodels.engine.textbook import textbook
from grokmodels.engine.training import train_stack
from tests.library.engine.recipes import EXACT, EXACT_PARITY
from tests.textbook import Textbook

RECIPES = {
    "LayerNorm": EXACT,
    "no LayerNorm": EXACT.but(architecture__norm="none"),
    "biases and a quiet output": EXACT.but(architecture__biases="all", architecture__output_scale=0.1),
    "parity": EXACT_PARITY,
    "parity, causal": EXACT_PARITY.but(architecture__attention="causal", batch_size=None),
    "an MLP": EXACT.but(architecture={"kind": "mlp", "width": 16, "layers": 2, "embedding": 8}),
}


def by_the_book(recipe, model):
    """m of a textbook's network, as the paper writes it, from what its unembedding is given for the test inputs."""
    given = []
    handle = model.unembedding.register_forward_pre_hook(lambda _, inputs: given.append(inputs[0].detach()))
    model(torch.as_tensor(recipe.task.inputs))
    handle.remove()
    p = np.sort(np.linalg.eigvalsh(np.cov(given[0].numpy()[recipe.split.test].T)))[::-1]
    p = p / p.sum()
    return np.log((p[:5].sum() + 1e-10) / (p[5:].sum() + 1e-10))


@pytest.mark.parametrize("recipe", RECIPES.values(), ids=RECIPES.keys())
def test_it_is_the_papers_of_what_the_textbook_reads_out(recipe, monkeypatch):
    # In pieces of 64 inputs: the 121 of a modulus are more than one.
    monkeypatch.setitem(stacks.PIECE, "cpu", 1)
    recipe = recipe.but(steps=10, evaluate_every=10, spectral_contrast=True)
    history, model = train(recipe, progress=False).history, Textbook(recipe)
    expected = [by_the_book(recipe, model.model)]
    for _ in range(10):
        model.step()
    expected.append(by_the_book(recipe, model.model))
    np.testing.assert_allclose(history["spectral_contrast"], expected, rtol=1e-7)
    assert abs(expected[1] - expected[0]) > 1e-3


def test_nothing_else_of_a_run_depends_on_it():
    plain, watched = (train(EXACT.but(spectral_contrast=on), progress=False).history for on in (False, True))
    np.testing.assert_array_equal(watched[plain.columns], plain)
    assert set(watched) - set(plain) == {"spectral_contrast"}


def test_in_a_stack_each_has_its_own():
    recipes = [EXACT.but(seed=seed, spectral_contrast=True) for seed in range(3)]
    for run in train_stack([Member(recipe) for recipe in recipes], slots=2):
        alone = train(run.experiment, progress=False).history["spectral_contrast"]
        np.testing.assert_allclose(run.history["spectral_contrast"], alone, rtol=1e-9)


@pytest.mark.parametrize(
    ("shares", "expected"),
    [
        ([1] * 10, 0.0),
        ([8] * 5 + [2] * 5, math.log(4)),
        ([1] * 20, math.log(1 / 3)),
        ([3, 2, 1], math.log(1 + 1e10)),
        ([3, 2, 1, 0, 0, 0, 0], math.log(1 + 1e10)),
        ([0] * 8, math.nan),
    ],
)
def test_known_spectra(shares, expected):
    eigenvalues = torch.tensor([sorted(shares)], dtype=torch.float64)
    for size in (1e-12, 1.0, 1e12):
        assert contrast.contrast(size * eigenvalues).item() == pytest.approx(expected, rel=1e-6, abs=1e-9, nan_ok=True)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_known_covariances_far_from_the_origin(dtype):
    """Two points on each axis of a turned frame, as far from the middle as the axis says; others do not count."""
    axes = torch.tensor([9.0, 8, 7, 6, 5, 2, 1, 0.5], dtype=torch.float64)
    frame = torch.linalg.qr(torch.randn(8, 8, generator=torch.Generator().manual_seed(0), dtype=torch.float64))[0]
    others = 100 * torch.randn(4, 8, generator=torch.Generator().manual_seed(2), dtype=torch.float64)
    points = torch.cat([torch.diag(axes), -torch.diag(axes), others]) @ frame
    counts = torch.cat([torch.ones(1, 16), torch.zeros(1, 4)], dim=1)
    order = torch.randperm(20, generator=torch.Generator().manual_seed(1))
    spectrum = contrast.Spectrum(counts[:, order])
    for piece in (slice(0, 3), slice(3, 4), slice(4, 20)):
        spectrum.add(piece, (points[order][None, piece] + 1000).to(dtype))
    shares = axes.square() / axes.square().sum()
    expected = math.log((shares[:5].sum() + 1e-10) / (shares[5:].sum() + 1e-10))
    # What rounding to single precision so far out has left.
    assert spectrum.contrast().item() == pytest.approx(expected, rel=1e-4 if dtype == torch.float32 else 1e-10)


def test_what_does_not_vary_or_is_not_finite_has_none_and_its_neighbors_have():
    x = torch.randn(4, 6, 7, generator=torch.Generator().manual_seed(0))
    x[1], x[2, 3, 3] = 0.1, torch.inf
    counts = torch.ones(4, 6)
    counts[3] = 0
    spectrum = contrast.Spectrum(counts)
    spectrum.add(slice(0, 6), x)
    assert spectrum.contrast().isnan().tolist() == [False, True, True, True]


def test_what_is_read_out_becomes_the_logits():
    arch, task = EXACT.architecture, EXACT.task
    parameters = {name: x.detach()[None] for name, x in textbook(arch, task, 0).named_parameters()}
    batch = network.Reader(task, arch)(torch.arange(task.n_inputs)[None])
    last = network.read_out(parameters, arch, batch)
    assert last.shape == (1, task.n_inputs, arch.width)
    assert torch.equal(network.unembedded(parameters, arch, last), network.logits(parameters, arch, batch))
