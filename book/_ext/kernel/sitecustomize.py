"""Notes which files a kernel of the book, and every Python that it starts, reads: one line each in GROK_READS.

Python imports this module when it starts. A module that was imported counts as ``code``; a file of which the source was
looked up, as ``inspect.getsource`` does, as ``text``; a folder that was listed as ``names``; any other as ``bytes``.
"""

import os
import sys
from typing import Any


def _note_reads(log: str) -> None:
    noted: set[str] = set()

    def note(event: str, arguments: tuple[Any, ...]) -> None:
        if event == "open":
            path, _, flags = arguments
            if not isinstance(path, str) or flags & (os.O_WRONLY | os.O_RDWR):
                return
            if not path.endswith((".py", ".pyc")):
                kind = "bytes"
            else:
                kind = "text" if sys._getframe(1).f_code.co_filename.endswith("tokenize.py") else "code"
        elif event in ("os.listdir", "os.scandir") and isinstance(arguments[0], str):
            path, kind = arguments[0], "names"
        else:
            return
        line = f"{kind}\t{os.path.abspath(path)}\n"
        if line not in noted and path != log:
            noted.add(line)
            # One write to a file opened for appending: the lines of several processes do not mix.
            descriptor = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
            os.write(descriptor, line.encode())
            os.close(descriptor)

    sys.addaudithook(note)


if "GROK_READS" in os.environ:
    _note_reads(os.environ["GROK_READS"])
