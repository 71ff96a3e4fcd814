"""What can be checked in the built files without a browser."""

import json
import re
from functools import cache
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
from bs4 import BeautifulSoup
from nbval.plugin import IPyNbCell

from tests.book.site import HTML, chapters, pages

# A page without the charts that pages share: heavier ones are slow on a phone.
LIGHT_PAGE = 1_500_000


@cache
def soup(path: Path) -> BeautifulSoup:
    return BeautifulSoup(path.read_text(encoding="utf-8"), "html.parser")


@pytest.fixture(params=pages())
def page(request: pytest.FixtureRequest, build_log: str) -> Path:
    return HTML / f"{request.param}.html"


def test_chapters_are_not_executed_again(build_log: str, request: pytest.FixtureRequest) -> None:
    compared = {item.path for item in request.session.items if isinstance(item, IPyNbCell)}
    if not compared:
        pytest.skip("the chapters were not part of this run")
    # What the book's extension says where it does execute one, and what MyST-NB would.
    assert re.findall(r"(\S+): (?:executed in|Executing notebook)", build_log) == []


def test_images_say_what_they_show(page: Path) -> None:
    unspoken = [
        image["src"][:80]
        for image in soup(page).select("article img")
        if len(image.get("alt", "").split()) < 5 or "." + image["alt"].rsplit(".", 1)[-1] in (".png", ".svg")
    ]
    assert unspoken == []


def test_links_lead_somewhere(page: Path) -> None:
    broken = []
    for link in soup(page).select("a[href], link[href], script[src], img[src]"):
        address = urlsplit(link.get("href") or link.get("src"))
        if address.scheme or address.netloc:
            continue
        target = (page.parent / unquote(address.path)).resolve() if address.path else page
        if not target.is_file() or (
            address.fragment and target.suffix == ".html" and not soup(target).find(id=unquote(address.fragment))
        ):
            broken.append(address.geturl())
    assert broken == []


def test_page_is_light(page: Path) -> None:
    own = page.stat().st_size
    figures = {image["src"] for image in soup(page).select("article img") if not image["src"].startswith("data:")}
    assert own + sum((page.parent / figure).stat().st_size for figure in figures) <= LIGHT_PAGE


def test_charts_are_loaded_where_they_are_shown(page: Path) -> None:
    scripts = " ".join(script.get("src", "") for script in soup(page).select("script"))
    assert ("vega.js" in scripts) == bool(soup(page).select(".grok-explorable"))


def test_sentences_move_charts_to_what_their_controls_take(page: Path) -> None:
    payloads = {
        root["data-name"]: json.loads(root.select_one(".grok-payload").string)
        for root in soup(page).select(".grok-explorable")
    }
    for link in soup(page).select("a.grok-set"):
        payload = payloads[link["data-explorable"]]
        own = payload["controls"]
        assert link["href"] == f"#explorable-{link['data-explorable']}"
        assert link.get("data-chart") in {None, *payload["charts"]}
        for trait, value in json.loads(link["data-state"]).items():
            assert value in own[trait]["values"], link


def test_every_figure_is_in_the_pages(build_log: str) -> None:
    for name in chapters():
        source = HTML.parents[1] / f"{name}.ipynb"
        if source.exists():
            drawn = source.read_text(encoding="utf-8").count("<Figure size")
            shown = len(soup(HTML / f"{name}.html").select("article div.cell_output img.grok-light-figure"))
            assert shown == drawn, name


def test_no_buttons_lead_to_an_unknown_repository(page: Path) -> None:
    buttons = soup(page).select(".btn-launch-button, .btn-source-repository-button, .btn-source-issues-button")
    assert buttons == []


def test_no_other_host_is_named_by_the_page_itself(page: Path) -> None:
    loaded = soup(page).select("script[src], link[rel=stylesheet], img[src], iframe[src]")
    addresses = [element.get("src") or element.get("href") for element in loaded]
    assert [address for address in addresses if re.match(r"(https?:)?//", address)] == []
