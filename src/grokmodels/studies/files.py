"""Runs on disk: a Parquet file with a row a run, and the weights that they kept beside it as safetensors.

While a study runs, each run has a file of its own, ``KEY.parquet``; :mod:`grokmodels.studies.packs` has many in one.
A row carries the whole recipe, the provenance, every column of the history as a list, and a SHA-256 of all that counts.
A run whose numbers differ from it is not accepted. A file is written under a temporary name and then renamed, so a
reader never sees half of one. Nothing is ever unpickled.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import uuid
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import safetensors
import safetensors.numpy

from grokmodels.recipes.experiment import Experiment
from grokmodels.studies.columns import EXACT, bits_of, decoded, encoded, exact, rounded

if TYPE_CHECKING:
    from grokmodels.engine.run import Run

FORMAT = b"3"
# In format 2 all numbers are stored as they are.
READABLE = (b"2", FORMAT)
# What a row has beside the columns of the history; ``columns`` names these in their order.
RECORD = pa.schema(
    [
        *((name, pa.string()) for name in ("key", "experiment", "status", "provenance", "weights", "sha256")),
        ("columns", pa.list_(pa.string())),
    ]
)
# Values that come again and again, which is found where the bytes of one number stay together.
REPEATING = tuple(EXACT)

# Weights by "KEY/STEP/PARAMETER", in half precision.
Tensors = dict[str, np.ndarray]


class ResultError(ValueError):
    """A stored run that cannot be trusted; the message names the file, the run and what is wrong."""


def single(folder: Path | str, key: str) -> Path:
    """Where a run that has a file of its own is stored in the folder of its study."""
    return Path(folder) / f"{key}.parquet"


def save(run: Run, folder: Path | str) -> Path:
    """Write ``folder/KEY.parquet``, and ``KEY.safetensors`` where the run kept checkpoints; return the first's path."""
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    path = single(folder, run.experiment.key)
    row, tensors = encode(run)
    if tensors:
        write(path.with_suffix(".safetensors"), safetensors.numpy.save(tensors))
    write(path, table_bytes(row))
    return path


def load(path: Path | str, *, checkpoints: bool = True) -> Run:
    """Read a run back. ResultError, naming the file, for one that is damaged, foreign or of another format."""
    return find(Path(path), checkpoints=checkpoints).run()


def find(path: Path, *, checkpoints: bool = True) -> Found:
    """The run in a file of its own, with its weights unless they are not wanted. ResultError as in :func:`load`."""
    rows, key = Rows(path), path.stem
    if list(rows.records) != [key]:
        raise ResultError(f"{path}: holds the run {', '.join(rows.records)}, not the one it is named after")
    if not (checkpoints and rows.records[key]["weights"]):
        return Found(rows, key)
    weights = path.with_suffix(".safetensors")
    return Found(rows, key, read_tensors(weights), weights)


def encode(run: Run) -> tuple[pa.Table, Tensors]:
    """A run as it is stored: a table of one row, with the history to five digits, and its weights in half precision."""
    key = run.experiment.key
    history = {
        str(name): rounded(column.to_numpy("float32"), bits_of(str(name)))
        if (kind := exact(str(name))) is None
        else column.to_numpy(kind)
        for name, column in run.history.items()
    }
    tensors = {
        f"{key}/{step}/{name}": np.ascontiguousarray(values, np.float16)
        for step, kept in run.checkpoints.items()
        for name, values in kept.items()
    }
    record = {
        "key": key,
        "experiment": json.dumps(run.experiment.model_dump(mode="json"), sort_keys=True),
        "status": run.status,
        "provenance": json.dumps(run.provenance, sort_keys=True),
        "weights": _digest_tensors(tensors),
        "columns": list(history),
    }
    record["sha256"] = _digest(record, history)
    row = pa.Table.from_pylist([record], schema=RECORD)
    for name, values in history.items():
        row = row.append_column(name, pa.array([values], pa.list_(pa.from_numpy_dtype(values.dtype))))
    return row, tensors


class Rows:
    """The runs in a Parquet file. Their ``records``, by key, are read at once; a run is checked when it is asked for.

    ResultError for a file that is not there, not readable, foreign or of another format.
    """

    def __init__(self, path: Path, content: bytes | None = None) -> None:
        self.path = path
        try:
            file = pq.ParquetFile(io.BytesIO(path.read_bytes() if content is None else content))
            metadata = file.metadata.metadata or {}
            # A second thread costs more than it gives in files this small.
            stored = file.read(use_threads=False)
            self.table = decoded(stored) if metadata.get(b"grokmodels") in READABLE else stored
            records = self.table.select([name for name in RECORD.names if name in self.table.column_names]).to_pylist()
        except FileNotFoundError:
            raise ResultError(f"{path}: there is no such file") from None
        except (pa.ArrowException, OSError, ValueError, TypeError, LookupError, MemoryError) as error:
            raise ResultError(f"{path}: not a readable Parquet file ({first_line(error)})") from None
        if metadata.get(b"grokmodels") not in READABLE:
            raise ResultError(
                f"{path}: a Parquet file, but not of runs written by grokmodels in format "
                f"{' or '.join(form.decode() for form in READABLE)}"
            )
        self._number = {record.get("key"): number for number, record in enumerate(records)}
        if len(self._number) != len(records):
            raise ResultError(f"{path}: holds a run twice")
        self.records = {key: records[number] for key, number in self._number.items()}

    def row(self, key: str) -> pa.Table:
        """A run's row, as a table."""
        return self.table.slice(self._number[key], 1)

    def history(self, key: str) -> dict[str, np.ndarray]:
        """The columns of a run's history. ResultError unless they and the record are what was written."""
        record, number = self.records[key], self._number[key]
        history = {}
        try:
            for name in record["columns"]:
                values, offsets = self._columns[name]
                history[name] = values[offsets[number] : offsets[number + 1]]
            sound = _digest(record, history) == record["sha256"]
        except (KeyError, TypeError):
            sound = False
        if not sound:
            raise self.error(key, "damaged, its contents do not match its checksum")
        return history

    def error(self, key: str, problem: str) -> ResultError:
        """What is wrong with a run, as an error."""
        return ResultError(f"{self.path}: run {key}: {problem}")

    @cached_property
    def _columns(self) -> dict[str, tuple[np.ndarray, np.ndarray]]:
        """Of each column of the histories all runs' values, one after the other, and where each run's begin."""
        columns = {}
        for field in self.table.schema:
            if pa.types.is_list(field.type) and field.name not in RECORD.names:
                lists = self.table[field.name].combine_chunks()
                columns[field.name] = (lists.values.to_numpy(zero_copy_only=False), lists.offsets.to_numpy())
        return columns


