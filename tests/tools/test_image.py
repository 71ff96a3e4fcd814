"""The recipe of the image: what it copies is there, what it executes is what a laptop and Binder execute."""

import re
import shlex

from tools.student_notebooks import ROOT

DOCKERFILE = (ROOT / "Dockerfile").read_text(encoding="utf-8").replace("\\\n", " ")
LINES = [line.split(maxsplit=1) for line in DOCKERFILE.splitlines() if line and not line.startswith("#")]


def of(instruction: str) -> list[str]:
    return [rest for name, rest in LINES if name == instruction]


def test_what_it_copies_is_there() -> None:
    copied = [word for line in of("COPY") for word in shlex.split(line)[:-1] if not word.startswith("--")]
    assert [path for path in copied if not (ROOT / path).exists()] == []
    # What the library and the student notebooks read.
    assert {"src", "studies", "results", "book", "tools", "_toc.yml", "_config.yml", "README.md"} <= set(copied)


def test_it_installs_what_binder_installs() -> None:
    steps = " ".join(of("RUN"))
    assert "--requirement binder/requirements.txt" in steps
    assert "./binder/postBuild" in steps
    assert "-r ../requirements.txt" in (ROOT / "binder" / "requirements.txt").read_text(encoding="utf-8").splitlines()


def test_both_have_a_python_that_the_library_takes() -> None:
    (image,) = of("FROM")
    runtime = (ROOT / "binder" / "runtime.txt").read_text(encoding="utf-8").strip()
    assert re.fullmatch(r"python:\d+\.\d+\.\d+-slim-\w+", image), "a version that does not move"
    assert image.startswith(f"{runtime.replace('-', ':')}.")


def test_who_uses_it_is_not_root_and_finds_it_on_port_8888() -> None:
    (user,) = of("USER")
    assert int(user) > 0
    assert [name for name, _ in LINES][-3:] == ["USER", "EXPOSE", "CMD"], "nothing runs as root after it"
    assert of("EXPOSE") == ["8888"]
    assert "--port=8888" in of("CMD")[0]


def test_its_commands_are_those_of_the_makefile() -> None:
    modules = re.findall(r"python -m (tools\.\w+)", DOCKERFILE)
    assert modules == ["tools.student_notebooks"]
    assert "$(BIN)/python -m tools.student_notebooks\n" in (ROOT / "Makefile").read_text(encoding="utf-8")
