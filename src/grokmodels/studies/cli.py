"""Run studies, look at them, and check that their runs can be made again.

Studies are found from the working directory upward, or where --root or the variable GROKMODELS_ROOT says.
"""

from __future__ import annotations

import argparse
import io
import math
import os
import signal
import sys
import time
from collections.abc import Callable
from concurrent.futures import BrokenExecutor
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any

import grokmodels
from grokmodels import studies
from grokmodels.studies import files, pools, store
from grokmodels.studies.board import Board, shown
from grokmodels.studies.record import MEASURED
from grokmodels.studies.runners import alike

Options = argparse.Namespace
# Exit status of a command that a signal ended, as shells have it.
INTERRUPTED, BROKEN_PIPE = 128 + signal.SIGINT, 141


def main(arguments: list[str] | None = None) -> None:
    """Parse and run one command; a bad argument or file ends with one line on stderr and status 2."""
    parser = _parser()
    for stream in (sys.stdout, sys.stderr):
        # A terminal that lacks a sign gets its number instead of an error.
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    options = parser.parse_args(arguments)
    if options.command is None:
        parser.print_help(sys.stderr)
        sys.exit(2)
    try:
        options.command(options)
        sys.stdout.flush()
    except BrokenPipeError:
        # Whoever read this has seen enough; what is left in the buffer must not be written at exit either.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(BROKEN_PIPE)
    except KeyboardInterrupt:
        # At once: at an orderly exit libraries may wait for each other.
        sys.stdout.flush()
        os._exit(INTERRUPTED)
    except BrokenExecutor:
        sys.exit(
            _failed("a worker ended abruptly, as when memory runs out; what is stored is kept, start again to go on")
        )
    except (ValueError, OSError, RuntimeError) as error:
        sys.exit(_failed(error))


def _failed(error: object) -> int:
    print(f"error: {error}", file=sys.stderr)
    return 2


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m grokmodels", description=__doc__)
    parser.add_argument("--version", action="version", version=f"grokmodels {grokmodels.__version__}")
    parser.add_argument("--root", type=Path, help="folder with studies/ and results/")
    parser.set_defaults(command=None)
    commands = parser.add_subparsers(metavar="COMMAND")
    for add in (_add_study, _add_list, _add_show, _add_verify, _add_pack, _add_unpack, _add_gpu):
        add(commands)
    return parser


def _command(commands: Any, run: Callable[[Options], None], name: str, about: str) -> argparse.ArgumentParser:
    command: argparse.ArgumentParser = commands.add_parser(name, help=about, description=about)
    command.set_defaults(command=run)
    return command


def _add_study(commands: Any) -> None:
    study = _command(commands, _study, "study", "run what is missing of a study")
    study.add_argument("name")
    study.add_argument("--workers", type=_whole, default=os.cpu_count(), help="local processes, one thread each")
    study.add_argument("--scheduler", help="address of a Dask scheduler to run on instead")
    study.add_argument("--test", action="store_true", help="also the test seeds: once the analysis is fixed")
    study.add_argument("--block", action="append", help="only this block (may be given several times)")
    study.add_argument("--stack", type=_whole, help="train so many runs side by side (default: the study's own number)")
    study.add_argument("--device", default="cpu", help="auto, cpu, cuda or mps (default: cpu)")
    study.add_argument("--minutes", type=_minutes, default=math.inf, help="stop after so long, keeping what is done")


def _study(options: Options) -> None:
    deadline = time.time() + 60 * options.minutes
    study, folder = studies.shipped(options.name, options.root)
    try:
        todo = _todo(study, folder, options)
        if todo:
            _require_writable(folder)
            _run(todo, folder, options, options.stack or study.stack, deadline)
    except KeyboardInterrupt:
        # What is left to do takes a moment; impatience must not break it.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        print(f"stopped: {_progress(study, folder)} stored, start again to go on")
        raise
    stored = store.keys(folder)
    if left := sum(point.experiment.key not in stored for point in todo):
        print(f"time is up: {_progress(study, folder)} stored, {left} left, start again to go on")


def _require_writable(folder: Path) -> None:
    """Make the folder; one that cannot be written is noticed before any work is done for it."""
    folder.mkdir(parents=True, exist_ok=True)
    if not os.access(folder, os.W_OK):
        raise PermissionError(f"{folder}: runs are stored here, but it cannot be written")


def _todo(study: studies.Study, folder: Path, options: Options) -> list[studies.Point]:
    """The points to do, having said how many there are, and how many wait for ``--test``."""
    blocks = [block.name for block in study.block]
    for name in options.block or []:
        if name not in blocks:
            raise ValueError(f"block: got {name!r}; must be one of {blocks}")
    points = [p for p in studies.missing(study, folder, test=True) if p.block in (options.block or blocks)]
    todo = [point for point in points if options.test or point.cohort == "look"]
    line = f"{options.name}: {_progress(study, folder)} stored in {folder}, {len(todo)} to do"
    print(line + (f"; {len(points) - len(todo)} of test seeds wait for --test" if len(points) > len(todo) else ""))
    return todo


def _run(todo: list[studies.Point], folder: Path, options: Options, stack: int, deadline: float) -> None:
    pool = pools.dask(options.scheduler) if options.scheduler else pools.local(options.workers)
    with pool as (executor, workers):
        each = "" if options.scheduler else f", {_memory(todo, workers, stack, options.device)} of memory each"
        print(f"{len(todo)} runs on {workers} workers, up to {stack} side by side on each{each}", flush=True)
        done = studies.run_points(todo, folder, executor, options.device, stack, workers=workers, deadline=deadline)
        board = Board(todo)
        with closing(done), shown(board) as say:
            for path in done:
                run = files.load(path, checkpoints=False)
                board.add(run)
                t_mem, t_gen = run.milestones
                say(f"{path}  {run.status}, memorized: {t_mem}, generalized: {t_gen}")


