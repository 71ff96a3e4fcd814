import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from grokmodels.measures import fourier
from tests.explorable_samples import circle


@pytest.mark.slow
@given(p=st.sampled_from([3, 5, 7, 31, 97]), k=st.integers(1, 48), radius=st.floats(0.1, 10), seed=st.integers(0, 99))
def test_a_perfect_circle_is_recovered(p, k, radius, seed):
    k = 1 + (k - 1) % ((p - 1) // 2)
    embedding = circle(radius=radius, frequency=k, p=p, seed=seed)
    energy = fourier.fourier_energy(embedding)
    assert int(energy.argmax()) + 1 == k
    assert energy[k - 1] == pytest.approx(1)

    points = fourier.project(embedding, fourier.fourier_plane(embedding, k))
    angle = 2 * np.pi * fourier.circle_order(p, k) / p
    np.testing.assert_allclose(points, radius * np.stack([np.cos(angle), np.sin(angle)], axis=1), atol=1e-9 * radius)


def test_energy_adds_up_to_one_and_ignores_the_mean():
    embedding = np.random.default_rng(0).normal(size=(97, 8))
    energy = fourier.fourier_energy(embedding)
    assert energy.shape == (48,)
    assert energy.sum() == pytest.approx(1)
    np.testing.assert_allclose(fourier.fourier_energy(embedding + 5), energy)


def test_the_plane_is_orthonormal_where_the_circle_is_squeezed():
    embedding = circle() * np.linspace(0.2, 2, 16)
    plane = fourier.fourier_plane(embedding, 14)
    np.testing.assert_allclose(plane.T @ plane, np.eye(2), atol=1e-12)


def test_bad_input_is_named():
    with pytest.raises(ValueError, match=r"frequency: got 49; must be 1 to 48"):
        fourier.fourier_plane(circle(), 49)
    with pytest.raises(ValueError, match=r"embedding: got shape \(2, 4\)"):
        fourier.fourier_energy(np.ones((2, 4)))
    with pytest.raises(ValueError, match="embedding: got 5 tokens at one point; at least two must differ"):
        fourier.fourier_energy(np.ones((5, 4)))
