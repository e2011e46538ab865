"""The pages in a real browser, on the running query service."""

import asyncio
import json
import re
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from functools import partial
from pathlib import Path
from uuid import uuid4

import pytest
from nats.aio.client import Client
from playwright.async_api import Browser, expect

from minutier.compose.embedded import System
from minutier.compose.people import COMPLIANCE, OUTSIDER, PARTICIPANT
from minutier.schemas.events import Progress, Stage
from tests.support import browser as browsing
from tests.support import query_meetings as meetings
from tests.support.browser import LAPTOP, PHONE, Language, MeetingPage, SearchPage, Theme, Window, violations
from tests.support.query_pages import NAMES, SECONDS, TITLE, TRACK_OFFSETS, House, Told
from tests.support.systems import running
from tests.support.written_pages import written_pages

# Every value of each with every value of the others; a page is loaded once for both looks of a language.
LOOKS: Mapping[Language, Sequence[tuple[Theme, tuple[int, int]]]] = {
    "fr": (("light", LAPTOP), ("dark", PHONE)),
    "en": (("dark", LAPTOP), ("light", PHONE)),
}

UNHURRIED = {
    "MINUTIER_QUERY_REQUESTS_PER_MINUTE": "100000",
    "MINUTIER_QUERY_SEARCHES_PER_MINUTE": "100000",
}

Opened = Callable[..., AbstractAsyncContextManager[Window]]


@pytest.fixture(scope="module")
async def system() -> AsyncIterator[System]:
    # One person does here in a minute what takes others a day.
    async with running(services=["query"], environment=UNHURRIED) as system:
        yield system


@pytest.fixture(scope="module")
async def browser() -> AsyncIterator[Browser]:
    async with browsing.launched() as browser:
        yield browser


@pytest.fixture(scope="module")
def folder() -> Path:
    return browsing.artefacts()


@pytest.fixture(scope="module")
def house(system: System, connection: Client, tmp_path_factory: pytest.TempPathFactory) -> House:
    return House(system, connection, tmp_path_factory.mktemp("sound"))


@pytest.fixture(scope="module")
async def recordings(house: House) -> Told:
    return await house.filled()


@pytest.fixture
def opened(browser: Browser, house: House) -> Opened:
    """A window of the participant, who owns the recordings."""
    return partial(browsing.window, browser, house.url, headers=house.showing())


def paths(recordings: Told) -> dict[str, str]:
    here = f"/recordings/{recordings.ready}"
    return {
        "meetings": "/",
        "meetings-none": "/?state=failed",
        # As any other, with a choice of voices besides.
        "meeting": f"/recordings/{recordings.tracked}",
        "meeting-long": f"/recordings/{recordings.long}",
        "meeting-working": f"/recordings/{recordings.working}",
        "report": f"{here}/report",
        "access": f"{here}/access",
        "search": "/search?q=budget",
        "search-none": "/search?q=nowhere",
        "search-in-vain": "/search?q=b*",
        "not-found": f"/recordings/{uuid4()}",
    }


async def test_no_page_has_an_accessibility_violation(
    browser: Browser, house: House, recordings: Told, folder: Path
) -> None:
    """Side by side, since each window is a process of the browser's."""

    async def looked_at(language: Language) -> dict[tuple[str, ...], list[str]]:
        found: dict[tuple[str, ...], list[str]] = {}
        written = written_pages(language)
        async with browsing.window(
            browser, house.url, headers=house.showing(), language=language, unprotected=True
        ) as window:
            await window.serve(written)
            for name, path in {
                **paths(recordings),
                **{path.split("/")[-1]: path for path in written},
            }.items():
                await window.go(path)
                await expect(window.page.locator("h1")).to_be_visible()
                for theme, size in LOOKS[language]:
                    await window.look(theme, size)
                    await window.page.screenshot(path=folder / f"{name}-{theme}-{language}-{size[0]}.png")
                    if wrong := await violations(window.page):
                        found[name, theme, language] = wrong
                    width = await window.page.evaluate("document.documentElement.scrollWidth")
                    assert width <= size[0], f"{name} is wider than its window"
        return found

    assert await asyncio.gather(*map(looked_at, LOOKS)) == [{}, {}]


