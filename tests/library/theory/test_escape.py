"""Noise: the asymptotic rate, the exact one from the Fokker–Planck operator, and simulated escapes."""

import numpy as np
import pytest
from scipy.sparse import coo_matrix, diags
from scipy.sparse.linalg import splu

from grokmodels.theory import basins, escape, langevin
from grokmodels.theory.circuits import Circuits, energy, hessian, simulate


def model(degree, decay=0.3):
    return Circuits(degree=degree, generalizing_efficiency=2, weight_decay=decay)


def exact_rate(circuits, temperature, cells=240):
    """The slowest decay rate of the Fokker–Planck operator with reflecting axes, absorbing where the rule has 9/10.

    Finite volumes with Scharfetter–Gummel rates keep detailed balance; the eigenvalue comes from inverse iteration.
    """
    well, saddle = basins.memorizer(circuits), basins.saddle(circuits)
    width = np.array([well.u + 8 * np.sqrt(temperature / circuits.weight_decay), 2.2 * saddle.v]) / cells
    u, v = np.meshgrid(*(h * (np.arange(cells) + 0.5) for h in width), indexing="ij")
    heights, index = energy(circuits, u, v), np.arange(cells**2).reshape(cells, cells)
    hops = []
    for axis, h in enumerate(width):
        here, there = (np.take(index, range(first, cells - 1 + first), axis).ravel() for first in (0, 1))
        climb = (heights.ravel()[there] - heights.ravel()[here]) / temperature
        for a, b, x in ((here, there, climb), (there, here, -climb)):
            hops.append((a, b, temperature / h**2 * np.where(np.abs(x) < 1e-9, 1, x / np.expm1(x + (x == 0)))))
    a, b, rates = map(np.concatenate, zip(*hops, strict=True))
    generator = coo_matrix((rates, (a, b)), shape=(cells**2, cells**2)).tocsr()
    generator = generator - diags(np.asarray(generator.sum(1)).ravel())
    degree, c_m, c_g, _ = circuits.constants
    inside = (
        (c_g * v**degree <= 9 * c_m * u**degree)
        & (heights < well.energy + 50 * temperature)
        & (index % cells < cells - 1)
    )
    inverse = splu(-generator[inside.ravel()][:, inside.ravel()].tocsc())
    x = np.ones(inside.sum())
    for _ in range(5):
        x = inverse.solve(x / np.linalg.norm(x))
    return 1 / np.linalg.norm(x)


@pytest.mark.parametrize("degree", [2.5, 3.0, 4.0])
def test_the_closed_form_is_the_law_with_the_curvatures_of_well_and_saddle(degree):
    circuits, temperature = model(degree), 0.01
    well, saddle, edge = (find(circuits) for find in (basins.memorizer, basins.saddle, basins.threshold))
    bowl = np.linalg.det(hessian(circuits, well.u, 0))
    for top, downhill, doubled, law in (
        (hessian(circuits, saddle.u, saddle.v), (degree - 2) * 0.3, 2, escape.escape_rate),
        (hessian(circuits, edge.u, 0), -hessian(circuits, edge.u, 0)[0, 0], 1, escape.collapse_rate),
    ):
        climb = (saddle if law is escape.escape_rate else edge).energy - well.energy
        prefactor = doubled * downhill / (2 * np.pi) * np.sqrt(bowl / -np.linalg.det(top))
        assert law(circuits, temperature) == pytest.approx(prefactor * np.exp(-climb / temperature), rel=1e-8)


def asymptotic_over_exact(circuits, height):
    temperature = basins.barrier(circuits) / height
    return escape.escape_rate(circuits, temperature) / exact_rate(circuits, temperature)


@pytest.mark.slow
def test_langer_kramers_is_approached_as_the_barrier_grows():
    heights = np.array([5.0, 10.0, 20.0])
    errors = np.array([asymptotic_over_exact(model(4), height) - 1 for height in heights])
    assert (errors > 0).all()
    assert errors[-1] < 0.04
    # At degree 4 the first correction is of order T.
    np.testing.assert_allclose(errors * heights, errors[-1] * heights[-1], rtol=0.2)
    # At degree 3 the cubic term meets the wall at v = 0: of order √T only.
    slower = np.array([asymptotic_over_exact(model(3), height) - 1 for height in heights])
    np.testing.assert_allclose(slower * np.sqrt(heights), slower[-1] * np.sqrt(heights[-1]), rtol=0.4)
    assert slower[-1] < 0.07


