import numpy as np
import pytest
from scipy.integrate import solve_ivp

from grokmodels.schedules import Schedule
from grokmodels.theory.circuits import Circuits, simulate
from grokmodels.theory.heldout import heldout_accuracy

SCHEDULES = {
    "constant": (Schedule.constant(), lambda t: 1.0),
    "pulsed": (Schedule.pulsed(20, 4), lambda t: float(t % 20 < 4)),
    "ramp": (Schedule.ramp(5, 40, 0.2, 3), lambda t: np.interp(t, [5, 40], [0.2, 3])),
    "paused": (Schedule.paused(10, 40), lambda t: float(not 10 <= t < 40)),
}


@pytest.mark.parametrize("name", SCHEDULES)
def test_simulation_agrees_with_an_integration_in_logarithms(name: str) -> None:
    schedule, factor = SCHEDULES[name]
    circuits = Circuits(degree=2.5, generalizing_efficiency=1.7, weight_decay=0.1)

    def velocity(t: float, logs: np.ndarray) -> list[float]:
        u, v = np.exp(logs)
        steep = 1 / (1 + np.exp(u**2.5 + 1.7 * v**2.5))
        decay = 0.1 * factor(t)
        return [2.5 * steep * u**0.5 - decay, 2.5 * 1.7 * steep * v**0.5 - decay]

    times = np.linspace(0, 60, 13)
    start = np.log([0.8, 0.3])
    apart = solve_ivp(velocity, (0, 60), start, t_eval=times, rtol=1e-10, atol=1e-12, max_step=0.01, method="RK45")
    table = simulate(circuits, 0.8, 0.3, times, schedule)
    np.testing.assert_allclose(
        np.log(table[["u", "v"]]).T, apart.y, atol=3e-3 if name in {"pulsed", "paused"} else 1e-7
    )


def test_bad_starts_and_times_are_named() -> None:
    with pytest.raises(ValueError, match="u, v: got 0, 1"):
        simulate(Circuits(), 0, 1, [1.0])
    with pytest.raises(ValueError, match="times"):
        simulate(Circuits(), 1, 1, [2.0, 1.0])


@pytest.mark.parametrize(
    ("field", "value"),
    [("degree", 0.5), ("weight_decay", -1), ("memorizing_efficiency", 0), ("generalizing_efficiency", float("nan"))],
)
def test_bad_parameters_are_named(field: str, value: float) -> None:
    with pytest.raises(ValueError, match=f"Circuits: {field}: got {value}"):
        Circuits(**{field: value})


def test_a_lookup_table_alone_answers_at_chance() -> None:
    assert heldout_accuracy(Circuits(), 1.0, 0.0, 0.3, 97) == pytest.approx(1 / 97, rel=1e-10)
    assert heldout_accuracy(Circuits(), 1e-3, 1.0, 0.3, 97) == pytest.approx(1)
