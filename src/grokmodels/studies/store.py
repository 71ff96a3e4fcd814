"""The stored runs of a study: those in the pack ``results/NAME.parquet``, and new ones singly in ``results/NAME/``.

A study is named by that folder, whether or not it exists. A run is stored if it is in either place; where it is in
both, the single one is newer and counts. Whatever interrupts :func:`pack`, every run is in one of them.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from filelock import FileLock

from grokmodels.studies import files, packs
from grokmodels.studies.files import Found, ResultError
from grokmodels.studies.places import find_root, studies_in

if TYPE_CHECKING:
    from grokmodels.engine.run import Run


class Unpacked(NamedTuple):
    """How many runs of a study were new here, and how many were known and left as they are."""

    study: str
    new: int
    known: int


def keys(folder: Path | str) -> set[str]:
    """The keys of all stored runs."""
    folder = Path(folder)
    # Singles first: a run that is packed meanwhile is then seen twice, and not missed.
    return {*_singles(folder), *packs.keys(_pack(folder))}


def stamp(folder: Path | str) -> object:
    """What changes when a run is stored."""
    places = [path for path in (Path(folder), _pack(Path(folder))) if path.exists()]
    return tuple((path, path.stat().st_mtime_ns, path.stat().st_size) for path in places)


def load(folder: Path | str, key: str, *, checkpoints: bool = True) -> Run:
    """A stored run, with its ``checkpoints`` unless they are not wanted.

    ResultError where there is no such run, or where it is damaged; the message names the file and the run.
    """
    return _find(Path(folder), key, checkpoints).run()


def pack(folder: Path | str) -> int:
    """Move the single runs of a study into its pack; how many they were.

    A single goes only when the pack with it has been written, flushed to disk and read back. ResultError, with nothing
    changed, where a run is damaged.
    """
    folder = Path(folder)
    if not folder.exists():
        return 0
    with _locked(folder):
        singles = _singles(folder)
        if singles:
            packs.add(_pack(folder), (files.find(files.single(folder, key)) for key in singles))
        # The weights last: without them a single is damaged, but they alone are nothing.
        for key in singles:
            files.single(folder, key).unlink()
        packed = set(packs.keys(_pack(folder)))
        for weights in folder.glob("*.safetensors"):
            if weights.stem in packed and not weights.with_suffix(".parquet").exists():
                weights.unlink()
    return len(singles)


def unpack(source: Path | str, root: Path | str | None = None) -> list[Unpacked]:
    """Take over runs that were made elsewhere, a pack or a folder such as ``results/``, into the packs below ``root``
    (:func:`~grokmodels.studies.places.find_root`).

    Runs that are stored here already stay as they are: on another machine a recipe gives other roundings, not another
    run. ValueError for a source without runs, and for a name that is no study of ``root``; ResultError for damage.
    """
    source, place = Path(source), find_root(root)
    known = studies_in(place)
    folders = [source.with_suffix("")] if source.is_file() else _studies(source)
    if not folders:
        raise ValueError(f"source: got {source}; must be a file NAME.parquet of runs, or a folder of such files")
    for folder in folders:
        if folder.name not in known:
            raise ValueError(f"study: got {folder.name!r} in {source}; must be one of {known}")
    return [_take_over(folder, place / "results" / folder.name) for folder in folders]


def verify(folder: Path | str) -> int:
    """Read every stored run with all that it kept; how many they are. ResultError for the first damaged one."""
    found = sorted(keys(folder))
    for key in found:
        load(folder, key)
    return len(found)


def _find(folder: Path, key: str, checkpoints: bool = True) -> Found:
    single, pack = files.single(folder, key), _pack(folder)
    if single.exists():
        try:
            return files.find(single, checkpoints=checkpoints)
        except ResultError:
            # Unless it went because it has just been packed.
            if single.exists():
                raise
    if not pack.exists():
        raise ResultError(f"{folder}: holds no run {key}")
    return packs.find(pack, key, checkpoints=checkpoints)


def _take_over(source: Path, folder: Path) -> Unpacked:
    folder.parent.mkdir(parents=True, exist_ok=True)
    with _locked(folder):
        theirs, ours = sorted(keys(source)), keys(folder)
        new = [key for key in theirs if key not in ours]
        if new:
            packs.add(_pack(folder), (_find(source, key) for key in new))
    return Unpacked(folder.name, len(new), len(theirs) - len(new))


def _studies(results: Path) -> list[Path]:
    """The folders, there or not, that name the studies with runs in a folder such as ``results/``."""
    names = {path.stem for path in results.glob("*.parquet")} | {
        path.parent.name for path in results.glob("*/*.parquet")
    }
    return [results / name for name in sorted(names)]


def _singles(folder: Path) -> list[str]:
    return sorted(path.stem for path in folder.glob("*.parquet"))


def _pack(folder: Path) -> Path:
    return folder.with_name(f"{folder.name}.parquet")


def _locked(folder: Path) -> FileLock:
    """One process at a time changes a pack: two would each write it without what the other adds."""
    return FileLock(folder.with_name(f".{folder.name}.lock"))
