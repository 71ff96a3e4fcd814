"""How skills turn, on runs whose skills turn at known times, with kicks at known ones."""

import numpy as np
import pandas as pd
import pytest

from grokmodels.claims import turns
from grokmodels.explorables import Lamps
from grokmodels.explorables.lamps import SKILLS
from grokmodels.studies import Record
from grokmodels.studies.study import Point
from tests.library.claims.test_skills import alone, run_of

SEEDS = (0, 1)


def record_of(blocks, dip=None, seeds=SEEDS):
    """Runs of ``blocks``: name → (number of skills, structure, power, fraction, waits by fraction)."""
    done = []
    for block, (count, structure, power, fraction, waits_of) in blocks.items():
        for seed in seeds:
            task = {"kind": "skills", "p": 37, "skills": count, "structure": structure, "power": power}
            made, run = run_of(task, fraction, np.ones(count), seed)
            waits = waits_of(made.task.sizes(fraction) / 37**2) * 1.1**seed
            made, run = run_of(task, fraction, waits, seed)
            if dip is not None:
                low = np.abs(run.history["decay_time"] - dip) < 0.1
                columns = run.history.columns[run.history.columns.str.startswith("train_accuracy")]
                run.history.loc[low, columns] = 0.5
            done.append((Point(block, made, (), (), "look"), run))
    return Record.of(done)


SINGLES = {f"one skill, {f}": (1, "shared", 0.0, f, alone) for f in (0.2, 0.3, 0.4, 0.5, 0.8)}


def test_skills_that_turn_alone_make_the_mean_that_is_expected_of_them():
    record = record_of(SINGLES | {"8 shared, power 0.6": (8, "shared", 0.6, 0.4, alone)})
    courses = turns.courses(record, "8 shared, power 0.6")
    seen = pd.concat([course.mean(axis=1) for course in courses], axis=1).mean(axis=1)
    expected = turns.alone(record, "8 shared, power 0.6", seen.index)
    assert np.abs(expected - seen).max() < 0.12
    assert turns.single_step(record).loc[1.0] == pytest.approx(0.5, abs=0.1)


def test_what_single_skills_have_not_learned_is_expected_never():
    late = {"one skill, 0.2": (1, "shared", 0.0, 0.2, lambda f: np.array([1e6]))}
    record = record_of(SINGLES | late | {"2 shared": (2, "shared", 1.0, 0.3, alone)})
    # Fractions 0.4 and 0.2.
    assert turns.alone(record, "2 shared", [29.0]) == pytest.approx([0.5], abs=0.01)
    assert np.isinf(turns.single_skills(record)["wait"].iloc[0])
    assert np.isnan(turns.waits_alone(record, 0.2))


def test_the_step_of_one_skill_that_turns_at_a_given_moment():
    record = record_of(SINGLES)
    table = turns.single_skills(record)
    at = table.iloc[2]
    assert turns.step_alone(record, at["wait"]) == pytest.approx(at["step"])
    assert turns.step_alone(record, 1e-3) == table["step"].iloc[-1]


def test_networks_by_their_number():
    blocks = {f"{n} shared": (n, "shared", 0.0, 0.5, alone) for n in (2, 4, 8, 16, 32)}
    table = turns.by_number(record_of(SINGLES | blocks), "shared").set_index("skills")
    assert table.index.tolist() == [1, 2, 4, 8, 16, 32]
    np.testing.assert_allclose(table["step of all"], table["step of each"])
    np.testing.assert_allclose(table["wait"], table["wait"][1])


def test_turns_after_a_kick_of_all_skills_are_seen_as_such():
    def at(waits):
        return {"2 unrelated": (2, "unrelated", 0.0, 0.4, lambda f: np.array(waits))}

    kicked = turns.kicked(record_of(at([2.93, 2.94]), dip=3.0), "2 unrelated")
    # The second seed turns a tenth later, well after its kick.
    assert kicked.before == 0
    assert kicked.after == pytest.approx(0.5)
    assert kicked.time < 0.05
    assert kicked.common == pytest.approx(1)
    assert turns.kicked(record_of(at([2.0, 4.0]), dip=3.0), "2 unrelated").before == 0.5


def test_a_network_that_does_not_fit_its_data_has_no_kicks():
    record = record_of({"2 unrelated": (2, "unrelated", 0.0, 0.4, lambda f: np.array([1e6, 1e6]))})
    for _, run in record.trained():
        run.history["train_accuracy"] = 0.9
    assert [len(one) for one in turns.kicks(record, "2 unrelated")] == [0, 0]
    kicked = turns.kicked(record, "2 unrelated")
    assert np.isnan(kicked).all()


def test_a_network_fits_where_nine_tenths_of_its_training_inputs_are_right():
    record = record_of({"2 unrelated": (2, "unrelated", 0.0, 0.4, lambda f: np.array([2.0, 4.0]))})
    for _, run in record.trained():
        first, second = sorted(column for column in run.history if column.startswith("train_accuracy."))
        run.history[first] = (run.history["decay_time"] >= 1.0).astype(float)
        run.history[second] = (run.history["decay_time"] >= 3.0).astype(float)
    np.testing.assert_allclose(turns.fits(record, "2 unrelated"), 3.0, atol=0.1)
    for _, run in record.trained():
        run.history[second] = 0.0
    assert np.isinf(turns.fits(record, "2 unrelated")).all()


def test_luck_of_a_run_is_in_common_where_skills_turn_as_one():
    # A run of the second seed has all of its waits a tenth later, and one skill never comes.
    blocks = {"4 unrelated": (4, "unrelated", 0.0, 0.4, lambda f: np.array([2.0, 3.0, 4.0, 1e6]))}
    luck = turns.luck_in_common(record_of(blocks, seeds=(0, 1, 2)), "4 unrelated")
    assert luck.estimate == pytest.approx(1, abs=0.01)
    assert luck.low > 0.9
    never = {"4 unrelated": (4, "unrelated", 0.0, 0.4, lambda f: np.array([2.0, 1e6, 1e6, 1e6]))}
    assert turns.luck_in_common(record_of(never, seeds=(0, 1, 2)), "4 unrelated") is None


def test_the_explorables_tables_have_every_network_at_every_moment():
    blocks = {
        name: (int(name.split()[0]), name.split()[1].strip(","), power, 0.3 if power else 0.5, alone)
        for name in turns.NETWORKS
        for power in [float(name.partition("power ")[2] or 0)]
    }
    each, means = turns.lamps(record_of(SINGLES | blocks))
    assert {*SKILLS} <= {*each}
    counts = each.groupby(["network", "skill"])["decay_time"].nunique()
    assert set(counts) == {means["decay_time"].nunique()}
    assert len(means.groupby("network")) == len(turns.NETWORKS)
    assert Lamps(skills=each, means=means).rows(Lamps(skills=each, means=means).state)["readout"]["count"] == 8
