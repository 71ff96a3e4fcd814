import re

import numpy as np
import pandas as pd
import pytest

from grokmodels.explorables import hysteresis as module
from grokmodels.explorables.hysteresis import Hysteresis
from grokmodels.explorables.words import fill
from grokmodels.theory.circuits import Circuits
from grokmodels.theory.hysteresis import sweep
from tests.explorable_samples import hysteresis, loops


def told(explorable, **state):
    return explorable.rows(explorable.state | state)["readout"]


def toy(explorable, degree, spent):
    table = pd.DataFrame(explorable.data["toy"])
    (row,) = table[(table["degree"] == degree) & (table["spent"] == spent)].itertuples()
    return row


@pytest.mark.parametrize(("degree", "spent"), [(1, 2), (2, 20), (3, 20), (2.5, 60), (3, 80)])
def test_the_toys_loop_is_that_of_the_theory(degree, spent):
    ratios, dwell = module.RATIOS, spent / module.WEIGHT_DECAY / len(module.RATIOS)
    way = [Circuits(degree=degree, generalizing_efficiency=r, weight_decay=0.2) for r in (*ratios[::-1], *ratios)]
    exact = sweep(way, module.FLOOR, 1.0, dwell=dwell, floor=module.FLOOR)["share"].to_numpy()
    down, up = exact[15::-1], exact[16:]
    explorable = hysteresis()
    loop = toy(explorable, degree, spent)
    np.testing.assert_allclose(loop.ratio, ratios)
    np.testing.assert_allclose(loop.down, down, atol=1e-3)
    np.testing.assert_allclose(loop.up, up, atol=1e-3)
    said = told(explorable, degree=degree, spent=spent)
    assert said["toy"] == pytest.approx(np.trapezoid(down - up, np.log(ratios)), abs=3e-3)
    for name, share in (("until", down), ("since", up)):
        leads = np.array(ratios)[share > 0.5]
        assert said[name] == pytest.approx(leads.min(), rel=1e-3)


def test_every_state_has_an_answer():
    explorable = hysteresis()
    for degree in explorable.controls["degree"].values:
        for spent in explorable.controls["spent"].values:
            said = told(explorable, degree=degree, spent=spent)
            # Slower than the fastest sweep, the rule is lost and found again.
            assert said["until"] <= said["since"]
            assert None not in said.values()


def test_two_layers_close_their_loop_and_three_do_not():
    explorable = hysteresis()
    two, three = ([told(explorable, degree=d, spent=s)["toy"] for s in (5, 20, 80)] for d in (2, 3))
    assert two == sorted(two, reverse=True)
    assert two[-1] < 0.3 * two[0]
    assert min(three) > 0.7 * max(three)


@pytest.mark.parametrize("seeds", [1, 2, 5])
def test_networks_are_seen_through_median_and_quartiles(seeds):
    table = loops(seeds=seeds)
    recorded = pd.DataFrame(hysteresis(loops=table).data["recorded"])
    assert len(recorded) == 2 * 2
    for row in recorded.itertuples():
        there = table[table["steps"] == row.steps]
        shares = there.pivot(index="fraction", columns="seed", values=row.way).to_numpy()
        np.testing.assert_allclose(row.fraction, np.unique(there["fraction"]), rtol=1e-3)
        for name, q in (("lowest", 0), ("quarter", 25), ("median", 50), ("three_quarters", 75), ("highest", 100)):
            np.testing.assert_allclose(getattr(row, name), np.percentile(shares, q, axis=1), rtol=1e-3)


def test_the_nearest_recorded_speed_is_shown():
    # Accumulated decay 5 and 20; 10 is as near to both, and gets the slower.
    explorable = hysteresis()
    recorded = explorable.data["recorded"]
    assert dict(zip(recorded["steps"], recorded["near"], strict=True)) == {1000: [2, 5], 4000: [10, 20, 40, 60, 80]}
    for steps, near in {1000: [2, 5], 4000: [10, 20, 40, 60, 80]}.items():
        runs = loops().query("steps == @steps").groupby("seed")
        areas = [np.trapezoid(run["down"] - run["up"], run["fraction"]) for _, run in runs]
        for spent in near:
            for degree in (1, 3):
                said = told(explorable, spent=spent, degree=degree)
                assert (said["steps"], said["n"]) == (steps, 2)
                assert said["network"] == pytest.approx(np.mean(areas), rel=1e-3)
    faster = hysteresis(decay_per_step=0.05)
    assert told(faster, spent=20)["steps"] == 1000
    label, value, color = hysteresis().readout[1].told(told(explorable, spent=2))
    assert label == "network, 2 seeds, 1000 steps each way: mean area (in f)"
    assert value == f"{told(explorable, spent=2)['network']:.3f}"
    assert color == "ink"


def test_rows_may_come_in_any_order():
    shuffled = loops().sample(frac=1, random_state=0)
    assert hysteresis(loops=shuffled).data == hysteresis().data


def test_the_alt_texts_follow():
    explorable = hysteresis(degree=3, spent=80)
    words = explorable.words(explorable.state, explorable.rows(explorable.state))
    toy_alt, recorded_alt = (fill(chart.alt, words) for chart in explorable.charts.values())
    assert "at degree 3 and Λ = 80" in toy_alt
    assert "down to ρ = 0.16, on the way back from ρ = 6.19" in toy_alt
    assert "in 4000 steps each way: a line through the medians of 2 seeds" in recorded_alt
    assert fill(explorable.charts["recorded"].caption, words).endswith("median and quartiles of 2 seeds")


def test_the_guess_is_the_way_back_of_a_slow_sweep():
    explorable = hysteresis()
    guess = explorable.guess
    assert (guess.chart, guess.kind, guess.state) == ("toy", "draw", {"degree": 3, "spent": 80})
    answer = fill(guess.answer, told(explorable, **guess.state))
    assert answer == "The rule leads again only from ρ = 6.2; on the way down it led to 0.16."


def test_without_recorded_sweeps_it_says_so():
    empty = Hysteresis(loops=pd.DataFrame())
    assert all(column == [] for column in empty.data["recorded"].values())
    assert empty.readout[1].told(told(empty)) == ("no recorded sweep yet", "–", "muted")
    html = empty.html()
    assert "No sweep of a network is recorded yet." in html
    assert "no recorded sweep yet <strong>–</strong>" in html
    assert told(empty)["toy"] == told(hysteresis())["toy"]


def test_bad_input_is_named():
    with pytest.raises(ValueError, match=r"loops: lacks the columns \['fraction'\]"):
        hysteresis(loops=loops().drop(columns="fraction"))
    with pytest.raises(ValueError, match=r"Degree D of the toy: got 7; must be between 1 and 3"):
        hysteresis(degree=7)
    with pytest.raises(ValueError, match=r"Accumulated decay Λ on each way: got 1; must be between 2 and 80"):
        hysteresis().spent = 1


def test_the_page_stays_small():
    html = hysteresis().html()
    assert len(html) < 100_000
    assert len(re.findall(r'<img class="dark-light" alt="[^"–]+"', html)) == 2
