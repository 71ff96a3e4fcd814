"""Write the notebooks that students work in: the chapters, with solutions out and cells to answer in.

    make student

writes them into _build/student. An exercise whose solution calls a checker gets a stub of what the checker takes, any
other an empty cell. The stub is made out of the solution, so the chapter stays the one source. Outputs are left out,
since some of them are answers; numbers in the text stay, and what is said in MyST is said in plain Markdown.
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
from tools.plain_markdown import BLOCK, LABEL, Book, Page, glued, prose, read_book

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / "_build" / "student"


def chapters() -> list[Path]:
    """The notebooks of the book, in its order."""
    pages = (ROOT / f"{page}.ipynb" for page in parse_toc_yaml(ROOT / "_toc.yml"))
    return [page for page in pages if page.exists()]


def solutions(notebook: NotebookNode) -> dict[str, str]:
    """The code in each solution of a chapter, by the label of its exercise."""
    blocks = (block for block in BLOCK.finditer(prose(notebook)) if block["name"] == "solution")
    return {block["argument"].strip(): _python(block["body"]) for block in blocks}


def _python(text: str) -> str:
    return "\n".join(block["body"] for block in BLOCK.finditer(text) if block["argument"] == "python")


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
    body = textwrap.indent(f'{quoted}\nraise NotImplementedError("write the body of {function.name}")', "    ")
    return f"def {function.name}({ast.unparse(function.args)}){returns}:\n{body}"


def _dotted(call: ast.Call, kept: set[str]) -> str:
    """A call in which dots stand for every argument that is not the name of a function to write."""

    def shown(answer: ast.expr) -> ast.expr:
        return answer if isinstance(answer, ast.Name) and answer.id in kept else ast.Constant(...)

    arguments = [shown(answer) for answer in call.args]
    keywords = [ast.keyword(keyword.arg, shown(keyword.value)) for keyword in call.keywords]
    text = ast.unparse(ast.Call(call.func, arguments, keywords))
    return f"{text}  # your answer in place of the dots" if "..." in text else text


def student(notebook: NotebookNode, name: str, book: Book) -> NotebookNode:
    """The notebook in which a student works through a chapter of the book; its name is that in ``_toc.yml``."""
    answers, page = solutions(notebook), Page(book, name, glued(notebook))
    written = nbformat.from_dict(notebook)
    written.cells = [piece for cell in written.cells for piece in _pieces(cell, answers)]
    clean(written)
    for cell in written.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
        elif "{solution" in cell.source:
            raise ValueError(f"a solution is left; must be a fenced block of its own:\n{cell.source}")
        else:
            cell.source = page.plain(cell.source)
    return written


def _pieces(cell: NotebookNode, answers: dict[str, str]) -> list[NotebookNode]:
    """A cell, cut where it has an exercise, whose answer goes into a cell of its own, or a solution, which goes.

    The hints that follow an exercise stay with it, before the cell of its answer. The caption of a figure, which a page
    takes from the metadata, becomes a cell.
    """
    if figure := cell.metadata.get("mystnb", {}).get("figure"):
        caption = f"**{{numref}}`{figure['name']}`** {figure['caption']}"
        return [cell, new_markdown_cell(caption, id=f"{cell.id}-caption")]
    if cell.cell_type != "markdown":
        return [cell]
    blocks = [
        block for block in BLOCK.finditer(cell.source) if block["name"] in ("exercise", "solution") or _is_hint(block)
    ]
    if not blocks:
        return [cell]
    pieces: list[NotebookNode] = []
    start = 0
    for block in blocks:
        before = cell.source[start : block.start()].strip("\n")
        start = block.end()
        if _is_hint(block):
            if before or not pieces or pieces[-1].cell_type != "code":
                raise ValueError(f"a hint must follow its exercise, before the solution:\n{block[0]}")
            pieces[-2].source += f"\n\n{block[0]}"
            continue
        pieces.append(new_markdown_cell(before))
        if block["name"] == "exercise":
            title = f"### Exercise: {block['argument']}".rstrip(": ")
            label = LABEL.search(block["options"])
            answer = stub(answers.get(label[1], "") if label else "")
            pieces += [new_markdown_cell(f"{title}\n\n{block['body'].strip()}"), new_code_cell(answer)]
    pieces.append(new_markdown_cell(cell.source[start:].strip("\n")))
    pieces = [piece for piece in pieces if piece.source or piece.cell_type == "code"]
    for number, piece in enumerate(pieces):
        piece.id = f"{cell.id}-{number}" if number else cell.id
    return pieces


def _is_hint(block: re.Match[str]) -> bool:
    return block["name"] == "admonition" and block["argument"].startswith("Hint")


def main() -> None:
    """Write the notebook of every chapter."""
    book = read_book(ROOT)
    for chapter in chapters():
        path = FOLDER / chapter.relative_to(ROOT / "book")
        path.parent.mkdir(parents=True, exist_ok=True)
        name = chapter.relative_to(ROOT).with_suffix("").as_posix()
        nbformat.write(student(nbformat.read(chapter, as_version=4), name, book), path)
        print(path.relative_to(ROOT))
    print("Hand out copies: the next run writes these files anew.")


if __name__ == "__main__":
    main()
