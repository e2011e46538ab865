"""From signing in to a corrected word that search finds: everything real, in both languages."""

import asyncio
import json
import sys
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import Browser, expect

from minutier.compose.embedded import System
from minutier.compose.people import COMPLIANCE, OUTSIDER, PARTICIPANT
from minutier.shared.audio import SAMPLE_RATE
from tests.support import browser as browsing
from tests.support.audio import conversation, encode
from tests.support.browser import Language, MeetingPage, SearchPage, Window

SECONDS = 240
# "I thought, you know, I heard a beep", eleven seconds from the beginning.
LENGTH = 13.0
SPOKEN = "beep"
CORRECTED: dict[Language, str] = {"en": "xylophone", "fr": "clavecin"}


@pytest.fixture(scope="module")
async def browser() -> AsyncIterator[Browser]:
    async with browsing.launched() as browser:
        yield browser


@pytest.fixture(scope="module")
def folder() -> Path:
    return browsing.artefacts()


@pytest.fixture(scope="module")
async def recording(system: System, tmp_path_factory: pytest.TempPathFactory) -> str:
    """One that the participant owns, from the file to its minutes."""
    file = tmp_path_factory.mktemp("sound") / "meeting.ogg"
    file.write_bytes(encode(conversation()[: int(LENGTH * SAMPLE_RATE)], "ogg"))
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "minutier.compose", "ingest", str(file), "--title", "Weekly"),
        *("--watch", "--json", "--data-dir", str(system.directory.path)),
        stdout=PIPE,
        stderr=PIPE,
    )
    out, err = await asyncio.wait_for(process.communicate(), SECONDS)
    assert process.returncode == 0, err
    (result,) = json.loads(out)["recordings"]
    return str(result["recording_id"])


async def sign_in(window: Window, name: str) -> None:
    """Choose one of the people to try, and come back to where one was going."""
    await window.page.get_by_role("button", name=name).click()
    await window.page.wait_for_url(f"{window.url}/**")


@pytest.mark.parametrize("language", ["en", "fr"])
async def test_a_word_that_is_corrected_is_found_at_once(
    system: System, browser: Browser, recording: str, language: Language, folder: Path
) -> None:
    written = CORRECTED[language]
    async with browsing.window(browser, system.url("query"), language=language) as window:
        meeting = MeetingPage(window, recording)
        await window.go(meeting.path)
        await sign_in(window, PARTICIPANT.name)
        await expect(window.page.locator("html")).to_have_attribute("lang", language)
        await expect(window.page.get_by_role("heading", level=1)).to_contain_text("Weekly")
        said = window.page.locator(".said", has_text=SPOKEN).or_(
            window.page.locator(".said", has_text=CORRECTED["en"])
        )
        segment = await said.first.get_attribute("id")
        assert segment is not None
        before = await meeting.text(segment).inner_text()
        word = SPOKEN if SPOKEN in before else CORRECTED["en"]
        await meeting.correct(segment, before.replace(word, written))
        await expect(meeting.text(segment)).to_contain_text(written)
        search = SearchPage(window)
        await search.ask(written)
        await expect(search.marks().first).to_contain_text(written)
        await window.page.screenshot(path=folder / f"found-{language}.png", full_page=True)
        await search.hits().first.get_by_role("link").click()
        await expect(window.page.locator(".said.current")).to_contain_text(written)
        assert window.troubles == []


async def test_who_was_not_there_finds_nothing_and_compliance_sees_who_looked(
    system: System, browser: Browser, recording: str
) -> None:
    async with browsing.window(browser, system.url("query")) as window:
        await window.go(f"/recordings/{recording}")
        await sign_in(window, OUTSIDER.name)
        await expect(window.page.get_by_text("Weekly")).to_have_count(0)
        search = SearchPage(window)
        await search.ask("thought")
        await expect(search.hits()).to_have_count(0)
    async with browsing.window(browser, system.url("query")) as window:
        await window.go("/accesses")
        await sign_in(window, COMPLIANCE.name)
        await expect(window.page.get_by_text(PARTICIPANT.name).first).to_be_visible()
        await expect(window.page.get_by_text(OUTSIDER.name).first).to_be_visible()
        assert window.troubles == []
