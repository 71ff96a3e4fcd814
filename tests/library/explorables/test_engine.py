"""The page's engine against the library, from the same weights and batches."""

import json

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import special, stats

from grokmodels import Experiment, Schedule, measures, studies
from grokmodels.engine import optimizers
from grokmodels.engine.slot import Member, Slot
from grokmodels.engine.textbook import textbook
from grokmodels.explorables.engine import Trainer
from grokmodels.measures import fourier
from grokmodels.recipes import Modular, RandomLabels

PARAMETERS = """training.network.layout.map(({ at, rows, columns }) =>
    [...training.network.memory.floats(training.network.WHERE + 4 * at, rows * columns)])"""
SET = "void training.network.memory.floats(training.network.weights, training.network.size).set({values})"

SMALL = Experiment().but(task__p=13, fraction=0.6, architecture__layers=1, architecture__width=16, batch_size=None)
SHAPES = [
    SMALL,
    SMALL.but(architecture__layers=2, architecture__norm="none"),
    SMALL.but(architecture__layers=2, architecture__width=24, task__operation="subtract"),
    SMALL.but(architecture__norm="none", architecture__width=12, task__operation="multiply"),
]
ways = pytest.mark.parametrize("simd", [True, False], ids=["wasm", "plain"])


def named(trainer, where="weights"):
    """The network's parameters or gradients, in double precision."""
    layout = trainer.ask("training.network.layout")
    values = trainer.ask(PARAMETERS.replace("WHERE", where))
    return {
        shape["name"]: np.reshape(
            np.array(flat, dtype=float), (shape["rows"], shape["columns"]) if shape["rows"] > 1 else shape["columns"]
        )
        for shape, flat in zip(layout, values, strict=True)
    }


def oracle(experiment, weights):
    """The textbook network with these weights, in double precision."""
    model = textbook(experiment.architecture, experiment.task, 0).double()
    assert [name for name, _ in model.named_parameters()] == list(weights)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            parameter.copy_(torch.as_tensor(weights[name]))
    return model


def relative(found, right):
    return np.linalg.norm(np.asarray(found) - np.asarray(right)) / np.linalg.norm(right)


@ways
@pytest.mark.parametrize("experiment", SHAPES, ids=repr)
def test_logits_and_gradients_are_those_of_the_textbook(experiment, simd):
    trainer = Trainer(experiment, simd=simd)
    trainer.advance(3)
    model, task = oracle(experiment, named(trainer)), experiment.task
    batch = [*range(5, 90), 3]
    trainer.ask(f"training.network.forward({batch})")
    numbers = len(batch) * task.p
    said = trainer.ask(f"[...training.network.memory.floats(training.network.logits, {numbers})]")
    logits = model(torch.as_tensor(task.inputs[batch]))
    assert relative(np.reshape(said, (-1, task.p)), logits.detach()) < 1e-5
    trainer.ask(f"training.differentiate({batch})")
    torch.nn.functional.cross_entropy(logits, torch.as_tensor(task.labels[batch])).backward()
    gradients = named(trainer, "gradients")
    for name, parameter in model.named_parameters():
        assert relative(gradients[name], parameter.grad) < 1e-5, name


RULES = [
    {"name": "adamw", "weight_decay": 1.0},
    {"name": "adam", "weight_decay": 0.1, "betas": (0.8, 0.99), "epsilon": 1e-6},
    {"name": "sgd", "learning_rate": 0.3, "weight_decay": 0.01, "momentum": 0.9},
    {"name": "adamw", "clip": 0.3, "weight_decay_schedule": Schedule.paused(3, 6)},
]


