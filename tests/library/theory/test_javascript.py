"""The generated JavaScript against numpy, run by Node; the same comparison in a browser is the book's."""

import importlib
import json
import os
import pkgutil
import shutil
import subprocess

import numpy as np
import pytest
from scipy.special import ndtr

from grokmodels import theory
from grokmodels.theory import circuits, langevin, ridge
from grokmodels.theory.circuits import FLOW_OF, Circuits
from grokmodels.theory.gaussian import NORMAL_CDF
from grokmodels.theory.heldout import WINNING_CHANCE, winning_chance
from grokmodels.theory.integrate import RUNGE_KUTTA, runge_kutta
from grokmodels.theory.kernels import Kernel, Root, source
from grokmodels.theory.langevin import LANGEVIN
from grokmodels.theory.noise import NOISE, Noise

NODE = shutil.which("node")


def node(javascript, data):
    """The JSON that a program prints, given ``data``; what is not a number comes as None."""
    if NODE is None:
        (pytest.fail if os.environ.get("CI") else pytest.skip)("Node was not found: generated JavaScript NOT CHECKED")
    program = f"const data = JSON.parse(require('fs').readFileSync(0));\n{javascript}"
    run = subprocess.run([NODE, "-e", program], input=json.dumps(data), capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    return json.loads(run.stdout)


def kernels():
    """Every formula of the package, once."""
    modules = [
        importlib.import_module(f"grokmodels.theory.{found.name}") for found in pkgutil.iter_modules(theory.__path__)
    ]
    values = [value for module in modules for value in vars(module).values()]
    values += [entry for value in values if isinstance(value, dict) for entry in value.values()]
    named = {value.name: value for value in values if isinstance(value, Kernel | Root)}
    assert len(named) > 40
    return named


KERNELS = kernels()

RANGES = {
    "u": (0.05, 2),
    "v": (0.05, 2),
    "D": (1, 5),
    "D_m": (1, 5),
    "rho": (0.3, 4),
    "decay": (0.01, 0.28),
    "decay_time": (0, 12),
    "m": (0.01, 0.99),
    "m_0": (0.01, 0.99),
    "f": (0.1, 12),
    "f_0": (0.1, 12),
    "T": (0.05, 1),
    "N": (1, 100),
}


def grid(kernel):
    """Random arguments, (arguments, 300)."""
    random = np.random.default_rng(0)
    points = np.array([random.uniform(*RANGES.get(argument, (0.3, 3)), 300) for argument in kernel.names])
    if "D" in kernel.names:
        # Also the degrees at which powers become logarithms or vanish.
        points[kernel.names.index("D"), :100] = np.repeat([1, 2, 3, 4], 25)
    return points


@pytest.fixture(scope="module")
def in_node():
    """Every kernel's values on its grid, name → (results, 300), from one run of Node."""
    call = "Object.entries(data).map(([name, points]) => points.map((point) => [eval(name)(...point)].flat()))"
    values = node(
        f"{source(*KERNELS.values())}\nconsole.log(JSON.stringify({call}));",
        {name: grid(kernel).T.tolist() for name, kernel in KERNELS.items()},
    )
    return {name: np.array(value, dtype=float).T for name, value in zip(KERNELS, values, strict=True)}


@pytest.mark.parametrize("name", KERNELS)
def test_every_formula_is_the_same_in_both_languages(name, in_node):
    ours, theirs = np.atleast_2d(np.array(KERNELS[name](*grid(KERNELS[name])))), in_node[name]
    finite = np.isfinite(ours)
    np.testing.assert_array_equal(finite, np.isfinite(theirs))
    assert finite.any()
    np.testing.assert_allclose(theirs[finite], ours[finite], rtol=1e-12, atol=1e-12)


FLOW = FLOW_OF["logistic"]
MODEL = Circuits(degree=3, generalizing_efficiency=2, weight_decay=0.3)


def test_trajectories_are_the_same():
    times = np.linspace(0, 40, 81)
    ours = runge_kutta(lambda x: np.array(FLOW(*x, *MODEL.constants)), [0.9, 0.5], times, 20)
    program = (
        "console.log(JSON.stringify(rungeKutta(([u, v]) => logisticFlow(u, v, ...data.c), [0.9, 0.5], data.t, 20)))"
    )
    theirs = node(source(FLOW, RUNGE_KUTTA) + program, {"c": MODEL.constants, "t": times.tolist()})
    np.testing.assert_allclose(theirs, ours, rtol=1e-12)
    exact = circuits.simulate(MODEL, 0.9, 0.5, times)[["u", "v"]]
    np.testing.assert_allclose(ours, exact, rtol=1e-6)


def test_the_order_of_runge_kutta_is_four():
    errors = []
    for substeps in (10, 20):
        end = runge_kutta(lambda x: -x, [1.0], [0, 1], substeps)[-1, 0]
        errors.append(abs(end - np.exp(-1)))
    assert np.log2(errors[0] / errors[1]) == pytest.approx(4, abs=0.1)


@pytest.mark.parametrize("seed", [0, 1, 2**32 - 1])
def test_random_numbers_are_the_same(seed):
    draw = "Array.from({ length: 2000 }, () => generator.%s())"
    program = (
        f"const generator = noise(data);\nconsole.log(JSON.stringify([{draw % 'uniform'}, {draw % 'standardNormal'}]))"
    )
    uniforms, normals = node(source(NOISE) + program, seed)
    ours = Noise(seed)
    np.testing.assert_array_equal(ours.uniform(2000), uniforms)
    np.testing.assert_allclose(ours.standard_normal((40, 50)).ravel(), normals, rtol=1e-12, atol=1e-15)


def test_random_numbers_are_uniform_normal_and_independent():
    noise = Noise(3)
    uniforms = noise.uniform(200_000)
    np.testing.assert_allclose(np.histogram(uniforms, 20, (0, 1))[0], 10_000, atol=400)
    normals = noise.standard_normal((100_000,))
    assert abs(normals.mean()) < 0.01
    assert normals.std() == pytest.approx(1, abs=0.01)
    assert abs(np.corrcoef(normals[:-1], normals[1:])[0, 1]) < 0.01
    with pytest.raises(ValueError, match="seed: got -1"):
        Noise(-1)


def test_walks_are_the_same():
    ours = langevin.path(MODEL, 1.2, 0.1, 0.01, 0.1, 2000, Noise(5))
    program = """
    const flow = (u, v) => logisticFlow(u, v, ...data);
    console.log(JSON.stringify(langevinPath(flow, 1.2, 0.1, 0.01, 0.1, 2000, noise(5))));"""
    theirs = node(source(FLOW, NOISE, LANGEVIN) + program, MODEL.constants)
    np.testing.assert_allclose(theirs, ours, rtol=1e-9)
    assert ours[:, 0].std() > 0.01


def test_gaussian_integrals_are_the_same():
    x = np.linspace(-12, 12, 481)
    program = "console.log(JSON.stringify(data.map((x) => normalCdf(x))))"
    np.testing.assert_allclose(node(source(NORMAL_CDF) + program, x.tolist()), ndtr(x), atol=1e-14)
    leads = np.linspace(0, 15, 61)
    program = "const chance = winningChance(97);\nconsole.log(JSON.stringify(data.map(chance)))"
    theirs = node(source(WINNING_CHANCE) + program, leads.tolist())
    np.testing.assert_allclose(theirs, winning_chance(leads, 97), atol=1e-12)
    losses = np.geomspace(1e-3, 1e3, 61)
    program = "console.log(JSON.stringify(data.map((loss) => withinTolerance(loss, 0.5))))"
    theirs = node(source(ridge.WITHIN_TOLERANCE) + program, losses.tolist())
    np.testing.assert_allclose(theirs, ridge.within_tolerance(losses, 0.5), atol=1e-13)


def test_what_has_no_answer_is_not_a_number_in_both_languages():
    beyond_the_fold, collapsed = (3.0, 1.0, 2.0), (1.0, 2.5)
    assert np.isnan(KERNELS["restMargin"](*beyond_the_fold))
    assert np.isnan(KERNELS["radialRate"](*collapsed))
    program = "console.log(JSON.stringify([restMargin(...data[0]), radialRate(...data[1])]))"
    theirs = node(source(KERNELS["restMargin"], KERNELS["radialRate"]) + program, [beyond_the_fold, collapsed])
    assert theirs == [None, None]
