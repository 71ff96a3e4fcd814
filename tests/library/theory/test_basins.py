"""Degree above 2: folds, the dividing line, barriers, hysteresis."""

import numpy as np
import pytest
import sympy as sp
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import brentq

from grokmodels.theory import basins, rest
from grokmodels.theory.circuits import FLOW, Circuits, energy, flow, hessian, simulate
from grokmodels.theory.hysteresis import sweep
from grokmodels.theory.losses import STEEPNESS
from grokmodels.theory.symbols import D, c, c_g, c_m, f, lam, rho, s, u, v
from tests.library.theory.independent import DECAYS, deterministic, trajectory

degrees = st.floats(2.2, 5)
ratios = st.floats(0.4, 4)


def test_one_circuit_rests_where_its_flow_vanishes():
    alone = FLOW[0].subs({c_m: c, s: STEEPNESS["logistic"], u: (f / c) ** (1 / D)})
    assert sp.simplify(alone.subs(lam, rest.DECAY.expression)) == 0


@pytest.mark.slow
def test_the_fold_is_where_the_curvature_vanishes_and_the_decay_is_largest():
    slope = sp.diff(sp.log(rest.DECAY.expression), f)
    assert sp.simplify(slope + rest.CURVATURE.expression / (D * f)) == 0


@pytest.mark.parametrize("degree", [sp.Rational(5, 2), 3, 4])
def test_energy_and_curvature_at_rest_depend_on_the_margin_alone(degree):
    energy_alone = sp.log(1 + sp.exp(-c * u**degree)) + lam * u**2 / 2

    def at_rest(expression):
        return expression.subs(u, (f / c) ** (1 / sp.sympify(degree))).subs(lam, rest.DECAY.expression).subs(D, degree)

    assert sp.simplify(at_rest(energy_alone) - rest.ENERGY.expression.subs(D, degree)) == 0
    curvature = at_rest(sp.diff(energy_alone, u, 2) / lam)
    assert sp.simplify(curvature - rest.CURVATURE.expression.subs(D, degree)) == 0


def test_the_dividing_line_is_never_left():
    slope = sp.Symbol("slope", positive=True)
    on_line = {c_g: c_m * slope ** (2 - D), v: slope * u}
    departure = (FLOW[1] - slope * FLOW[0]).subs(on_line)
    assert sp.simplify(departure) == 0
    assert sp.simplify(basins.SLOPE.expression.subs(rho, slope ** (2 - D))) == slope


@pytest.mark.parametrize("degree", [2.5, 3.0, 4.0, 5.0])
def test_spinodals_agree_with_continuation(degree):
    """Follow the stable branch to larger decay until it is lost, with the flow alone."""
    efficiency = 0.7
    model = Circuits(degree=degree, memorizing_efficiency=efficiency, weight_decay=0.05)
    amplitude, decay, step = float(simulate(model, 2.0, 1e-9, [400.0]).u[0]), 0.05, 0.02
    while step > 1e-7:
        ahead = decay + step
        now = model.model_copy(update={"weight_decay": ahead})
        grid = np.linspace(0.3 * amplitude, amplitude, 2001)
        grows = grid[flow(now, grid, 0 * grid)[0] > 0]
        if len(grows):
            amplitude, decay = grows[-1], ahead
        else:
            step /= 2
    assert rest.spinodal(degree, efficiency) == pytest.approx(decay, rel=1e-5)
    assert basins.spinodals(model)["memorizer"] == rest.spinodal(degree, efficiency)


def test_spinodals_have_the_values_the_book_quotes():
    assert rest.FOLD_MARGIN(3) == pytest.approx(0.530, abs=1e-3)
    assert rest.spinodal(3, 1) == pytest.approx(0.8995, abs=1e-4)
    assert rest.spinodal(4, 1) == pytest.approx(1.1114, abs=1e-4)
    assert rest.spinodal(2, 0.6) == pytest.approx(0.6)
    assert rest.spinodal(3, 8.0) == pytest.approx(4 * rest.spinodal(3, 1))


@deterministic
@given(st.floats(1, 5), st.floats(0.3, 3), st.floats(0.02, 0.98))
def test_margins_at_rest_solve_the_balance(degree, efficiency, part):
    largest = rest.spinodal(degree, efficiency) if degree >= 2 else 2.0
    decay = part * largest
    margin = rest.MARGIN(degree, efficiency, decay)
    assert rest.DECAY(margin, degree, efficiency) == pytest.approx(decay, rel=1e-9)
    if degree > 2.1:
        below = rest.THRESHOLD(degree, efficiency, decay)
        assert below < rest.FOLD_MARGIN(degree) < margin
        assert rest.DECAY(below, degree, efficiency) == pytest.approx(decay, rel=1e-9)
        assert np.isnan(rest.MARGIN(degree, efficiency, 1.01 * largest))


