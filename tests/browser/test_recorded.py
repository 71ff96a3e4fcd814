"""Explorables that only pick recorded rows, in a real browser: what is drawn is what pandas selects from the tables."""

from collections import defaultdict

import numpy as np
import pandas as pd
import pytest

from grokmodels.explorables.hysteresis import Hysteresis, toy_loops
from grokmodels.explorables.ridge_threshold import RidgeThreshold
from grokmodels.explorables.words import fill
from grokmodels.measures.fourier import circle_order, fourier_plane, project
from grokmodels.palette import css
from grokmodels.theory.ridge import Ridge, solve
from tests.explorable_samples import (
    FREQUENCY,
    P,
    diagram,
    diagram_tables,
    embeddings,
    family,
    family_tables,
    few,
    frequencies,
    history,
    lamp_tables,
    lamps,
    loops,
    race,
    race_runs,
    replay,
)

pytestmark = pytest.mark.browser

FAMILY, MILESTONES = family_tables()
HISTORY, EMBEDDINGS = history(), embeddings()
CELLS, RUNS = diagram_tables()
# One cell of the diagram is missing.
RUNS = RUNS[(RUNS["fraction"] != 0.25) | (RUNS["weight_decay"] != 0.1)]
NETWORKS = {"p = 23": few(), "p = 19": few(p=19)}
LAMPS, ALONE = lamp_tables()
RACE = race_runs()
LOOPS, TOY = loops(), pd.DataFrame(toy_loops())

EXPLORABLES = {
    explorable.name: explorable
    for explorable in (
        family(weight_decay=0.5),
        replay(),
        diagram(runs=RUNS),
        frequencies(),
        Hysteresis(loops=LOOPS),
        RidgeThreshold(),
        lamps(),
        race(),
    )
}
DRAGS = [(name, chart) for name, explorable in EXPLORABLES.items() for chart, c in explorable.charts.items() if c.drag]
ROOT = "document.getElementById(`explorable-${name}`)"
SET = f"([name, changes]) => {ROOT}.explorable.set(changes)"
STATE = f"(name) => ({{...{ROOT}.explorable.state}})"
# Chart, layer, fill and datum of everything that is drawn.
DRAWN = f"""(name) => {{
    const drawn = [];
    for (const [chart, view] of Object.entries({ROOT}.explorable.views)) {{
        const walk = (node) => {{
            const [, layer] = /^(.*?)_?marks$/.exec(node.name ?? "") ?? [];
            if (layer !== undefined) for (const item of node.items) drawn.push([chart, layer, item.fill, item.datum]);
            (node.items ?? []).forEach(walk);
        }};
        walk(view.scenegraph().root);
    }}
    return JSON.parse(JSON.stringify(drawn));
}}"""
# Where on the screen a chart has values of its axes; the middle of an axis that is not asked for.
PLACE = f"""([name, chart, values]) => {{
    const view = {ROOT}.explorable.views[chart], pad = view.padding();
    const box = {ROOT}.querySelector(`[data-view=${{chart}}]`).getBoundingClientRect();
    const at = (axis, length) => axis in values ? view.scale(axis)(values[axis]) : length / 2;
    return [box.left + pad.left + view.origin()[0] + at("x", view.width()),
            box.top + pad.top + view.origin()[1] + at("y", view.height())];
}}"""


def long(table, names=("train_accuracy", "test_accuracy"), short=("train", "test"), over=("step",)):
    """One row per accuracy."""
    renamed = table.rename(columns=dict(zip(names, short, strict=True)))
    return renamed.melt(over, short, "set", "accuracy").set_index(["set", *over])


