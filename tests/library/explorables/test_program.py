import asyncio
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from grokmodels.explorables import Program, Script
from grokmodels.theory.clock import SPEED


@pytest.fixture
def file(tmp_path):
    """A kernel that calls a script, which calls a formula."""
    (tmp_path / "twice.js").write_text("const twice = (x) => 2 * clockSpeed(2, x);", encoding="utf-8")
    kernel = (
        "function two_words({ x }, { more }) { if (x < 0) throw new RangeError('no'); return { y: twice(x) + more }; }"
    )
    (tmp_path / "two_words.js").write_text(kernel.replace("two_words(", "twoWords("), encoding="utf-8")
    return tmp_path / "two_words.js"


def test_a_program_is_its_file_and_all_that_it_calls(file):
    program = Program(file, Script(file.with_name("twice.js"), (SPEED,)))
    run = program.start({"more": 1})
    assert run({"x": 3}) == {"y": 2 * (3 - 1) + 1}
    with pytest.raises(ValueError, match=r"^no$"):
        run({"x": -1})


def test_an_engine_outlives_the_event_loop_in_which_it_was_made(file):
    async def start():
        run = Program(file, Script(file.with_name("twice.js"), (SPEED,))).start({"more": 1})
        # As a cell of a notebook calls it, and a thread beside.
        assert await asyncio.to_thread(run, {"x": 3}) == run({"x": 3})
        return run

    # In a thread of its own: a browser that tests have opened before keeps a loop running in this one.
    with ThreadPoolExecutor(1) as thread:
        assert thread.submit(asyncio.run, start()).result()({"x": 2}) == {"y": 3}


@pytest.mark.slow
def test_python_ends_while_an_engine_lives(file):
    program = f"""
from grokmodels.explorables.program import Program, Script
from grokmodels.theory.clock import SPEED
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
run = Program(Path({str(file)!r}), Script(Path({str(file.with_name("twice.js"))!r}), (SPEED,))).start({{"more": 1}})
print(run({{"x": 3}}))"""
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=120, check=True)
    assert ended.stdout == "{'y': 5}\n"


def test_a_mistake_in_a_kernel_is_not_taken_for_a_state_without_an_answer(file):
    run = Program(file, SPEED).start({"more": 1})
    with pytest.raises(Exception, match="twice is not defined"):
        run({"x": 3})


def test_a_missing_file_is_named():
    with pytest.raises(FileNotFoundError, match=r"nowhere\.js"):
        Program(Path("nowhere.js")).start({})


def test_a_thread_that_is_older_than_the_first_engine_may_have_one():
    # Where a processor has keys for memory such a thread has none for what V8 keeps, and the process ended.
    program = """if True:
        import queue, threading
        asked, told = queue.Queue(), queue.Queue()
        threading.Thread(target=lambda: told.put(asked.get()().eval("1 + 1")), daemon=True).start()
        from grokmodels.explorables.program import v8
        v8().eval("1")
        asked.put(v8)
        print(told.get(timeout=60))
    """
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=120, check=True)
    assert ended.stdout.strip() == "2"
