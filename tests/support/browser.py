"""A real browser, and the pages as those who use them find their way: by roles, names and keys."""

import json
import os
import shutil
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from playwright.async_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Locator,
    Page,
    Route,
    async_playwright,
    expect,
)

from tests.support.node import packages

_ARTEFACTS = Path(__file__).parents[2] / "test-artifacts" / "screenshots"
_NAMES = ("chromium", "chromium-browser", "google-chrome")
_REMEDY = (
    "These tests need Chromium: install it (on Debian `apt-get install chromium`), or set "
    "MINUTIER_TEST_CHROMIUM to where it is."
)
_REPEATED = ".said:nth-child(n + 30)"
_TAGS = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice")
# What depends on a theme or a size, and not on what there is in the page alone.
_LOOKS = (
    *("color-contrast", "link-in-text-block", "target-size", "scrollable-region-focusable"),
    *("button-name", "link-name", "label", "select-name", "aria-hidden-focus", "skip-link"),
)

Language = Literal["en", "fr"]
Theme = Literal["light", "dark"]

LAPTOP = (1280, 800)
PHONE = (390, 844)


def chromium() -> str:
    """Where Chromium is. Raises `RuntimeError` with what to do where there is none."""
    found = os.environ.get("MINUTIER_TEST_CHROMIUM") or next(filter(None, map(shutil.which, _NAMES)), None)
    if found is None or not Path(found).is_file():
        raise RuntimeError(_REMEDY)
    return found


def artefacts() -> Path:
    """The folder for what people want to look at after a run; what an earlier run left is written over."""
    folder = Path(os.environ.get("MINUTIER_TEST_ARTIFACTS", _ARTEFACTS))
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@asynccontextmanager
async def launched() -> AsyncIterator[Browser]:
    # Root, as in a container, has no sandbox; and nobody is there to press a key before sound may be played.
    arguments = ["--no-sandbox", "--autoplay-policy=no-user-gesture-required", "--mute-audio"]
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=chromium(), args=arguments)
        yield browser
        await browser.close()


@dataclass
class Window:
    """A browser window of somebody; ``troubles`` is what its console and its pages complained of."""

    page: Page
    url: str
    troubles: list[str] = field(default_factory=list)

    async def go(self, path: str) -> None:
        await self.page.goto(f"{self.url}{path}")

    async def look(self, theme: Theme, size: tuple[int, int]) -> None:
        """As the same page looks on another device."""
        await self.page.emulate_media(color_scheme=theme, reduced_motion="reduce")
        await self.page.set_viewport_size({"width": size[0], "height": size[1]})
        await self.page.evaluate("document.fonts.ready")

    async def serve(self, pages: Mapping[str, str]) -> None:
        """Answer for the server at these paths."""

        async def answer(route: Route) -> None:
            path = route.request.url.removeprefix(self.url)
            await route.fulfill(body=pages[path], content_type="text/html; charset=utf-8")

        for path in pages:
            await self.page.route(f"{self.url}{path}", answer)

    def note(self, message: ConsoleMessage) -> None:
        # What the server refuses is told by the page, and tested there.
        if message.type in ("error", "warning") and "Failed to load resource" not in message.text:
            self.troubles.append(message.text)


@asynccontextmanager
async def window(
    browser: Browser,
    url: str,
    *,
    headers: Mapping[str, str] | None = None,
    size: tuple[int, int] = LAPTOP,
    language: Language = "en",
    theme: Theme = "light",
    unprotected: bool = False,
) -> AsyncIterator[Window]:
    """A new window, without cookies; only where ``unprotected`` may a test bring scripts of its own."""
    context: BrowserContext = await browser.new_context(
        viewport={"width": size[0], "height": size[1]},
        color_scheme=theme,
        locale=language,
        timezone_id="Europe/Paris",
        extra_http_headers=dict(headers or {}),
        bypass_csp=unprotected,
        reduced_motion="reduce",
    )
    context.set_default_timeout(15_000)
    page = await context.new_page()
    opened = Window(page, url)
    page.on("console", opened.note)
    page.on("pageerror", lambda error: opened.troubles.append(str(error)))
    try:
        yield opened
    finally:
        await context.close()


