"""Torch and numpy do compute with the instructions that they are told to make do with."""

import platform
import subprocess
import sys

import pytest

from tools.other_processors import environment

ASK = """
import torch
from numpy.lib.introspect import opt_func_info

print(torch.backends.cpu.get_cpu_capability(), torch.get_num_threads())
print(opt_func_info("^exp$", "float64")["exp"]["dd"]["current"])
"""


@pytest.mark.skipif(platform.machine() != "x86_64", reason="these are sets of instructions of x86 processors")
@pytest.mark.parametrize(("name", "said"), [("sse4", "DEFAULT 2\nbaseline(X86_V2)\n"), ("avx2", "AVX2 2\nX86_V3\n")])
def test_libraries_heed_the_set(name: str, said: str) -> None:
    command = [sys.executable, "-W", "error", "-c", ASK]
    run = subprocess.run(command, env=environment(name, 2), capture_output=True, text=True, check=True)
    assert run.stdout == said