def selected_family(state, drawn):
    here = FAMILY[(FAMILY["weight_decay"] == state["weight_decay"]) & (FAMILY["step"] > 0)]
    steps = drawn["curves", "layer_0"]["step"].unique()
    assert 40 < len(steps) <= 60
    assert {here["step"].min(), here["step"].max()} <= set(steps)
    runs = long(here[here["step"].isin(steps)], over=("step", "seed"))
    medians = runs.groupby(["set", "step"]).median()

    times = MILESTONES.assign(memorized=MILESTONES["t_mem"], generalized=MILESTONES["t_gen"])
    times = times.melt(["weight_decay", "seed", "t_gen_censored"], ["memorized", "generalized"], "milestone", "step")
    times["censored"] = times.pop("t_gen_censored") & (times["milestone"] == "generalized")
    times = times.set_index(["weight_decay", "seed", "milestone", "censored"])
    chosen = times.xs(state["weight_decay"], drop_level=False)
    layers = {
        ("curves", "layer_0"): runs,
        ("curves", "layer_1"): medians,
        ("delay", "layer_0"): pd.DataFrame({"place": [state["weight_decay"] or 0.1 / 3]}),
        ("delay", "layer_1"): times,
        ("delay", "layer_2"): chosen,
    }
    done = chosen.reset_index().query("not censored")["milestone"].value_counts()
    return layers, [
        ("of 10 seeds memorized:", done["memorized"]),
        ("of 10 seeds generalized:", done.get("generalized", 0)),
    ]


def selected_replay(state, drawn):
    past = HISTORY[HISTORY["step"] <= state["step"]]
    parts = dict(enumerate((HISTORY, past.tail(1), past, past.tail(1))))
    names = ["train_accuracy", "test_accuracy"]
    accuracies = {("accuracy", f"layer_0_layer_{k}"): long(part, names, names) for k, part in parts.items()}
    accuracies["accuracy", "layer_0_layer_1"] = parts[1][["step"]]
    lines = {
        (name.removeprefix("weight_"), f"layer_{k}"): part[["step", name]].set_index("step")
        for name in ("weight_norm", "rule_share")
        for k, part in parts.items()
    }

    last, now = (np.asarray(EMBEDDINGS[step], dtype=float) for step in (1500, state["step"]))
    size = np.sqrt(((now - now.mean(axis=0)) ** 2).sum(axis=1).mean())
    tokens = pd.DataFrame(project(now, fourier_plane(last, FREQUENCY)) / size, columns=["x", "y"])
    tokens = tokens.assign(order=circle_order(P, FREQUENCY)).rename_axis("token")
    labeled = tokens[tokens["order"].isin(np.round(np.arange(12) * P / 12))]
    circle = {("circle", f"layer_{k}"): part for k, part in enumerate((tokens, tokens, labeled, labeled))}
    row = past.iloc[-1]
    return accuracies | lines | circle, [
        ("training accuracy", row["train_accuracy"]),
        ("test accuracy", row["test_accuracy"]),
        ("weight norm", row["weight_norm"]),
        ("rule share", row["rule_share"]),
    ]


def selected_diagram(state, drawn):
    cell = ["fraction", "weight_decay"]
    runs = RUNS.assign(time=RUNS["t_gen"].where(~RUNS["censored"], np.inf))
    cells = runs.groupby(cell).agg(
        n=("seed", "size"),
        generalized=("censored", lambda censored: (~censored).sum()),
        phase=("phase", lambda phase: phase.mode()[0]),
        median=("time", "median"),
    )
    cells["median"] = cells["median"].replace(np.inf, np.nan)
    layers = {("map", "layer_0"): cells, ("map", "layer_1"): cells}
    at = tuple(state[key] for key in cell)
    if at not in cells.index:
        return layers, None
    row = cells.loc[at]
    here = CELLS[(CELLS["fraction"] == at[0]) & (CELLS["weight_decay"] == at[1]) & (CELLS["step"] > 0)]
    shown = drawn["accuracy", ""][["seed", "step"]].drop_duplicates()
    for seed, run in here.groupby("seed"):
        steps = shown.loc[shown["seed"] == seed, "step"]
        assert (steps.min(), steps.max()) == (run["step"].min(), run["step"].max())
        assert len(steps) >= min(len(run), 12)
    layers["map", "layer_2"] = cells.loc[[at], ["n"]]
    layers["accuracy", ""] = long(here.merge(shown), over=("step", "seed"))
    return layers, [
        (f"{row['phase']}; of 3 seeds generalized:", row["generalized"]),
        ("median step of generalization:", row["median"]),
    ]


