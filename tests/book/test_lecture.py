"""Lecture mode: its plans are those of the teaching guide, and its pages can be taught from."""

import re

import pytest
from lecture import read
from playwright.sync_api import Browser, Page

from tests.book.site import HTML, ROOT, SCREENSHOTS, Look, Visit
from tests.book.test_site import soup

LECTURE = read(ROOT / "book" / "lecture.toml")
PLANS = list(LECTURE.plan)
GUIDE = (ROOT / "book" / "teaching.md").read_text(encoding="utf-8")
PROJECTOR = {"width": 1280, "height": 720}


def rows(plan: str) -> list[tuple[str, str, str, str]]:
    """The guide's table of a plan: minutes, screens, what is shown, what is asked."""
    section = GUIDE.split(f"## One lecture of {plan} minutes")[1].split("\n## ")[0]
    return re.findall(r"^\| (\d+–\d+): (.*?) \| (.*) \| (.*?) ?\|$", section, re.M)


@pytest.mark.parametrize("plan", PLANS)
def test_the_guide_has_the_same_steps(plan: str) -> None:
    section = GUIDE.split(f"## One lecture of {plan} minutes")[1].split("\n## ")[0]
    assert len(rows(plan)) == len(re.findall(r"^\| \d", section, re.M))
    number, expected = 0, []
    for row in LECTURE.plan[plan]:
        numbers = range(number + 1, number + 1 + len(row.steps))
        expected.append((row.minutes, ", ".join(f"{{ref}}`{n} <lecture-{plan}-step-{n}>`" for n in numbers)))
        number += len(row.steps)
    assert [row[:2] for row in rows(plan)] == expected
    assert expected[-1][0].endswith(f"–{plan}")


@pytest.mark.parametrize("plan", PLANS)
def test_the_questions_of_the_guide_are_on_the_steps(plan: str) -> None:
    for row, (_, _, _, asked) in zip(LECTURE.plan[plan], rows(plan), strict=True):
        on_steps = [question for name in row.steps for question in LECTURE.step[name].ask]
        assert [question for question in re.findall(r'"([^"]*)"', asked) if question not in on_steps] == []


@pytest.mark.parametrize("plan", PLANS)
def test_every_explorable_of_a_plan_is_linked_in_the_guide(plan: str) -> None:
    shown = [what for _, step in LECTURE.screens(plan) for what in step.show if "#explorable-" in what]
    links = [what.replace("book/", "", 1).replace("#", ".html#") for what in shown]
    table = " ".join(row[2] for row in rows(plan))
    assert len(links) > 3
    assert [link for link in links if f'href="{link}"' not in table] == []


def test_every_step_is_in_a_plan() -> None:
    used = {name for plan in LECTURE.plan.values() for row in plan for name in row.steps}
    assert used == set(LECTURE.step)


@pytest.mark.parametrize("plan", PLANS)
def test_every_step_shows_what_it_names(build_log: str, plan: str) -> None:
    sections = soup(HTML / "book" / f"lecture_{plan}.html").select(".grok-step")
    screens = LECTURE.screens(plan)
    assert len(sections) == len(screens)
    for section, (_, step) in zip(sections, screens, strict=True):
        shown = section.select(".grok-shown")
        assert len(shown) == len(step.show)
        for place, what in zip(shown, step.show, strict=True):
            name = what.partition("#")[2]
            assert place.select(f"#{name}") or place.select("img, table, ol, p"), what


@pytest.fixture
def lecture(visit) -> Visit:
    """The short plan on a projector, over HTTP. At its end there are no complaints."""
    seen = visit(Look(1440, "light", "http"))
    seen.page.set_viewport_size(PROJECTOR)
    seen.open("book/lecture_45.html")
    yield seen
    assert seen.complaints == []
    assert seen.foreign_requests() == []