async def test_dialogs_and_menus_have_no_violation_either(
    browser: Browser, house: House, recordings: Told, folder: Path
) -> None:
    async with browsing.window(
        browser, house.url, headers=house.showing(), size=PHONE, language="fr", unprotected=True
    ) as window:
        meeting = MeetingPage(window, recordings.ready)
        await meeting.open()
        for name in ("keys", "speaker", "share", "redo"):
            await window.page.evaluate(f"document.getElementById('{name}').showModal()")
            await window.page.screenshot(path=folder / f"dialog-{name}.png")
            assert await violations(window.page, f"#{name}") == []
            await window.page.keyboard.press("Escape")
        for tab in ("minutes", "edits"):
            await window.page.locator(f"#tab-{tab}").click()
            await window.page.screenshot(path=folder / f"tab-{tab}.png")
            assert await violations(window.page, "#reading") == []
        for menu in await window.page.locator("details.menu").all():
            await menu.locator("summary").click()
            assert await violations(window.page, "details.menu[open]") == []
            await window.page.keyboard.press("Escape")


async def test_the_transcript_follows_what_is_played_and_leads_to_it(
    opened: Opened, recordings: Told
) -> None:
    async with opened() as window:
        meeting = MeetingPage(window, recordings.ready)
        await meeting.open()
        await window.page.get_by_role("button", name="Play", exact=True).click()
        await expect(meeting.current()).to_have_id("s1")
        await window.page.keyboard.press("k")
        await meeting.click_word("s3", "enveloppe")
        assert await meeting.word() == "l'enveloppe"
        await expect(meeting.current()).to_have_id("s3")
        await window.page.keyboard.press(".")
        assert await meeting.word() == "est"
        await window.page.keyboard.press(",")
        assert await meeting.word() == "l'enveloppe"
        before = await meeting.time()
        await window.page.keyboard.press("l")
        assert await meeting.time() == pytest.approx(before + 10, abs=0.2)
        await window.page.keyboard.press("j")
        await window.page.keyboard.press("n")
        await expect(meeting.current()).to_have_id("s4")
        assert window.troubles == []


async def test_where_there_are_only_tracks_whoever_speaks_is_heard(opened: Opened, recordings: Told) -> None:
    async with opened() as window:
        meeting = MeetingPage(window, recordings.tracked)
        await meeting.open()
        await window.page.get_by_role("button", name="Play", exact=True).click()
        await expect(meeting.current()).to_have_id("s1")
        await meeting.hears("p1")
        await meeting.click_word("s3", "enveloppe")
        assert await meeting.word() == "l'enveloppe"
        # The track begins later than the meeting, and the word a little after its passage.
        begins = float(await meeting.said("s3").get_attribute("data-start") or 0) - TRACK_OFFSETS[1]
        assert begins < await meeting.hears("p2") < begins + 6
        await window.page.keyboard.press("c")
        await expect(window.page.locator("#captions")).to_contain_text("Zoë Lefèvre")
        await window.page.keyboard.press("k")
        assert await meeting.silent()
        # The passage of somebody else follows, and is heard on their track without anybody's doing.
        await window.page.keyboard.press("n")
        await window.page.keyboard.press("n")
        await expect(meeting.current()).to_have_id("s5")
        await window.page.locator("#speed").select_option("2")
        await window.page.keyboard.press("k")
        await expect(meeting.current()).to_have_id("s6")
        await meeting.hears("p2")
        assert window.troubles == []


async def test_one_voice_is_chosen_by_name_and_heard_alone(opened: Opened, recordings: Told) -> None:
    async with opened() as window:
        meeting = MeetingPage(window, recordings.tracked)
        await meeting.open()
        voices = window.page.get_by_label("Whose voice is heard")
        assert await voices.locator("option").all_inner_texts() == ["Whoever speaks", *NAMES]
        await voices.select_option("Zoë Lefèvre")
        await window.page.get_by_role("button", name="Play", exact=True).click()
        # Before she came, time goes on all the same.
        await expect(meeting.current()).to_have_id("s1")
        assert await meeting.silent()
        await meeting.click_word("s5", "sauvegarde")
        await expect(meeting.current()).to_have_id("s5")
        await meeting.hears("p2")
        assert window.troubles == []


async def test_what_the_minutes_cite_lights_up_and_is_played(opened: Opened, recordings: Told) -> None:
    async with opened() as window:
        meeting = MeetingPage(window, recordings.ready)
        await meeting.open()
        cite = window.page.locator("#minutes .actions .cite").first
        await cite.focus()
        for segment in ("s13", "s14"):
            await expect(meeting.said(segment)).to_have_class(re.compile(r"\bcited\b"))
        await window.page.keyboard.press("Enter")
        await expect(meeting.current()).to_have_id("s13")
        await expect(meeting.said("s13")).to_be_in_viewport()
        await expect(window.page.get_by_role("button", name="Pause")).to_be_visible()
        assert window.troubles == []


