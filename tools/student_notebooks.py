"""Write the notebooks that students work in: the chapters, with solutions out and cells to answer in.

    make student

writes them into _build/student. An exercise whose solution calls a checker gets a stub of what the checker takes, any
other an empty cell. The stub is made out of the solution, so the chapter stays the one source. Outputs are left out,
since some of them are answers.
"""

import ast
import inspect
import re
import textwrap
from pathlib import Path

import nbformat
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell
from sphinx_external_toc.parsing import parse_toc_yaml

from grokmodels import exercises
from tools.clean_notebooks import clean

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / "_build" / "student"

BLOCK = re.compile(
    r"^(?P<fence>`{3,}|:{3,})\{(?P<kind>exercise|solution)\}[ \t]*(?P<argument>.*)\n"
    r"(?P<options>(?::.*\n)*)(?P<body>[\s\S]*?)^(?P=fence)[ \t]*$",
    re.MULTILINE,
)
CODE = re.compile(r"^(`{3,})python\n(.*?)^\1[ \t]*$", re.MULTILINE | re.DOTALL)
BADGE = re.compile(r"\{bdg-\w+\}`(.*?)`")


def chapters() -> list[Path]:
    """The notebooks of the book, in its order."""
    pages = (ROOT / f"{page}.ipynb" for page in parse_toc_yaml(ROOT / "_toc.yml"))
    return [page for page in pages if page.exists()]


def solutions(notebook: NotebookNode) -> dict[str, str]:
    """The code in each solution of a chapter, by the label of its exercise."""
    text = "\n\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")
    blocks = (block for block in BLOCK.finditer(text) if block["kind"] == "solution")
    return {block["argument"].strip(): "\n".join(code[1] for code in CODE.findall(block["body"])) for block in blocks}


def stub(solution: str) -> str:
    """The calls of checkers in a solution, with the functions that they take emptied and other answers dotted out.

    Empty if the solution calls no checker.
    """
    if "check_" not in solution:
        return ""
    statements = ast.parse(solution).body
    functions = {node.name: node for node in statements if isinstance(node, ast.FunctionDef)}
    calls = [node.value for node in statements if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call)]
    parts: list[str] = []
    for call in calls:
        checker = ast.unparse(call.func).split(".")[-1]
        if checker.startswith("check_"):
            taken = [ast.unparse(answer) for answer in (*call.args, *(keyword.value for keyword in call.keywords))]
            parts += [_emptied(functions[name], checker) for name in taken if name in functions]
            parts.append(_dotted(call, set(functions)))
    used = {node.id for node in ast.walk(ast.parse("\n".join(parts))) if isinstance(node, ast.Name)}
    imports = [
        ast.unparse(node)
        for node in statements
        if isinstance(node, ast.Import | ast.ImportFrom)
        and used & {(name.asname or name.name).split(".")[0] for name in node.names}
    ]
    return "\n\n\n".join(["\n".join(imports), *parts]).strip()


def _emptied(function: ast.FunctionDef, checker: str) -> str:
    """A function without its body, documented as in the solution or else by its checker."""
    wanted = re.sub(r"^``\w+\(.*?\)``: ", "", inspect.getdoc(getattr(exercises, checker)) or "")
    text = ast.get_docstring(function) or wanted[:1].upper() + wanted[1:]
    quoted = f'"""{text}\n"""' if "\n" in text else f'"""{text}"""'
    returns = f" -> {ast.unparse(function.returns)}" if function.returns else ""
    body = textwrap.indent(f"{quoted}\nraise NotImplementedError", "    ")
    return f"def {function.name}({ast.unparse(function.args)}){returns}:\n{body}"


def _dotted(call: ast.Call, kept: set[str]) -> str:
    """A call in which dots stand for every argument that is not the name of a function to write."""

    def shown(answer: ast.expr) -> ast.expr:
        return answer if isinstance(answer, ast.Name) and answer.id in kept else ast.Constant(...)

    arguments = [shown(answer) for answer in call.args]
    keywords = [ast.keyword(keyword.arg, shown(keyword.value)) for keyword in call.keywords]
    text = ast.unparse(ast.Call(call.func, arguments, keywords))
    return f"{text}  # your answer in place of the dots" if "..." in text else text


def student(notebook: NotebookNode) -> NotebookNode:
    """The notebook in which a student works through a chapter."""
    answers = solutions(notebook)
    written = nbformat.from_dict(notebook)
    clean(written)
    written.cells = [piece for cell in written.cells for piece in _pieces(cell, answers)]
    for cell in written.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
        elif "{solution" in cell.source:
            raise ValueError(f"a solution is left; must be a fenced block of its own:\n{cell.source}")
    return written


def _pieces(cell: NotebookNode, answers: dict[str, str]) -> list[NotebookNode]:
    """A cell, cut where it has an exercise, whose answer goes into a cell of its own, or a solution, which goes."""
    blocks = list(BLOCK.finditer(cell.source)) if cell.cell_type == "markdown" else []
    if not blocks:
        return [cell]
    pieces: list[NotebookNode] = []
    start = 0
    for block in blocks:
        pieces.append(new_markdown_cell(cell.source[start : block.start()].strip("\n")))
        start = block.end()
        if block["kind"] == "exercise":
            # Jupyter shows a fenced block as code, so the exercise becomes plain Markdown.
            title = f"### Exercise: {block['argument']}".rstrip(": ")
            text = BADGE.sub(r"*\1*", block["body"].strip())
            label = re.search(r"^:label: *(\S+)", block["options"], re.MULTILINE)
            answer = stub(answers.get(label[1], "") if label else "")
            pieces += [new_markdown_cell(f"{title}\n\n{text}"), new_code_cell(answer)]
    pieces.append(new_markdown_cell(cell.source[start:].strip("\n")))
    pieces = [piece for piece in pieces if piece.source or piece.cell_type == "code"]
    for number, piece in enumerate(pieces):
        piece.id = f"{cell.id}-{number}" if number else cell.id
    return pieces


def main() -> None:
    """Write the notebook of every chapter."""
    for chapter in chapters():
        path = FOLDER / chapter.relative_to(ROOT / "book")
        path.parent.mkdir(parents=True, exist_ok=True)
        nbformat.write(student(nbformat.read(chapter, as_version=4)), path)
        print(path.relative_to(ROOT))
    print("Hand out copies: the next run writes these files anew.")


if __name__ == "__main__":
    main()
