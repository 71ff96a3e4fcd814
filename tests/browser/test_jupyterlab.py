"""Widgets in a real JupyterLab: traits and pages move each other, the laboratory trains, a workbench stops."""

import json
import os
import secrets
import socket
import subprocess
import sys
import time
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

import nbformat
import pytest

from grokmodels.palette import PALETTE

ROOT = Path(__file__).parents[2]
pytestmark = [pytest.mark.browser, pytest.mark.jupyterlab]

CELLS = [
    "import ipywidgets\nfrom tests.explorable_samples import Power, replay",
    "explorable = replay()\nexplorable",
    "Power()",
    "other = ipywidgets.IntSlider(min=0, max=1500)\nlink = ipywidgets.link((explorable, 'step'), (other, 'value'))",
]
BENCH = [
    """from grokmodels import Experiment, figures
from grokmodels.workbench import Workbench
figures.use_style()
bench = Workbench(Experiment().but(task__p=11, architecture__width=16, batch_size=None))
bench""",
]
LABORATORY = ["from grokmodels.explorables import Laboratory\nlab = Laboratory()\nlab"]
NOTEBOOKS = {"explorable": CELLS, "workbench": BENCH, "laboratory": LABORATORY}
TOLD = """
import json
values = explorable.words(explorable.state, explorable.rows(explorable.state))
print(json.dumps([f"{label} {value}" for label, value, _ in (part.told(values) for part in explorable.readout)]))
"""
ROOT_ELEMENT = "document.querySelector('.jp-OutputArea .grok-explorable[data-name=replay]')"


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """A JupyterLab on the loopback, with notebooks, whose addresses it gives by name; ends with the tests."""
    folder = tmp_path_factory.mktemp("lab")
    for name, cells in NOTEBOOKS.items():
        notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in cells])
        notebook.metadata.kernelspec = {"name": "python3", "display_name": "Python 3", "language": "python"}
        nbformat.write(notebook, folder / f"{name}.ipynb")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    token = secrets.token_hex(16)
    # Nothing of the user's own Jupyter is read or written.
    own = {
        name: str(folder / name) for name in ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR", "HOME")
    }
    command = [
        sys.executable,
        "-m",
        "jupyterlab",
        "--no-browser",
        "--allow-root",
        "--LabApp.expose_app_in_browser=True",
    ]
    settings = {
        "ServerApp.port": port,
        "ServerApp.port_retries": 0,
        "ServerApp.root_dir": folder,
        "IdentityProvider.token": token,
        "LabApp.extension_manager": "readonly",
        "LabApp.news_url": None,
        "LabApp.check_for_updates_class": "jupyterlab.NeverCheckForUpdate",
        "LabApp.workspaces_dir": folder / "workspaces",
        "LabApp.user_settings_dir": folder / "settings",
    }
    command += [f"--{name}={value}" for name, value in settings.items()]
    environment = os.environ | own | {"PYTHONPATH": str(ROOT)}
    with (folder / "log").open("w", encoding="utf-8") as log:
        process = subprocess.Popen(command, cwd=folder, env=environment, stdout=log, stderr=log)
        try:
            _wait_until_up(f"http://127.0.0.1:{port}/api/status?token={token}", process, folder / "log")
            # Each in a workspace of its own, where no other notebook is open.
            yield {
                name: f"http://127.0.0.1:{port}/lab/workspaces/{name}/tree/{name}.ipynb?token={token}"
                for name in NOTEBOOKS
            }
        finally:
            process.terminate()
            process.wait(30)


def _wait_until_up(address, process, log):
    for _ in range(300):
        assert process.poll() is None, log.read_text(encoding="utf-8")
        try:
            with urlopen(address, timeout=5):
                return
        except URLError:
            time.sleep(0.1)
    pytest.fail("JupyterLab did not start:\n" + log.read_text(encoding="utf-8"))


@pytest.fixture
def tab(request, browser, server):
    """The notebook that the test names, with its kernel."""
    tab = browser.new_page(viewport={"width": 1200, "height": 1000})
    tab.requested = []
    tab.on("request", lambda request: tab.requested.append(request.url))
    tab.goto(server[request.param])
    # Cells that run before the kernel is connected never run.
    session = "window.jupyterapp?.shell.currentWidget?.sessionContext?.session"
    tab.wait_for_function(f"{session}?.kernel?.status === 'idle'", timeout=60_000)
    yield tab
    tab.close()


def run(tab, code):
    """Run code in the notebook's kernel and return what it prints."""
    return tab.evaluate(
        """async (code) => {
            const { kernel } = window.jupyterapp.shell.currentWidget.sessionContext.session;
            const future = kernel.requestExecute({ code });
            let printed = "";
            future.onIOPub = (message) => { printed += message.content.text ?? message.content.evalue ?? ""; };
            await future.done;
            return printed;
        }""",
        code,
    )


