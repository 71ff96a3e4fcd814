"""What counts in two-hop worlds, on worlds that are counted by hand and on runs that turn at known times."""

import numpy as np
import pandas as pd
import pytest

from grokmodels import Experiment, TwoHop
from grokmodels.claims import facts
from grokmodels.engine.run import Run
from grokmodels.engine.textbook import textbook
from grokmodels.studies import Record
from grokmodels.studies.study import Point

SMALL = {"kind": "two-hop", "entities": 20, "relations": 4}
RATE = 0.003 * 0.3


def recipe(task=None, fraction=0.5, seed=0, **more):
    return Experiment(task={**SMALL, **(task or {})}, fraction=fraction, seed=seed, batch_size=4, **more)


def run_of(experiment, turn, end=1.0):
    """A run that has half of what is within reach at the accumulated decay ``turn``, and ends at ``end`` of it."""
    steps = np.arange(0, 10_001, 50)
    decay = steps * RATE
    rise = np.where(decay >= turn, end, 0.0)
    accuracy = {"train_accuracy": 1.0, "test_accuracy": facts.within_reach(experiment) * rise}
    return Run(experiment, pd.DataFrame({"step": steps, "decay_time": decay} | accuracy), "finished", {"seconds": 1.0})


def record_of(blocks):
    """The record of ``blocks``: block → a list of (experiment, turn, end)."""
    return Record.of(
        (Point(block, experiment, (), (), "look"), run_of(experiment, *how))
        for block, made in blocks.items()
        for experiment, *how in made
    )


WORLDS = [(degree, share) for degree in (2, 4, 8) for share in (0.4, 0.8)]


def worlds(wait):
    """Turns of worlds of several degrees and shares, in three seeds: a function of φ and the share."""
    made = {}
    for degree, share in WORLDS:
        own = [recipe({"relations": 8, "degree": degree}, share, seed) for seed in range(3)]
        made[f"degree {degree}"] = made.get(f"degree {degree}", []) + [
            (one, wait(degree * share, share) * 1.05**one.seed) for one in own
        ]
    return facts.turns(record_of(made))


def test_questions_per_fact_are_degree_times_share():
    assert facts.questions_per_fact(recipe()) == pytest.approx(4 * 0.5)
    assert facts.questions_per_fact(recipe({"relations": 8, "degree": 2}, 0.8)) == pytest.approx(2 * 0.8, rel=0.02)
    # All ways to ask a question are one question.
    words = {"wording": "sentences", "ways": 3}
    assert facts.questions_per_fact(recipe(words)) == pytest.approx(4 * 0.5)


def test_unused_facts_are_in_no_question_and_count_in_none():
    experiment = recipe({"unused": 0.25})
    task = experiment.task
    used = [(task.queries[row, 0], task.queries[row, 1]) for row in experiment.split.train if task.queries[row, 2] >= 0]
    assert not any(task.is_unused[fact] for fact in used)
    assert facts.questions_per_fact(experiment) == pytest.approx(len(used) / (80 - 20))


def test_a_data_schedule_leaves_the_facts_and_a_share_of_the_questions():
    task = TwoHop(entities=20, relations=4)
    questions, whole = 0.1 * 320, task.n_train(0.8)
    left = (80 + questions) / whole
    experiment = recipe({}, 0.8, data_schedule={"knots": [(0, 1.0), (10, 1.0), (10, left)]})
    assert facts.trained_questions(experiment) == pytest.approx(questions, abs=1)


@pytest.mark.parametrize("fraction", [0.1, 0.3, 0.8])
def test_what_is_within_reach_is_counted_question_by_question(fraction):
    experiment = recipe({"unused": 0.1}, fraction)
    task, split = experiment.task, experiment.split
    world = task.world
    trained = [tuple(task.queries[row]) for row in split.train if task.queries[row, 2] >= 0]
    firsts, seconds = {(h, r) for h, r, _ in trained}, {(world[h, r], s) for h, r, s in trained}
    asked = [tuple(task.queries[row]) for row in split.test]
    counted = np.mean([(h, r) in firsts and (world[h, r], s) in seconds for h, r, s in asked])
    assert facts.within_reach(experiment) == pytest.approx(counted)


def test_few_questions_leave_much_out_of_reach():
    reach = [facts.within_reach(recipe({}, fraction)) for fraction in (0.1, 0.3, 0.9)]
    assert reach[0] < 0.4 < reach[1] < 0.9 < reach[2] <= 1


def test_a_run_turns_where_it_has_half_of_what_is_within_reach():
    table = facts.turns(record_of({"share, 0.2": [(recipe({}, 0.2), 3.0)], "share, 0.1": [(recipe({}, 0.1), 99.0)]}))
    assert table["reach"].max() < 0.8
    assert table["turn"].iloc[0] == pytest.approx(3.0, abs=50 * RATE)
    assert table["turn_censored"].tolist() == [False, True]


