"""The generated JavaScript, and the functions written beside it, against numpy."""

import importlib
import json
import pkgutil

import numpy as np
import pytest
from py_mini_racer import MiniRacer
from scipy.special import ndtr

from grokmodels import Schedule, theory
from grokmodels.explorables.numerics import GAUSSIAN, INTEGRATE, LANGEVIN, NOISE
from grokmodels.theory import circuits, langevin
from grokmodels.theory.circuits import FLOW_OF, Circuits
from grokmodels.theory.heldout import winning_chance
from grokmodels.theory.integrate import follow, pieces, runge_kutta
from grokmodels.theory.kernels import Kernel, Root, source
from grokmodels.theory.noise import Noise


def run(javascript, expression, data=None):
    """What an expression over ``data`` gives; what is not a number comes as None."""
    engine = MiniRacer()
    engine.eval(f"{javascript}\nconst data = {json.dumps(data)};")
    return json.loads(engine.eval(f"JSON.stringify({expression})"))


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
def in_javascript():
    """Every kernel's values on its grid, name → (results, 300)."""
    values = run(
        source(*KERNELS.values()),
        "Object.entries(data).map(([name, points]) => points.map((point) => [eval(name)(...point)].flat()))",
        {name: grid(kernel).T.tolist() for name, kernel in KERNELS.items()},
    )
    return {name: np.array(value, dtype=float).T for name, value in zip(KERNELS, values, strict=True)}


@pytest.mark.slow
@pytest.mark.parametrize("name", KERNELS)
def test_every_formula_is_the_same_in_both_languages(name, in_javascript):
    ours, theirs = np.atleast_2d(np.array(KERNELS[name](*grid(KERNELS[name])))), in_javascript[name]
    finite = np.isfinite(ours)
    np.testing.assert_array_equal(finite, np.isfinite(theirs))
    assert finite.any()
    np.testing.assert_allclose(theirs[finite], ours[finite], rtol=1e-12, atol=1e-12)


FLOW = FLOW_OF["logistic"]
MODEL = Circuits(degree=3, generalizing_efficiency=2, weight_decay=0.3)


def test_trajectories_are_the_same():
    times = np.linspace(0, 40, 81)
    ours = runge_kutta(lambda x: np.array(FLOW(*x, *MODEL.constants)), [0.9, 0.5], times, 20)
    theirs = run(
        source(FLOW, INTEGRATE),
        "rungeKutta(([u, v]) => logisticFlow(u, v, ...data.c), [0.9, 0.5], data.t, 20)",
        {"c": MODEL.constants, "t": times.tolist()},
    )
    np.testing.assert_allclose(theirs, ours, rtol=1e-12)
    exact = circuits.simulate(MODEL, 0.9, 0.5, times)[["u", "v"]]
    np.testing.assert_allclose(ours, exact, rtol=1e-6)


@pytest.mark.parametrize(
    "schedule",
    [Schedule.constant(), Schedule.ramp(10, 30, 0.2, 2.0), Schedule.pulsed(6, 4)],
    ids=["constant", "ramp", "pulsed"],
)
def test_circuits_are_followed_along_every_decay(schedule):
    times = np.linspace(0, 40, 81)
    along = list(pieces(schedule, 40))
    seen = run(
        source(FLOW, INTEGRATE),
        "followPieces((u, v, decay) => logisticFlow(u, v, 3, 1, 2, decay), [0.9, 0.5], data.along, 0.3, data.t, 20)",
        {"along": along, "t": times.tolist()},
    )
    assert {end for _, end, _, _ in along} <= set(seen["t"])
    at, first = np.unique(seen["t"], return_index=True)
    states, decay_time = follow(lambda x, decay: FLOW(*x, 3, 1, 2, decay), [0.9, 0.5], at, 0.3, schedule)
    theirs = np.array(seen["seen"])[first].T
    np.testing.assert_allclose(theirs[:2], states, rtol=1e-5)
    np.testing.assert_allclose(theirs[2], decay_time, rtol=1e-12, atol=1e-12)


def test_a_level_is_crossed_between_two_rows():
    rows = [{"x": 0, "y": 3}, {"x": 2, "y": 5}, {"x": 3, "y": 9}]
    wanted = [[rows, "y", 4], [rows, "y", 5], [rows, "y", 8], [rows, "y", 10], [rows, "y", 3]]
    found = run(source(INTEGRATE), 'data.map(([rows, y, level]) => crossing(rows, y, level, ["x"]) ?? null)', wanted)
    # Above it from the start is no crossing.
    assert found == [{"x": 1}, {"x": 2}, {"x": 2.75}, None, None]


def test_the_order_of_runge_kutta_is_four():
    errors = []
    for substeps in (10, 20):
        end = runge_kutta(lambda x: -x, [1.0], [0, 1], substeps)[-1, 0]
        errors.append(abs(end - np.exp(-1)))
    assert np.log2(errors[0] / errors[1]) == pytest.approx(4, abs=0.1)


@pytest.mark.parametrize("seed", [0, 1, 2**32 - 1])
def test_random_numbers_are_the_same(seed):
    draw = "Array.from({ length: 2000 }, () => generator.%s())"
    program = f"{source(NOISE)}\nconst generator = noise({seed});"
    uniforms, normals = run(program, f"[{draw % 'uniform'}, {draw % 'standardNormal'}]")
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
    const generator = noise(5);
    const flow = (u, v) => logisticFlow(u, v, ...data);
    const walk = () => {
      const states = [[1.2, 0.1]];
      for (let i = 0; i < 2000; i++) {
        const kick = [generator.standardNormal(), generator.standardNormal()];
        states.push(langevinStep(flow, states[i], 0.01, 0.1, kick));
      }
      return states;
    };"""
    theirs = run(source(FLOW, NOISE, LANGEVIN) + program, "walk()", MODEL.constants)
    np.testing.assert_allclose(theirs, ours, rtol=1e-9)
    assert ours[:, 0].std() > 0.01


def test_gaussian_integrals_are_the_same():
    x = np.linspace(-12, 12, 481)
    np.testing.assert_allclose(run(source(GAUSSIAN), "data.map(normalCdf)", x.tolist()), ndtr(x), atol=1e-14)
    leads = np.linspace(0, 15, 61)
    theirs = run(source(GAUSSIAN), "data.map(winningChance(97))", leads.tolist())
    np.testing.assert_allclose(theirs, winning_chance(leads, 97), atol=1e-12)


def test_what_has_no_answer_is_not_a_number_in_both_languages():
    beyond_the_fold, collapsed = (3.0, 1.0, 2.0), (1.0, 2.5)
    assert np.isnan(KERNELS["restMargin"](*beyond_the_fold))
    assert np.isnan(KERNELS["radialRate"](*collapsed))
    program = source(KERNELS["restMargin"], KERNELS["radialRate"])
    assert run(program, "[restMargin(...data[0]), radialRate(...data[1])]", [beyond_the_fold, collapsed]) == [
        None,
        None,
    ]