@pytest.mark.parametrize("tab", ["explorable"], indirect=True)
def test_the_slider_and_the_trait_move_each_other(tab):
    tab.evaluate("() => void window.jupyterapp.commands.execute('notebook:run-all-cells')")
    tab.wait_for_function(f"{ROOT_ELEMENT}?.explorable", timeout=60_000)
    tab.wait_for_function("document.querySelector('.jp-OutputArea [data-name=power]')?.explorable")
    bundles = "[...document.scripts].filter((script) => script.textContent.includes('window.vegaEmbed')).length"
    assert tab.evaluate(bundles) == 1

    slider = tab.get_by_role("slider", name="Training step")
    assert slider.get_attribute("aria-valuetext") == "800"
    slider.focus()
    tab.keyboard.press("ArrowRight")
    assert _eventually(lambda: run(tab, "print(explorable.step, other.value)").strip() == "825 825")

    run(tab, "other.value = 401")
    tab.wait_for_function(f"{ROOT_ELEMENT}.explorable.state.step === 400")
    assert slider.get_attribute("aria-valuetext") == "400"

    # What is told is what Python tells.
    root = tab.locator(".jp-OutputArea [data-name=replay]")
    expected = json.loads(run(tab, TOLD))
    assert _eventually(lambda: root.locator(".grok-readout span").all_inner_texts() == expected)

    # A value that the control refuses moves nothing here and nothing in Python.
    tab.evaluate(f"() => void {ROOT_ELEMENT}.explorable.set({{ step: 9000, other: 1 }})")
    assert _eventually(lambda: root.locator(".grok-note").inner_text() == "other is not a control of this explorable")
    assert run(tab, "print(explorable.step)").strip() == "400"
    assert run(tab, "explorable.step = 9000").startswith("Training step: got 9000")

    # Chips set the trait; a guess, asked about another state, takes the arrow keys as a slider does.
    root.get_by_role("button", name="Last step").click()
    assert _eventually(lambda: run(tab, "print(explorable.step, other.value)").strip() == "1500 1500")
    root.get_by_role("button", name="Guess first").click()
    mark = root.get_by_role("slider", name="Your guess")
    before = mark.input_value()
    tab.keyboard.press("ArrowRight")
    assert float(mark.input_value()) > float(before)
    assert run(tab, "print(explorable.step == explorable.guess.state['step'])").strip() == "True"
    root.get_by_role("button", name="Reveal").click()
    root.get_by_role("button", name="Reset").click()
    assert _eventually(lambda: run(tab, "print(explorable.step)").strip() == "800")
    assert root.get_by_role("link").count() == 0

    # The theme of JupyterLab is followed.
    color = f"getComputedStyle({ROOT_ELEMENT}).color"
    light = tab.evaluate(color)
    tab.evaluate("window.jupyterapp.commands.execute('apputils:change-theme', { theme: 'JupyterLab Dark' })")
    tab.wait_for_function(f"{color} !== '{light}'")

    local = ("http://127.0.0.1:", "ws://127.0.0.1:", "data:", "blob:")
    assert [address for address in tab.requested if not address.startswith(local)] == []


@pytest.mark.parametrize("tab", ["laboratory"], indirect=True)
def test_the_laboratory_trains_beside_a_kernel(tab):
    tab.evaluate("() => void window.jupyterapp.commands.execute('notebook:run-all-cells')")
    root = "document.querySelector('.jp-OutputArea .grok-explorable[data-name=laboratory]')"
    tab.wait_for_function(f"{root}?.explorable", timeout=60_000)
    # Without decay it stays with its table, so the trait reaches a network that still trains, however slow the kernel.
    run(tab, "lab.weight_decay = 0")
    tab.wait_for_function(f"{root}.explorable.state.weight_decay === 0")
    tab.get_by_role("button", name="Train it yourself").click()
    last = f"{root}.explorable.views.accuracy.data('curves').at(-1)"
    # The recorded run, which stands there before, has decay.
    tab.wait_for_function(f"{last}?.train_accuracy >= 0.99 && {last}.decay_time === 0", timeout=60_000)
    run(tab, "lab.weight_decay = 2")
    tab.wait_for_function(f"{last}.test_accuracy >= 0.99", timeout=60_000)
    assert tab.evaluate(f"{last}.decay_time") > 1


@pytest.mark.parametrize("tab", ["workbench"], indirect=True)
def test_a_workbench_trains_while_the_kernel_answers_and_stops(tab):
    tab.evaluate("() => void window.jupyterapp.commands.execute('notebook:run-all-cells')")
    view = tab.locator(".jp-OutputArea .grok-bench")
    train, stop = (view.get_by_role("button", name=name) for name in ("Train", "Stop"))
    train.wait_for(timeout=60_000)
    assert stop.is_disabled()

    width = view.get_by_role("spinbutton", name="width")
    width.fill("18")
    width.press("Enter")
    train.click()
    refused = view.get_by_text("width: got 18; must be a multiple of heads, which is 4")
    refused.wait_for()
    width.fill("16")
    width.press("Enter")

    # The budget is never used up, so that only Stop ends it.
    steps = view.get_by_role("spinbutton", name="steps")
    steps.fill("1000000")
    steps.press("Enter")
    train.click()
    refused.wait_for(state="detached")
    picture = view.get_by_role("img", name="Training and test accuracy")
    picture.wait_for(timeout=30_000)
    words = view.get_by_text("of 1,000,000")
    before = words.inner_text()
    assert _eventually(lambda: words.inner_text() != before)
    assert run(tab, "print(bench.run, bench.progress.value > 0)").strip() == "None True"
    assert train.is_disabled()

    stop.click()
    view.get_by_text("Run 1: it was stopped at step").wait_for()
    assert _eventually(train.is_enabled)
    assert run(tab, "print(bench.run.experiment.steps == bench.run.history['step'].iloc[-1])").strip() == "True"

    # The theme of JupyterLab is followed.
    curve = "getComputedStyle(document.querySelector('.jp-OutputArea .grok-bench svg [style*=\"--grok-test\"]')).stroke"
    for theme, color in zip(("Light", "Dark"), PALETTE["test"], strict=True):
        tab.evaluate(f"window.jupyterapp.commands.execute('apputils:change-theme', {{ theme: 'JupyterLab {theme}' }})")
        tab.wait_for_function(f"{curve} === 'rgb{tuple(bytes.fromhex(color[1:]))}'")


def _eventually(condition, seconds=10):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.1)
    return False
