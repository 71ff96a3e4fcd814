"""Run the tests as processors with fewer instructions and other numbers of threads compute them.

    make test-portable [SET=sse4] [THREADS=2]

How a sum is split among vector registers and threads decides its last bit, and training amplifies that. No outcome of a
test, and no printed line of a chapter, may hang on it. Every library underneath chooses its instructions by what the
processor has; here each is told to make do with a smaller set.
"""

import argparse
import os
import platform
import subprocess
import sys
from pathlib import Path
from time import perf_counter

ROOT = Path(__file__).parents[1]
TESTS = ("tests/library", "tests/results", "book")
THREADS = (1, 2)

# Torch's own loops; its two libraries of matrix products (MKL_ENABLE_INSTRUCTIONS is for Intel's processors only, the
# other variable for all); the one of numpy and scipy; numpy's own loops; the C library's exponentials and the like.
SETS = {
    "sse4": {
        "ATEN_CPU_CAPABILITY": "default",
        "MKL_CBWR": "COMPATIBLE",
        "ONEDNN_MAX_CPU_ISA": "SSE41",
        "OPENBLAS_CORETYPE": "Nehalem",
        "NPY_DISABLE_CPU_FEATURES": "X86_V3 X86_V4 AVX512_ICL AVX512_SPR",
        "GLIBC_TUNABLES": "glibc.cpu.hwcaps=-AVX2,-FMA,-FMA4,-AVX512F,-AVX512VL",
    },
    "avx2": {
        "ATEN_CPU_CAPABILITY": "avx2",
        "MKL_ENABLE_INSTRUCTIONS": "AVX2",
        "ONEDNN_MAX_CPU_ISA": "AVX2",
        "OPENBLAS_CORETYPE": "Haswell",
        "NPY_DISABLE_CPU_FEATURES": "X86_V4 AVX512_ICL AVX512_SPR",
        "GLIBC_TUNABLES": "glibc.cpu.hwcaps=-AVX512F,-AVX512VL",
    },
}


def environment(name: str, threads: int) -> dict[str, str]:
    """The environment in which a process computes with one set of instructions, on so many threads.

    What torch compiles for one set may crash under another, so each has a folder of its own for it.
    """
    return {
        **os.environ,
        **SETS[name],
        **dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"), str(threads)),
        "TORCHINDUCTOR_CACHE_DIR": str(ROOT / "_build" / "inductor" / name),
    }


def main() -> None:
    """Run the tests once for each set of instructions and number of threads; fail where any of them does."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--set", choices=SETS, action="append", dest="sets")
    parser.add_argument("--threads", type=int, choices=THREADS, action="append")
    parser.add_argument("tests", nargs="*", default=TESTS)
    asked = parser.parse_args()
    if platform.machine() not in ("x86_64", "AMD64"):
        sys.exit(f"These are sets of instructions of x86 processors, and this one is {platform.machine()}.")
    failed = []
    for name in asked.sets or SETS:
        for threads in asked.threads or THREADS:
            start, label = perf_counter(), f"{name}, {threads} thread{'s' if threads > 1 else ''}"
            print(f"Testing with {label}.", flush=True)
            workers = max((os.cpu_count() or 1) // threads, 1)
            command = [sys.executable, "-m", "pytest", f"--numprocesses={workers}", "--benchmark-disable", *asked.tests]
            if subprocess.run(command, cwd=ROOT, env=environment(name, threads), check=False).returncode:
                failed.append(label)
            print(f"{label}: {(perf_counter() - start) / 60:.0f} minutes", flush=True)
    if failed:
        sys.exit(f"Failed with {'; '.join(failed)}.")


if __name__ == "__main__":
    main()