def simulated_rate(circuits, temperature, walkers, steps, dt=0.2):
    """Escapes per unit of time, among walkers that have forgotten that they began at the bottom of the well."""
    found = langevin.escapes(circuits, temperature, dt, steps, walkers, np.random.default_rng(7))
    settled = 15 / circuits.weight_decay
    later = found.times[found.times > settled] - settled
    assert found.collapsed == 0
    return len(later) / (later.sum() + found.censored * (steps * dt - settled)), len(later)


@pytest.mark.slow
def test_simulated_escapes_have_the_exact_rate():
    circuits = model(3)
    temperature = basins.barrier(circuits) / 2
    rate, count = simulated_rate(circuits, temperature, 4000, 1500)
    assert rate == pytest.approx(exact_rate(circuits, temperature), rel=0.01 + 3 / np.sqrt(count))


@pytest.mark.slow
def test_ten_thousand_escapes_at_each_of_two_barriers_approach_langer_kramers():
    circuits, errors = model(4), []
    for height, walkers, steps in ((3.0, 15_000, 5000), (5.0, 11_000, 26_000)):
        temperature = basins.barrier(circuits) / height
        rate, count = simulated_rate(circuits, temperature, walkers, steps)
        assert count >= 10_000
        assert rate == pytest.approx(exact_rate(circuits, temperature), rel=0.01 + 3 / np.sqrt(count))
        errors.append(escape.escape_rate(circuits, temperature) / rate - 1)
    assert errors[0] > errors[1] > 0


@pytest.mark.slow
def test_waiting_times_are_exponential():
    circuits = model(3)
    temperature = basins.barrier(circuits) / 2
    times = langevin.escapes(circuits, temperature, 0.2, 4000, 2000, np.random.default_rng(1)).times
    later = times[times > 50] - 50
    assert later.std() == pytest.approx(later.mean(), rel=0.08)


def test_stronger_decay_delays_nucleation_at_low_temperature_and_speeds_it_at_high():
    """The barrier grows with λ, but so does the attempt rate: the delay grows where T < dΔE/d ln λ."""
    weak, strong = model(3, 0.1), model(3, 0.3)
    assert escape.escape_rate(strong, 0.002) < escape.escape_rate(weak, 0.002) / 10
    assert escape.escape_rate(strong, 0.05) > escape.escape_rate(weak, 0.05)


def test_collapse_takes_over_close_to_the_fold():
    for decay, collapses_first in ((0.3, False), (0.8, True)):
        rates = [rate(model(3, decay), 0.005) for rate in (escape.collapse_rate, escape.escape_rate)]
        assert (rates[0] > rates[1]) == collapses_first


def test_without_noise_nobody_escapes_and_walks_follow_the_flow():
    circuits = model(3)
    found = langevin.escapes(circuits, 0.0, 0.1, 100, 5, np.random.default_rng(0))
    assert (len(found.times), found.collapsed, found.censored) == (0, 0, 5)
    walk = langevin.path(circuits, 0.9, 0.3, 0.0, 0.01, 1000, np.random.default_rng(0))
    np.testing.assert_allclose(walk[-1], simulate(circuits, 0.9, 0.3, [10.0])[["u", "v"]].iloc[0], rtol=1e-4)


def test_a_walk_stays_positive_and_is_the_same_again():
    walks = [langevin.path(model(3), 1.3, 0.0, 0.05, 0.1, 500, np.random.default_rng(3)) for _ in range(2)]
    assert (walks[0] >= 0).all()
    np.testing.assert_array_equal(*walks)


@pytest.mark.parametrize(
    ("arguments", "field"),
    [
        ((-1.0, 0.1, 10, 5), "temperature"),
        ((0.1, 0.0, 10, 5), "dt"),
        ((0.1, 0.1, 0, 5), "steps"),
        ((0.1, 0.1, 9, 0), "walkers"),
    ],
)
def test_bad_arguments_are_named(arguments, field):
    with pytest.raises(ValueError, match=f"{field}: got"):
        langevin.escapes(model(3), *arguments, np.random.default_rng(0))
    with pytest.raises(ValueError, match="temperature: got 0"):
        escape.escape_rate(model(3), 0)
    with pytest.raises(ValueError, match="weight_decay: got 5"):
        langevin.escapes(model(3, 5), 0.1, 0.1, 10, 5, np.random.default_rng(0))
