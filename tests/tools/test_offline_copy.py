"""The book in one zip: every page, how to open it, and the same bytes each time."""

import os
from pathlib import Path
from zipfile import ZipFile

import pytest

from tools.offline_copy import pack


@pytest.fixture
def site(tmp_path: Path) -> Path:
    site = tmp_path / "html"
    (site / "_static").mkdir(parents=True)
    (site / "index.html").write_text("<p>Grokking</p>" * 1000, encoding="utf-8")
    (site / "_static" / "style.css").write_text("p {}", encoding="utf-8")
    (site / ".buildinfo").write_text("when", encoding="utf-8")
    return site


def test_it_holds_the_site_and_says_how_to_open_it(site: Path, tmp_path: Path) -> None:
    archive = pack(site, tmp_path, "0.1.0")
    assert archive.stat().st_size < (site / "index.html").stat().st_size
    with ZipFile(archive) as zipped:
        zipped.extractall(tmp_path / "unpacked")
    (top,) = (tmp_path / "unpacked").iterdir()
    assert top.name == archive.stem == "grokking-as-a-phase-transition-0.1.0"
    readme = (top / "README.txt").read_text(encoding="utf-8")
    assert "0.1.0" in readme
    assert "index.html" in readme
    found = {path.relative_to(top).as_posix(): path.read_bytes() for path in top.rglob("*") if path.is_file()}
    del found["README.txt"]
    assert found == {name: (site / name).read_bytes() for name in ("index.html", "_static/style.css")}


def test_the_same_site_gives_the_same_zip(site: Path, tmp_path: Path) -> None:
    first = pack(site, tmp_path, "1").read_bytes()
    os.utime(site / "index.html", (10**9, 10**9))
    (site / "index.html").chmod(0o600)
    assert pack(site, tmp_path, "1").read_bytes() == first


def test_without_a_site_it_says_what_makes_one(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"^site: got .*; must be a folder with index.html, which make book writes$"):
        pack(tmp_path, tmp_path, "1")
