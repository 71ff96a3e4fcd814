"""A member's place in a stack: what is its own beside its tensors, from its batches to its record."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from torch import Tensor

from grokmodels.engine.run import Run, Status
from grokmodels.engine.textbook import textbook
from grokmodels.measures.lasting import EVALUATIONS, LEVEL, first_lasting
from grokmodels.recipes.experiment import Experiment
from grokmodels.recipes.tasks import Split


@dataclass(frozen=True)
class Member:
    """One run to train: its recipe, and what to keep of its weights.

    ``checkpoints`` are steps (multiples of ``evaluate_every``, or the budget) at which the parameters whose name
    ``keep`` accepts are copied. Entries of parameters where ``masks`` is false are zero at the start and stay so.
    ``about`` joins the run's provenance. ValueError for steps at which the run is never evaluated.
    """

    experiment: Experiment
    checkpoints: Collection[int] = ()
    keep: Callable[[str], bool] = lambda name: True
    masks: Mapping[str, NDArray[np.bool_]] = field(default_factory=dict)
    about: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.experiment.require_evaluated(self.checkpoints)


class Slot:
    """The state of one member in training, but for its tensors, which are a slice of its stack's."""

    def __init__(self, member: Member) -> None:
        self.member, self.experiment = member, member.experiment
        self.step, self.decay_time, self.seconds = 0, 0.0, 0.0
        self.status: Status | None = None
        # The weights when they were measured last, (P,), where their motion is to be.
        self.before: Tensor | None = None
        self._rows: list[dict[str, float]] = []
        self._kept: dict[int, dict[str, np.ndarray]] = {}
        self._steady = self.experiment.steady
        self._batches = self._draw_batches()
        self._label_noise, self._gradient_noise = (_generator(self.experiment.seeds.batch, stream) for stream in (1, 2))

    @property
    def due(self) -> bool:
        """Whether the member is to be evaluated at its step, and has not been yet."""
        reached = self.step % self.experiment.evaluate_every == 0 or self.step == self.experiment.steps
        return reached and (self.last is None or self.last["step"] < self.step)

    @property
    def until_due(self) -> int:
        """Steps to the next evaluation after this one."""
        every, left = self.experiment.evaluate_every, self.experiment.steps - self.step
        return min(every - self.step % every, left)

    def initial(self, dtype: torch.dtype) -> dict[str, Tensor]:
        """The parameters at step 0, drawn in double precision: the same on every device."""
        experiment = self.experiment
        model = textbook(experiment.architecture, experiment.task, experiment.seeds.init)
        values = {name: x.detach().to(dtype) for name, x in model.named_parameters()}
        if experiment.perturbation:
            generator = torch.Generator().manual_seed(experiment.seeds.perturbation)
            for name, x in values.items():
                noise = torch.randn(x.shape, generator=generator, dtype=torch.float64)
                values[name] = (x.double() * (1 + experiment.perturbation * noise)).to(dtype)
        return values

    @property
    def last(self) -> dict[str, float] | None:
        """What was measured last."""
        return self._rows[-1] if self._rows else None

    def next_batch(self) -> Tensor:
        """The training inputs of the next step, (n,)."""
        return next(self._batches)

    def next_labels(self, size: int) -> Tensor:
        """Random labels in place of a batch's own (size,), by the chance of label noise; -1 where a label stays."""
        chance = torch.rand(size, generator=self._label_noise)
        others = torch.randint(self.experiment.task.n_classes, (size,), generator=self._label_noise)
        return torch.where(chance < self.experiment.label_noise, others, -1)

    def labels(self) -> NDArray[np.int64]:
        """The label that training asks for, of every input of the task, (n_inputs,)."""
        return self.experiment.labels(self.split)

    def next_noise(self, size: int) -> Tensor:
        """Standard normal numbers (size,) for the next step's gradient: the same on every device, in any precision."""
        return torch.randn(size, generator=self._gradient_noise)

    def parts(self) -> NDArray[np.float32]:
        """1 for the inputs that are trained on and for those tested on at this step, else 0, shape (2, n_inputs)."""
        parts = np.zeros((2, self.experiment.task.n_inputs), dtype=np.float32)
        parts[0, self.training_rows(self.step)] = 1
        parts[1, self.split.test] = 1
        return parts

    def subsets(self) -> NDArray[np.float32]:
        """1 for the inputs of each part and subset of the task's breakdown at this step, else 0, (B, n_inputs)."""
        task, (train, test) = self.experiment.task, self.parts() > 0
        rows = {"train": train, "test": test, "apart": ~(train | test)}
        subsets = [rows[part] & task.subset(name) for part, name in task.breakdown]
        return np.array(subsets, dtype=np.float32).reshape(-1, task.n_inputs)

    def training_rows(self, step: int) -> NDArray[np.int64]:
        """The training inputs at a step, (n_train,): the share of the split's that the data schedule leaves."""
        share = self.experiment.data_schedule(step)
        if share == 1:
            return self.split.train
        return np.sort(self._shuffled[: round(share * len(self.split.train))])

    def advanced(self, steps: int, seconds: float) -> None:
        """Count steps that were taken, and their share of the stack's seconds."""
        taken = self.experiment.optimizer.decay_times(np.arange(self.step, self.step + steps))
        # Summed in order, so that Λ does not depend on how often one looks.
        self.decay_time = float(np.cumsum([self.decay_time, *taken])[-1])
        self.step += steps
        self.seconds += seconds

    def record(self, measured: Mapping[str, float], parameters: Callable[[], dict[str, np.ndarray]]) -> None:
        """Keep what was measured at this step, and set ``status`` where it ends the run."""
        if not np.isfinite([measured["train_loss"], measured["test_loss"]]).all():
            self.status = "diverged"
            return
        self._rows.append({"step": self.step, "decay_time": self.decay_time, **measured})
        if self.step in self.member.checkpoints:
            self._kept[self.step] = {name: x for name, x in parameters().items() if self.member.keep(name)}
        if self.experiment.stop_when_generalized and self._has_generalized():
            self.status = "generalized"
        elif self.step == self.experiment.steps:
            self.status = "finished"

    def finish(self, columns: list[str], provenance: Mapping[str, Any]) -> Run:
        """The run that this training was; ``columns`` are those of a row, which a run without any has, too.

        One that goes on gives the run that it would be with a budget that ends at its last evaluation: the same numbers
        to the last bit. ValueError before there is such a budget, at step 0.
        """
        experiment = self.experiment
        if self.status is None:
            experiment = experiment.but(steps=0 if self.last is None else int(self.last["step"]))
        history = pd.DataFrame(self._rows, columns=["step", "decay_time", *columns], dtype=float)
        about = {**provenance, "seconds": round(self.seconds, 3), **self.member.about}
        return Run(experiment, history.astype({"step": "int64"}), self.status or "finished", about, dict(self._kept))

    @cached_property
    def split(self) -> Split:
        """The training and test inputs."""
        return self.experiment.split

    @cached_property
    def _shuffled(self) -> NDArray[np.int64]:
        """The training inputs in the order in which a data schedule takes them away from the end."""
        order = np.random.default_rng(self.experiment.seeds.split).permutation(self.split.train)
        return order[np.argsort(~self.experiment.task.core[order], kind="stable")]

    def _draw_batches(self) -> Iterator[Tensor]:
        """Training rows, each epoch in a new order; what is left of an epoch below a batch is dropped."""
        step = 0
        generator = torch.Generator().manual_seed(self.experiment.seeds.batch)
        while True:
            rows, begun = torch.as_tensor(self.training_rows(step)), 0
            whole = self.experiment.batch_size is None and self._batch_size(step) >= len(rows)
            order = torch.arange(len(rows)) if whole else torch.randperm(len(rows), generator=generator)
            while begun == 0 or begun + self._batch_size(step) <= len(rows):
                batch = order[begun : begun + self._batch_size(step)]
                begun += len(batch)
                yield rows[batch]
                step += 1

    def _batch_size(self, step: int) -> int:
        size = self.experiment.batch_size or len(self.split.train)
        return size if self._steady else round(self.experiment.batch_size_schedule(step) * size)

    def _has_generalized(self) -> bool:
        recent = self._rows[-EVALUATIONS:]
        steps, accuracies = ([row[name] for row in recent] for name in ("step", "test_accuracy"))
        return not first_lasting(steps, accuracies, LEVEL).censored


def _generator(seed: int, stream: int) -> torch.Generator:
    """Random numbers of a stream of its own, so that a run's batches are those of the same run without such noise."""
    state = np.random.SeedSequence([seed, stream]).generate_state(1, np.uint64)
    return torch.Generator().manual_seed(int(state[0]))
