"""From an experiment to a run: the training loop, what it records, and how it ends."""

from __future__ import annotations

import os
import platform
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import pandas as pd
import torch
from torch import Tensor, nn
from tqdm.auto import tqdm

from grokmodels import measures
from grokmodels.experiment import Experiment, Optimizer
from grokmodels.prefixes import PrefixTree, necessary_forward
from grokmodels.transformer import Transformer

Status = Literal["finished", "generalized", "diverged"]


@dataclass(frozen=True)
class Run:
    """What training an experiment gave.

    ``history``: one row per evaluation, the first at step 0 (columns below). ``status``: ``finished`` (the budget was
    used), ``generalized`` (stopped early because the milestone had lasted) or ``diverged`` (a loss became NaN or
    infinite; the history ends at the last finite evaluation). ``checkpoints``: step → parameter name → array.
    ``provenance``: versions, device, threads, the forward pass used, seconds.

    Columns: ``step``; ``decay_time`` (Λ, the sum of learning rate × weight decay so far); ``train_`` and ``test_``
    ``loss`` (nats), ``accuracy``, ``margin`` (mean), ``signal`` (:func:`~grokmodels.measures.signal`); ``m_hat`` (their
    ratio, test over train); ``rule_share`` (test inputs) and ``rule_share_train``; ``weight_norm`` and
    ``norm.<parameter>``.
    """

    experiment: Experiment
    history: pd.DataFrame
    status: Status
    provenance: dict[str, Any]
    checkpoints: dict[int, dict[str, np.ndarray]] = field(default_factory=dict)

    @property
    def milestones(self) -> measures.Milestones:
        """t_mem and t_gen at 99 %, lasting (:func:`~grokmodels.measures.first_lasting`)."""
        return measures.milestones(self.history)


def pick_device(device: str = "auto") -> torch.device:
    """``auto`` is CUDA, then MPS, then CPU. ValueError for a device this machine does not have."""
    available = ["cpu"]
    if torch.backends.mps.is_available():
        available.insert(0, "mps")
    if torch.cuda.is_available():
        available.insert(0, "cuda")
    if device == "auto":
        return torch.device(available[0])
    if device.split(":")[0] not in available:
        raise ValueError(f"device: got {device!r}; must be 'auto' or one of {available}")
    return torch.device(device)


def train(
    experiment: Experiment,
    *,
    device: str = "cpu",
    forward: Literal["auto", "textbook"] = "auto",
    checkpoints: Collection[int] = (),
    keep: Callable[[str], bool] = lambda name: True,
    progress: bool = True,
) -> Run:
    """Train from scratch and measure every ``experiment.evaluate_every`` steps.

    ``checkpoints`` are steps (multiples of ``evaluate_every``, or the budget) at which the parameters whose name
    ``keep`` accepts are copied. ``forward="auto"`` takes the fast exact forward pass of :mod:`grokmodels.prefixes`
    for causal models and the textbook's for others. The bar is quiet where there is nobody to see it, and where the
    environment has ``TQDM_DISABLE``.

    On one machine with one number of threads the same experiment gives the same history to the last bit.
    """
    return _Training(experiment, pick_device(device), forward).run(set(checkpoints), keep, progress)