async def violations(page: Page, within: str = "html", *, again: bool = False) -> list[str]:
    """What axe-core finds, and where; the window has to be unprotected.

    ``again`` it looks for what may be wrong in another theme or size alone.

    Of a long transcript all but the beginning is taken out of the page: it is written by the same lines, and
    axe-core takes its time for every element, those that it is not to look at included.
    """
    await page.evaluate(
        "(repeated) => document.querySelectorAll(repeated).forEach((each) => each.remove())", _REPEATED
    )
    script = packages() / "node_modules" / "axe-core" / "axe.min.js"
    if not await page.evaluate("'axe' in window"):
        await page.add_script_tag(content=script.read_text())
    found: dict[str, Any] = await page.evaluate(
        # What would be loaded beforehand is for rules that are not asked for.
        "async ([include, runOnly]) => "
        "await axe.run({include}, {runOnly, resultTypes: ['violations'], preload: false})",
        [[within], {"type": "rule", "values": _LOOKS} if again else _TAGS],
    )
    return [
        f"{violation['id']}: {violation['help']}: {json.dumps(node['target'])} {node['failureSummary']}"
        for violation in found["violations"]
        for node in violation["nodes"]
    ]


# The same element is told from others by where it is in its page.
_PATH = """function path(element) {
  const steps = [];
  for (let each = element; each.parentElement; each = each.parentElement)
    steps.unshift(`${each.tagName}:${[...each.parentElement.children].indexOf(each)}`);
  return steps.join("/");
}"""


async def focusable(page: Page) -> set[str]:
    """All that the keyboard should reach now, of a group of choices the one that is chosen."""
    found: list[str] = await page.evaluate(
        f"""() => {{ {_PATH}
          return [...document.querySelectorAll("a[href], button, input, select, summary, [tabindex='0']")]
            .filter((each) => each.checkVisibility() && each.tabIndex >= 0 && !each.disabled).map(path);
        }}"""
    )
    return set(found)


async def tabbed(page: Page, most: int = 500) -> list[dict[str, Any]]:
    """What the focus stops at on its way through the page: whether one sees it there, and its outline."""
    stops: list[dict[str, Any]] = []
    for _ in range(most):
        await page.keyboard.press("Tab")
        stop = await page.evaluate(
            f"""() => {{ {_PATH}
              const element = document.activeElement;
              if (element === document.body) return null;
              const {{left, top, width, height}} = element.getBoundingClientRect();
              const seen = document.elementFromPoint(left + width / 2, top + height / 2);
              const lined = [element, "::after"].map((each) => each === element
                ? getComputedStyle(element) : getComputedStyle(element, each));
              return {{
                path: path(element),
                html: element.outerHTML.slice(0, 160),
                hidden: !(seen && (element.contains(seen) || seen.contains(element))),
                outlined: lined.some(
                  (each) => each.outlineStyle !== "none" && parseFloat(each.outlineWidth) >= 2
                ),
              }};
            }}"""
        )
        if stop is None or any(stop["path"] == before["path"] for before in stops):
            break
        stops.append(stop)
    return stops


async def scrolled(page: Page) -> dict[str, float]:
    """What a page weighs, and how long its frames take while it is scrolled through."""
    found: dict[str, float] = await page.evaluate(
        """async () => {
          const [navigation] = performance.getEntriesByType("navigation");
          const frames = [];
          for (let step = 0, last = performance.now(); step < 90; step++) {
            scrollBy(0, 900);
            await new Promise(requestAnimationFrame);
            frames.push(performance.now() - last);
            last = performance.now();
          }
          frames.sort((one, other) => one - other);
          const said = [...document.querySelectorAll(".said")];
          return {
            transferred_bytes: navigation.transferSize,
            decoded_bytes: navigation.decodedBodySize,
            answered_ms: navigation.responseEnd,
            interactive_ms: navigation.domInteractive,
            loaded_ms: navigation.loadEventEnd,
            elements: document.querySelectorAll("*").length,
            segments: said.length,
            words: said.reduce((sum, each) => sum + each.dataset.starts.split(" ").length, 0),
            drawn: said.filter((each) =>
              each.querySelector(".text").checkVisibility({contentVisibilityAuto: true})).length,
            frame_p50_ms: frames[45],
            frame_p95_ms: frames[85],
          };
        }"""
    )
    return found


