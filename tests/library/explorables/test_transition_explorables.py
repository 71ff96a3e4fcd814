"""What the explorables of the phase transition compute in Python, against scaling and theory."""

import json

import numpy as np
import pandas as pd
import pytest

from grokmodels.explorables import Collapse, Hysteresis
from grokmodels.explorables import hysteresis as module
from grokmodels.statistics.collapse import collapse_residual
from grokmodels.theory.circuits import Circuits
from grokmodels.theory.hysteresis import sweep


def points(exponent=0.5):
    """Steps that fall together at this exponent of the size p², with f_c = 0.5 · (p/23)^−0.8."""
    rows = []
    for p in (17, 23, 31, 43):
        critical = 0.5 * (p / 23) ** -0.8
        for x in np.linspace(-0.5, 0.5, 9):
            z = 8 * x * (p / 23) ** (2 * exponent)
            rows.append({"p": p, "fraction": critical * np.exp(x), "mean": 1 / (1 + np.exp(-z)), "error": 0.02})
    return pd.DataFrame(rows)


def collapse(**changes):
    return Collapse(**({"points": points()} | changes))


def loops(steps=(1000, 4000), seeds=2):
    """Loops that halve with every factor of four in the steps."""
    fraction = np.linspace(0.24, 0.6, 10)
    rows = []
    for steps_ in steps:
        for seed in range(seeds):
            width = 0.1 * (1000 / steps_) ** 0.5 + 0.01 * seed
            down, up = (1 / (1 + np.exp(-40 * (fraction - 0.4 + shift))) for shift in (width / 2, -width / 2))
            rows.append(pd.DataFrame({"steps": steps_, "seed": seed, "fraction": fraction, "down": down, "up": up}))
    return pd.concat(rows)


def hysteresis(**changes):
    return Hysteresis(**({"loops": loops()} | changes))


def readout(explorable, **state):
    return [row["value"] for row in explorable.rows(explorable.state | state)["readout"]]


def test_the_residual_is_that_of_scaling_and_least_at_the_truth():
    explorable = collapse()
    truth = {"critical": 0.5, "fall": 0.8, "stretch": 0.5}
    table = points()
    table = table.assign(size=table["p"] ** 2.0, x=np.log(table["fraction"]))
    shift = np.log(np.unique(table["p"]) / 23).mean()
    expected = collapse_residual(table, np.log(0.5) - 0.8 * shift, 0.5, shift=0.4)
    residual, met = readout(explorable, **truth)
    assert residual == pytest.approx(expected, rel=0.02)
    assert met > 30
    assert residual < 0.3
    for wrong in ({"stretch": 0.0}, {"critical": 0.55}, {"fall": 0.6}):
        assert readout(explorable, **(truth | wrong))[0] > 5 * residual


def test_curves_that_do_not_meet_have_no_residual():
    residual, met = readout(collapse(), critical=0.5, fall=0.0, stretch=1.5)
    assert residual is None or met >= 18
    apart = points()
    apart = apart[apart["p"].isin([17, 43])]
    apart.loc[apart["p"] == 43, "fraction"] /= 8
    assert readout(Collapse(points=apart), fall=0.0) == [None, 0]


def test_bad_points_are_named():
    with pytest.raises(ValueError, match="error"):
        Collapse(points=points().drop(columns="error"))
    with pytest.raises(ValueError, match="at least 2"):
        Collapse(points=points().query("p == 17"))
    with pytest.raises(ValueError, match="Undefined here"):
        collapse().rows({"stretch": 9, "critical": 0.5, "fall": 0.5})


@pytest.mark.parametrize(("degree", "spent"), [(2, 20), (3, 20), (2.5, 60)])
def test_the_toys_loop_is_that_of_the_theory(degree, spent):
    ratios, dwell = module.RATIOS, spent / module.WEIGHT_DECAY / len(module.RATIOS)
    way = [Circuits(degree=degree, generalizing_efficiency=r, weight_decay=0.2) for r in (*ratios[::-1], *ratios)]
    exact = sweep(way, module.FLOOR, 1.0, dwell=dwell, floor=module.FLOOR)["share"].to_numpy()
    loop = pd.DataFrame(hysteresis(degree=degree, spent=spent).rows({"degree": degree, "spent": spent})["loop"])
    np.testing.assert_allclose(loop[loop["way"] == "up"]["share"], exact[16:], atol=1e-3)
    np.testing.assert_allclose(loop[loop["way"] == "down"]["share"], exact[15::-1], atol=1e-3)


def test_two_layers_close_their_loop_and_three_do_not():
    explorable = hysteresis()
    two, three = ([readout(explorable, degree=d, spent=s)[0] for s in (5, 20, 80)] for d in (2, 3))
    assert two == sorted(two, reverse=True)
    assert two[-1] < 0.3 * two[0]
    assert min(three) > 0.7 * max(three)


def test_the_nearest_recorded_speed_is_shown():
    explorable = hysteresis()
    slow, fast = (explorable.rows(explorable.state | {"spent": spent}) for spent in (80, 2))
    assert "4000 steps" in slow["readout"][1]["label"]
    assert "1000 steps" in fast["readout"][1]["label"]
    assert len(slow["network"]) == 2 * 2 * 10
    assert slow["readout"][1]["value"] < fast["readout"][1]["value"]
    with pytest.raises(ValueError, match="Undefined here"):
        explorable.rows({"degree": 7, "spent": 5})


def test_without_recorded_sweeps_it_says_so():
    empty = Hysteresis(loops=pd.DataFrame())
    rows = empty.rows(empty.state)
    assert rows["network"] == []
    assert rows["readout"][1] == {"label": "no recorded sweep yet", "value": None, "format": ".3f", "color": "muted"}
    assert "No sweep of a network is recorded yet" in empty.html()
    with pytest.raises(ValueError, match="fraction"):
        Hysteresis(loops=loops().drop(columns="fraction"))


@pytest.mark.parametrize("make", [collapse, hysteresis])
def test_pages_stay_small_and_state_is_json(make):
    explorable = make()
    assert len(explorable.html()) < 100_000
    assert json.loads(json.dumps(explorable.rows(explorable.state), allow_nan=False))