class _Training:
    """The state of one run."""

    def __init__(self, experiment: Experiment, device: torch.device, forward: str) -> None:
        self.experiment = experiment
        self.device = device
        task = experiment.task
        self.split = task.split(experiment.fraction, experiment.seed)
        self.labels = torch.as_tensor(task.labels, device=device)
        self.inputs = torch.as_tensor(task.inputs, device=device)
        dtype = torch.float64 if experiment.precision == "float64" else torch.float32
        self.model = Transformer(experiment.architecture, task, experiment.seed).to(device, dtype)
        self.optimizer = make_optimizer(experiment.optimizer, self.model)
        self.fast = forward == "auto" and experiment.architecture.attention == "causal"
        self.tree = PrefixTree(task, device) if self.fast else None
        self.train_rows = torch.as_tensor(self.split.train, device=device)

    def run(self, checkpoints: set[int], keep: Callable[[str], bool], progress: bool) -> Run:
        experiment, started = self.experiment, time.perf_counter()
        rows: list[dict[str, float]] = []
        kept: dict[int, dict[str, np.ndarray]] = {}
        status: Status = "finished"
        decay_time = 0.0
        batches = self._batches()
        # None is tqdm's "only on a terminal or in a notebook".
        quiet = None if progress and not os.environ.get("TQDM_DISABLE") else True
        with tqdm(total=experiment.steps, unit="step", disable=quiet, leave=False) as bar:
            for step in range(experiment.steps + 1):
                if step % experiment.evaluate_every == 0 or step == experiment.steps:
                    row = {"step": step, "decay_time": decay_time, **self._evaluate()}
                    if not np.isfinite([row["train_loss"], row["test_loss"]]).all():
                        status = "diverged"
                        break
                    rows.append(row)
                    bar.update(step - bar.n)
                    bar.set_postfix(train=f"{row['train_accuracy']:.1%}", test=f"{row['test_accuracy']:.1%}")
                    if step in checkpoints:
                        kept[step] = self._parameters(keep)
                    if experiment.stop_when_generalized and _generalized(rows):
                        status = "generalized"
                        break
                if step < experiment.steps:
                    decay_time += self._set_rates(step)
                    self._step(next(batches))
        return Run(experiment, pd.DataFrame(rows).astype({"step": "int64"}), status, self._provenance(started), kept)

    def _step(self, batch: Tensor) -> None:
        with self._autocast():
            loss = nn.functional.cross_entropy(self._logits(batch), self.labels[batch])
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        if self.experiment.optimizer.clip is not None:
            nn.utils.clip_grad_norm_(self.model.parameters(), self.experiment.optimizer.clip)
        self.optimizer.step()

    def _logits(self, batch: Tensor) -> Tensor:
        if self.tree is not None:
            return necessary_forward(self.model, self.tree.levels(batch))
        return self.model(self.inputs[batch])

    def _autocast(self) -> AbstractContextManager[Any]:
        if self.experiment.precision == "bfloat16":
            return torch.autocast(self.device.type, dtype=torch.bfloat16)
        return nullcontext()

    def _batches(self) -> Iterator[Tensor]:
        """Training rows, each epoch in a new order; what is left of an epoch below a batch is dropped."""
        size = self.experiment.batch_size
        generator = torch.Generator().manual_seed(self.experiment.seed)
        while True:
            if size is None:
                yield self.train_rows
            else:
                order = torch.randperm(len(self.train_rows), generator=generator).to(self.device)
                for batch in order.split(size)[: len(order) // size]:
                    yield self.train_rows[batch]

    def _set_rates(self, step: int) -> float:
        """Set this step's rates and return their product, the step's share of Λ."""
        recipe = self.experiment.optimizer
        rate = recipe.learning_rate * recipe.learning_rate_schedule(step)
        decay = recipe.weight_decay * recipe.weight_decay_schedule(step)
        for group in self.optimizer.param_groups:
            group["lr"], group["weight_decay"] = rate, decay
        return rate * decay

    @torch.no_grad()
    def _evaluate(self) -> dict[str, float]:
        logits = self._logits(torch.arange(len(self.inputs), device=self.device)).cpu().numpy()
        task = self.experiment.task
        row: dict[str, float] = {}
        for name, part in self.split._asdict().items():
            mine, labels = logits[part], task.labels[part]
            row[f"{name}_loss"] = measures.cross_entropy(mine, labels)
            row[f"{name}_accuracy"] = measures.accuracy(mine, labels)
            row[f"{name}_margin"] = float(measures.margins(mine, labels).mean())
            row[f"{name}_signal"] = measures.signal(mine, labels)
        row["m_hat"] = row["test_signal"] / row["train_signal"]
        row["rule_share"] = measures.rule_share(logits[self.split.test], task.orbits[self.split.test])
        row["rule_share_train"] = measures.rule_share(logits[self.split.train], task.orbits[self.split.train])
        norms = measures.weight_norms(self._parameters(lambda name: True))
        row["weight_norm"] = float(np.linalg.norm(list(norms.values())))
        return row | {f"norm.{name}": norm for name, norm in norms.items()}

    def _parameters(self, keep: Callable[[str], bool]) -> dict[str, np.ndarray]:
        return {
            name: values.detach().cpu().numpy().copy() for name, values in self.model.named_parameters() if keep(name)
        }

    def _provenance(self, started: float) -> dict[str, Any]:
        return {
            "forward": "necessary" if self.fast else "textbook",
            "device": str(self.device),
            "threads": torch.get_num_threads(),
            "seconds": round(time.perf_counter() - started, 3),
            "machine": platform.machine(),
            "cores": os.cpu_count(),
            "python": platform.python_version(),
            "torch": torch.__version__,
            "numpy": np.__version__,
        }


def make_optimizer(recipe: Optimizer, model: nn.Module) -> torch.optim.Optimizer:
    """The PyTorch optimizer of a recipe, fused where PyTorch has it. Rates are set anew each step."""
    parameters, decay = list(model.parameters()), recipe.weight_decay
    if recipe.name == "sgd":
        return torch.optim.SGD(
            parameters, lr=recipe.learning_rate, momentum=recipe.momentum, weight_decay=decay, fused=True
        )
    kind = torch.optim.AdamW if recipe.name == "adamw" else torch.optim.Adam
    return kind(
        parameters, lr=recipe.learning_rate, betas=recipe.betas, eps=recipe.epsilon, weight_decay=decay, fused=True
    )


def _generalized(rows: list[dict[str, float]]) -> bool:
    recent = pd.DataFrame(rows[-5:])
    return not measures.milestones(recent).t_gen.censored
