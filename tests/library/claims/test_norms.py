"""The analysis of norms, paths and pruning on tables whose answer is known; stored tables against their runs."""

import numpy as np
import pandas as pd
import pytest

from grokmodels import Experiment, studies
from grokmodels.engine.training import Run
from grokmodels.claims import norms
from grokmodels.measures import landscape
from grokmodels.statistics import Interval


def test_free_and_counting_weights_are_told_apart_and_add_up():
    history = pd.DataFrame(
        {"norm.embedding": [3.0], "norm.blocks.0.output.weight": [4.0], "norm.blocks.0.mlp_in.weight": [12.0]}
    )
    groups = norms.with_groups(history)
    assert groups["free"][0] == 5
    assert groups["counting"][0] == 12


def test_only_the_free_weights_are_scaled():
    weights = {"blocks.0.output.weight": np.ones((2, 2)), "blocks.0.mlp_in.weight": np.ones(2)}
    scaled = norms.scale_free(weights, 3)
    assert (scaled["blocks.0.output.weight"] == 3).all()
    assert (scaled["blocks.0.mlp_in.weight"] == 1).all()


def stored_run(recipe, norm=1.0, t_gen=100, test=False):
    """A run with norm 10 until its training accuracy is full at step 50, and ``norm`` from step 100 on."""
    step = np.arange(0, 400, 50)
    history = pd.DataFrame(
        {
            "step": step,
            "train_accuracy": (step >= 50).astype(float),
            "test_accuracy": (step >= t_gen).astype(float),
            "weight_norm": np.where(step < 100, 10.0, norm),
            "norm.embedding": 2.0,
            "norm.unembedding.weight": np.where(step < 100, 4.0, 1.0),
        }
    )
    point = studies.Point("block", recipe, (), (), test)
    return point, Run(recipe, history, "finished", {})


def test_settings_are_named_by_the_recipes_and_only_late_generalizers_are_compared(monkeypatch):
    narrow = Experiment().but(architecture__width=64, optimizer__weight_decay=0.5)
    bare = Experiment().but(architecture__norm="none")
    small = Experiment().but(task__p=31, architecture__width=32, seed=5, batch_size="full")
    found = {
        "canonical": [
            stored_run(narrow, norm=5),
            stored_run(narrow.but(seed=1), t_gen=1000),
            stored_run(narrow.but(seed=2), t_gen=50),
            stored_run(narrow.but(optimizer__weight_decay=0)),
            stored_run(bare, norm=8),
        ],
        "circuits": [stored_run(small), stored_run(small.but(task__p=43), test=True)],
    }
    monkeypatch.setattr(studies, "shipped", lambda name: (name, None))
    monkeypatch.setattr(studies, "runs", lambda name, folder: iter(found.get(name, [])))
    runs = norms.settings()
    assert (
        runs["setting"].tolist()
        == ["p = 97, width 64, LayerNorm"] * 3
        + ["p = 97, width 128, no LayerNorm"]
        + ["p = 31 to 43, width 32, LayerNorm"] * 2
    )
    assert runs["decay"].tolist() == [0.5] * 3 + [1.0] * 3
    assert runs["censored"].tolist() == [False, True] + [False] * 4
    assert runs["compared"].tolist() == [True, False, False, True, True, True]
    assert runs.loc[0, ["all.ratio", "free.ratio", "counting.ratio"]].tolist() == [0.5, 1, 0.25]
    ratios = norms.norm_ratios(runs).set_index("setting")
    assert ratios["runs"].tolist() == [2, 1, 1]
    assert ratios.loc["p = 97, width 128, no LayerNorm", "median"] == 0.8


def path(losses, p=31, seed=0, name="curved", norm=None):
    places = np.linspace(0, 1, len(losses))
    about = {"kind": "memorizer to rule", "path": name, "p": p, "seed": seed, "other": seed}
    return pd.DataFrame({"place": places, "train_loss": losses, "train_accuracy": 1.0, "norm": norm or 1.0}).assign(
        **about
    )


def test_a_hill_is_a_barrier_and_a_slope_is_none():
    paths = pd.concat([path([0.0, 1.0, 0.2]), path([0.3, 0.2, 0.0], seed=1)])
    barriers = norms.path_barriers(paths).set_index("seed")
    assert barriers["barrier"].tolist() == [0.8, 0.0]
    assert barriers["none"].tolist() == [False, True]


@pytest.mark.parametrize(("hill", "verdict"), [(0.02, "fails"), (0.8, "open")])
def test_basins_fail_only_where_every_curve_is_without_a_barrier(hill, verdict):
    flat = path([0.0, 0.01, 0.0], seed=1)
    assert norms.judge_basins(norms.path_barriers(pd.concat([flat, path([0.0, hill, 0.0])]))) == verdict
    # A straight path says nothing either way.
    assert norms.judge_basins(norms.path_barriers(path([0.0, 0.0, 0.0], name="straight"))) == "open"


def test_a_penalty_on_the_norm_can_make_a_barrier_and_take_one_away():
    inward = path([0.0, 0.5, 0.0], norm=[2.0, 1.0, 1.0])
    assert norms.escape_heights(inward, [0, 1]) == [0.5, 0]
    outward = path([0.0, 0.0, 0.0], norm=[2.0, 3.0, 1.0])
    assert norms.escape_heights(outward, [0, 1]) == [0, 2.5]


def pruning_table(memorizer, rule):
    """Networks that stand pruning up to these shares, in three runs."""
    shares = np.arange(20) / 20
    return pd.DataFrame(
        {"p": 31, "seed": seed, "network": network, "method": method, "amount": amount}
        | {"train_accuracy": float(share <= stands)}
        for seed in range(3)
        for network, stands in (("memorizer", memorizer), ("rule", rule))
        for share in shares
        for method, amount in (("magnitude", share), ("Fourier", 15 * (1 - share)))
    )