def test_a_cell_waits_as_its_median_run_or_for_ever():
    made = [(recipe({}, 0.5, seed), turn) for seed, turn in enumerate((2.0, 4.0, 99.0))]
    table = facts.turns(record_of({"share, 0.5": made, "slow": [(one, 99.0) for one, _ in made]}))
    found = facts.cells(table).set_index("block")
    assert found["turned"].tolist() == [2, 0]
    assert found["wait"].to_numpy() == pytest.approx([4.0, np.inf], rel=0.02)
    assert found["phi"].tolist() == pytest.approx([2, 2])


@pytest.mark.parametrize(
    ("wait", "phi", "share"),
    [(lambda phi, share: 4 * phi**-1.5, -1.5, 0), (lambda phi, share: 2 / share, 0, -1)],
)
def test_the_powers_say_what_counts(wait, phi, share):
    found = facts.what_counts(worlds(wait))
    assert found["phi"].estimate == pytest.approx(phi, abs=0.1)
    assert found["share"].estimate == pytest.approx(share, abs=0.1)


def test_nothing_is_known_of_runs_that_do_not_turn():
    table = worlds(lambda phi, share: 1e9)
    assert np.isnan(facts.what_counts(table)["phi"].estimate)
    assert facts.edge_of_turns(table) is None


def test_an_edge_in_the_questions_per_fact_is_found():
    made = {}
    for share in (0.3, 0.4, 0.5, 0.6, 0.8, 0.95):
        own = [recipe({}, share, seed) for seed in range(3)]
        made[f"share, {share}"] = [(one, 0.9 * 1.05**one.seed / max(4 * share / 1.4 - 1, 1e-9)) for one in own]
    law = facts.edge_of_turns(facts.turns(record_of(made)))
    assert law.systems[""].edge.estimate == pytest.approx(1.4, rel=0.1)
    assert law.exponent.estimate == pytest.approx(1, abs=0.3)


def test_ends_stand_side_by_side_by_questions_per_fact():
    task = TwoHop(entities=20, relations=4)
    left = (80 + 0.1 * 320) / task.n_train(0.8)
    after = recipe({}, 0.8, data_schedule={"knots": [(0, 1.0), (10, 1.0), (10, left)]})
    found = facts.ends(
        record_of({"share, 0.1": [(recipe({}, 0.1), 99.0)], "from the rule, 0.1": [(after, 0.5, 0.3)], "decay": []})
    )
    assert found["of_rule"].tolist() == [False, True]
    assert found["phi"].to_numpy() == pytest.approx(0.4, abs=0.02)
    assert found["end"].iloc[0] < 0.1 < found["end"].iloc[1]


def test_what_a_dip_takes_and_what_it_gives():
    steps = np.arange(0, 2001, 100)
    train = np.where(steps == 500, 0.5, 1.0)
    # A tenth for each evaluation, and four more at the dip, two before its evaluation and two after.
    test = np.minimum(0.1 * np.maximum(steps - 100, 0) / 100 + 0.2 * (steps >= 500) + 0.2 * (steps >= 600), 1.0)
    history = pd.DataFrame({"step": steps, "decay_time": steps * RATE, "train_accuracy": train, "test_accuracy": test})
    run = Run(recipe(), history, "finished", {})
    assert run.milestones.t_gen.step == 700
    assert facts.at_dips(run) == (pytest.approx(2 / 7), pytest.approx(0.6))
    never = Run(recipe(), history.assign(test_accuracy=0.0), "finished", {})
    assert np.isnan(facts.at_dips(never)).all()


def test_the_bridge_is_read_where_it_stands():
    experiment = recipe(architecture={"width": 64, "layers": 2, "heads": 2})
    task = experiment.task
    weights = {
        name: values.detach().numpy() for name, values in textbook(experiment.architecture, task, 0).named_parameters()
    }
    # As if every fact of an entity answered with the entity: the bridge is the first token.
    task.__dict__["bridges"] = task.queries[:, 0]
    history = pd.DataFrame({"step": [0], "decay_time": [0.0]})
    table = facts.bridge(Run(experiment, history, "finished", {}, {0: weights}))
    assert len(table) == 2 * 3 * 3
    read = table[table["target"] == "bridge"].set_index(["layer", "position"])["read"]
    assert read[0, 0] == 1
    assert read[0, 2] < 0.3


def test_other_tasks_have_no_facts():
    with pytest.raises(ValueError, match="must be 'two-hop'"):
        facts.world(Experiment())
