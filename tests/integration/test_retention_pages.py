"""The pages of compliance staff in a real browser, and what they do by the command."""

import asyncio
import json
import sys
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any
from uuid import UUID, uuid4

import pytest
from nats.aio.client import Client
from playwright.async_api import Browser, expect

from minutier.compose.embedded import System, running
from minutier.compose.people import COMPLIANCE, OUTSIDER, TENANT
from minutier.schemas.codec import encode
from minutier.shared.topology import EVENT_STREAM
from tests.support import browser as browsing
from tests.support import query_events as told
from tests.support.browser import LAPTOP, PHONE, Language, Theme, violations
from tests.support.delivery_service import until

LOOKS: Mapping[Language, Sequence[tuple[Theme, tuple[int, int]]]] = {
    "fr": (("light", LAPTOP), ("dark", PHONE)),
    "en": (("dark", LAPTOP), ("light", PHONE)),
}
MATTER = "Tribunal administratif, 2026-117"
SECONDS = 60


@pytest.fixture(scope="module")
async def system() -> AsyncIterator[System]:
    async with running(services=["retention"]) as system:
        yield system


@pytest.fixture(scope="module")
async def browser() -> AsyncIterator[Browser]:
    async with browsing.launched() as browser:
        yield browser


@pytest.fixture(scope="module")
async def recording(system: System, connection: Client) -> UUID:
    """One that was taken in."""
    known = uuid4()
    event = told.ingested(recording=known).model_copy(update={"tenant": TENANT})
    await connection.jetstream().publish(event.nats_subject, encode(event), stream=EVENT_STREAM)

    async def explained() -> bool:
        return (await minutier(system, "explain", str(known)))[0] == 0

    await until(explained, SECONDS)
    return known


@pytest.fixture(scope="module")
async def held(system: System, recording: UUID) -> str:
    """A hold on it, by the command."""
    status, placed = await minutier(
        system, "hold", str(recording), "--matter", MATTER, "--reason", "The court has asked for it."
    )
    assert status == 0
    return str(placed["id"])


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


async def test_somebody_of_compliance_signs_in_and_sees_what_stands(
    system: System, browser: Browser, held: str
) -> None:
    async with browsing.window(browser, system.url("retention")) as window:
        await window.go("/")
        await window.page.get_by_role("button", name=COMPLIANCE.name).click()
        await window.page.wait_for_url(f"{window.url}/**")
        await expect(window.page.get_by_role("heading", level=1)).to_have_text("Retention")
        await expect(window.page.get_by_role("heading", name=MATTER)).to_be_visible()
        assert window.troubles == []


async def test_others_are_told_whose_pages_these_are(system: System, browser: Browser) -> None:
    async with browsing.window(browser, system.url("retention")) as window:
        await window.go("/")
        await window.page.get_by_role("button", name=OUTSIDER.name).click()
        await expect(window.page.get_by_text("These pages are for compliance staff.")).to_be_visible()


async def test_no_page_has_an_accessibility_violation(system: System, browser: Browser, held: str) -> None:
    folder = browsing.artefacts()
    headers = {"Authorization": f"Bearer {system.token(COMPLIANCE.subject)}"}
    for language, looks in LOOKS.items():
        async with browsing.window(
            browser, system.url("retention"), headers=headers, language=language, unprotected=True
        ) as window:
            for name, path in {"retention": "/", "retention-not-found": f"/{held}"}.items():
                await window.go(path)
                await expect(window.page.locator("h1")).to_be_visible()
                for theme, size in looks:
                    await window.look(theme, size)
                    await window.page.screenshot(path=folder / f"{name}-{theme}-{language}-{size[0]}.png")
                    assert await violations(window.page) == []
                    width = await window.page.evaluate("document.documentElement.scrollWidth")
                    assert width <= size[0], f"{name} is wider than its window"


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