class Found(NamedTuple):
    """Where a run was found: a row of a file, and its ``tensors`` from the file ``weights`` where these are wanted."""

    rows: Rows
    key: str
    tensors: Tensors = {}  # noqa: RUF012 - nobody changes it
    weights: Path | None = None

    def checked(self) -> dict[str, np.ndarray]:
        """The columns of the history. ResultError unless all that was found is what was written."""
        history = self.rows.history(self.key)
        if self.weights and _digest_tensors(self.tensors) != self.rows.records[self.key]["weights"]:
            raise ResultError(f"{self.weights}: run {self.key}: damaged, its weights do not match their checksum")
        return history

    def run(self) -> Run:
        """The run that was stored. ResultError where it is damaged, or its recipe is not one of this version."""
        from grokmodels.engine.run import Run

        history, record = self.checked(), self.rows.records[self.key]
        try:
            experiment = Experiment(**json.loads(record["experiment"]))
        except ValueError as error:
            raise self.rows.error(self.key, f"its recipe is not one of this version ({error})") from None
        if experiment.key != self.key:
            raise self.rows.error(self.key, f"its recipe is that of {experiment.key}")
        return Run(
            experiment=experiment,
            history=pd.DataFrame(history),
            status=record["status"],
            provenance=json.loads(record["provenance"]),
            checkpoints=_checkpoints(self.tensors),
        )


def table_bytes(table: pa.Table) -> bytes:
    """The Parquet file of some rows, small: statistics and another copy of the schema would take room for nothing.

    Brotli's best is slow to write, half a megabyte a second, and smaller by 3 % than Zstandard's.
    """
    buffer = io.BytesIO()
    table = encoded(table)
    split = [name for name in table.column_names if name not in {*RECORD.names, *REPEATING}]
    with pq.ParquetWriter(
        buffer,
        table.schema,
        compression="brotli",
        compression_level=11,
        use_dictionary=False,
        column_encoding={f"{name}.list.element": "BYTE_STREAM_SPLIT" for name in split},
        write_statistics=False,
        store_schema=False,
    ) as writer:
        writer.write_table(table)
        writer.add_key_value_metadata({"grokmodels": FORMAT})
    return buffer.getvalue()


def read_tensors(path: Path) -> Tensors:
    """All weights in a file. ResultError, naming it, where they cannot be read."""
    try:
        return safetensors.numpy.load(path.read_bytes())
    except (safetensors.SafetensorError, OSError, ValueError, KeyError, MemoryError) as error:
        raise ResultError(f"{path}: the weights cannot be read ({first_line(error)})") from None


def write(path: Path, content: bytes) -> None:
    """Write all of a file or nothing: under a name of its own, flushed to disk, read back, and renamed to ``path``."""
    temporary = path.with_name(f".{path.name}.{uuid.uuid4().hex}")
    try:
        with temporary.open("xb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        if temporary.read_bytes() != content:
            raise OSError(f"{path}: what was written is not what is read back")
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    _sync_name(path.parent)


def _sync_name(folder: Path) -> None:
    """Flush a folder's list of names to disk, where the system has a way to."""
    if os.name == "posix":
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _checkpoints(tensors: Tensors) -> dict[int, dict[str, np.ndarray]]:
    """Weights by step and parameter, the steps in order, in single precision."""
    kept: dict[int, dict[str, np.ndarray]] = {}
    for name, values in tensors.items():
        _, step, parameter = name.split("/", 2)
        kept.setdefault(int(step), {})[parameter] = values.astype(np.float32)
    return dict(sorted(kept.items()))


def _digest(record: Mapping[str, Any], history: Mapping[str, np.ndarray]) -> str:
    described = {name: value for name, value in record.items() if name != "sha256"}
    sha = hashlib.sha256(json.dumps(described, sort_keys=True).encode())
    for name, values in history.items():
        sha.update(f"{name} {values.dtype} {values.shape}".encode())
        sha.update(values.tobytes())
    return sha.hexdigest()


def _digest_tensors(tensors: Tensors) -> str:
    """SHA-256 of all kept arrays; empty where there are none."""
    if not tensors:
        return ""
    sha = hashlib.sha256()
    for name, values in sorted(tensors.items()):
        sha.update(f"{name} {values.dtype} {values.shape}".encode())
        sha.update(values.tobytes())
    return sha.hexdigest()


def first_line(error: BaseException) -> str:
    """What an error says, on one line."""
    return (str(error) or type(error).__name__).splitlines()[0]
