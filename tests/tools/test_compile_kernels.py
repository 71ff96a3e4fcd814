"""The module that pages carry is the one that its source gives."""

from tools.compile_kernels import FOLDER, compiled


def test_kernels_are_those_of_their_source():
    assert compiled() == (FOLDER / "kernels.wasm").read_bytes(), "kernels.c was changed: run make kernels"