def selected_frequencies(state, drawn):
    table = NETWORKS[state["run"]].copy()
    table["few"] = table["kept"].map(lambda accuracies: accuracies[state["kept"]])
    curves = table.melt("step", ["network", "few"], "kind", "accuracy").set_index(["kind", "step"])
    now, last = (table.set_index("step").loc[step] for step in (state["step"], 200))
    frequency = pd.RangeIndex(1, len(now["share"]) + 1, name="frequency")
    bars, outlines = (pd.DataFrame({"share": row["share"], "rank": row["rank"]}, frequency) for row in (now, last))
    kept = bars["rank"] <= state["kept"]
    layers = {
        ("spectrum", "layer_0"): outlines,
        ("spectrum", "layer_1"): bars.assign(fill=np.where(kept, css("generalizing"), css("muted"))),
        ("accuracy", "layer_0"): curves,
        ("accuracy", "layer_1"): pd.DataFrame({"step": [state["step"]]}),
        ("accuracy", "layer_2"): curves.xs(state["step"], level="step", drop_level=False),
    }
    return layers, [
        ("whole network, test accuracy", now["network"]),
        ("with the kept ones only", now["few"]),
        ("of the squared logits kept", bars.loc[kept, "share"].sum()),
    ]


def selected_hysteresis(state, drawn):
    toy = TOY[(TOY["degree"] == state["degree"]) & (TOY["spent"] == state["spent"])].explode(["ratio", "down", "up"])
    toy = toy.astype(float)
    loop = toy.melt("ratio", ["down", "up"], "way", "share").set_index(["way", "ratio"])
    # Accumulated decay 5 and 20: from 10 on the slower is the nearer, or as near.
    steps = 1000 if state["spent"] < 10 else 4000
    near = LOOPS[LOOPS["steps"] == steps].round({"fraction": 4})
    seeds = near.melt("fraction", ["down", "up"], "way", "share").groupby(["way", "fraction"])["share"]
    names = {"lowest": 0, "quarter": 0.25, "median": 0.5, "three_quarters": 0.75, "highest": 1}
    band = pd.DataFrame({name: seeds.agg(np.quantile, q=q) for name, q in names.items()})
    areas = [np.trapezoid(loop["down"] - loop["up"], loop["fraction"]) for _, loop in near.groupby("seed")]
    layers = {("toy", "layer_0"): loop} | {("recorded", f"layer_{k}"): band for k in range(3)}
    return layers, [
        ("toy: area of the loop (in ln ρ)", np.trapezoid(toy["down"] - toy["up"], np.log(toy["ratio"]))),
        (f"network, 2 seeds, {steps} steps each way: mean area (in f)", np.mean(areas)),
    ]


def selected_ridge(state, drawn):
    ridge = Ridge(weight_decay=state["weight_decay"])
    found = solve(ridge, 10 ** np.linspace(0, 6, 73), state["tolerance"]).rename_axis("step").reset_index()
    layers = {}
    for chart in ("accuracy", "loss"):
        both = found.rename(columns={f"train_{chart}": "train", f"test_{chart}": "test"})
        layers[chart, "layer_1"] = both.melt("step", ["train", "test"], "set", "value").set_index(["set", "step"])
    # Kept to three digits.
    layers["accuracy", "layer_1"].attrs["rtol"] = 6e-3

    close = solve(ridge, 10 ** np.linspace(0, 6, 1201), state["tolerance"])

    def passes(level):
        above = int((close["test_accuracy"] >= level).argmax())
        return close["t"][above] if above else np.nan

    half, rise = passes(0.5), passes(0.95) / passes(0.25)
    if not np.isnan(half):
        layers["accuracy", "layer_0"] = layers["loss", "layer_0"] = pd.DataFrame({"half": [half]})
        layers["loss", "layer_0"].attrs["rtol"] = 0.012
    return layers, [("half right at time", half), ("25 % to 95 % right: time grows by a factor", rise)]


