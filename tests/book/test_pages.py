"""Every page in a real browser: over HTTP and from disk, on a desk and on a phone, light and dark."""

import pytest

from tests.book.site import LOOKS, SCREENSHOTS, Look, chapters, pages

pytestmark = pytest.mark.browser

WIDER_THAN_THE_SCREEN = """
() => [...document.querySelectorAll('body *')]
  .filter(element => element.getBoundingClientRect().right > innerWidth + 1
    && getComputedStyle(element).position !== 'fixed')
  .slice(0, 5).map(element => element.outerHTML.slice(0, 120))
"""

BROKEN_IMAGES = """
() => [...document.images].filter(image => image.offsetParent && !image.naturalWidth).map(image => image.src)
"""

UNSET_MATH = """
() => [...document.querySelectorAll('.math')].filter(math => !math.querySelector('mjx-container')
    || math.querySelector('mjx-merror, [data-mjx-error]')).map(math => math.textContent)
"""

# Words with a contrast, by the definition of WCAG 2, between their color and the nearest opaque background behind them
# below 4.5. Formulas and charts take their colors from the text around them or from the palette.
CONTRASTS = """
() => {
  const canvas = Object.assign(document.createElement('canvas'), {width: 1, height: 1})
    .getContext('2d', {willReadFrequently: true});
  const rgba = color => {
    canvas.clearRect(0, 0, 1, 1); canvas.fillStyle = color; canvas.fillRect(0, 0, 1, 1);
    return [...canvas.getImageData(0, 0, 1, 1).data];
  };
  const cached = {};
  const luminance = color => cached[color] ??= rgba(color).slice(0, 3).map(part => part / 255)
    .map(part => part <= 0.03928 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4)
    .reduce((sum, part, i) => sum + part * [0.2126, 0.7152, 0.0722][i], 0);
  const background = element => {
    const color = getComputedStyle(element).backgroundColor;
    return rgba(color)[3] === 255 ? color : element.parentElement ? background(element.parentElement) : 'white';
  };
  const spoken = element => element.checkVisibility({opacityProperty: true, visibilityProperty: true})
    && !element.closest('mjx-container, svg, canvas, :disabled')
    && [...element.childNodes].some(child => child.nodeType === 3 && child.data.trim());
  const seen = {};
  for (const word of [...document.querySelectorAll('article *')].filter(spoken)) {
    const colors = [getComputedStyle(word).color, background(word)];
    const [low, high] = colors.map(luminance).sort((a, b) => a - b);
    const contrast = (high + 0.05) / (low + 0.05);
    if (contrast < 4.5) seen[colors] ??= `${contrast.toFixed(2)} ${colors} ${word.outerHTML.slice(0, 80)}`;
  }
  return Object.values(seen);
}
"""


@pytest.mark.parametrize("look", LOOKS, ids=str)
@pytest.mark.parametrize("name", pages())
def test_page_is_whole(visit, name: str, look: Look) -> None:
    seen = visit(look)
    seen.open(f"{name}.html")
    page = seen.page
    assert page.evaluate(UNSET_MATH) == []
    # A page that is open follows the reader's system when that turns dark.
    for theme in ("light", "dark"):
        page.emulate_media(color_scheme=theme)
        page.wait_for_function("theme => document.documentElement.dataset.theme === theme", arg=theme)
        page.screenshot(path=SCREENSHOTS / f"{name.replace('/', '-')}-{look}-{theme}.jpeg", full_page=True)
        assert page.evaluate("document.documentElement.scrollWidth") <= look.width, page.evaluate(WIDER_THAN_THE_SCREEN)
        assert page.evaluate(BROKEN_IMAGES) == []
        assert page.evaluate(CONTRASTS) == []
    assert seen.foreign_requests() == []
    assert seen.complaints == []


# How far down the first thing to look at ends its beginning, and what is cut off.
FIRST = "article :is(.grok-explorable, figure, .grok-table)"
CUT_OFF = """
() => [...document.querySelectorAll('article pre')].filter(text => text.scrollWidth > text.clientWidth + 1
    && text.checkVisibility()).map(text => text.textContent.slice(0, 80))
"""


@pytest.mark.parametrize("name", [name for name in chapters() if "/" in name.removeprefix("book/")])
def test_a_chapter_begins_with_its_answer_and_cuts_nothing_off(visit, name: str) -> None:
    seen = visit(Look(1440, "light", "http"))
    seen.open(f"{name}.html")
    first = seen.page.locator(FIRST).first
    assert first.bounding_box()["y"] < 900
    assert seen.page.evaluate(CUT_OFF) == []


def test_formulas_are_no_tab_stops(visit) -> None:
    seen = visit(Look(1440, "light", "http"))
    seen.open("book/two_basins/clock.html")
    assert seen.page.locator("mjx-container").count() > 100
    assert seen.page.locator("mjx-container[tabindex]").count() == 0


@pytest.mark.parametrize("origin", ["http", "file"])
def test_search_finds_a_word(visit, origin: str) -> None:
    seen = visit(Look(1440, "light", origin))
    seen.open("search.html?q=separatrix")
    seen.page.wait_for_selector("#search-results li a")
    found = seen.page.eval_on_selector_all("#search-results li a", "links => links.map(link => link.href)")
    assert any("glossary.html" in link for link in found)
    assert seen.complaints == []


def test_chapters_are_numbered(visit) -> None:
    seen = visit(Look(1440, "light", "http"))
    seen.open("book/index.html")
    titles = seen.page.eval_on_selector_all(".bd-links li.toctree-l1 > a", "links => links.map(a => a.innerText)")
    numbers = [int(title.split(".")[0]) for title in titles if title.split(".")[0].isdigit()]
    assert numbers == list(range(1, len(numbers) + 1))
    assert len(numbers) >= 2


def test_one_search_field(visit) -> None:
    seen = visit(Look(1440, "light", "http"))
    seen.open("book/index.html")
    assert seen.page.locator(".search-button-field:visible, .search-button__button:visible").count() == 1


def test_front_page_is_the_first_page(visit) -> None:
    seen = visit(Look(1440, "light", "http"))
    seen.open("index.html")
    assert seen.page.url.endswith(f"/{chapters()[0]}.html")