class MeetingPage:
    """A meeting's page, as its reader uses it."""

    def __init__(self, window: Window, recording: object) -> None:
        self.window = window
        self.page = window.page
        self.path = f"/recordings/{recording}"

    async def open(self, query: str = "") -> None:
        await self.window.go(f"{self.path}{query}")
        await self.page.wait_for_function("document.querySelector('.said, .skeleton, .empty') !== null")

    def said(self, segment: str) -> Locator:
        return self.page.locator(f"#{segment}")

    def text(self, segment: str) -> Locator:
        return self.said(segment).locator(".text")

    def current(self) -> Locator:
        return self.page.locator(".said.current")

    def tab(self, name: str) -> Locator:
        return self.page.get_by_role("tab", name=name)

    def notice(self) -> Locator:
        return self.page.locator("#notices")

    async def time(self) -> float:
        """Where the recording is, in seconds."""
        found: float = await self.page.evaluate("document.getElementById('audio').currentTime")
        return found

    async def hears(self, track: str) -> float:
        """Once this track is what plays, where it is, in its own seconds."""
        playing = await self.page.wait_for_function(
            """(track) => {
              const playing = [...document.querySelectorAll("#player audio")].filter((each) => !each.paused);
              const [heard] = playing;
              return playing.length === 1 && new URL(heard.src).searchParams.get("track") === track
                && heard.currentTime > 0 && {seconds: heard.currentTime};
            }""",
            arg=track,
        )
        found: dict[str, float] = await playing.json_value()
        return found["seconds"]

    async def silent(self) -> bool:
        found: bool = await self.page.evaluate(
            "[...document.querySelectorAll('#player audio')].every((each) => each.paused)"
        )
        return found

    async def word(self) -> str:
        """The word that is marked as the one that is said."""
        found: str = await self.page.evaluate(
            "[...(CSS.highlights.get('word') ?? [])].map((range) => range.toString()).join()"
        )
        return found

    async def click_word(self, segment: str, word: str, *, times: int = 1) -> None:
        """Click in the middle of a word, the first that reads so."""
        text = self.text(segment)
        await text.scroll_into_view_if_needed()
        place: dict[str, float] = await text.evaluate(
            """(element, word) => {
              const node = element.firstChild, from = node.data.indexOf(word), range = document.createRange();
              range.setStart(node, from); range.setEnd(node, from + word.length);
              const {x, y, width, height} = range.getClientRects()[0];
              return {x: x + width / 2, y: y + height / 2};
            }""",
            word,
        )
        await self.page.mouse.click(place["x"], place["y"], click_count=times)

    async def correct(self, segment: str, written: str) -> None:
        """Have a segment read ``written``."""
        await self.said(segment).hover()
        await self.said(segment).locator(".correct").click()
        await self.said(segment).locator("textarea").fill(written)
        await self.page.keyboard.press("Enter")
        await expect(self.said(segment).locator("textarea")).to_have_count(0)

    async def rename(self, speaker: str, name: str) -> None:
        await self.page.locator(f"[data-speaker='{speaker}']").click()
        await self.page.locator("#speaker-name").fill(name)
        await self.page.keyboard.press("Enter")


class SearchPage:
    def __init__(self, window: Window) -> None:
        self.window = window
        self.page = window.page

    async def ask(self, query: str) -> None:
        """From the search box that every page has."""
        box = self.page.get_by_role("searchbox")
        await box.fill(query)
        await box.press("Enter")
        await self.page.wait_for_url("**/search?q=*")

    def hits(self) -> Locator:
        return self.page.locator(".hit")

    def marks(self) -> Locator:
        return self.page.locator(".hit mark")