def test_tolerance_is_where_the_accuracy_falls():
    table = norms.tolerance(pruning_table(0.1, 0.4), "magnitude")
    assert table["gap"].tolist() == pytest.approx([0.3] * 3)
    assert norms.gap(table).low == pytest.approx(0.3)
    waves = norms.tolerance(pruning_table(0.1, 0.4), "Fourier")
    assert waves["rule"].tolist() == pytest.approx([0.6] * 3)


def tickets(rule, memorizer, random, censored=False):
    rows = [
        {"seed": seed, "mask": mask, "t_gen": t_gen, "t_gen_censored": censored and mask == "rule"}
        for seed in range(3)
        for mask, t_gen in {"none": 500, "rule": rule, "memorizer": memorizer, "random": random}.items()
    ]
    return pd.DataFrame(rows)


def test_a_ticket_wins_only_where_it_generalized_first():
    assert norms.faster_tickets(tickets(100, 200, 300), "random") == (3, 3)
    assert norms.faster_tickets(tickets(400, 200, 300), "random") == (0, 3)
    assert norms.faster_tickets(tickets(100, 200, 300, censored=True), "random") == (0, 3)


@pytest.mark.parametrize(
    ("pruned", "trained", "verdict"),
    [
        (pruning_table(0.1, 0.4), tickets(100, 200, 300), "holds"),
        (pruning_table(0.1, 0.4), tickets(400, 200, 300), "holds with limits"),
        (pruning_table(0.1, 0.4), tickets(600, 700, 800), "holds with limits"),
        (pruning_table(0.2, 0.2), tickets(600, 200, 300), "fails"),
    ],
)
def test_the_verdict_on_pruning_follows_its_rule(pruned, trained, verdict):
    assert norms.judge_pruning(pruned, trained) == verdict


@pytest.mark.parametrize(
    ("fell", "median", "matched", "verdict"),
    [
        (10, 0.7, Interval(0.8, 0.7, 0.9), "holds"),
        (10, 0.7, Interval(0.86, 0.85, 0.88), "holds with limits"),
        (10, 0.7, None, "holds with limits"),
        (10, 0.7, Interval(1.1, 0.9, 1.3), "holds with limits"),
        (2, 1.2, Interval(1.1, 0.9, 1.3), "fails"),
    ],
)
def test_the_verdict_on_norms_follows_its_rule(fell, median, matched, verdict):
    ratios = pd.DataFrame({"runs": [10], "fell": [fell], "median": [median]})
    assert norms.judge_norms(ratios, matched) == verdict


def labels(fitted=True, generalized=True, ratio=0.5):
    return pd.DataFrame(
        {"kind": kind, "fraction": 0.8, "decay": decay, "seed": seed, "t_mem_censored": not fitted}
        | {"generalized": generalized and kind == "rule", "norm": 10 * (ratio if kind == "rule" else 1) + seed}
        for kind in ("rule", "random")
        for decay in (0.0, 0.3)
        for seed in range(3)
    )


def test_random_labels_are_judged_and_matched_seed_by_seed():
    assert norms.judge_labels(labels()) == "holds"
    assert norms.judge_labels(labels(fitted=False)) == "holds with limits"
    assert norms.judge_labels(labels(fitted=False, generalized=False)) == "fails"
    assert norms.judge_labels(pd.DataFrame()) == "open"
    assert norms.matched_ratio(labels()).estimate == pytest.approx(6 / 11)
    assert norms.matched_ratio(pd.DataFrame()) is None
    assert norms.matched_ratio(labels().query("seed == 0")) is None


def test_the_prediction_on_labels_is_told_for_first_seeds_and_test_seeds():
    rows = [
        {"kind": kind, "fraction": fraction, "decay": 0.3, "seed": seed, "test": seed > 2, "norm": norm}
        | {"t_mem_censored": seed == 3, "generalized": kind == "rule", "rule_share": 0.02, "floor": 0.01}
        for seed in range(4)
        for (kind, fraction), norm in {
            ("random", 0.15): 10, ("random", 0.8): 20, ("rule", 0.15): 10, ("rule", 0.8): 5
        }.items()
    ]  # fmt: skip
    told = norms.predicted_labels(pd.DataFrame(rows))
    first = told["first seeds"]
    assert first["runs, seeds"] == "12, 3"
    assert first["random labels memorized"] == "6 of 6"
    assert first["norm growth, random labels"] == "2.00 [2.00, 2.00]"
    assert first["norm growth, true labels"] == "0.50 [0.50, 0.50]"
    assert first["norm, rule / memorizer"] == "0.25 [0.25, 0.25]"
    # One test seed is too few for an interval.
    assert told["test seeds"]["norm, rule / memorizer"] == "-"
    assert told["all"]["random labels memorized"] == "6 of 8"


def test_a_stored_path_is_found_again():
    run = next(norms.circuits_runs())
    ends = [run.checkpoints[step] for step in norms.memorizer_and_rule(run)]
    again = landscape.along(run.experiment, landscape.straight_path(*ends), points=5)
    stored = norms.stored_table("paths").query("path == 'straight' and kind == 'memorizer to rule'")
    mine = stored[(stored["p"] == run.experiment.task.p) & (stored["seed"] == run.experiment.seed)]
    np.testing.assert_allclose(mine["train_loss"].to_numpy()[::6], again["train_loss"], rtol=1e-3)


def test_the_rows_have_verdicts_of_the_ledger():
    rows = norms.rows()
    assert [row.number for row in rows] == [3, 4, 8, 9]
    assert {row.verdict for row in rows} <= {"holds", "holds with limits", "fails", "open"}