def step(page: Page) -> str:
    """The address of the step on stage, which is the only one that can be seen or reached."""
    seen = page.eval_on_selector_all(
        ".grok-step", "all => all.filter(s => s.checkVisibility({visibilityProperty: true})).map(s => s.id)"
    )
    active = page.eval_on_selector_all(".grok-step", "all => all.filter(s => !s.inert).map(s => s.id)")
    assert seen == active
    assert len(seen) == 1
    assert page.evaluate("location.hash") == f"#{seen[0]}"
    return seen[0]


def press(page: Page, key: str) -> str:
    page.keyboard.press(key)
    return step(page)


@pytest.mark.browser
@pytest.mark.parametrize("origin", ["http", "file"])
@pytest.mark.parametrize("plan", PLANS)
def test_the_keyboard_walks_all_steps(visit, origin: str, plan: str) -> None:
    seen = visit(Look(1440, "light", origin))
    page, screens = seen.page, LECTURE.screens(plan)
    page.set_viewport_size(PROJECTOR)
    seen.open(f"book/lecture_{plan}.html")
    for number, (minutes, shown) in enumerate(screens, start=1):
        assert step(page) == f"step-{number}"
        status = page.locator(".grok-bar [role=status]").inner_text()
        assert status.startswith(f"{number} / {len(screens)} · minutes {minutes}")
        assert shown.title in page.locator(".grok-bar [role=status]").text_content()
        page.screenshot(path=SCREENSHOTS / f"lecture-{plan}-{origin}-{number}.jpeg")
        # Whatever its height, the question and the bar stay, and the page itself does not scroll.
        assert page.evaluate("[document.scrollingElement.scrollWidth, scrollY]") == [1280, 0]
        assert page.locator(".grok-now .grok-minutes").bounding_box()["y"] < 200
        assert page.locator(".grok-bar").bounding_box()["y"] < 720
        page.keyboard.press("ArrowRight")
    assert step(page) == f"step-{len(screens)}"
    assert press(page, "Home") == "step-1"
    assert press(page, "PageDown") == "step-2"
    assert press(page, "Space") == "step-3"
    assert press(page, "Shift+Space") == "step-2"
    assert press(page, "PageUp") == "step-1"
    assert press(page, "ArrowLeft") == "step-1"
    assert press(page, "End") == f"step-{len(screens)}"
    assert seen.complaints == []
    assert seen.foreign_requests() == []


@pytest.mark.browser
def test_an_address_opens_a_step(lecture: Visit) -> None:
    lecture.page.goto("about:blank")
    lecture.open("book/lecture_45.html#step-4")
    assert step(lecture.page) == "step-4"
    lecture.page.evaluate("location.hash = '#explorable-clock'")
    lecture.page.wait_for_function("location.hash === '#step-7'")
    assert step(lecture.page) == "step-7"


@pytest.mark.browser
def test_notes_are_hidden_until_asked_for(lecture: Visit) -> None:
    notes = lecture.page.locator(".grok-now .grok-notes")
    assert not notes.is_visible()
    lecture.page.keyboard.press("n")
    assert notes.is_visible()
    lecture.page.keyboard.press("n")
    assert not notes.is_visible()


@pytest.mark.browser
def test_f_is_full_screen(lecture: Visit) -> None:
    lecture.page.keyboard.press("f")
    lecture.page.wait_for_function("document.fullscreenElement")
    assert step(lecture.page) == "step-1"
    lecture.page.keyboard.press("f")
    lecture.page.wait_for_function("!document.fullscreenElement")


@pytest.mark.browser
def test_a_slider_keeps_its_keys(lecture: Visit) -> None:
    page = lecture.page
    assert press(page, "PageDown") == "step-2"
    assert press(page, "PageDown") == "step-3"
    slider = page.locator(".grok-now input[type=range]:visible").first
    slider.focus()
    for key in ("ArrowRight", "PageUp", "Home", "End"):
        before = slider.input_value()
        assert press(page, key) == "step-3"
        assert slider.input_value() != before, key
    page.keyboard.press("Escape")
    assert press(page, "ArrowRight") == "step-4"