async def test_a_word_is_corrected_in_place_and_the_correction_taken_back(
    opened: Opened, house: House
) -> None:
    recording = await house.ready()
    async with opened() as window:
        meeting = MeetingPage(window, recording)
        await meeting.open()
        before = await house.reads(recording)
        await meeting.click_word("s11", "gare", times=2)
        field = meeting.said("s11").locator("textarea")
        await expect(field).to_be_focused()
        await window.page.keyboard.type("mairie.")
        await window.page.keyboard.press("Enter")
        await expect(meeting.text("s11")).to_contain_text("près de la mairie.")
        await expect(meeting.notice()).to_contain_text("Corrected")
        await expect(meeting.said("s11").locator(".correct")).to_be_focused()
        # Who corrects what they have read has read nothing by that.
        assert await house.reads(recording) == before
        await window.page.keyboard.press("z")
        await expect(meeting.text("s11")).to_contain_text("près de la gare.")
        await meeting.tab("Edits").click()
        edit = window.page.locator(".edit")
        await expect(edit).to_contain_text("mairie.")
        await expect(edit).to_contain_text(PARTICIPANT.name)
        await edit.get_by_role("button", name="Bring back").click()
        await expect(meeting.text("s11")).to_contain_text("mairie.")
        assert window.troubles == []


async def test_a_correction_made_beside_another_is_asked_for_again(opened: Opened, house: House) -> None:
    recording = await house.ready()
    async with opened() as mine, opened() as theirs:
        here, there = MeetingPage(mine, recording), MeetingPage(theirs, recording)
        await here.open()
        await there.open()
        await there.correct("s8", "D'accord pour nous.")
        await here.said("s9").locator(".correct").click()
        field = here.said("s9").locator("textarea")
        await field.fill("D'accord aussi, bien sûr.")
        await field.press("Enter")
        await expect(here.notice()).to_contain_text("Somebody has changed the transcript")
        await expect(here.text("s8")).to_have_text("D'accord pour nous.")
        await expect(field).to_have_value("D'accord aussi, bien sûr.")
        await field.press("Enter")
        await expect(here.text("s9")).to_have_text("D'accord aussi, bien sûr.")


async def test_speakers_are_named_and_merged(opened: Opened, house: House) -> None:
    recording = await house.ready()
    async with opened() as window:
        meeting = MeetingPage(window, recording)
        await meeting.open()
        await meeting.rename("speaker-3", "Aïssatou Diallo")
        await expect(meeting.said("s5").locator(".who")).to_have_text("Aïssatou Diallo")
        await expect(window.page.locator("[data-voice='speaker-3']")).to_contain_text("Aïssatou Diallo")
        await window.page.locator("[data-speaker='speaker-3']").click()
        await window.page.locator("#speaker-into").select_option("speaker-2")
        await window.page.get_by_role("button", name="Merge", exact=True).click()
        await expect(window.page.locator(".lane")).to_have_count(2)
        await expect(meeting.said("s11").locator(".who")).to_have_text("Zoë Lefèvre")
        # It goes on with what was Zoë's already.
        await expect(meeting.said("s5").locator(".who")).to_have_count(0)
        assert window.troubles == []


async def test_a_meeting_is_shared_and_no_longer(
    opened: Opened,
    browser: Browser,
    house: House,
) -> None:
    recording = await house.ready()
    outsider = partial(browsing.window, browser, house.url, headers=house.showing(OUTSIDER.subject))
    async with opened() as window, outsider() as theirs:
        there = MeetingPage(theirs, recording)
        await there.open()
        await expect(theirs.page.get_by_role("heading", level=1)).to_have_text(
            "There is nothing here that you may see"
        )
        meeting = MeetingPage(window, recording)
        await meeting.open()
        await window.page.get_by_role("button", name="Share", exact=True).click()
        await window.page.get_by_label("E-mail address").fill(OUTSIDER.email)
        await window.page.get_by_label("E-mail address").press("Enter")
        shares = window.page.locator("#shares")
        await expect(shares).to_contain_text(OUTSIDER.email)
        await there.open()
        await expect(there.text("s1")).to_be_visible()
        await expect(theirs.page.locator(".correct")).to_have_count(0)
        await shares.get_by_role("button", name=f"Stop sharing with {OUTSIDER.email}").click()
        await expect(shares).not_to_contain_text(OUTSIDER.email)
        await there.open()
        await expect(theirs.page.locator(".said")).to_have_count(0)
        assert window.troubles == []


async def test_progress_is_shown_as_it_happens(opened: Opened, house: House) -> None:
    recording = uuid4()
    events = await house.pipeline("En direct", meetings.transcript(recording=recording))
    await house.publish(events[:3])
    await house.when(recording, "processing")
    async with opened() as window:
        await window.go(f"/recordings/{recording}")
        bar = window.page.locator("[data-progress]")
        await expect(bar).to_contain_text("Writing down the words")
        progress = Progress(recording_id=recording, stage=Stage.TRANSCRIPTION, fraction=0.5)
        async with asyncio.timeout(SECONDS):
            # What was told before the page listened is not told again.
            while "50%" not in await bar.inner_text():
                await house.connection.publish(progress.nats_subject, progress.model_dump_json().encode())
                await asyncio.sleep(0.1)
        await house.publish(events[3:])
        await expect(window.page.locator("#s1")).to_be_visible()
        assert window.troubles == []


