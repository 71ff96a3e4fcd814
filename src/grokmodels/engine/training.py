"""From an experiment to a run: the training loop, what it records, and how it ends."""

from __future__ import annotations

import os
import platform
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from functools import cache, cached_property
from typing import Any, Literal, get_args

import numpy as np
import pandas as pd
import torch
from torch import Tensor, nn
from torch.func import functional_call, vmap
from torch.utils._pytree import tree_map
from tqdm.auto import tqdm

from grokmodels import measures
from grokmodels.engine.prefixes import Level, PrefixTree, necessary_forward
from grokmodels.engine.transformer import Transformer
from grokmodels.recipes.experiment import Experiment
from grokmodels.recipes.optimizer import Optimizer

Status = Literal["finished", "generalized", "diverged"]
Forward = Literal["auto", "textbook", "compiled"]
Forwardable = list[Level] | Tensor


@dataclass(frozen=True)
class Run:
    """What training an experiment gave.

    ``history``: one row per evaluation, the first at step 0 (columns below). ``status``: ``finished`` (the budget was
    used), ``generalized`` (stopped early because the milestone had lasted) or ``diverged`` (a loss became NaN or
    infinite; the history ends at the last finite evaluation). ``checkpoints``: step → parameter name → array.
    ``provenance``: versions, device, threads, the forward pass used, seconds, how many runs were trained as one stack.

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
    forward: Forward = "auto",
    checkpoints: Collection[int] = (),
    keep: Callable[[str], bool] = lambda name: True,
    progress: bool = True,
) -> Run:
    """Train from scratch and measure every ``experiment.evaluate_every`` steps.

    ``checkpoints`` are steps (multiples of ``evaluate_every``, or the budget) at which the parameters whose name
    ``keep`` accepts are copied. ``forward="auto"`` takes the fast exact forward pass of
    :mod:`grokmodels.engine.prefixes` for causal models and the textbook's for others; ``"compiled"`` puts that choice
    through ``torch.compile``, which takes a minute first and rounds differently, so it pays for long runs only. The bar
    is quiet where there is nobody to see it, and where the environment has ``TQDM_DISABLE``.

    On one machine with one number of threads the same experiment gives the same history to the last bit. ValueError for
    an unknown ``forward``, a device that is not there, and checkpoints at steps that are never evaluated.
    """
    member = Member(experiment, pick_device(device), forward, checkpoints, keep)
    return next(_train([member], progress))


def train_stack(members: Sequence[Member], *, progress: bool = True) -> Iterator[Run]:
    """Train runs of one shape side by side and yield each as it is done.

    One batched forward and backward pass serves all of them; splits, initial weights, batches, learning rates, decays
    and optimizer states stay each member's own, and a member that is done leaves the stack. A run in a stack differs
    from the same run alone by rounding only. On one CPU core it takes 0.5 to 0.9 of the time where matrices are small
    (width 32 or p below 40), and helps little beyond; it is the intended way to fill a GPU.
    Raises ValueError where the experiments differ in :attr:`~grokmodels.recipes.experiment.Experiment.shape`.
    """
    shapes = {member.experiment.shape for member in members}
    if len(shapes) != 1:
        raise ValueError(f"members: got {len(shapes)} shapes; a stack has one: {sorted(shapes)}")
    return _train(members, progress)


class Member:
    """The state of one run in training: its data, network, optimizer and record.

    ValueError for an unknown ``forward``, and for ``checkpoints`` at steps that are never evaluated.
    """

    def __init__(
        self,
        experiment: Experiment,
        device: torch.device,
        forward: Forward = "auto",
        checkpoints: Collection[int] = (),
        keep: Callable[[str], bool] = lambda name: True,
    ) -> None:
        if forward not in get_args(Forward):
            raise ValueError(f"forward: got {forward!r}; must be one of {list(get_args(Forward))}")
        experiment.require_evaluated(checkpoints)
        self.experiment = experiment
        self.device = device
        self.checkpoints, self.keep = set(checkpoints), keep
        task = experiment.task
        self.split = task.split(experiment.fraction, experiment.seed)
        self.labels = torch.as_tensor(task.labels, device=device)
        self.inputs = torch.as_tensor(task.inputs, device=device)
        dtype = torch.float64 if experiment.precision == "float64" else torch.float32
        self.model = Transformer(experiment.architecture, task, experiment.seed).to(device, dtype)
        self.optimizer = make_optimizer(experiment.optimizer, self.model)
        self.fast = forward != "textbook" and experiment.architecture.attention == "causal"
        self.compiled = forward == "compiled"
        self.tree = PrefixTree(task, device) if self.fast else None
        self.all_rows = torch.arange(len(self.inputs), device=device)
        self.batches = self._batches()
        self.decay_time = 0.0
        self.rows: list[dict[str, float]] = []
        self.kept: dict[int, dict[str, np.ndarray]] = {}
        self.status: Status | None = None

    def forward(self, model: nn.Module, batch: Forwardable) -> Tensor:
        """Logits of a batch prepared by :meth:`prepare`, with the parameters of ``model``."""
        # Evaluations are too few to be worth another compilation.
        run = _compiled() if self.compiled and torch.is_grad_enabled() else _forward
        return run(model, batch)

    def prepare(self, rows: Tensor) -> Forwardable:
        """What the forward pass reads for these inputs: levels of the prefix tree, or tokens."""
        return self.tree.levels(rows) if self.tree is not None else self.inputs[rows]

    def set_rates(self, step: int) -> None:
        """Set this step's rates and add their product to Λ."""
        recipe = self.experiment.optimizer
        rate = recipe.learning_rate * recipe.learning_rate_schedule(step)
        decay = recipe.weight_decay * recipe.weight_decay_schedule(step)
        for group in self.optimizer.param_groups:
            group["lr"], group["weight_decay"] = rate, decay
        self.decay_time += rate * decay

    def update(self) -> None:
        """One step of the optimizer along the gradients that are there."""
        if self.experiment.optimizer.clip is not None:
            nn.utils.clip_grad_norm_(self.model.parameters(), self.experiment.optimizer.clip)
        self.optimizer.step()

    def record(self, step: int, logits: np.ndarray) -> None:
        """Measure all inputs' ``logits`` (n, C), and set ``status`` where this ends the run."""
        row = {"step": step, "decay_time": self.decay_time, **self._measure(logits, self.training_rows(step))}
        if not np.isfinite([row["train_loss"], row["test_loss"]]).all():
            self.status = "diverged"
            return
        self.rows.append(row)
        if step in self.checkpoints:
            self.kept[step] = self._parameters(self.keep)
        if self.experiment.stop_when_generalized and _generalized(self.rows):
            self.status = "generalized"
        elif step == self.experiment.steps:
            self.status = "finished"

    def training_rows(self, step: int) -> np.ndarray:
        """The training inputs at a step, (n_train,): the share of the split's that the data schedule leaves."""
        share = self.experiment.data_schedule(step)
        if share == 1:
            return self.split.train
        return np.sort(self.shuffled[: round(share * len(self.split.train))])

    @cached_property
    def shuffled(self) -> np.ndarray:
        """The training inputs in the order in which a data schedule takes them away from the end."""
        return np.random.default_rng(self.experiment.seed).permutation(self.split.train)

    def finish(self, provenance: dict[str, Any]) -> Run:
        """The run that this training was."""
        history = pd.DataFrame(self.rows).astype({"step": "int64"})
        forward = ("necessary" if self.fast else "textbook") + (", compiled" if self.compiled else "")
        about = {"forward": forward, "device": str(self.device)}
        return Run(self.experiment, history, self.status or "finished", about | provenance, self.kept)

    def _batches(self) -> Iterator[Tensor]:
        """Training rows, each epoch in a new order; what is left of an epoch below a batch is dropped."""
        size = self.experiment.batch_size
        generator = torch.Generator().manual_seed(self.experiment.seed)
        step = 0
        while True:
            rows = torch.as_tensor(self.training_rows(step), device=self.device)
            order = torch.arange(len(rows)) if size is None else torch.randperm(len(rows), generator=generator)
            for batch in order.to(self.device).split(size or len(rows))[: max(1, len(rows) // (size or len(rows)))]:
                yield rows[batch]
                step += 1

    def _measure(self, logits: np.ndarray, train_rows: np.ndarray) -> dict[str, float]:
        task = self.experiment.task
        row: dict[str, float] = {}
        for name, part in (("train", train_rows), ("test", self.split.test)):
            mine, labels = logits[part], task.labels[part]
            row[f"{name}_loss"] = measures.cross_entropy(mine, labels)
            row[f"{name}_accuracy"] = measures.accuracy(mine, labels)
            row[f"{name}_margin"] = float(measures.margins(mine, labels).mean())
            row[f"{name}_signal"] = measures.signal(mine, labels)
        # Of a network that says nothing, as after a collapse, no part is the rule.
        row["m_hat"] = row["test_signal"] / row["train_signal"] if row["train_signal"] else 0.0
        row["rule_share"] = measures.rule_share(logits[self.split.test], task.orbits[self.split.test])
        row["rule_share_train"] = measures.rule_share(logits[train_rows], task.orbits[train_rows])
        norms = measures.weight_norms(self._parameters(lambda name: True))
        row["weight_norm"] = float(np.linalg.norm(list(norms.values())))
        return row | {f"norm.{name}": norm for name, norm in norms.items()}

    def _parameters(self, keep: Callable[[str], bool]) -> dict[str, np.ndarray]:
        return {
            name: values.detach().cpu().numpy().copy() for name, values in self.model.named_parameters() if keep(name)
        }


def _train(members: Sequence[Member], progress: bool) -> Iterator[Run]:
    """The training loop, for one member or a stack of one shape."""
    first = members[0].experiment
    about = _provenance() | {"stack": len(members)}
    last, seconds = time.perf_counter(), 0.0
    # None is tqdm's "only on a terminal or in a notebook".
    quiet = None if progress and not os.environ.get("TQDM_DISABLE") else True
    with tqdm(total=first.steps, unit="step", disable=quiet, leave=False) as bar:
        active = list(members)
        for step in range(first.steps + 1):
            if step % first.evaluate_every == 0 or step == first.steps:
                for member in active:
                    with torch.no_grad():
                        (logits,) = _logits([member], [member.all_rows])
                    member.record(step, logits.cpu().numpy())
                # Members of a stack share its seconds.
                now = time.perf_counter()
                seconds, last = seconds + (now - last) / len(active), now
                bar.update(step - bar.n)
                if rows := members[0].rows:
                    bar.set_postfix(train=f"{rows[-1]['train_accuracy']:.1%}", test=f"{rows[-1]['test_accuracy']:.1%}")
                yield from (m.finish(about | {"seconds": round(seconds, 3)}) for m in active if m.status is not None)
                active = [member for member in active if member.status is None]
                if not active:
                    return
            _step(active, step)


def _step(active: list[Member], step: int) -> None:
    """One optimizer step of every member."""
    rows = [next(member.batches) for member in active]
    for member in active:
        member.set_rates(step)
        member.optimizer.zero_grad(set_to_none=True)
    with _autocast(active[0]):
        logits = _logits(active, rows)
        # Summed over members, so that each has the gradient of its own mean loss.
        losses = [
            nn.functional.cross_entropy(mine, member.labels[batch])
            for mine, member, batch in zip(logits, active, rows, strict=True)
        ]
    (losses[0] if len(losses) == 1 else torch.stack(losses).sum()).backward()
    for member in active:
        member.update()


def _logits(members: list[Member], rows: list[Tensor]) -> Sequence[Tensor]:
    """Each member's logits of its own rows, (n, C) each; of several members in one batched pass."""
    if len(members) == 1:
        return [members[0].forward(members[0].model, members[0].prepare(rows[0]))]
    # The first member's network lends its structure; each of its parameters is replaced by all members'.
    network = ForwardPass(members[0])
    names = [name for name, _ in network.named_parameters()]
    parameters = zip(*(member.model.parameters() for member in members), strict=True)
    stacked = {name: torch.stack(values) for name, values in zip(names, parameters, strict=True)}
    prepared = [member.prepare(batch) for member, batch in zip(members, rows, strict=True)]
    batch = tree_map(lambda *parts: torch.stack(parts), *prepared)
    return vmap(lambda values, batch: functional_call(network, values, (batch,)))(stacked, batch).unbind()


def _forward(model: nn.Module, batch: Forwardable) -> Tensor:
    return necessary_forward(model, batch) if isinstance(batch, list) else model(batch)  # type: ignore[arg-type]


@cache
def _compiled() -> Callable[[nn.Module, Forwardable], Tensor]:
    return torch.compile(_forward)


class ForwardPass(nn.Module):
    """A member's forward pass as a module, so that its parameters can be replaced by stacked ones."""

    def __init__(self, member: Member) -> None:
        super().__init__()
        self.model, self.run = member.model, member.forward

    def forward(self, batch: Forwardable) -> Tensor:
        return self.run(self.model, batch)


def _autocast(member: Member) -> AbstractContextManager[Any]:
    if member.experiment.precision == "bfloat16":
        return torch.autocast(member.device.type, dtype=torch.bfloat16)
    return nullcontext()


def _provenance() -> dict[str, Any]:
    return {
        "threads": torch.get_num_threads(),
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
