"""Runs that the page's laboratory saved."""

import json

import pytest

from grokmodels import Experiment, studies
from grokmodels.explorables.engine import Trainer
from grokmodels.studies.files import ResultError

TINY = Experiment().but(task__p=11, architecture__layers=1, architecture__width=8, batch_size=None, steps=100)


@pytest.fixture(scope="module")
def saved():
    trainer = Trainer(TINY)
    trainer.advance(50)
    trainer.change(weight_decay=0.2)
    trainer.advance(100)
    return trainer.written()


def test_a_saved_run_is_read_and_can_be_repeated(saved, tmp_path):
    file = tmp_path / "grokking-run.json"
    file.write_text(json.dumps(saved))
    run = studies.read_page_run(file)
    assert run.experiment.optimizer.weight_decay_schedule.knots == ((0, 1.0), (50, 1.0), (50, 0.2))
    assert run.status == "finished"
    assert run.history["step"].tolist() == [0, 25, 50, 75, 100]
    assert run.milestones.t_mem.step <= 100
    assert len(run.provenance["train"]) == TINY.task.n_train(TINY.fraction)
    again = Trainer(run.experiment)
    again.advance(100)
    assert again.written()["history"] == saved["history"]


@pytest.mark.parametrize(("change", "said"), [
    ({"format": 2}, "not a run of format 1 that a page saved"),
    ({"history": None}, "without its 'history'"),
    ({"experiment": {"steps": 0}}, "steps"),
    ({"history": {"step": [0, 1], "test_loss": [1]}}, "same length"),
])  # fmt: skip
def test_another_file_is_named(saved, tmp_path, change, said):
    file = tmp_path / "other.json"
    other = {name: value for name, value in (saved | change).items() if value is not None}
    file.write_text(json.dumps(other))
    with pytest.raises(ResultError, match=f"other.json: .*{said}"):
        studies.read_page_run(file)


def test_no_file_and_no_json_are_named(tmp_path):
    with pytest.raises(ResultError, match="there is no such file"):
        studies.read_page_run(tmp_path / "none.json")
    (tmp_path / "bad.json").write_text("{")
    with pytest.raises(ResultError, match=r"bad\.json"):
        studies.read_page_run(tmp_path / "bad.json")