def _memory(todo: list[studies.Point], workers: int, stack: int, device: str) -> str:
    """About what a worker will need at most. ValueError, before it starts, where all workers together cannot fit."""
    from grokmodels.engine import memory
    from grokmodels.engine.devices import pick_device

    place = pick_device(device)
    needed = (
        memory.require(together[0].experiment, min(stack, len(together)), place, workers) for together in alike(todo)
    )
    return f"about {memory.gigabytes(max(needed))}"


def _add_list(commands: Any) -> None:
    _command(commands, _list, "list", "the studies and how much of each is stored")


def _list(options: Options) -> None:
    root = studies.find_root(options.root)
    for name in studies.studies_in(root):
        study, folder = studies.shipped(name, root)
        print(f"{name:20} {_progress(study, folder)}  {study.question}")


def _progress(study: studies.Study, folder: Path) -> str:
    return f"{len(studies.stored(study, folder))} of {len(list(study.points()))} runs"


def _add_show(commands: Any) -> None:
    show = _command(commands, _show, "show", "a study's question, predictions and table of runs")
    show.add_argument("name")


def _show(options: Options) -> None:
    study, folder = studies.shipped(options.name, options.root)
    print(f"{study.question}\n")
    if study.prediction:
        print(f"Prediction: {study.prediction.strip()}\n")
    if study.note:
        print(f"Note: {study.note.strip()}\n")
    record = studies.record(study, folder)
    if study.predicted:
        print(studies.in_words(studies.verdicts(study, record)), end="\n\n")
    if not len(record):
        raise ValueError(_none_stored(options.name, folder))
    print(record.runs[["block", *studies.varied(study), *MEASURED]].to_string(index=False))


def _add_verify(commands: Any) -> None:
    verify = _command(commands, _verify, "verify", "train the first steps of sampled runs again and compare")
    verify.add_argument("name", nargs="?", help="one study (default: all)")
    verify.add_argument("--runs", type=_whole, default=2, help="runs to sample per study")
    verify.add_argument("--steps", type=_whole, default=50, help="steps to train again")


def _verify(options: Options) -> None:
    root = studies.find_root(options.root)
    names = [options.name] if options.name else studies.studies_in(root)
    found = False
    for name in names:
        study, folder = studies.shipped(name, root)
        points = studies.sample(study, folder, options.runs)
        found = found or bool(points)
        if not points and len(names) > 1:
            print(f"{name:20} no runs stored")
        for point in points:
            difference = studies.replay(point, folder, options.steps)
            print(f"{name:20} {point.experiment.key} largest difference {difference:.2e}")
            if not difference <= studies.REPLAY_TOLERANCE:
                raise ValueError(
                    f"{folder}: run {point.experiment.key}: the first evaluations differ by {difference:.2e}; "
                    f"at most {studies.REPLAY_TOLERANCE} is allowed"
                )
    if not found:
        raise ValueError(_none_stored(options.name or "NAME", root / "results" / (options.name or "")))


def _add_pack(commands: Any) -> None:
    pack = _command(commands, _pack, "pack", "move the runs of studies into one file each")
    pack.add_argument("names", nargs="*", metavar="name", help="studies (default: all)")


def _pack(options: Options) -> None:
    root = studies.find_root(options.root)
    for name in options.names or studies.studies_in(root):
        _, folder = studies.shipped(name, root)
        print(f"{name:20} {studies.pack(folder)} runs moved, {len(store.keys(folder))} in {folder}.parquet")


def _add_unpack(commands: Any) -> None:
    unpack = _command(commands, _unpack, "unpack", "take over runs that were made elsewhere")
    unpack.add_argument("source", type=Path, help="a pack of runs, or a folder of such files")


def _unpack(options: Options) -> None:
    for study, new, known in studies.unpack(options.source, studies.find_root(options.root)):
        print(f"{study:20} {new} new runs, {known} known ones left as they are")


def _add_gpu(commands: Any) -> None:
    gpu = _command(commands, _gpu, "gpu", "check a GPU, measure it, and make the missing runs of studies there")
    gpu.add_argument("names", nargs="*", metavar="name", help="studies to run (default: none, only check and measure)")
    gpu.add_argument("--minutes", type=_minutes, required=True, help="the time it may take")
    gpu.add_argument("--out", type=Path, required=True, help="folder for the report and the packed runs")
    gpu.add_argument("--device", default="auto", help="auto, cpu, cuda or mps (default: auto)")
    gpu.add_argument("--stack", type=_whole, default=512, help="train so many runs side by side (default: 512)")
    gpu.add_argument("--test", action="store_true", help="also the test seeds: once the analysis is fixed")


def _gpu(options: Options) -> None:
    from grokmodels.studies.gpu import borrow

    borrow(
        options.names, studies.find_root(options.root), options.out, minutes=options.minutes,
        device=options.device, stack=options.stack, test=options.test, say=partial(print, flush=True),
    )  # fmt: skip


def _none_stored(name: str, folder: Path) -> str:
    return f"runs: found none in {folder}; make them with: python -m grokmodels study {name}"


def _whole(text: str) -> int:
    if not text.isdecimal() or not int(text):
        raise argparse.ArgumentTypeError(f"got {text}; must be a whole number, at least 1")
    return int(text)


def _minutes(text: str) -> float:
    try:
        minutes = float(text)
    except ValueError:
        minutes = math.nan
    if not minutes > 0:
        raise argparse.ArgumentTypeError(f"got {text}; must be a number above 0")
    return minutes
