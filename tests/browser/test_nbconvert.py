"""What `jupyter nbconvert` makes of a notebook: the pictures of its explorables, without kernel and network."""

import os
import subprocess
import sys

import nbformat
import pytest

pytestmark = pytest.mark.browser


def test_the_pictures_are_shown_without_kernel_and_network(browser, tmp_path):
    cell = nbformat.v4.new_code_cell("from grokmodels.explorables.clock import Clock\nClock()")
    notebook = nbformat.v4.new_notebook(cells=[cell])
    notebook.metadata.kernelspec = {"name": "python3", "display_name": "Python 3", "language": "python"}
    nbformat.write(notebook, tmp_path / "clock.ipynb")
    command = [sys.executable, "-m", "nbconvert", "--to", "html", "--execute", "clock.ipynb"]
    environment = os.environ | {"JUPYTER_CONFIG_DIR": str(tmp_path / "config")}
    subprocess.run(command, cwd=tmp_path, env=environment, check=True, capture_output=True)

    tab = browser.new_page()
    tab.route("http*://**", lambda route: route.abort())
    tab.goto((tmp_path / "clock.html").as_uri())
    # By itself nbconvert prefers a widget whose state it has.
    states = tab.locator("script[type='application/vnd.jupyter.widget-state+json']")
    assert "AnyModel" in states.text_content()
    pictures = tab.locator(".grok-chart img")
    assert pictures.count() == 4
    for picture in pictures.all():
        assert picture.is_visible()
        assert picture.evaluate("(image) => image.decode().then(() => image.naturalWidth)") > 300
        assert len(picture.get_attribute("alt")) > 20
    tab.close()
