"""The pages of compliance staff in a real browser, and what they do by the command."""

import asyncio
import json
import sys
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from typing import Any, Literal
from uuid import UUID, uuid4

import pytest
from nats.aio.client import Client
from playwright.async_api import Browser, Page, expect

from minutier.compose.embedded import System
from minutier.compose.people import APPROVER, COMPLIANCE, OUTSIDER, LocalPerson
from tests.support import browser as browsing
from tests.support.browser import LAPTOP, PHONE, Language, Theme, Window, violations
from tests.support.erasures import ANNA, BENOIT, CLAIRE, documents, speaker
from tests.support.retention_pages import BASIS, REASON, Office
from tests.support.systems import running

# Both themes and sizes. French is the longer language, and what is called alike in English is in French too.
LOOKS: Sequence[tuple[Theme, tuple[int, int]]] = (("light", PHONE), ("dark", LAPTOP))
# Here in English as well: the frame of every page, a table and a form.
IN_ENGLISH = {"retention", "retention-purge-waiting", "retention-policy-new"}
WINDOWS = 2
SPEAKERS = (speaker(ANNA, "Anna", "p1"), speaker(BENOIT), speaker(CLAIRE))
MATTER = "Tribunal administratif, 2026-117"
SECONDS = 60
UNHURRIED = {
    "MINUTIER_RETENTION_REQUESTS_PER_MINUTE": "100000",
    "MINUTIER_RETENTION_SEARCHES_PER_MINUTE": "100000",
    "MINUTIER_RETENTION_GRACE_HOURS": "0",
    "MINUTIER_RETENTION_PURGE_ALARM_MINUTES": "0.1",
}


@pytest.fixture(scope="module")
async def system() -> AsyncIterator[System]:
    # One person does here in a minute what takes others a day, and nobody waits for a day of grace.
    async with running(services=["retention"], environment=UNHURRIED) as system:
        yield system


@pytest.fixture(scope="module")
async def browser() -> AsyncIterator[Browser]:
    async with browsing.launched() as browser:
        yield browser


@pytest.fixture(scope="module")
def office(system: System, connection: Client) -> Office:
    return Office(system, connection)


@pytest.fixture(scope="module")
async def recording(office: Office) -> UUID:
    return await office.take_in()


@pytest.fixture(scope="module")
async def held(system: System, recording: UUID) -> str:
    """A hold on it, by the command."""
    status, placed = await minutier(
        system, "hold", str(recording), "--matter", MATTER, "--reason", "The court has asked for it."
    )
    assert status == 0
    return str(placed["id"])


@pytest.fixture(scope="module")
async def paths(office: Office, recording: UUID, held: str) -> Mapping[str, str]:
    """Every page, with something on it: one purge is waited for, one waits, and one is over."""
    gone, going, other = [await office.take_in() for _ in range(3)]
    over, under_way = await office.propose(gone), await office.propose(going)
    waiting = await office.propose(recording, other)
    for purge in (over, under_way):
        await office.approve(purge, APPROVER)
    await office.answer(gone)
    await office.answer(going, ["query"])
    await office.when(over, "completed")
    await office.when(waiting, "previewed")
    record = (await office.ask("GET", "/records"))["items"][0]["id"]
    await office.transcribe(other, documents(speakers=SPEAKERS))
    chosen, refused = await office.register(other), await office.register(other)
    why = "The archives have asked for it."
    await office.ask("POST", f"/erasures/{refused}/refusal", ground="archiving", explanation=why)
    (default,) = (await office.ask("GET", "/policies"))["items"]
    return {
        "retention": "/",
        "retention-policies": "/policies",
        "retention-policy": f"/policies/{default['id']}",
        "retention-policy-new": f"/policies/{uuid4()}/change",
        "retention-holds": "/holds",
        "retention-hold": f"/holds/{held}",
        "retention-hold-new": "/holds/new",
        "retention-purges": "/purges",
        "retention-purge-waiting": f"/purges/{waiting}",
        "retention-purge-under-way": f"/purges/{under_way}",
        "retention-purge-over": f"/purges/{over}",
        "retention-purge-new": "/purges/new",
        "retention-erasures": "/erasures",
        "retention-erasure-new": "/erasures/new",
        "retention-erasure-voices": f"/erasures/{chosen}/voices",
        "retention-erasure-refused": f"/erasures/{refused}",
        "retention-records": "/records",
        "retention-record": f"/records/{record}",
        "retention-recordings-wrong": "/recordings?id=one",
        "retention-recording": f"/recordings/{recording}",
        "retention-recording-gone": f"/recordings/{gone}",
        "retention-audit": "/audit",
        "retention-not-found": f"/{held}",
    }


