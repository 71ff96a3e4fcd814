"""Compile the arithmetic of the page's engine to WebAssembly, with the C compiler of the wheel ``ziglang``.

    python -m tools.compile_kernels

The module is small and kept in the repository, so that only who changes ``kernels.c`` needs a compiler; a test compiles
it anew and compares the bytes.
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

FOLDER = Path(__file__).parents[1] / "src" / "grokmodels" / "explorables" / "engine"
# Nothing is fused or reordered: a run is the same on every device.
FLAGS = (
    *("--target=wasm32-freestanding", "-msimd128", "-O3", "-ffp-contract=off", "-nostdlib"),
    *("-Wl,--no-entry", "-Wl,--export-dynamic", "-Wl,--import-memory", "-Wl,--strip-all", "-Wl,-z,stack-size=4096"),
)


def compiled() -> bytes:
    """The module of ``kernels.c``."""
    with tempfile.TemporaryDirectory() as folder:
        module = Path(folder) / "kernels.wasm"
        # Its caches are its own: a home need not be writable.
        caches = dict.fromkeys(("ZIG_GLOBAL_CACHE_DIR", "ZIG_LOCAL_CACHE_DIR"), folder)
        command = [sys.executable, "-m", "ziglang", "cc", *FLAGS, "-o", str(module), "kernels.c"]
        subprocess.run(command, cwd=FOLDER, env=os.environ | caches, check=True)
        return module.read_bytes()


if __name__ == "__main__":
    (FOLDER / "kernels.wasm").write_bytes(compiled())
