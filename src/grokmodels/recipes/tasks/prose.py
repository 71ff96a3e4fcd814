"""A small corpus of ordinary English that every installation has: the prose in the manual of NumPy.

The manual stands in the docstrings of NumPy's source files, which are read as text and never run. Paragraphs of whole
sentences are kept; tables, code and signatures are not.
"""

from __future__ import annotations

import ast
import hashlib
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import numpy as np

# The words of NumPy 2.4.6. Runs on another text would have the same recipe and other numbers.
DIGEST = "e0061b5bb8435129"
_SHORTEST = 12
_WORD = re.compile(r"[a-z]+|[.,;]")


@cache
def words() -> tuple[str, ...]:
    """All words of the corpus in their order, lower case; ``. , ;`` are words. ValueError for another version's."""
    found = tuple(word for paragraph in _paragraphs() for word in _WORD.findall(paragraph.lower()))
    if digest(found) != DIGEST:
        raise ValueError(
            f"corpus: got the manual of NumPy {np.__version__}, with {len(found)} words; must be that of NumPy 2.4.6, "
            "which requirements.txt pins"
        )
    return found


def digest(text: tuple[str, ...]) -> str:
    """What tells one text from another."""
    return hashlib.sha256(" ".join(text).encode()).hexdigest()[:16]


def _paragraphs() -> Iterator[str]:
    seen = set()
    for path in _sources():
        for docstring in _strings(ast.parse(path.read_text(encoding="utf-8"))):
            for paragraph in re.split(r"\n\s*\n", docstring):
                plain = re.sub(r":\w+:|`|\*", "", paragraph)
                if _is_prose(plain) and plain not in seen:
                    seen.add(plain)
                    yield plain


def _sources() -> list[Path]:
    """The source files of NumPy in the order of their names, without tests and what differs between platforms."""
    root = Path(np.__file__).parent
    files = {path.relative_to(root).as_posix(): path for path in root.rglob("*.py")}
    return [files[name] for name in sorted(files) if not re.search("test|f2py|__config__", name)]


def _strings(tree: ast.Module) -> Iterator[str]:
    """The texts that are long enough to be a docstring, wherever they stand: some are added to compiled functions."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and len(node.value) > 300:
            yield node.value


def _is_prose(paragraph: str) -> bool:
    code = re.search(r">>>|==|--|[<>{}|#\\^]", paragraph)
    return code is None and paragraph.rstrip().endswith(".") and len(_WORD.findall(paragraph.lower())) >= _SHORTEST