@ways
@pytest.mark.parametrize("rule", RULES, ids=lambda rule: " ".join(map(str, rule.values())))
def test_ten_steps_are_those_of_the_library(rule, simd):
    experiment = SMALL.but(**{f"optimizer__{name}": value for name, value in rule.items()})
    trainer = Trainer(experiment, simd=simd)
    start = named(trainer)
    batches = [[*range(3 * step, 3 * step + 60)] for step in range(10)]
    for batch in batches:
        trainer.ask(f"training.update({batch})")
    moved = trained(experiment, start, batches)
    ours = {name: values - start[name] for name, values in named(trainer).items()}
    for name, change in moved.items():
        assert relative(ours[name], change) < 1e-4, name
    spent = experiment.optimizer.decay_times(np.arange(10)).sum()
    assert trainer.ask("training.decayTime") == pytest.approx(spent, rel=1e-12)


def trained(experiment, start, batches):
    """How the library moves each parameter on these batches, in double precision."""
    model = oracle(experiment, start)
    shapes = {name: parameter.shape for name, parameter in model.named_parameters()}
    weights = torch.cat([parameter.detach().flatten() for parameter in model.parameters()]).unsqueeze(0)
    begun, state = weights.clone(), optimizers.State(experiment.optimizer, weights, shapes)
    for step, batch in enumerate(batches):
        torch.nn.utils.vector_to_parameters(weights[0], model.parameters())
        logits = model(torch.as_tensor(experiment.task.inputs[batch]))
        loss = torch.nn.functional.cross_entropy(logits, torch.as_tensor(experiment.task.labels[batch]))
        gradients = torch.autograd.grad(loss, list(model.parameters()))
        numbers = torch.as_tensor(optimizers.coefficients(experiment.optimizer, np.array([step])).T)
        state.update(weights, [gradient.unsqueeze(0) for gradient in gradients], numbers)
    parts = (weights - begun)[0].split([shape.numel() for shape in shapes.values()])
    return {name: part.reshape(shape) for (name, shape), part in zip(shapes.items(), parts, strict=True)}


def test_a_full_batch_passes_in_pieces(monkeypatch):
    """More pairs than go through at a time: the gradient is that of all of them."""
    experiment = SMALL.but(task__p=47, fraction=0.7)
    trainer = Trainer(experiment)
    model, task = oracle(experiment, named(trainer)), experiment.task
    batch = trainer.ask("training.nextBatch()")
    assert len(batch) == task.n_train(experiment.fraction) > 1024
    trainer.ask(f"training.differentiate({batch})")
    logits = model(torch.as_tensor(task.inputs[batch]))
    torch.nn.functional.cross_entropy(logits, torch.as_tensor(task.labels[batch])).backward()
    for name, parameter in model.named_parameters():
        assert relative(named(trainer, "gradients")[name], parameter.grad) < 1e-5, name


TASKS = [
    *(Modular(operation=operation, p=p) for operation in ("add", "subtract", "multiply") for p in (11, 13)),
    RandomLabels(base=Modular(p=11)),
]


