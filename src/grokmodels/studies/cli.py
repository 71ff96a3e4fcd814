"""The commands of ``python -m grokmodels``."""

from __future__ import annotations

import argparse
import multiprocessing
import os
import sys
from concurrent.futures import Executor, ProcessPoolExecutor
from pathlib import Path

from rich.live import Live

from grokmodels import studies
from grokmodels.studies import files
from grokmodels.studies.board import Board


def main(arguments: list[str] | None = None) -> None:
    """Parse and run one command; a bad argument or file ends with one line on stderr and status 2."""
    parser = argparse.ArgumentParser(prog="python -m grokmodels", description=__doc__)
    parser.add_argument("--root", type=Path, default=studies.ROOT, help="folder with studies/ and results/")
    commands = parser.add_subparsers(dest="command", required=True)

    study = commands.add_parser("study", help="run what is missing of a study")
    study.add_argument("name")
    study.add_argument("--workers", type=_positive, default=os.cpu_count(), help="local processes, one thread each")
    study.add_argument("--scheduler", help="address of a Dask scheduler to run on instead")
    study.add_argument("--test", action="store_true", help="also the test seeds: once the analysis is fixed")
    study.add_argument("--block", action="append", help="only this block (may be given several times)")
    study.add_argument(
        "--stack", type=_positive, help="train so many runs side by side (default: the study's own number)"
    )
    study.add_argument("--device", default="cpu", help="auto, cpu, cuda or mps (default: cpu)")

    commands.add_parser("list", help="the studies and how much of each is stored")
    show = commands.add_parser("show", help="a study's question, prediction and table of runs")
    show.add_argument("name")
    verify = commands.add_parser("verify", help="train the first steps of sampled runs again and compare")
    verify.add_argument("name", nargs="?", help="one study (default: all)")
    verify.add_argument("--runs", type=_positive, default=2, help="runs to sample per study")
    verify.add_argument("--steps", type=_positive, default=50, help="steps to train again")

    options = parser.parse_args(arguments)
    try:
        {"study": _study, "list": _list, "show": _show, "verify": _verify}[options.command](options)
    except (ValueError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(2)


def _positive(text: str) -> int:
    if not text.isdecimal() or not int(text):
        raise argparse.ArgumentTypeError(f"got {text}; must be a whole number, at least 1")
    return int(text)


def _study(options: argparse.Namespace) -> None:
    study, folder = studies.shipped(options.name, options.root)
    blocks = [block.name for block in study.block]
    for name in options.block or []:
        if name not in blocks:
            raise ValueError(f"block: got {name!r}; must be one of {blocks}")
    todo = studies.missing(study, folder, test=options.test)
    todo = [point for point in todo if point.block in (options.block or blocks)]
    print(f"{options.name}: {_progress(study, folder)} stored in {folder}, {len(todo)} to do")
    if not todo:
        return
    # A folder that cannot be written is noticed before any work is done for it.
    folder.mkdir(parents=True, exist_ok=True)
    if not os.access(folder, os.W_OK):
        raise PermissionError(f"{folder}: runs are stored here, but it cannot be written")

    with _executor(options) as executor:
        done = studies.run_points(todo, folder, executor, options.device, options.stack or study.stack)
        board = Board(todo)
        with Live(board) as live:
            for path in done:
                run = files.load(path, checkpoints=False)
                board.add(run)
                live.refresh()
                t_mem, t_gen = run.milestones
                live.console.print(
                    f"{path}  {run.status}, memorized: {t_mem}, generalized: {t_gen}", highlight=False, soft_wrap=True
                )


def _executor(options: argparse.Namespace) -> Executor:
    if options.scheduler:
        from distributed import Client

        return Client(options.scheduler).get_executor()
    # Spawned, not forked: torch's threads do not survive a fork.
    return ProcessPoolExecutor(options.workers, mp_context=multiprocessing.get_context("spawn"))


def _list(options: argparse.Namespace) -> None:
    for path in sorted((options.root / "studies").glob("*.toml")):
        study, folder = studies.shipped(path.stem, options.root)
        print(f"{path.stem:20} {_progress(study, folder)}  {study.question}")


def _progress(study: studies.Study, folder: Path) -> str:
    return f"{len(studies.stored(study, folder))} of {len(list(study.points()))} runs"


def _show(options: argparse.Namespace) -> None:
    study, folder = studies.shipped(options.name, options.root)
    print(f"{study.question}\n\nPrediction: {study.prediction.strip()}\n")
    print(studies.table(study, folder).to_string(index=False))


def _verify(options: argparse.Namespace) -> None:
    names = (
        [options.name] if options.name else [path.stem for path in sorted((options.root / "studies").glob("*.toml"))]
    )
    for name in names:
        study, folder = studies.shipped(name, options.root)
        for point in studies.sample(study, folder, options.runs):
            difference = studies.replay(point, folder, options.steps)
            print(f"{name:20} {point.experiment.key} largest difference {difference:.2e}")
            if not difference <= studies.REPLAY_TOLERANCE:
                raise ValueError(
                    f"{folder}: run {point.experiment.key}: the first evaluations differ by {difference:.2e}; "
                    f"at most {studies.REPLAY_TOLERANCE} is allowed"
                )
