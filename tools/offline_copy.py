"""Pack the built site into one zip, to be read without a network.

    make offline

writes it into _build, under a name with the version of the book. The same site gives the same zip, byte for byte.
"""

from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

import grokmodels

ROOT = Path(__file__).parents[1]
SITE = ROOT / "_build" / "html"

README = """\
Grokking as a phase transition, version {version}, to be read without a network.

1. Unpack the whole zip. Pages that are opened inside it lack their pictures and sliders.
2. Open index.html in a browser: a double click will do.

Text, figures, sliders and the networks that train in the pages work without a network and without Python.
To change and run the code of the chapters, see the page "Where to work".
"""


def pack(site: Path, folder: Path, version: str) -> Path:
    """Write the zip of a built ``site`` into ``folder``; where it is. ValueError where there is no site."""
    if not (site / "index.html").exists():
        raise ValueError(f"site: got {site}; must be a folder with index.html, which make book writes")
    name = f"grokking-as-a-phase-transition-{version}"
    # A folder or file that begins with a dot is a note of the build to itself.
    pages = {path.relative_to(site).as_posix(): path for path in site.rglob("*") if path.is_file()}
    kept = {page: path for page, path in pages.items() if not any(part.startswith(".") for part in page.split("/"))}
    with ZipFile(folder / f"{name}.zip", "w") as archive:
        _add(archive, f"{name}/README.txt", README.format(version=version).encode())
        for page in sorted(kept):
            _add(archive, f"{name}/{page}", kept[page].read_bytes())
    return folder / f"{name}.zip"


def _add(archive: ZipFile, name: str, data: bytes) -> None:
    # The first moment that a zip knows: when the site was built would differ from build to build.
    entry = ZipInfo(name, (1980, 1, 1, 0, 0, 0))
    entry.external_attr = 0o644 << 16
    entry.compress_type = ZIP_DEFLATED
    archive.writestr(entry, data)


def main() -> None:
    """Pack the site that `make book` has built."""
    archive = pack(SITE, SITE.parent, grokmodels.__version__)
    print(f"{archive.relative_to(ROOT)}: {archive.stat().st_size / 1e6:.0f} MB")


if __name__ == "__main__":
    main()
