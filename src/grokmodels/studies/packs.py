"""Many runs in one file, ``NAME.parquet``, with their weights beside it: what ships.

Weights are in ``NAME.safetensors`` and, where one file would be too large, in ``NAME.2.safetensors`` and so on.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import lru_cache
from itertools import count, takewhile
from pathlib import Path
from typing import Any

import pyarrow as pa
import safetensors
import safetensors.numpy

from grokmodels.studies import files
from grokmodels.studies.files import Found, ResultError, Rows, Tensors

# Bytes of weights in one file: it stays below the 16 MB that are fit for a repository.
PART = 15_000_000


def keys(pack: Path) -> list[str]:
    """The keys of the runs in a pack, in the order in which they came; none where there is no such file."""
    return list(_rows(pack).records) if pack.exists() else []


def find(pack: Path, key: str, *, checkpoints: bool = True) -> Found:
    """A run of a pack, with its weights unless they are not wanted. ResultError where it is not there."""
    rows = _rows(pack)
    if key not in rows.records:
        raise ResultError(f"{pack}: holds no run {key}")
    if not (checkpoints and rows.records[key]["weights"]):
        return Found(rows, key)
    for part in parts(pack):
        if names := _names(part, _stamp(part)).get(key):
            return Found(rows, key, _read(part, names), part)
    raise rows.error(key, "the weights that it kept are not beside it")


def add(pack: Path, runs: Iterable[Found]) -> None:
    """Add runs to a pack, in place of those that it has under their keys. Where this fails, every run is still there.

    ResultError, and nothing is changed, where one of these runs, or one that the pack has already, is damaged.
    """
    added = {found.key: found for found in runs}
    for found in added.values():
        found.checked()
    tables = [found.rows.row(key) for key, found in added.items()]
    if pack.exists():
        before = _rows(pack)
        tables.insert(0, before.table.filter([key not in added for key in before.records]))
    content = files.table_bytes(pa.concat_tables(tables, promote_options="default"))
    merged = Rows(pack, content)
    for key in merged.records:
        merged.history(key)
    # Weights first: until there is the row that asks for them, they harm nobody.
    _add_tensors(pack, {key: found.tensors for key, found in added.items() if found.tensors})
    files.write(pack, content)
    for key in added:
        find(pack, key).checked()


def parts(pack: Path) -> list[Path]:
    """The files of weights that a pack has, in order."""
    return list(takewhile(Path.exists, (_part(pack, number) for number in count())))


def _part(pack: Path, number: int) -> Path:
    return pack.with_name(f"{pack.stem}.{number + 1}.safetensors" if number else f"{pack.stem}.safetensors")


def _add_tensors(pack: Path, added: dict[str, Tensors]) -> None:
    """Write runs' weights: over those of the same run, else into the last file while it has room, else into a new one.

    No file loses a run by this, so at every moment all of the pack's weights are there.
    """
    held = [files.read_tensors(part) for part in parts(pack)]
    place = {name.partition("/")[0]: number for number, part in enumerate(held) for name in part}
    for key, tensors in added.items():
        if key not in place:
            if not held or _size(held[-1]) + _size(tensors) > PART:
                held.append({})
            place[key] = len(held) - 1
        others = {name: values for name, values in held[place[key]].items() if not name.startswith(f"{key}/")}
        held[place[key]] = others | tensors
    for number in sorted({place[key] for key in added}):
        files.write(_part(pack, number), safetensors.numpy.save(held[number]))


def _size(tensors: Tensors) -> int:
    return sum(values.nbytes for values in tensors.values())


def _rows(pack: Path) -> Rows:
    return _rows_of(pack, _stamp(pack))


# A file is read once, and again when it has changed. The stamps are there for the caches to notice.
def _stamp(path: Path) -> tuple[int, int, int]:
    try:
        status = path.stat()
    except OSError as error:
        raise ResultError(f"{path}: cannot be read ({error.strerror})") from None
    return status.st_mtime_ns, status.st_size, status.st_ino


@lru_cache(maxsize=32)
def _rows_of(pack: Path, stamp: tuple[int, int, int]) -> Rows:
    return Rows(pack)


@lru_cache(maxsize=32)
def _names(part: Path, stamp: tuple[int, int, int]) -> dict[str, list[str]]:
    """The names of the tensors in a file, by the key of their run."""
    names: dict[str, list[str]] = {}
    with _opened(part) as file:
        for name in file.keys():  # noqa: SIM118 - no dictionary
            names.setdefault(name.partition("/")[0], []).append(name)
    return names


def _read(part: Path, names: list[str]) -> Tensors:
    with _opened(part) as file:
        return {name: file.get_tensor(name) for name in names}


@contextmanager
def _opened(part: Path) -> Iterator[Any]:
    try:
        with safetensors.safe_open(part, framework="numpy") as file:
            yield file
    except (safetensors.SafetensorError, OSError, ValueError) as error:
        raise ResultError(f"{part}: the weights cannot be read ({files.first_line(error)})") from None
