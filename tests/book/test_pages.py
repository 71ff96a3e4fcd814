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

UNSET_MATH = """
() => [...document.querySelectorAll('.math')].filter(math => !math.querySelector('mjx-container')
    || math.querySelector('mjx-merror, [data-mjx-error]')).map(math => math.textContent)
"""

# Contrast by the definition of WCAG 2 between the color of a word and the nearest opaque background behind it.
CONTRASTS = """
() => {
  const canvas = Object.assign(document.createElement('canvas'), {width: 1, height: 1}).getContext('2d');
  const rgba = color => {
    canvas.clearRect(0, 0, 1, 1); canvas.fillStyle = color; canvas.fillRect(0, 0, 1, 1);
    return [...canvas.getImageData(0, 0, 1, 1).data];
  };
  const luminance = color => rgba(color).slice(0, 3).map(part => part / 255)
    .map(part => part <= 0.03928 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4)
    .reduce((sum, part, i) => sum + part * [0.2126, 0.7152, 0.0722][i], 0);
  const background = element => {
    const color = getComputedStyle(element).backgroundColor;
    return rgba(color)[3] === 255 ? color : element.parentElement ? background(element.parentElement) : 'white';
  };
  const words = '.grok-train, .grok-test, .grok-memorizing, .grok-generalizing';
  return Object.fromEntries([...document.querySelectorAll(words)].map(word => {
    const [low, high] = [luminance(getComputedStyle(word).color), luminance(background(word))].sort((a, b) => a - b);
    return [word.className, (high + 0.05) / (low + 0.05)];
  }));
}
"""


@pytest.mark.parametrize("look", LOOKS, ids=str)
@pytest.mark.parametrize("name", pages())
def test_page_is_whole(visit, name: str, look: Look) -> None:
    seen = visit(look)
    seen.open(f"{name}.html")
    page = seen.page
    page.screenshot(path=SCREENSHOTS / f"{name.replace('/', '-')}-{look}.jpeg", full_page=True)

    assert seen.foreign_requests() == []
    assert seen.complaints == []
    assert page.evaluate("document.documentElement.dataset.theme") == look.theme
    assert page.evaluate(UNSET_MATH) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= look.width, page.evaluate(WIDER_THAN_THE_SCREEN)
    broken = "[...document.images].filter(image => image.offsetParent && !image.naturalWidth).map(image => image.src)"
    assert page.evaluate(broken) == []


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_colored_words_are_readable(visit, theme: str) -> None:
    seen = visit(Look(1440, theme, "http"))
    seen.open("book/notation.html")
    contrasts = seen.page.evaluate(CONTRASTS)
    assert len(contrasts) == 4
    assert min(contrasts.values()) >= 4.5, contrasts


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
