"""What nbconvert makes of an executed notebook: the pictures of its explorables, without kernel and network."""

import os
import subprocess
import sys

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook, new_output

from tests.explorable_samples import Power

pytestmark = pytest.mark.browser


def test_the_picture_is_shown_without_kernel_and_network(browser, tmp_path):
    explorable = Power()
    bundle, _ = explorable._repr_mimebundle_()
    cell = new_code_cell("Power()", outputs=[new_output("execute_result", bundle, execution_count=1)])
    # As an executed notebook has it: by itself nbconvert prefers a widget whose state is there.
    state = explorable.get_manager_state(widgets=[explorable])
    assert bundle["application/vnd.jupyter.widget-view+json"]["model_id"] in state["state"]
    notebook = new_notebook(cells=[cell], metadata={"widgets": {"application/vnd.jupyter.widget-state+json": state}})
    nbformat.write(notebook, tmp_path / "power.ipynb")
    command = [sys.executable, "-m", "nbconvert", "--to", "html", "power.ipynb"]
    environment = os.environ | {"JUPYTER_CONFIG_DIR": str(tmp_path / "config")}
    subprocess.run(command, cwd=tmp_path, env=environment, check=True, capture_output=True)

    tab = browser.new_page()
    tab.route("http*://**", lambda route: route.abort())
    tab.goto((tmp_path / "power.html").as_uri())
    picture = tab.locator(".grok-chart img")
    assert picture.is_visible()
    assert picture.evaluate("(image) => image.decode().then(() => image.naturalWidth)") > 300
    assert picture.get_attribute("alt").startswith("A curve that ends at")
    tab.close()