@pytest.mark.browser
def test_space_presses_a_button(lecture: Visit) -> None:
    page = lecture.page
    page.get_by_role("button", name="Next step").focus()
    assert press(page, "Space") == "step-2"
    page.get_by_role("button", name="Notes (n)").focus()
    assert press(page, "Space") == "step-2"
    assert page.locator(".grok-now .grok-notes").is_visible()


@pytest.mark.browser
def test_explorables_draw_and_links_set_them(lecture: Visit) -> None:
    page = lecture.page
    page.wait_for_function("[...document.querySelectorAll('.grok-explorable')].every(root => root.explorable)")
    for number, (_, shown) in enumerate(LECTURE.screens("45"), start=1):
        if not shown.moves:
            continue
        page.evaluate("n => { location.hash = `#step-${n}`; }", number)
        page.wait_for_function("n => document.querySelector('.grok-now').id === `step-${n}`", arg=number)
        assert page.locator(".grok-now .grok-view svg path").count() > 4
        for move in shown.moves:
            page.locator(".grok-now .grok-moves").get_by_text(move.words, exact=True).click()
            state = page.evaluate(
                "name => document.getElementById(`explorable-${name}`).explorable.state", move.explorable
            )
            assert {trait: state[trait] for trait in move.state} == move.state
        assert step(page) == f"step-{number}"


@pytest.mark.browser
def test_a_window_of_notes_follows_and_leads(lecture: Visit) -> None:
    page = lecture.page
    press(page, "ArrowRight")
    with page.context.expect_page() as opened:
        page.get_by_role("link", name="Notes in a second window").click()
    notes = opened.value
    notes.wait_for_function("location.hash === '#step-2'")
    assert notes.locator(".grok-now .grok-notes").is_visible()
    assert not notes.locator(".grok-now .grok-main").is_visible()
    press(page, "ArrowRight")
    notes.wait_for_function("location.hash === '#step-3'")
    assert step(notes) == "step-3"
    notes.keyboard.press("PageDown")
    page.wait_for_function("location.hash === '#step-4'")
    assert step(page) == "step-4"


@pytest.mark.browser
@pytest.mark.parametrize(("origin", "told"), [("http", 0), ("file", 1)])
def test_from_disk_the_window_of_notes_says_that_it_may_not_follow(visit, origin: str, told: int) -> None:
    seen = visit(Look(1440, "light", origin))
    seen.open("book/lecture_45.html?notes")
    assert seen.page.locator(".grok-apart").count() == told


@pytest.mark.browser
def test_what_is_around_the_stage_is_out_of_reach(lecture: Visit) -> None:
    page = lecture.page
    reached = set()
    for _ in range(12):
        page.keyboard.press("Tab")
        # Between the last and the first, the browser's own controls have the focus, and of the page only its body.
        reached.add(page.evaluate("document.activeElement.closest('.grok-now, .grok-bar, body').className"))
    assert "grok-bar" in reached
    assert reached <= {"grok-bar", "grok-step grok-now", ""}


def all_shown(page: Page) -> bool:
    return page.eval_on_selector_all(
        ".grok-step :is(h2, .grok-notes, .grok-shown)",
        "all => all.length > 20 && all.every(one => one.checkVisibility({visibilityProperty: true}))",
    )


@pytest.mark.browser
def test_printed_everything_follows_one_another(lecture: Visit) -> None:
    lecture.page.emulate_media(media="print")
    assert all_shown(lecture.page)
    assert not lecture.page.locator(".grok-bar").is_visible()


@pytest.mark.browser
def test_without_scripts_everything_follows_one_another(browser: Browser, origins: dict[str, str]) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{origins['file']}/book/lecture_45.html")
    tops = [section.bounding_box()["y"] for section in page.locator(".grok-step").all()]
    assert tops == sorted(set(tops))
    assert page.locator(".grok-notes").first.is_visible()
    context.close()