def selected_lamps(state, drawn):
    here, alone = (table[table["network"] == state["network"]] for table in (LAMPS, ALONE))
    means = here.groupby("decay_time")["accuracy"].mean().rename("mean").reset_index().merge(alone, on="decay_time")
    both = means.melt("decay_time", ["mean", "alone"], "kind", "accuracy").set_index(["kind", "decay_time"])
    now = here[here["decay_time"] == state["decay_time"]].set_index("skill")
    at = both.xs(state["decay_time"], level="decay_time", drop_level=False)
    curves = here.set_index(["skill", "decay_time"])[["accuracy"]]
    layers = {
        ("lamps", "layer_0"): now[["accuracy"]],
        ("lamps", "layer_1"): now[["accuracy"]],
        ("mean", "layer_0"): curves,
        ("mean", "layer_1"): both,
        ("mean", "layer_2"): pd.DataFrame({"decay_time": [state["decay_time"]]}),
        ("mean", "layer_3"): at.loc[["mean"]],
    }
    for layer in layers.values():
        layer.attrs["rtol"] = 6e-3
    return layers, [
        (f"of {len(now)} skills lit:", (now["accuracy"] >= 0.5).sum()),
        ("mean accuracy", at.loc["mean", "accuracy"].iloc[0]),
        ("if each turned alone", at.loc["alone", "accuracy"].iloc[0]),
    ]


def selected_race(state, drawn):
    times = RACE.assign(memorized=RACE["t_mem"], generalized=RACE["t_gen"])
    times = times.melt(["lane", "level", "seed", "t_gen_censored"], ["memorized", "generalized"], "milestone", "step")
    times["censored"] = times.pop("t_gen_censored") & (times["milestone"] == "generalized")
    times = times.set_index(["lane", "level", "seed", "milestone"])
    chosen = times.xs(state["level"], level="level", drop_level=False)
    done = times[~times["censored"]].xs("generalized", level="milestone", drop_level=False)
    here = RACE[RACE["level"] == state["level"]]
    # Five runs a lane have a median of their own.
    spans = here.groupby("lane")[["t_mem", "t_gen"]].median()
    layers = {
        ("lanes", "layer_0"): spans.set_axis(["step", "end"], axis=1),
        ("lanes", "layer_1"): done.drop(state["level"], level="level", errors="ignore"),
        ("lanes", "layer_2"): chosen,
        ("lanes", "layer_3"): pd.DataFrame(index=spans.index),
    }
    late = here.groupby("lane")["t_gen_censored"].all()
    first = "–" if late.all() else spans["t_gen"].idxmin()
    return layers, [
        (f"the rule first with {first} at step", np.nan if late.all() else spans["t_gen"].min()),
        (f"of {len(here)} runs generalized:", (~here["t_gen_censored"]).sum()),
    ]


SELECTED = {
    "race": selected_race,
    "lamps": selected_lamps,
    "family": selected_family,
    "replay": selected_replay,
    "diagram": selected_diagram,
    "frequencies": selected_frequencies,
    "hysteresis": selected_hysteresis,
    "ridge-threshold": selected_ridge,
}
# What gives a guess's answer away: chart, datum, state.
HIDDEN = {
    "race": lambda chart, datum, state: datum.get("milestone") == "generalized" and datum["level"] == state["level"],
    "lamps": lambda chart, datum, state: chart == "mean" and "accuracy" in datum,
    "family": lambda chart, datum, state: "test" in datum.get("set", "") or datum.get("milestone") == "generalized",
    "replay": lambda chart, datum, state: datum["step"] > state["step"],
    "hysteresis": lambda chart, datum, state: chart == "toy" and datum["way"] == "up",
    "ridge-threshold": lambda chart, datum, state: (
        chart == "accuracy" and (datum.get("set") == "test" or "half" in datum)
    ),
}


@pytest.fixture(scope="module")
def tab(windows):
    """The page, opened once."""
    with windows() as visit:
        yield visit()


def drawn_items(tab, name):
    # However it was moved, until that is painted.
    tab.evaluate(
        "() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(done))))"
    )
    return tab.evaluate(DRAWN, name)


