"""What importing costs: torch where the package says so, and nowhere else."""

import json
import pkgutil
import subprocess
import sys

import pytest

import grokmodels

MODULES = {"grokmodels", *(module.name for module in pkgutil.walk_packages(grokmodels.__path__, "grokmodels."))}
ENGINE = {module for module in MODULES if module.startswith("grokmodels.engine.")}
TORCH = ENGINE - {"grokmodels.engine.run"} | {"grokmodels.measures.landscape", "grokmodels.measures.probes"}
# Imports what may not bring torch, one module after the other, and then each of the others in a process of its own,
# which ends when it asks for torch: importing that would take long.
ASK = """
import importlib, json, os, sys

class Torch:
    def find_spec(self, name, path=None, target=None):
        if name == "torch":
            asked.append(name)
            if alone:
                os.write(writer, b"torch")
                os._exit(0)
            raise ImportError("torch was asked for")

sys.meta_path.insert(0, Torch())
free, bound = map(json.loads, sys.argv[1:])
alone, told = False, {}
for name in free:
    asked = []
    importlib.import_module(name)
    told[name] = "torch" if asked else "none"
alone = True
for name in bound:
    reader, writer = os.pipe()
    if os.fork() == 0:
        importlib.import_module(name)
        os.write(writer, b"none")
        os._exit(0)
    os.close(writer)
    told[name] = os.read(reader, 5).decode()
    os.close(reader)
    os.wait()
print(json.dumps(told))
"""


def run(code, *arguments):
    return subprocess.run(
        [sys.executable, "-c", code, *arguments], check=True, capture_output=True, text=True
    ).stdout.strip()


@pytest.fixture(scope="module")
def told():
    """What each module asks for in a fresh interpreter: "torch", "none", or nothing where it cannot be imported."""
    return json.loads(run(ASK, json.dumps(sorted(MODULES - TORCH)), json.dumps(sorted(TORCH))))


@pytest.mark.parametrize("module", sorted(MODULES))
def test_a_module_brings_torch_exactly_where_the_package_says_so(told, module):
    assert told[module] == ("torch" if module in TORCH else "none")


def test_the_package_says_which_modules_bring_torch():
    last = grokmodels.__doc__.strip().split("\n\n")[-1]
    for module in TORCH:
        room = module.removeprefix("grokmodels.")
        assert (f"``{room}``" in last) or (room.startswith("engine.") and "modules of ``engine`` do, all but" in last)
    assert "all but ``run``" in last


def test_flat_names_are_those_of_their_rooms_and_recipes_come_without_torch():
    code = "import sys; from grokmodels import Experiment, figures, studies; print('torch' in sys.modules)"
    assert run(code) == "False"
    assert run("import sys; from grokmodels import train; print('torch' in sys.modules, train.__module__)") == (
        "True grokmodels.engine.training"
    )
    for name in grokmodels.__all__:
        assert name in dir(grokmodels)
        assert getattr(grokmodels, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'Experimnet'"):
        grokmodels.Experimnet  # noqa: B018
