"""Members of one shape, trained side by side: one batched pass and one batched update serve them all.

Split, initial weights, batches, rates, decay, schedules and early stop stay each member's own. Members need not be at
the same step: a slot whose member is done takes the next one, so that a stack stays full.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cache, partial
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from grokmodels.engine import compiling, contrast, graphs, motion, network, optimizers
from grokmodels.engine.devices import provenance, rounding, synchronize, widest
from grokmodels.engine.evaluation import Evaluation
from grokmodels.engine.losses import loss_of, losses
from grokmodels.engine.perceptron import read_by
from grokmodels.engine.run import Run
from grokmodels.engine.slot import Member, Slot
from grokmodels.engine.transformer import MLP_RATIO
from grokmodels.recipes.architecture import MLP, Architecture
from grokmodels.recipes.experiment import Experiment, Loss

# Floats of the widest activations that an evaluation holds at a time: what fits a core's cache, and what fills a GPU.
PIECE = {"cpu": 2**19, "mps": 2**24, "cuda": 2**29}


class Stack:
    """The tensors of some members, each with the member axis first, and the steps that train them."""

    def __init__(self, members: Sequence[Member], device: torch.device, *, compiled: bool = False) -> None:
        self.slots = [Slot(member) for member in members]
        self.device, self.compiled = device, compiled
        self.recipe = members[0].experiment
        arch, task = self.recipe.architecture, self.recipe.task
        self._dtype = torch.float64 if self.recipe.precision == "float64" else torch.float32
        self._read = network.Reader(task, arch, device)
        self._evaluation = Evaluation(task, device, loss_of(self.recipe), corrupted=self.recipe.corrupted > 0)
        start = [slot.initial(self._dtype) for slot in self.slots]
        self._shapes = {name: values.shape for name, values in start[0].items()}
        self._place(torch.stack([_row(values) for values in start]).to(device))
        self._state = optimizers.State(self.recipe.optimizer, self._weights, self._shapes)
        self._graph: graphs.Graph | None = None
        self._columns: list[str] = []
        self._mask: Tensor | None = None
        # What is left of a compiled stack goes on without the compiler, but its runs were compiled.
        self._ways = [network.way(arch, task.n_tokens, task.length), *["compiled"] * compiled]
        self._compose()

    # -- members ------------------------------------------------------------------------------------------------------

    @property
    def active(self) -> list[int]:
        """The places whose members still train."""
        return [place for place, slot in enumerate(self.slots) if slot.status is None]

    @property
    def due(self) -> list[int]:
        """The places whose members are to be evaluated before they go on."""
        return [place for place in self.active if self.slots[place].due]

    def refill(self, waiting: Iterator[Member]) -> None:
        """Give the places of members that are done to those that wait; without any, the stack grows smaller.

        A compiled step and a recorded one are made for a number of members, so these stacks shrink by halves only, and
        keep idle members until then.
        """
        idle = [place for place, slot in enumerate(self.slots) if slot.status is not None]
        started = list(zip(idle, waiting))  # noqa: B905 — whichever ends first
        for place, member in started:
            self._start(place, member)
        active, size = self.active, len(self.slots)
        if len(active) <= size // 2 if self._fixed else len(active) < size:
            self._shrink(active)
        elif not started:
            return
        self._compose()

    @torch.no_grad()
    def _start(self, place: int, member: Member) -> None:
        self.slots[place] = slot = Slot(member)
        self._weights[place] = _row(slot.initial(self._dtype)).to(self.device)
        for moment in self._state.moments:
            moment[place] = 0

    def _shrink(self, places: Sequence[int]) -> None:
        chosen = torch.as_tensor(places, device=self.device, dtype=torch.long)
        self.slots = [self.slots[place] for place in places]
        self._place(self._weights[chosen])
        self._state.moments = [moment[chosen] for moment in self._state.moments]
        # What is left is not worth compiling anew; a graph is recorded in a moment.
        self.compiled, self._graph = False, None

    def _place(self, weights: Tensor) -> None:
        """Take all members' parameters, one row (P,) each; each parameter (S, ...) looks at its part of the rows."""
        self._weights = weights
        sizes = [shape.numel() for shape in self._shapes.values()]
        parts = zip(self._shapes.items(), weights.split(sizes, dim=1), strict=True)
        self.parameters = {name: part.detach().view(-1, *shape).requires_grad_() for (name, shape), part in parts}

    def _compose(self) -> None:
        """Work out anew what depends on who is in the stack."""
        if not self.slots:
            return
        self._mark_parts()
        # Right labels are the same for all members, and need no copy for each.
        labels = [slot.labels() for slot in (self.slots if self.recipe.corrupted else self.slots[:1])]
        self._labels = torch.as_tensor(np.stack(labels), device=self.device).expand(len(self.slots), -1)
        masked = any(slot.member.masks for slot in self.slots)
        if masked or self._mask is not None:
            # A recorded step holds the mask that it was recorded with.
            self._graph = None
        self._mask = self._join_masks() if masked else None
        self._hold()
        self._whole = self._next_batch() if self._always_whole else None

    def _mark_parts(self) -> None:
        self._parts, self._subsets = (
            torch.as_tensor(np.stack(each), device=self.device)
            for each in zip(*((slot.parts(), slot.subsets()) for slot in self.slots), strict=True)
        )

    def _join_masks(self) -> Tensor:
        """Which of all weights may differ from zero, (S, P)."""
        everything = {name: torch.ones(shape, dtype=torch.bool) for name, shape in self._shapes.items()}
        given = [{name: torch.as_tensor(mask) for name, mask in slot.member.masks.items()} for slot in self.slots]
        return torch.stack([_row(everything | masks) for masks in given]).to(self.device)

    @torch.no_grad()
    def _hold(self) -> None:
        if self._mask is not None:
            self._weights.mul_(self._mask)

    # -- training -----------------------------------------------------------------------------------------------------

    def advance(self) -> None:
        """Train every member up to the next evaluation of any."""
        begun = time.perf_counter()
        active = [self.slots[place] for place in self.active]
        steps = min(slot.until_due for slot in active)
        step = self._graphed if self._records else self._step
        for coefficients in self._coefficients(steps):
            step(*(self._next_batch() if self._whole is None else self._whole), coefficients, *self._next_noise())
        synchronize(self.device)
        seconds = (time.perf_counter() - begun) / len(active)
        for slot in active:
            slot.advanced(steps, seconds)

    @property
    def _always_whole(self) -> bool:
        return self.recipe.batch_size is None and self.recipe.steady and not self.recipe.label_noise

    @property
    def _records(self) -> bool:
        """Whether steps are recorded once as a CUDA graph and replayed: all of them must have one shape."""
        return self.device.type == "cuda" and self.recipe.steady

    @property
    def _fixed(self) -> bool:
        return self._records or self.compiled

    def _next_batch(self) -> tuple[Tensor, Tensor]:
        """The inputs of the next step and their labels, (S, n) each."""
        rows = torch.stack([slot.next_batch() for slot in self.slots]).to(self.device)
        labels = self._labels.gather(1, rows)
        if self.recipe.label_noise:
            others = torch.stack([slot.next_labels(rows.shape[1]) for slot in self.slots]).to(self.device)
            labels = torch.where(others >= 0, others, labels)
        return rows, labels

    def _next_noise(self) -> tuple[Tensor, ...]:
        """The noise of the next step's gradients, (S, P), for a recipe that adds any."""
        if not self.recipe.optimizer.gradient_noise:
            return ()
        noise = torch.stack([slot.next_noise(self._weights.shape[1]) for slot in self.slots])
        return (noise.to(self.device, self._dtype),)

    def _coefficients(self, steps: int) -> Tensor:
        """Each step's coefficients of the update, (steps, k, S)."""
        own = [
            optimizers.coefficients(slot.experiment.optimizer, np.arange(slot.step, slot.step + steps))
            for slot in self.slots
        ]
        return torch.as_tensor(np.stack(own, axis=2)).to(self.device, self._dtype)

    def _step(self, rows: Tensor, labels: Tensor, coefficients: Tensor, noise: Tensor | None = None) -> None:
        """One step of every member on its own inputs (S, n)."""
        loss = _loss(self.recipe.architecture, self.recipe.loss, self.recipe.label_smoothing, self.compiled)
        with rounding(self.recipe.precision, self.device):
            total = loss(self.parameters, self._read(rows), labels)
            gradients = torch.autograd.grad(total, list(self.parameters.values()))
        self._state.update(self._weights, gradients, coefficients, noise, compiled=self.compiled)
        self._hold()

    def _graphed(self, *read: Tensor) -> None:
        """The same step as one launch."""
        if self._graph is None:
            self._graph = graphs.Graph(self._step, read, [self._weights, *self._state.moments])
        self._graph(*read)

    # -- looking ------------------------------------------------------------------------------------------------------

    def evaluate(self) -> list[Run]:
        """Measure the members whose evaluation is due, and return the runs of those that are done with it."""
        begun = time.perf_counter()
        due = self.due
        if not self.recipe.steady:
            self._mark_parts()
        self._columns, numbers = self.measure(due)
        seconds = (time.perf_counter() - begun) / len(due)
        for place, row in zip(due, numbers, strict=True):
            slot = self.slots[place]
            slot.seconds += seconds
            slot.record(dict(zip(self._columns, row.tolist(), strict=True)), partial(self._copies, place))
        return [self.run(place) for place in due if self.slots[place].status is not None]

    def run(self, place: int) -> Run:
        """What a member's training was, or is so far (:meth:`~grokmodels.engine.slot.Slot.finish`)."""
        return self.slots[place].finish(self._columns, self._about)

    @torch.no_grad()
    def measure(self, places: Sequence[int]) -> tuple[list[str], NDArray[np.float64]]:
        """The names of all measures, and a row of them for each place."""
        everyone = len(places) == len(self.slots)
        chosen = slice(None) if everyone else torch.as_tensor(places, device=self.device)
        parameters = {name: values.detach()[chosen] for name, values in self.parameters.items()}
        parts = self._parts[chosen]
        spectrum = contrast.Spectrum(parts[:, 1]) if self.recipe.spectral_contrast else None
        pieces = self._pieces(parameters, len(places), spectrum)
        measured = self._evaluation(pieces, parts, self._labels[chosen], self._subsets[chosen])
        measured |= norms(parameters)
        if self.recipe.motion:
            measured |= self._motion(places, chosen)
        if spectrum is not None:
            measured["spectral_contrast"] = spectrum.contrast()
        return list(measured), torch.stack(list(measured.values()), dim=1).cpu().numpy()

    def _motion(self, places: Sequence[int], chosen: slice | Tensor) -> dict[str, Tensor]:
        """How the weights of some members have moved since they were measured last."""
        slots, weights = [self.slots[place] for place in places], self._weights[chosen].clone()
        before = [row if slot.before is None else slot.before for slot, row in zip(slots, weights, strict=True)]
        for slot, row in zip(slots, weights, strict=True):
            slot.before = row
        rules, moments = [slot.experiment.optimizer for slot in slots], [x[chosen] for x in self._state.moments]
        coherence = motion.coherence(rules, [slot.step for slot in slots], moments)
        return {"turned": motion.turned(torch.stack(before), weights), "coherence": coherence.to(self.device)}

    def _copies(self, place: int) -> dict[str, np.ndarray]:
        """Copies of one member's parameters."""
        return {name: values[place].detach().cpu().numpy().copy() for name, values in self.parameters.items()}

    @property
    def _about(self) -> dict[str, Any]:
        ways = [*self._ways, *["graph"] * self._records]
        return provenance(self.device) | {"forward": ", ".join(ways), "stack": len(self.slots)}

    def _pieces(
        self, parameters: network.Parameters, members: int, spectrum: contrast.Spectrum | None
    ) -> Iterable[tuple[slice, Tensor]]:
        """All inputs' logits, so many inputs at a time that the activations keep within :data:`PIECE`.

        ``spectrum`` is shown what they are read out of.
        """
        inputs = self.recipe.task.n_inputs
        size = max(PIECE[self.device.type] // (widest_row(self.recipe) * members), 64)
        for start in range(0, inputs, size):
            piece = slice(start, min(start + size, inputs))
            rows = torch.arange(piece.start, piece.stop, device=self.device).expand(members, -1)
            last = network.read_out(parameters, self.recipe.architecture, self._read(rows))
            if spectrum is not None:
                spectrum.add(piece, last)
            yield piece, network.unembedded(parameters, self.recipe.architecture, last)


def widest_row(experiment: Experiment) -> int:
    """Numbers in the widest layer's activation of one input."""
    arch, task = experiment.architecture, experiment.task
    if isinstance(arch, MLP):
        return max(arch.width, task.n_classes, read_by(arch, task))
    return max(MLP_RATIO * arch.width, task.n_classes)


def norms(parameters: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The Euclidean norm of all parameters and of each, (S,)."""
    each = {
        f"norm.{name}": torch.linalg.vector_norm(values.flatten(1), dim=1, dtype=widest(values.device))
        for name, values in parameters.items()
    }
    return {"weight_norm": torch.linalg.vector_norm(torch.stack(list(each.values())), dim=0), **each}


def _row(values: Mapping[str, Tensor]) -> Tensor:
    """One member's parameters, end to end."""
    return torch.cat([x.flatten() for x in values.values()])


def _summed_loss(
    arch: Architecture | MLP, kind: Loss, smoothing: float, parameters: network.Parameters, batch: network.Batch,
    labels: Tensor,
) -> Tensor:  # fmt: skip
    """Each member's mean loss, summed over members, so that each has the gradient of its own."""
    logits = network.logits(parameters, arch, batch)
    return losses(logits, labels, kind, smoothing).sum() / labels.shape[1]


@cache
def _loss(arch: Architecture | MLP, kind: Loss, smoothing: float, compiled: bool) -> Callable[..., Tensor]:
    """The loss of a network; compiled once for all its stacks in this process."""
    loss = partial(_summed_loss, arch, kind, smoothing)
    return compiling.compiled(loss) if compiled else loss
