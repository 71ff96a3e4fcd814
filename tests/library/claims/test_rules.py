"""What every module of the claims keeps to: one loader, thresholds in study files, and none hidden."""

import ast
from pathlib import Path

import pytest

from grokmodels import studies

MODULES = sorted((Path(studies.__file__).parents[1] / "claims").glob("*.py"))
LIBRARY = sorted(path for path in Path(studies.__file__).parents[1].rglob("*.py") if path.parent.name != "studies")
# Numbers that a comparison may have without a name: none, all, a pair.
PLAIN = (0, 1, 2)


def compared(tree):
    """The numbers that are written out in comparisons."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Compare):
            for part in ast.walk(node):
                if isinstance(part, ast.Constant) and isinstance(part.value, int | float):
                    yield part


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.stem)
def test_a_threshold_has_a_name(path):
    hidden = [(node.lineno, node.value) for node in compared(ast.parse(path.read_text())) if node.value not in PLAIN]
    assert not hidden


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.stem)
def test_a_named_threshold_says_where_it_comes_from(path):
    source = path.read_text()
    lines = source.splitlines()
    for node in ast.parse(source).body:
        value = getattr(node, "value", None)
        if isinstance(node, ast.Assign) and isinstance(value, ast.Constant) and isinstance(value.value, int | float):
            block = "\n".join(lines[: node.lineno - 1]).rpartition("\n\n")[2].splitlines()
            assert any(line.startswith("#") for line in block), f"line {node.lineno}: {lines[node.lineno - 1]}"


def test_nothing_but_the_record_loads_runs():
    assert len(LIBRARY) > 100
    for path in LIBRARY:
        source = path.read_text()
        for call in ("studies.load(", "store.load(", "files.load(", "read_parquet", "studies.stored("):
            assert call not in source, f"{path}: {call}"


@pytest.mark.slow
def test_every_study_states_its_predictions_for_a_program():
    for name in studies.studies_in(studies.find_root()):
        study, _ = studies.shipped(name)
        assert study.predicted, name
        # What was written after the runs says so.
        assert all(prediction.sentence.strip() for prediction in study.predicted), name


@pytest.mark.slow
def test_every_estimate_is_there_and_judged():
    names = {p.estimate for name in studies.studies_in(studies.find_root()) for p in studies.shipped(name)[0].predicted}
    assert len(names) > 5
    for module, _, function in (name.partition(".") for name in names - {""}):
        source = ast.parse((MODULES[0].parent / f"{module}.py").read_text())
        public = {node.name for node in source.body if isinstance(node, ast.FunctionDef)}
        assert function in public, (module, function)


@pytest.mark.slow
def test_thresholds_of_predictions_stand_in_study_files_only():
    declared = {}
    for name in studies.studies_in(studies.find_root()):
        for prediction in studies.shipped(name)[0].predicted:
            if prediction.estimate:
                declared.setdefault(prediction.estimate.partition(".")[0], set()).update(prediction.bounds)
    # Numbers that mean many things.
    common = {-1, 0, 1, 2, 3, 0.5}
    for module, bounds in declared.items():
        for node in ast.parse((MODULES[0].parent / f"{module}.py").read_text()).body:
            named = ast.walk(node.value) if isinstance(node, ast.Assign) else ()
            written = {
                part.value for part in named if isinstance(part, ast.Constant) and not isinstance(part.value, str)
            }
            assert not written & (bounds - common), f"{module}: {ast.unparse(node)}"