async def minutier(system: System, *arguments: str) -> tuple[int, Any]:
    """The status of ``minutier retention …``, and what it says to programs."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "minutier.compose", "retention", *arguments),
        *("--json", "--data-dir", str(system.directory.path)),
        stdout=PIPE,
        stderr=PIPE,
    )
    out, _ = await asyncio.wait_for(process.communicate(), SECONDS)
    assert process.returncode is not None
    return process.returncode, json.loads(out) if out else None


async def signed_in(window: Window, person: LocalPerson) -> None:
    await window.go("/")
    await window.page.get_by_role("button", name=person.name).click()
    await window.page.wait_for_url(f"{window.url}/**")


async def reach(page: Page, role: Literal["link", "button", "textbox"], name: str) -> None:
    """By the keyboard."""
    place = page.get_by_role(role, name=name, exact=True)
    for _ in range(60):
        await page.keyboard.press("Tab")
        if await place.evaluate("(element) => element === document.activeElement"):
            return
    raise AssertionError(f"the keyboard does not lead to {name}")


async def press(page: Page, role: Literal["link", "button"], name: str) -> None:
    await reach(page, role, name)
    await page.keyboard.press("Enter")


async def test_one_proposes_another_approves_and_both_see_it_go_on_to_its_end(
    browser: Browser, office: Office, held: str
) -> None:
    recording = await office.take_in()
    async with (
        browsing.window(browser, office.url) as first,
        browsing.window(browser, office.url, language="fr") as second,
    ):
        await signed_in(first, COMPLIANCE)
        await signed_in(second, APPROVER)
        await expect(first.page.get_by_role("heading", name=MATTER)).to_be_visible()
        elsewhere = {"Sec-Fetch-Site": "cross-site"}
        sent = await first.page.request.post(f"{first.url}/purges", headers=elsewhere)
        assert sent.status == 403
        await first.go(f"/recordings/{recording}")
        await first.page.get_by_role("link", name="Propose to destroy it").click()
        await first.page.get_by_label("Reason").fill(REASON)
        await first.page.get_by_label("Legal basis").fill(BASIS)
        await first.page.get_by_role("button", name="Propose").click()
        # The page follows by itself what becomes of it.
        await first.page.get_by_role("button", name="Approve this inventory").click(timeout=SECONDS * 1000)
        await expect(first.page.get_by_role("alert")).to_contain_text("Somebody else of compliance has to.")
        await second.go("/")
        await second.page.get_by_role("link", name=REASON).click()
        await expect(second.page.locator("#progress")).to_contain_text("En attente d’approbation")
        await second.page.get_by_label("Visa des archives").fill("AD75-2026-117")
        await second.page.get_by_role("button", name="Approuver cet inventaire").click()
        await expect(second.page.locator(".facts")).to_contain_text("AD75-2026-117")
        await office.answer(recording, ["query"])
        for window, waits, answered in (
            (first, "ingestion has not answered for 1 recording", "query has not"),
            (second, "ingestion n’a pas répondu pour 1 enregistrement", "query n’a pas"),
        ):
            await expect(window.page.locator("#progress")).to_contain_text(waits, timeout=SECONDS * 1000)
            await expect(window.page.locator("#progress")).not_to_contain_text(answered)
        await office.answer(recording)
        for window, over in (
            (first, "1 recording was destroyed."),
            (second, "1 enregistrement a été détruit."),
        ):
            await expect(window.page.locator("#progress")).to_contain_text(over, timeout=SECONDS * 1000)
        await first.page.get_by_role("link", name="The records that prove it").click()
        await first.page.get_by_role("link", name="Record").last.click()
        await expect(first.page.locator(".facts").first).to_contain_text(str(recording))
        href = await first.page.get_by_role("link", name="JSON").get_attribute("href")
        proof = await (await first.page.request.get(f"{first.url}{href}")).json()
        assert proof["entry"]["record"]["rule"]["visa"] == "AD75-2026-117"
        assert first.troubles + second.troubles == []


async def test_one_person_is_chosen_by_one_and_approved_by_another(browser: Browser, office: Office) -> None:
    recording = await office.take_in()
    await office.transcribe(recording, documents(speakers=SPEAKERS))
    async with (
        browsing.window(browser, office.url) as first,
        browsing.window(browser, office.url, language="fr") as second,
    ):
        await signed_in(first, COMPLIANCE)
        await signed_in(second, APPROVER)
        page = first.page
        await first.go(f"/recordings/{recording}")
        await page.get_by_role("link", name="Register a person’s request").click()
        await page.get_by_label("Reference").fill("2026-31 <b>")
        await page.get_by_label("Received on").fill("2026-01-31")
        await page.get_by_role("button", name="Register").click()
        await expect(page.get_by_role("heading", level=1)).to_have_text("2026-31 <b>")
        await expect(page.locator("main")).to_contain_text("Overdue by")
        await expect(page.get_by_text("Anna")).to_have_count(0)
        await page.get_by_role("button", name="Show who speaks").click()
        await expect(page.get_by_label("Anna")).to_have_accessible_description("6 words · 1 segment · 1 s")
        await page.get_by_label("Nobody is heard there").check()
        await page.get_by_role("button", name="Propose to erase them").click()
        await expect(page.get_by_role("alert")).to_be_visible()
        await page.get_by_label("Speaker 2").check()
        await expect(page.get_by_label("Nobody is heard there")).to_be_checked()
        await page.get_by_role("button", name="Propose to erase them").click()
        await page.wait_for_url("**/purges/*")
        await second.go("/")
        await second.page.get_by_role("link", name="2026-31 <b>").first.click()
        await expect(second.page.locator("main")).to_contain_text("C’est l’effacement d’une personne")
        await expect(second.page.locator("main")).to_contain_text("Personne ne s’y entend")
        await second.page.get_by_role("button", name="Approuver cet inventaire").click(timeout=SECONDS * 1000)
        await expect(second.page.get_by_role("button", name="Retirer cette élimination")).to_be_visible()
        await second.page.get_by_role("link", name="Sa demande").click()
        await expect(second.page.locator("main")).to_contain_text("Cette élimination efface la personne")
        assert first.troubles + second.troubles == []


async def test_a_policy_is_written_tried_and_set_in_french(
    browser: Browser, office: Office, recording: UUID
) -> None:
    async with browsing.window(browser, office.url, language="fr") as window:
        await signed_in(window, COMPLIANCE)
        page = window.page
        await page.get_by_role("link", name="Règles").first.click()
        await page.get_by_role("link", name="Nouvelle règle").click()
        await page.get_by_label("Nom").fill("Conseils <b>")
        await page.get_by_label("Base légale").fill("Code du patrimoine, article L212-2")
        media = page.get_by_role("group", name="Média")
        await media.get_by_label("Jours de phase courante").fill("dix")
        await page.get_by_role("button", name="Mettre en vigueur").click()
        await expect(page.get_by_role("alert")).to_be_visible()
        await expect(media.get_by_label("Jours de phase courante")).to_have_accessible_description(
            "Indiquez un nombre entier de jours. Les deux phases en ont ensemble 36 500 au plus."
        )
        await expect(page.get_by_label("Nom")).to_have_value("Conseils <b>")
        await media.get_by_label("Jours de phase courante").fill("200")
        await page.get_by_role("button", name="L’essayer sur l’année écoulée").click()
        await expect(page.get_by_role("row", name="Juillet 2026")).to_be_visible()
        await page.get_by_role("button", name="Mettre en vigueur").click()
        await expect(page.get_by_role("heading", level=1)).to_have_text("Conseils <b>")
        await page.get_by_role("button", name="Retirer cette règle").click()
        await expect(page.get_by_text("Cette règle a été retirée")).to_be_visible()
        assert window.troubles == []


async def test_a_hold_is_placed_and_released_by_the_keyboard_alone(
    browser: Browser, office: Office, recording: UUID
) -> None:
    async with browsing.window(browser, office.url, size=PHONE) as window:
        await signed_in(window, COMPLIANCE)
        page = window.page
        await press(page, "link", "Holds")
        await page.wait_for_url("**/holds")
        await press(page, "link", "Place a hold")
        await reach(page, "textbox", "Matter")
        await page.keyboard.type("Cour des comptes")
        await page.keyboard.press("Tab")
        await page.keyboard.type("They look at the budget.")
        await page.keyboard.press("Tab")
        await page.keyboard.type(str(recording))
        await press(page, "button", "Place the hold")
        await expect(page.get_by_role("heading", level=1)).to_have_text("Cour des comptes")
        places = await browsing.tabbed(page)
        assert [place for place in places if place["hidden"] or not place["outlined"]] == []
        assert await browsing.focusable(page) - {place["path"] for place in places} == set()
        await reach(page, "textbox", "Why the hold is released")
        await page.keyboard.type("They have looked.")
        await press(page, "button", "Release the hold")
        await expect(page.get_by_text("They have looked.")).to_be_visible()
        assert window.troubles == []


async def test_others_are_told_whose_pages_these_are(system: System, browser: Browser) -> None:
    async with browsing.window(browser, system.url("retention")) as window:
        await window.go("/")
        await window.page.get_by_role("button", name=OUTSIDER.name).click()
        await expect(window.page.get_by_text("These pages are for compliance staff.")).to_be_visible()


async def test_no_page_has_an_accessibility_violation(
    browser: Browser, office: Office, held: str, paths: Mapping[str, str]
) -> None:
    folder = browsing.artefacts()

    async def looked_at(language: Language, names: Iterable[str]) -> dict[tuple[str, ...], list[str]]:
        found: dict[tuple[str, ...], list[str]] = {}
        async with browsing.window(
            browser, office.url, headers=office.showing(), language=language, unprotected=True
        ) as window:
            for name in names:
                await window.go(paths[name])
                await expect(window.page.locator("h1")).to_be_visible()
                await window.page.evaluate(
                    "document.querySelectorAll('details.item').forEach((each) => (each.open = true))"
                )
                for place, (theme, size) in enumerate(LOOKS):
                    await window.look(theme, size)
                    await window.page.screenshot(
                        path=folder / f"{name}-{theme}-{language}-{size[0]}.png", full_page=True
                    )
                    if wrong := await violations(window.page, again=place > 0):
                        found[name, theme, language] = wrong
                    width = await window.page.evaluate("document.documentElement.scrollWidth")
                    if width > size[0]:
                        found[name, theme, language, "width"] = [f"{width} is wider than {size[0]}"]
        return found

    # Side by side, since each window is a process of the browser's.
    found = await asyncio.gather(
        *(looked_at("fr", list(paths)[place::WINDOWS]) for place in range(WINDOWS)),
        looked_at("en", IN_ENGLISH),
    )
    assert found == [{}] * len(found)


async def test_the_command_tells_what_holds_a_recording_and_releases_it(
    system: System, recording: UUID, held: str
) -> None:
    status, explained = await minutier(system, "explain", str(recording))
    assert (status, explained["holds"]) == (0, [held])
    assert explained["kinds"]["media"]["policy"]["name"] == "Default"
    assert (await minutier(system, "release", held, "--reason", "The court has decided."))[0] == 0
    assert (await minutier(system, "explain", str(recording)))[1]["holds"] == []
    status, _ = await minutier(system, "release", held, "--reason", "The court has decided.")
    assert status == 1