def check(tab, name):
    """All that is drawn, and all that is said, is what pandas selects."""
    items = drawn_items(tab, name)
    explorable, state = EXPLORABLES[name], tab.evaluate(STATE, name)
    rows = defaultdict(list)
    for chart, layer, color, datum in items:
        rows[chart, layer].append(datum | {"fill": color})
    drawn = {layer: pd.DataFrame(datums) for layer, datums in rows.items()}
    layers, told = SELECTED[name](state, drawn)
    assert drawn.keys() == layers.keys(), state
    for layer, expected in layers.items():
        same(drawn[layer], expected, f"{name} {layer} {state}")

    spans = tab.locator(f"#explorable-{name} .grok-readout span").all_inner_texts()
    note = tab.locator(f"#explorable-{name} .grok-note").inner_text()
    if told is None:
        assert (spans, note) == ([], "Nothing was recorded here.")
        return
    assert note == ""
    near = 0.012 if name == "ridge-threshold" else 1e-5
    for text, (label, value) in zip(spans, told, strict=True):
        said, shown = text.rsplit(" ", 1)
        assert said == label
        if np.isnan(value):
            assert shown == "–"
        else:
            number = shown.rstrip("%").replace(",", "").replace("−", "-")
            unit = 10.0 ** -len(number.partition(".")[2])
            exact = value * (100 if shown.endswith("%") else 1)
            assert float(number) == pytest.approx(exact, rel=0, abs=0.51 * unit + near * abs(exact))
    words = explorable.words(state, explorable.rows(state))
    for title, chart in explorable.charts.items():
        view = tab.locator(f"#explorable-{name} [data-view={title}]")
        assert view.get_attribute("aria-label") == fill(chart.alt, words)


def same(drawn, expected, where):
    keys = [key for key in expected.index.names if key]
    drawn = (drawn.set_index(keys) if keys else drawn)[expected.columns].sort_index()
    expected = expected.sort_index() if keys else expected.reset_index(drop=True)
    pd.testing.assert_frame_equal(
        drawn,
        expected,
        check_dtype=False,
        check_index_type=False,
        check_column_type=False,
        rtol=expected.attrs.get("rtol", 1e-3),
        atol=1e-6,
        obj=where,
    )


def values_of(control):
    """A dozen of its values across the range, or all."""
    values = control.payload()["values"]
    return [values[i] for i in np.unique(np.linspace(0, len(values) - 1, 12).round().astype(int))]


@pytest.mark.parametrize(
    ("name", "trait"), [(name, trait) for name, explorable in EXPLORABLES.items() for trait in explorable.controls]
)
def test_every_control_moves_the_marks(tab, name, trait):
    explorable, control = EXPLORABLES[name], EXPLORABLES[name].controls[trait]
    tab.evaluate(SET, [name, explorable.state])
    check(tab, name)
    root = tab.locator(f"#explorable-{name}")
    for value in values_of(control):
        if control.payload()["kind"] == "slider":
            position = list(control.values).index(value)
            root.get_by_role("slider", name=control.label).fill(str(position))
        else:
            root.get_by_role("radio", name=control.options[value]).check()
        assert tab.evaluate(STATE, name) == explorable.state | {trait: value}
        check(tab, name)


@pytest.mark.parametrize("name", [name for name, explorable in EXPLORABLES.items() if len(explorable.controls) > 1])
def test_controls_moved_together_move_the_marks(tab, name):
    explorable, draw = EXPLORABLES[name], np.random.default_rng(0)
    for _ in range(8):
        state = {trait: values[draw.integers(len(values))] for trait, values in choices(explorable).items()}
        tab.evaluate(SET, [name, state])
        assert tab.evaluate(STATE, name) == state
        check(tab, name)


def choices(explorable):
    return {trait: control.payload()["values"] for trait, control in explorable.controls.items()}


def test_a_cell_that_was_not_recorded_says_so(tab):
    tab.evaluate(SET, ["diagram", {"fraction": 0.25, "weight_decay": 0.1}])
    check(tab, "diagram")
    assert tab.locator("#explorable-diagram .grok-note").inner_text() == "Nothing was recorded here."
    tab.evaluate(SET, ["diagram", {"fraction": 0.9}])
    check(tab, "diagram")
    assert tab.locator("#explorable-diagram .grok-note").inner_text() == ""