async def test_what_the_api_refuses_is_told_in_french_on_a_french_page(
    browser: Browser, house: House, recordings: Told
) -> None:
    async with browsing.window(browser, house.url, headers=house.showing(), language="fr") as window:
        await window.go(f"/recordings/{recordings.working}")
        await window.page.get_by_label("Suite").click()
        await window.page.get_by_role("button", name="Recommencer").click()
        await window.page.get_by_role("button", name="Recommencer").click()
        await expect(window.page.locator("#notices")).to_have_text(
            "Cette réunion est en cours de traitement. Attendez la fin, ou arrêtez le travail."
        )
        assert window.troubles == []


async def test_what_was_found_leads_to_its_moment(opened: Opened, recordings: Told) -> None:
    async with opened() as window:
        await window.go("/")
        search = SearchPage(window)
        await search.ask('"refaire le câblage"')
        await expect(search.marks().last).to_contain_text("câblage")
        await search.hits().first.get_by_role("link").click()
        await expect(window.page.locator(".said.current")).to_contain_text("câblage")
        await expect(window.page.locator(".said.current")).to_be_in_viewport()
        assert window.troubles == []


async def test_everything_is_reached_by_the_keyboard_and_nothing_hides_it(
    opened: Opened, recordings: Told
) -> None:
    async with opened() as window:
        meeting = MeetingPage(window, recordings.ready)
        await meeting.open()
        places = await browsing.tabbed(window.page)
        assert [place for place in places if place["hidden"] or not place["outlined"]] == []
        reached = {place["path"] for place in places}
        assert await browsing.focusable(window.page) - reached == set()


async def test_language_and_appearance_are_chosen_and_kept(opened: Opened, recordings: Told) -> None:
    async with opened() as window:
        await window.go("/")
        await window.page.locator("details.menu > summary").click()
        await window.page.get_by_role("button", name="Français").click()
        await expect(window.page.get_by_role("heading", level=1)).to_have_text("Réunions")
        await window.page.locator("details.menu > summary").click()
        await window.page.get_by_role("button", name="Sombre").click()
        await expect(window.page.locator("html")).to_have_attribute("data-theme", "dark")
        await window.go(f"/recordings/{recordings.ready}")
        await expect(window.page.locator("html")).to_have_attribute("lang", "fr")
        # Ten in the morning where the reader is, nine where the server counts.
        await expect(window.page.locator("time").first).to_contain_text("10:00")
        assert window.troubles == []


async def test_who_is_not_signed_in_is_asked_to_and_comes_back(browser: Browser, house: House) -> None:
    async with browsing.window(browser, house.url) as window:
        response = await window.page.request.get(
            f"{window.url}/recordings/{uuid4()}", headers={"Accept": "text/html"}, max_redirects=0
        )
        assert response.status == 303
        assert response.headers["location"].startswith("/sign-in?to=%2Frecordings%2F")


async def test_compliance_sees_who_has_read_what_and_nothing_of_it(
    browser: Browser, house: House, recordings: Told, folder: Path
) -> None:
    async with browsing.window(
        browser, house.url, headers=house.showing(COMPLIANCE.subject), unprotected=True
    ) as window:
        await window.go(f"/recordings/{recordings.ready}")
        await expect(window.page.locator("main")).not_to_contain_text(TITLE)
        await expect(window.page.locator(".said")).to_have_count(0)
        assert await violations(window.page) == []
        await window.go("/accesses")
        await window.page.screenshot(path=folder / "accesses.png")
        await expect(window.page.locator("table").first).to_contain_text(COMPLIANCE.name)
        assert await violations(window.page) == []


async def test_two_hours_are_read_without_a_wait(opened: Opened, recordings: Told, folder: Path) -> None:
    async with opened() as window:
        meeting = MeetingPage(window, recordings.long)
        await meeting.open()
        measured = await browsing.scrolled(window.page)
        (folder / "two-hours.json").write_text(json.dumps(measured, indent=2))
        assert measured["words"] >= 20_000
        # A word is no element of its own, and what is out of sight is not drawn.
        assert measured["elements"] < 15 * measured["segments"]
        assert measured["drawn"] < measured["segments"] / 4
        assert measured["transferred_bytes"] < measured["decoded_bytes"] / 2
