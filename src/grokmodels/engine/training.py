"""From experiments to runs: the training loop."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from itertools import chain

import torch

from grokmodels.engine import memory
from grokmodels.engine.devices import pick_device
from grokmodels.engine.run import Run
from grokmodels.engine.slot import Member
from grokmodels.engine.stack import Stack
from grokmodels.recipes.experiment import Experiment


def train(
    experiment: Experiment,
    *,
    device: str | torch.device = "cpu",
    compiled: bool = False,
    checkpoints: Collection[int] = (),
    keep: Callable[[str], bool] = lambda name: True,
    progress: bool = True,
) -> Run:
    """Train from scratch and measure every ``experiment.evaluate_every`` steps.

    ``checkpoints`` are steps (multiples of ``evaluate_every``, or the budget) at which the parameters whose name
    ``keep`` accepts are copied. ``compiled`` puts the step through ``torch.compile``, which takes up to a minute the
    first time, needs a C++ compiler and rounds differently; it pays for long or many runs of one shape. The bar is
    quiet where there is nobody to see it, and where the environment has ``TQDM_DISABLE``.

    On one CPU with one number of threads the same experiment gives the same history to the last bit. Several threads of
    a compiled step, and a GPU, add up gradients in no fixed order. ValueError for a device that is not there, and
    checkpoints at steps that are never evaluated.

    >>> from grokmodels import Experiment, train
    >>> run = train(Experiment().but(task__p=7, architecture__width=16, batch_size=None, steps=500))
    >>> run.status, len(run.history)
    ('finished', 21)
    >>> run.milestones.t_mem.censored  # it memorized
    False
    """
    member = Member(experiment, checkpoints, keep)
    with _bar(experiment.steps, progress) as show:
        return next(train_stack([member], device=device, compiled=compiled, watch=show))


def train_stack(
    members: Sequence[Member],
    *,
    slots: int | None = None,
    device: str | torch.device = "cpu",
    compiled: bool = False,
    watch: Callable[[Stack], None] = lambda stack: None,
    stop: Callable[[], bool] = lambda: False,
) -> Iterator[Run]:
    """Train runs of one shape side by side and yield each as it is done.

    One batched pass serves up to ``slots`` of them (default: all); the others follow as slots fall free. A run in a
    stack differs from the same run alone by rounding only. ``watch`` is shown the stack after every evaluation, before
    the runs that are done with it leave. ``stop`` is asked at every evaluation; once it is true, no step is taken any
    more, and what is not done is dropped; a watcher may keep it (:meth:`~grokmodels.engine.stack.Stack.run`).
    ValueError where the experiments differ in :attr:`~grokmodels.recipes.experiment.Experiment.shape`, there are none,
    or they cannot fit the device's memory.

    >>> from grokmodels import Experiment
    >>> from grokmodels.engine.slot import Member
    >>> tiny = Experiment().but(task__p=7, architecture__width=16, batch_size=None, steps=50)
    >>> runs = train_stack([Member(tiny.but(seed=seed)) for seed in range(3)], slots=2)
    >>> sorted(run.experiment.seed for run in runs)
    [0, 1, 2]
    """
    shapes = {member.experiment.shape for member in members}
    if len(shapes) != 1:
        raise ValueError(f"members: got {len(shapes)} shapes; a stack has one: {sorted(shapes)}")
    size = slots or len(members)
    # Where the number of training inputs changes with the step, members must keep step.
    together = len(members) if members[0].experiment.steady else size
    groups = [members[i : i + together] for i in range(0, len(members), together)]
    place = pick_device(device)
    memory.require(members[0].experiment, min(size, len(members)), place)
    return chain.from_iterable(_train(group, size, place, compiled, watch, stop) for group in groups)


def _train(
    members: Sequence[Member], slots: int, device: torch.device, compiled: bool, watch: Callable[[Stack], None],
    stop: Callable[[], bool],
) -> Iterator[Run]:  # fmt: skip
    stack, waiting = Stack(members[:slots], device, compiled=compiled), iter(members[slots:])
    while stack.slots and not stop():
        if stack.due:
            done = stack.evaluate()
            watch(stack)
            yield from done
            stack.refill(waiting)
        else:
            stack.advance()


@contextmanager
def _bar(steps: int, progress: bool) -> Iterator[Callable[[Stack], None]]:
    """A watcher that moves a bar with the first of a stack's members, where somebody may see it."""
    if not progress or os.environ.get("TQDM_DISABLE"):
        yield lambda stack: None
        return
    from tqdm.auto import tqdm

    # None is tqdm's "only on a terminal or in a notebook".
    with tqdm(total=steps, unit="step", disable=None, leave=False) as bar:

        def show(stack: Stack) -> None:
            bar.update(stack.slots[0].step - bar.n)
            if last := stack.slots[0].last:
                bar.set_postfix(train=f"{last['train_accuracy']:.1%}", test=f"{last['test_accuracy']:.1%}")

        yield show
