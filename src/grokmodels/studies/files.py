"""Runs on disk: one run, one Parquet file; its kept weights beside it as safetensors.

A file is written under a temporary name and then renamed, so a reader never sees half of one. It carries the whole
recipe, the provenance, and a SHA-256 of everything that counts; :func:`load` accepts nothing that differs from it.
Nothing is ever unpickled.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import uuid
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import safetensors
import safetensors.numpy

from grokmodels.recipes.experiment import Experiment

if TYPE_CHECKING:
    from grokmodels.engine.training import Run

FORMAT = 1


class ResultError(ValueError):
    """A result file that cannot be trusted; the message names the file and what is wrong with it."""


def save(run: Run, folder: Path | str) -> Path:
    """Write ``folder/KEY.parquet``, and ``KEY.safetensors`` where the run kept checkpoints; return the first's path.

    Histories are stored in single, weights in half precision.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{run.experiment.key}.parquet"
    # Single precision is finer than any figure here, half precision than any use of the weights; each halves its files.
    kept = _cast(run.checkpoints, np.float16)
    history = run.history.astype({c: "float32" for c in run.history.columns if c not in ("step", "decay_time")})
    about = {
        "format": FORMAT,
        "experiment": run.experiment.model_dump(mode="json"),
        "status": run.status,
        "provenance": run.provenance,
        "checkpoints": _digest_tensors(kept),
    }
    text = json.dumps(about, sort_keys=True)
    if kept:
        flat = {f"{step}/{name}": values for step, tensors in kept.items() for name, values in tensors.items()}
        _write(path.with_suffix(".safetensors"), safetensors.numpy.save(flat))
    _write(path, _table_bytes(history, {"grokmodels": text, "sha256": _digest(history, text)}))
    return path


def load(path: Path | str, *, checkpoints: bool = True) -> Run:
    """Read a run back. ResultError, naming the file, for one that is damaged, foreign or of another format."""
    from grokmodels.engine.training import Run

    path = Path(path)
    history, about = _read_table(path)
    experiment = _experiment(path, about["experiment"])
    if path.stem != experiment.key:
        raise ResultError(f"{path}: holds the run {experiment.key}, not the one it is named after")
    return Run(
        experiment=experiment,
        history=history,
        status=about["status"],
        provenance=about["provenance"],
        checkpoints=_read_tensors(path.with_suffix(".safetensors"), about["checkpoints"])
        if checkpoints and about["checkpoints"]
        else {},
    )


def _table_bytes(history: pd.DataFrame, metadata: dict[str, str]) -> bytes:
    """A small Parquet file: statistics and a second copy of the schema would take as much room as the numbers."""
    table = pa.Table.from_pandas(history, preserve_index=False)
    buffer = io.BytesIO()
    with pq.ParquetWriter(
        buffer,
        table.schema,
        compression="zstd",
        compression_level=19,
        use_dictionary=False,
        column_encoding={name: "BYTE_STREAM_SPLIT" for name in history.columns if name != "step"},
        write_statistics=False,
        store_schema=False,
    ) as writer:
        writer.write_table(table)
        writer.add_key_value_metadata(metadata)
    return buffer.getvalue()


def _read_table(path: Path) -> tuple[pd.DataFrame, dict[str, Any]]:
    try:
        file = pq.ParquetFile(io.BytesIO(path.read_bytes()))
        metadata = file.metadata.metadata or {}
        # A second thread costs more than it gives in a file this small.
        history = file.read(use_threads=False).to_pandas(ignore_metadata=True)
    except FileNotFoundError:
        raise ResultError(f"{path}: there is no such file") from None
    except (pa.ArrowException, OSError, ValueError, MemoryError) as error:
        raise ResultError(f"{path}: not a readable Parquet file ({_first_line(error)})") from None
    if b"grokmodels" not in metadata:
        raise ResultError(f"{path}: a Parquet file, but not a run written by grokmodels")
    text = metadata[b"grokmodels"]
    if _digest(history, text.decode(errors="replace")) != metadata.get(b"sha256", b"").decode(errors="replace"):
        raise ResultError(f"{path}: damaged, its contents do not match its checksum")
    about = json.loads(text)
    if about.get("format") != FORMAT:
        raise ResultError(f"{path}: written in format {about.get('format')!r}; this version reads {FORMAT}")
    return history, about


def _experiment(path: Path, recipe: dict[str, Any]) -> Experiment:
    try:
        return Experiment(**recipe)
    except ValueError as error:
        raise ResultError(f"{path}: its recipe is not one of this version ({error})") from None


def _read_tensors(path: Path, digest: str) -> dict[int, dict[str, np.ndarray]]:
    kept: dict[int, dict[str, np.ndarray]] = {}
    try:
        for name, values in safetensors.numpy.load(path.read_bytes()).items():
            step, parameter = name.split("/", 1)
            kept.setdefault(int(step), {})[parameter] = values
    except (safetensors.SafetensorError, OSError, ValueError, MemoryError) as error:
        raise ResultError(f"{path}: the run's weights cannot be read ({_first_line(error)})") from None
    kept = dict(sorted(kept.items()))
    if _digest_tensors(kept) != digest:
        raise ResultError(f"{path}: damaged, its contents do not match the checksum kept with the run")
    return _cast(kept, np.float32)


def _cast(checkpoints: dict[int, dict[str, np.ndarray]], dtype: type[np.floating]) -> dict[int, dict[str, np.ndarray]]:
    return {step: {name: x.astype(dtype) for name, x in tensors.items()} for step, tensors in checkpoints.items()}


def _digest(history: pd.DataFrame, about: str) -> str:
    sha = hashlib.sha256(about.encode())
    for name, column in history.items():
        sha.update(f"{name} {column.dtype}".encode())
        sha.update(np.ascontiguousarray(column.to_numpy()).tobytes())
    return sha.hexdigest()


def _digest_tensors(checkpoints: dict[int, dict[str, np.ndarray]]) -> str:
    """SHA-256 of all kept arrays; empty where there are none."""
    if not checkpoints:
        return ""
    sha = hashlib.sha256()
    for step in sorted(checkpoints):
        for name, values in sorted(checkpoints[step].items()):
            sha.update(f"{step} {name} {values.dtype} {values.shape}".encode())
            sha.update(np.ascontiguousarray(values).tobytes())
    return sha.hexdigest()


def _write(path: Path, content: bytes) -> None:
    """Write all of a file or nothing: under a name of its own, flushed to disk, then renamed over ``path``."""
    temporary = path.with_name(f".{path.name}.{uuid.uuid4().hex}")
    try:
        with temporary.open("xb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def _first_line(error: BaseException) -> str:
    return (str(error) or type(error).__name__).splitlines()[0]