@pytest.mark.parametrize(("name", "chart"), DRAGS)
def test_dragging_on_a_chart_moves_the_marks(tab, name, chart):
    explorable = EXPLORABLES[name]
    drags = explorable.charts[chart].drag
    values = {axis: list(explorable.controls[trait].values) for axis, trait in drags.items()}
    tab.evaluate(SET, [name, explorable.state])
    tab.locator(f"#explorable-{name} [data-view={chart}]").scroll_into_view_if_needed()
    for share in (0.0, 0.5, 1.0):
        # A decay of zero has no place on a logarithmic axis.
        goal = {axis: allowed[round(share * (len(allowed) - 2)) + 1] for axis, allowed in values.items()}
        tab.mouse.move(*tab.evaluate(PLACE, [name, chart, {}]))
        tab.mouse.down()
        tab.mouse.move(*tab.evaluate(PLACE, [name, chart, goal]), steps=4)
        tab.mouse.up()
        assert tab.evaluate(STATE, name) == explorable.state | {drags[axis]: value for axis, value in goal.items()}
        check(tab, name)


@pytest.mark.parametrize(("name", "chart"), DRAGS)
def test_dragging_to_the_edges_of_a_chart_stops_at_the_ends(tab, name, chart):
    explorable = EXPLORABLES[name]
    view = tab.locator(f"#explorable-{name} [data-view={chart}]")
    for end in (0, -1):
        tab.evaluate(SET, [name, explorable.state])
        view.scroll_into_view_if_needed()
        box = view.bounding_box()
        left, bottom = box["x"] + 1, box["y"] + box["height"] - 1
        tab.mouse.move(*tab.evaluate(PLACE, [name, chart, {}]))
        tab.mouse.down()
        tab.mouse.move(*((left, bottom) if end == 0 else (left + box["width"] - 2, box["y"] + 1)), steps=4)
        tab.mouse.up()
        ends = {trait: explorable.controls[trait].values[end] for trait in explorable.charts[chart].drag.values()}
        assert tab.evaluate(STATE, name) == explorable.state | ends
        check(tab, name)


def test_a_click_opens_the_cell_under_the_pointer(tab):
    for decay, fraction in ((0.1, 0.9), (1, 0.4), (4, 0.5)):
        tab.locator("#explorable-diagram [data-view=map]").scroll_into_view_if_needed()
        x, y = tab.evaluate(PLACE, ["diagram", "map", {"x": decay, "y": fraction}])
        # A little off, and for the outermost cells beyond the map.
        tab.mouse.click(x + 4, y - 4)
        assert tab.evaluate(STATE, "diagram") == {"fraction": fraction, "weight_decay": decay}
        check(tab, "diagram")


@pytest.mark.parametrize("name", EXPLORABLES)
def test_presets_show_their_states(tab, name):
    for words, state in EXPLORABLES[name].presets.items():
        tab.locator(f"#explorable-{name}").get_by_role("button", name=words, exact=True).click()
        assert tab.evaluate(STATE, name) == state
        check(tab, name)


@pytest.mark.parametrize("name", HIDDEN)
def test_the_answer_is_hidden_until_the_guess_is_made(tab, name):
    explorable, root = EXPLORABLES[name], tab.locator(f"#explorable-{name}")
    root.get_by_role("button", name="Guess first").click()
    hidden = drawn_items(tab, name)
    state = tab.evaluate(STATE, name)
    assert state == explorable.state | explorable.guess.state != explorable.state
    assert hidden
    assert not any(HIDDEN[name](chart, datum, state) for chart, _, _, datum in hidden)
    root.get_by_role("button", name="Reveal").click()
    shown = drawn_items(tab, name)
    assert any(HIDDEN[name](chart, datum, state) for chart, _, _, datum in shown)
    check(tab, name)


def test_guesses_are_asked_about_what_has_an_answer():
    assert {name for name, explorable in EXPLORABLES.items() if explorable.guess} == set(HIDDEN)