@pytest.mark.parametrize("task", TASKS, ids=repr)
def test_measures_are_those_of_the_library(task):
    experiment = SMALL.but(task=task, fraction=0.6)
    trainer = Trainer(experiment)
    trainer.advance(150)
    labels = np.array(trainer.ask("training.table.labels"))
    if isinstance(task, Modular):
        assert labels.tolist() == task.labels.tolist()
    orbits = trainer.ask(
        "(({ symmetry: { kind, orbit }, classes: p }) => [...kind].map((k) => [...orbit.slice(k * p, (k + 1) * p)]))"
        "(training.table)"
    )
    paired = dict.fromkeys(zip(np.ravel(orbits).tolist(), task.orbits.ravel().tolist(), strict=True))
    assert len(paired) == len(np.unique(orbits)) == len(np.unique(task.orbits)), "other orbits"
    logits = oracle(experiment, named(trainer))(torch.as_tensor(task.inputs)).detach().numpy()
    frame = trainer.frame()
    row, cells = frame["rows"][-1], np.array(frame["cells"])
    assert (cells % 2 == (logits.argmax(axis=1) == labels)).all()
    assert (frame["said"] == logits.argmax(axis=1)).all()
    np.testing.assert_allclose(frame["sure"], special.softmax(logits, axis=1).max(axis=1), rtol=1e-4)
    signal = {}
    for part, code in (("test", 0), ("train", 1)):
        chosen = cells // 2 == code
        assert chosen.sum() == (task.n_train(0.6) if part == "train" else task.n_inputs - task.n_train(0.6))
        mine, right = logits[chosen], labels[chosen]
        signal[part] = measures.signal(mine, right)
        assert row[f"{part}_accuracy"] == pytest.approx(measures.accuracy(mine, right), abs=1e-12)
        assert row[f"{part}_loss"] == pytest.approx(measures.cross_entropy(mine, right), rel=1e-4)
        assert row[f"{part}_margin"] == pytest.approx(measures.margins(mine, right).mean(), rel=1e-4, abs=1e-4)
        assert row[f"{part}_signal"] == pytest.approx(signal[part], rel=1e-4, abs=1e-4)
        share = row["rule_share" if part == "test" else "rule_share_train"]
        assert share == pytest.approx(measures.rule_share(mine, task.orbits[chosen]), rel=1e-4)
    assert row["m_hat"] == pytest.approx(signal["test"] / signal["train"], rel=1e-3, abs=1e-4)
    norms = measures.weight_norms(named(trainer))
    assert row["weight_norm"] == pytest.approx(np.linalg.norm(list(norms.values())), rel=1e-6)
    assert {name: row[f"norm.{name}"] for name in norms} == pytest.approx(norms, rel=1e-6)


def test_circles_are_those_of_the_library():
    trainer = Trainer(SMALL.but(task__p=17))
    trainer.advance(300)
    embedding = named(trainer)["embedding"]
    energy = fourier.fourier_energy(embedding)
    circles = trainer.frame()["circles"]
    strongest = np.argsort(-energy)[:3]
    assert [circle["frequency"] for circle in circles] == (strongest + 1).tolist()
    assert [circle["share"] for circle in circles] == pytest.approx(energy[strongest], rel=1e-9)
    size = np.sqrt(np.square(embedding - embedding.mean(axis=0)).sum(axis=1).mean())
    for circle in circles:
        plane = fourier.fourier_plane(embedding, circle["frequency"])
        assert np.stack([circle["x"], circle["y"]], axis=1) == pytest.approx(fourier.project(embedding, plane) / size)


@pytest.mark.parametrize("schedule", [
    Schedule.constant(), Schedule.delayed(7), Schedule.paused(3, 9), Schedule.ramp(2, 12), Schedule.pulsed(8, 3),
    Schedule.warmup(10),
], ids=repr)  # fmt: skip
def test_schedules_are_those_of_the_library(schedule):
    trainer = Trainer(SMALL)
    course = f"new Course(0.3, {schedule.model_dump_json()})"
    found = trainer.ask(f"((course) => Array.from({{length: 30}}, (_, step) => course.at(step)))({course})")
    assert found == pytest.approx(0.3 * schedule(np.arange(30)), rel=1e-12, abs=1e-15)


def test_what_it_does_not_train_is_named():
    with pytest.raises(ValueError, match=r"architecture.activation: got gelu; the page trains relu"):
        Trainer(SMALL.but(architecture__activation="gelu"))


def test_random_numbers_are_uniform_normal_and_of_their_seed():
    trainer = Trainer(SMALL)
    draw = "((random) => Array.from({{length: 20000}}, () => random.{how}))(new Random({seed}, {stream}))"
    first = np.array(trainer.ask(draw.format(how="uniform()", seed=0, stream=0)))
    assert abs(first.mean() - 0.5) < 0.01
    assert abs(first.var() - 1 / 12) < 0.003
    others = [trainer.ask(draw.format(how="uniform()", seed=s, stream=t)) for s, t in ((1, 0), (0, 1), (1, 1))]
    assert all(abs(np.corrcoef(first, other)[0, 1]) < 0.03 for other in others)
    normal = np.array(trainer.ask(draw.format(how="normal()", seed=3, stream=1)))
    moments = [normal.mean(), normal.var(), (normal**3).mean(), (normal**4).mean()]
    assert moments == pytest.approx([0, 1, 0, 3], abs=0.15)
    places = np.bincount([row.index(0) for row in (
        trainer.ask(f"new Random({seed}, 0).shuffled([0, 1, 2, 3])") for seed in range(400)
    )])  # fmt: skip
    assert places.min() > 70