@deterministic
@given(degrees, ratios, st.floats(0.05, 0.95))
def test_points_of_rest_and_their_curvatures(degree, ratio, part):
    model = Circuits(degree=degree, memorizing_efficiency=0.8, generalizing_efficiency=0.8 * ratio, weight_decay=1)
    decay = part * min(basins.spinodals(model).values())
    model = model.model_copy(update={"weight_decay": decay})
    for point in (basins.memorizer(model), basins.generalizer(model), basins.saddle(model), basins.threshold(model)):
        np.testing.assert_allclose(flow(model, point.u, point.v), 0, atol=1e-10)
        assert energy(model, point.u, point.v) == pytest.approx(point.energy, abs=1e-10)
    saddle = basins.saddle(model)
    along, across = rest.CURVATURE(saddle.margin, degree) * decay, -basins.SADDLE_RATE(degree, decay)
    np.testing.assert_allclose(np.linalg.eigvalsh(hessian(model, saddle.u, saddle.v)), [across, along], rtol=1e-7)
    well = basins.memorizer(model)
    radial = rest.CURVATURE(well.margin, degree) * decay
    # At v = 0 the last curvature is λ alone, whatever the power law says of finite v.
    assert hessian(model, well.u, 1e-12)[0, 0] == pytest.approx(radial, rel=1e-7)


@deterministic
@given(degrees, ratios, st.sampled_from(list(DECAYS)), st.floats(0.9, 1.1).filter(lambda x: abs(x - 1) > 1e-3))
def test_no_schedule_crosses_the_dividing_line(degree, ratio, shape, side):
    start = (0.8, 0.8 * side * basins.SLOPE(degree, ratio))
    us, vs, _ = trajectory(degree, 1, ratio, 0.2, "logistic", start, np.linspace(0, 20, 9), shape)
    assert (np.sign(vs / us - basins.SLOPE(degree, ratio)) == np.sign(side - 1)).all()


def test_a_memorizer_beyond_its_fold_falls_to_the_origin_not_to_the_rule():
    model = Circuits(degree=3, generalizing_efficiency=2, weight_decay=0.1)
    well, tipped = basins.memorizer(model), model.model_copy(update={"weight_decay": 0.95})
    assert basins.spinodals(model)["generalizer"] > 0.95
    last = simulate(tipped, well.u, 0.2 * well.u, [100.0]).iloc[0]
    assert last.norm < 1e-6


def test_barriers_have_the_values_the_book_quotes_and_turn_where_the_norms_meet():
    def model(decay):
        return Circuits(degree=3, generalizing_efficiency=2, weight_decay=decay)

    assert basins.barrier(model(0.1)) == pytest.approx(0.0094, abs=1e-4)
    assert basins.barrier(model(0.3)) == pytest.approx(0.0213, abs=1e-4)

    def squares_gap(decay):
        saddle, well = basins.saddle(model(decay)), basins.memorizer(model(decay))
        return saddle.u**2 + saddle.v**2 - well.u**2

    decays = np.linspace(0.02, 0.82, 41)
    slope = np.gradient([basins.barrier(model(x)) for x in decays], decays)
    np.testing.assert_allclose(slope[2:-4], [squares_gap(x) / 2 for x in decays[2:-4]], atol=2e-3)
    turn = brentq(squares_gap, 0.5, 0.83)
    assert 0.6 < turn < basins.spinodals(model(0.1))["saddle"]
    assert basins.collapse_barrier(model(0.8)) < basins.collapse_barrier(model(0.3))


def test_without_decay_a_deep_memorizer_is_stuck():
    """The clock gives the amplitude at which v stops: v^(2−D) = v₀^(2−D) − ρ u₀^(2−D) as u → ∞."""
    model = Circuits(degree=3, generalizing_efficiency=2, weight_decay=0)
    limit = 1 / (1 / 0.1 - 2 / 0.8)
    table = simulate(model, 0.8, 0.1, np.logspace(0, 9, 10))
    assert (table.v < limit).all()
    assert table.v.iloc[-1] > 0.9 * limit
    assert table["share"].iloc[-1] < table["share"].iloc[0] / 3


@pytest.mark.slow
def test_sweeps_of_the_ratio_show_a_loop_only_above_degree_2():
    """The loop's ends follow from the floor: the losing amplitude, lifted to it, has to lie beyond the line."""
    up = np.geomspace(0.05, 20, 25)
    loop = {}
    for degree in (2.0, 3.0):
        stations = [Circuits(degree=degree, generalizing_efficiency=x, weight_decay=0.2) for x in [*up, *up[::-1]]]
        table = sweep(stations, 1.0, 0.1, dwell=100.0, floor=0.15)
        ratios, ruled = table["ratio"].to_numpy(), (table["share"] > 0.5).to_numpy()
        loop[degree] = ratios[: len(up)][ruled[: len(up)].argmax()] / ratios[len(up) :][~ruled[len(up) :]].max()
    assert loop[2.0] < 1.7
    assert loop[3.0] > 5
    switch_up = basins.memorizer(Circuits(degree=3, weight_decay=0.2)).u / 0.15
    assert np.sqrt(loop[3.0]) == pytest.approx(switch_up, rel=0.5)


@pytest.mark.parametrize(
    ("changes", "field"),
    [({"degree": 2}, "degree"), ({"loss": "squared"}, "loss"), ({"weight_decay": 0}, "weight_decay")],
)
def test_laws_refuse_what_they_do_not_cover(changes, field):
    with pytest.raises(ValueError, match=f"{field}: got"):
        basins.barrier(Circuits(**{"degree": 3} | changes))
    with pytest.raises(ValueError, match=r"degree: got 1\.5"):
        rest.spinodal(1.5, 1)
    with pytest.raises(ValueError, match="efficiency: got 0"):
        rest.spinodal(3, 0)