def test_changes_while_it_trains_are_those_of_a_schedule():
    """A run whose numbers were moved is the run of the recipe that its file holds."""
    experiment = SMALL.but(steps=200, optimizer__weight_decay=0)
    moved = Trainer(experiment)
    moved.advance(60)
    moved.change(weight_decay=0.7)
    moved.change(weight_decay=2.0, learning_rate=1e-3)
    moved.advance(100)
    moved.change(batch_size=32, data_share=0.5)
    moved.advance(133)
    moved.change(batch_size=20)
    moved.advance(150)
    moved.change(batch_size=None, data_share=1.0, weight_decay=0.1)
    moved.advance(200)
    written = moved.written()
    again = Trainer(Experiment(**written["experiment"]))
    again.advance(200)
    assert json.dumps(again.written()["history"]) == json.dumps(written["history"])
    shares = np.array(written["history"]["decay_time"])
    assert shares[2] == 0
    assert (np.diff(shares)[3:] > 0).all()


@pytest.mark.slow
def test_twenty_runs_are_spread_as_those_of_the_library():
    """The recipe of the study `size` that shows most: memorizing and generalizing take as long here as there.

    That two samples of one distribution are told apart has a chance of 1 % for each of the two times.
    """
    points = [
        point
        for point in studies.read(studies.find_root() / "studies" / "size.toml").points()
        if point.block == "p = 31" and point.experiment.fraction == 0.54
    ]
    runs = studies.record("size").runs.set_index("key").loc[[point.experiment.key for point in points]]
    page = []
    for point in points:
        trainer = Trainer(point.experiment)
        trainer.advance(point.experiment.steps)
        page.append(measures.milestones(pd.DataFrame(trainer.written()["history"])))
    assert len(page) == 20
    for name in ("t_mem", "t_gen"):
        ours, theirs = [getattr(run, name).step for run in page], runs[name]
        print(name, sorted(ours), sorted(theirs))
        assert stats.ks_2samp(ours, theirs).pvalue > 0.01


@given(
    seed=st.integers(0, 99),
    sizes=st.lists(st.sampled_from([None, 5, 16, 40]), min_size=2, max_size=4),
    shares=st.lists(st.sampled_from([0.3, 0.7, 1]), min_size=2, max_size=4),
)
@settings(max_examples=15)
def test_batches_are_as_large_as_the_library_draws(seed, sizes, shares):
    trainer = Trainer(SMALL.but(seed=seed))
    for i, (size, share) in enumerate(zip(sizes, shares, strict=False)):
        trainer.ask(f"void (training.step = {20 * i})")
        trainer.change(batch_size=size, data_share=share)
    slot = Slot(Member(Experiment(**trainer.written()["experiment"] | {"steps": 100})))
    trainer.ask("void (training.step = 0)")
    # An epoch that had begun goes on with the inputs that it began with.
    begun = set()
    for _ in range(20 * len(sizes)):
        fresh = trainer.ask("training.epoch.length < training.courses.batch_size.at(training.step)")
        begun = set(trainer.ask("training.training")) if fresh else begun
        batch = trainer.ask("training.nextBatch()")
        assert len(batch) == len(set(batch)) == len(slot.next_batch())
        assert set(batch) <= begun
        trainer.ask("void (training.step += 1)")


def test_an_epoch_shows_each_input_once_and_the_next_in_another_order():
    trainer = Trainer(SMALL.but(batch_size=25))
    # Of 101 inputs one is left out of each epoch.
    epochs = [[x for _ in range(4) for x in trainer.ask("training.nextBatch()")] for _ in range(2)]
    assert [len(set(epoch)) for epoch in epochs] == [100, 100]
    assert epochs[0] != epochs[1]


@given(st.lists(st.booleans(), max_size=25))
def test_it_stops_where_the_library_does(stopping, above):
    stopping.ask("void (training.rows = [])")
    for i, high in enumerate(above, start=1):
        stopping.ask(f"void training.rows.push({{ test_accuracy: {0.99 if high else 0.98} }})")
        seen = [0.99 if x else 0.98 for x in above[:i]]
        stops = not measures.first_lasting(range(i), seen, 0.99).censored
        assert stopping.ask("training.justGeneralized()") == stops
        if stops:
            return


@pytest.fixture(scope="module")
def stopping():
    return Trainer(SMALL)


def test_weights_are_drawn_as_in_the_library():
    experiment = SMALL.but(task__p=31, architecture__width=64, architecture__init_scale=1.5)
    ours, theirs = (
        named(Trainer(experiment)),
        dict(textbook(experiment.architecture, experiment.task, 0).named_parameters()),
    )
    for name, values in ours.items():
        if "norm" in name:
            assert (values == 1).all()
        elif values.size > 1000:
            assert values.std() == pytest.approx(1.5 / values.shape[-1] ** 0.5, rel=0.05)
            assert values.std() == pytest.approx(theirs[name].detach().numpy().std(), rel=0.07)


@pytest.mark.parametrize(("seed", "drawn"), [
    ("split_seed", "training.split.train"),
    ("init_seed", "[...training.network.memory.floats(training.network.weights, 9)]"),
    ("batch_seed", "training.nextBatch()"), ("task__label_seed", "training.table.labels"),
])  # fmt: skip
def test_each_seed_draws_its_own(seed, drawn):
    plain = SMALL.but(task=RandomLabels(base=Modular(p=13)), batch_size=16)
    draws = ["training.split.train", "training.table.labels", drawn]
    one, other = Trainer(plain), Trainer(plain.but(**{seed: 5}))
    for expression in draws:
        assert (one.ask(expression) == other.ask(expression)) == (expression != drawn)


@ways
def test_a_silent_network_and_a_broken_one(simd):
    trainer = Trainer(SMALL, simd=simd)
    trainer.ask("void training.network.memory.clear(training.network.weights, training.network.size)")
    trainer.ask("void (training.network.refresh(), training.evaluate())")
    row, cells = trainer.history.iloc[-1], np.array(trainer.frame()["cells"])
    # Of equal logits the first is the answer.
    assert ((cells % 2 == 1) == (SMALL.task.labels == 0)).all()
    assert row["m_hat"] == 0
    assert row["train_loss"] == pytest.approx(np.log(13), rel=1e-6)
    trainer.ask("void training.network.memory.floats(training.network.weights, 1).fill(NaN)")
    trainer.ask("void (training.network.refresh(), training.evaluate())")
    assert trainer.frame()["status"] == "diverged"


def test_pairs_that_are_taken_away_are_neither_shown_nor_tested():
    trainer = Trainer(SMALL.but(data_schedule=Schedule(knots=((0, 0.4),))))
    parts = np.bincount(np.array(trainer.frame()["cells"]) // 2)
    n_train = SMALL.task.n_train(SMALL.fraction)
    assert parts.tolist() == [169 - n_train, round(0.4 * n_train), n_train - round(0.4 * n_train)]


@pytest.mark.parametrize(("change", "said"), [
    ({"learning_rate": None}, "learning_rate: got null; must be above 0"), ({"data_share": 0}, "data_share: got 0"),
    ({"batch_size": 10**6}, "batch_size: got 1000000"),
    ({"weight_decay": -1}, "weight_decay: got -1; must be 0 or above"),
    ({"betas": 1}, "betas: got a change; only learning_rate"),
])  # fmt: skip
def test_a_bad_change_is_named_and_makes_none(change, said):
    trainer = Trainer(SMALL)
    before = trainer.written()["experiment"]
    with pytest.raises(ValueError, match=said):
        trainer.change(**({"weight_decay": 0.5} | change))
    assert trainer.written()["experiment"] == before
