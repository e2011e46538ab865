"""From a policy of retention to what query shows of a recording, and to whom; and in a real browser."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from nats.aio.client import Client
from playwright.async_api import Browser, expect

from minutier.compose.embedded import System
from minutier.compose.people import COMPLIANCE, PARTICIPANT, TENANT, LocalPerson
from minutier.schemas.clock import now
from minutier.schemas.codec import encode
from minutier.schemas.documents import Part, Person, RecordingDocument
from minutier.schemas.events import AnyEvent, Stage
from minutier.shared.artefacts import Artefacts
from minutier.shared.objects import Objects
from minutier.shared.topology import EVENT_STREAM
from tests.support import browser as browsing
from tests.support import query_events as told
from tests.support.browser import LAPTOP, PHONE, Language, Window, violations
from tests.support.delivery_service import until
from tests.support.systems import running

SECONDS = 60.0
REASON = "Enquête interne n° 7"
TITLE = "Comité budget"
# Taken in so long ago: what is kept for less is over, by a rule of its own.
TAKEN_IN = timedelta(days=40)


@pytest.fixture(scope="module")
async def system() -> AsyncIterator[System]:
    async with running(services=["retention", "query"]) as system:
        yield system


@pytest.fixture(scope="module")
async def browser() -> AsyncIterator[Browser]:
    async with browsing.launched() as browser:
        yield browser


@dataclass(frozen=True)
class House:
    """The two services, and a connection to tell them of recordings."""

    system: System
    connection: Client

    async def ask(
        self, method: str, service: str, path: str, person: LocalPerson, **asked: Any
    ) -> httpx.Response:
        headers = {"Authorization": f"Bearer {self.system.token(person.subject)}", **asked.pop("headers", {})}
        async with httpx.AsyncClient(base_url=self.system.url(service), timeout=SECONDS) as http:
            return await http.request(method, f"/api/v1{path}", headers=headers, **asked)

    async def take_in(self) -> UUID:
        """A meeting of the participant's, done."""
        recording = uuid4()
        where: dict[str, Any] = {"recording": recording, "tenant": TENANT}
        owner = (Person(part=Part.OWNER, email=PARTICIPANT.email),)
        documents = {
            Stage.INGESTION: RecordingDocument(recording_id=recording, title=TITLE, people=owner),
            Stage.ATTRIBUTION: told.transcript(recording=recording),
            Stage.SUMMARISATION: told.minutes(recording),
        }
        refs = {
            stage: await Artefacts(Objects(self.system.objects)).store(
                document, tenant=TENANT, stage=stage, version="1"
            )
            for stage, document in documents.items()
        }
        events: list[AnyEvent] = [
            told.ingested(refs[Stage.INGESTION], **where),
            told.diarized(**where),
            told.transcribed(**where),
            told.attributed(refs[Stage.ATTRIBUTION], **where),
            told.written(refs[Stage.SUMMARISATION], **where),
        ]
        for event in events:
            event = event.model_copy(update={"time": now() - TAKEN_IN})
            await self.connection.jetstream().publish(event.nats_subject, encode(event), stream=EVENT_STREAM)
        await self.when(recording, PARTICIPANT, lambda found: found.json().get("state") == "completed")
        return recording

    async def classify(self, recording: UUID, label: str) -> None:
        """Once retention has heard of it."""

        async def done() -> bool:
            path = f"/recordings/{recording}/classification"
            answer = await self.ask("PUT", "retention", path, COMPLIANCE, json={"labels": [label]})
            return answer.status_code == 200

        await until(done, SECONDS)

    async def keep(self, label: str, policy: UUID, version: int, **days: tuple[int, int]) -> None:
        """Have recordings with this label be kept so many days in each of the two phases, by kind."""
        rules = {
            kind: {"clock": "ingestion", "current_days": current, "intermediate_days": intermediate}
            for kind, (current, intermediate) in days.items()
        }
        new = {
            "name": f"Policy {label}",
            "version": version,
            "legal_basis": "Code du patrimoine, article L212-2",
            "scope": {"label": label},
            "rules": rules,
        }
        answer = await self.ask("PUT", "retention", f"/policies/{policy}", COMPLIANCE, json=new)
        assert answer.is_success, answer.text

    async def when(
        self, recording: UUID, person: LocalPerson, reached: Callable[[httpx.Response], bool]
    ) -> None:
        async def seen() -> bool:
            return reached(await self.ask("GET", "query", f"/recordings/{recording}", person))

        await until(seen, SECONDS)

    async def restricted(self, **days: tuple[int, int]) -> UUID:
        """A recording of which these kinds are kept so."""
        recording, label = await self.take_in(), uuid4().hex
        await self.keep(label, uuid4(), 1, **days)
        await self.classify(recording, label)
        return recording


@pytest.fixture(scope="module")
def house(system: System, connection: Client) -> House:
    return House(system, connection)


def _restricted(*kinds: str) -> Callable[[httpx.Response], bool]:
    return lambda found: found.status_code == 200 and found.json()["restricted"] == list(kinds)


async def test_what_a_policy_restricts_is_gone_for_others_and_comes_back(house: House) -> None:
    recording, label, policy = await house.take_in(), uuid4().hex, uuid4()
    transcript = f"/recordings/{recording}/transcript"
    assert (await house.ask("GET", "query", transcript, PARTICIPANT)).status_code == 200
    await house.keep(label, policy, 1, transcript=(30, 100))
    await house.classify(recording, label)
    await house.when(recording, PARTICIPANT, lambda found: found.status_code == 404)
    assert (await house.ask("GET", "query", transcript, PARTICIPANT)).status_code == 404
    search = {"params": {"q": "good"}}
    for person in (PARTICIPANT, COMPLIANCE):
        found = await house.ask("GET", "query", "/search", person, **search)
        assert str(recording) not in found.text
    listed = (await house.ask("GET", "query", "/recordings", PARTICIPANT)).text
    assert str(recording) not in listed
    refused = await house.ask("GET", "query", transcript, COMPLIANCE)
    assert (refused.status_code, refused.json()["reason"]) == (403, "reason_needed")
    saying: Mapping[str, Any] = {"headers": {"Minutier-Reason": "An%20inquiry"}}
    assert (await house.ask("GET", "query", transcript, COMPLIANCE, **saying)).status_code == 200
    # In the current phase again, by a new version of the policy.
    await house.keep(label, policy, 2, transcript=(300, 0))
    await house.when(recording, PARTICIPANT, lambda found: found.status_code == 200)
    assert str(recording) in (await house.ask("GET", "query", "/search", PARTICIPANT, **search)).text
    read = (await house.ask("GET", "query", f"/recordings/{recording}/accesses", PARTICIPANT)).json()["items"]
    (by_compliance,) = (each for each in read if each["person_name"] == COMPLIANCE.name)
    assert by_compliance["detail"] == {"format": "json", "restricted": True}


@asynccontextmanager
async def signed_in(
    browser: Browser, house: House, person: LocalPerson, language: Language, size: tuple[int, int]
) -> AsyncIterator[Window]:
    """A window of somebody who has signed in, which bearers of tokens need not."""
    url = house.system.url("query")
    async with browsing.window(browser, url, language=language, size=size, unprotected=True) as window:
        await window.go("/")
        await window.page.get_by_role("button", name=person.name).click()
        await window.page.wait_for_url(f"{url}/")
        yield window


async def test_compliance_says_why_on_the_page_and_reads_it(browser: Browser, house: House) -> None:
    recording = await house.restricted(transcript=(30, 100), media=(30, 100))
    await house.when(recording, COMPLIANCE, _restricted("media", "minutes", "transcript"))
    folder: Path = browsing.artefacts()

    async def read(language: Language, size: tuple[int, int]) -> list[str]:
        wrong = []
        async with signed_in(browser, house, COMPLIANCE, language, size) as window:
            page = window.page
            await window.go(f"/recordings/{recording}")
            await expect(page.locator("main")).not_to_contain_text(TITLE)
            wrong += await violations(page)
            await page.screenshot(path=folder / f"restricted-asked-{language}.png")
            # What needs a reason leads to where it is given.
            await window.go(f"/recordings/{recording}/report")
            await expect(page).to_have_url(f"{window.url}/recordings/{recording}")
            await page.get_by_role("textbox", name={"en": "Why", "fr": "motif"}[language]).fill(REASON)
            await page.get_by_role("button", name={"en": "Read it", "fr": "Lire"}[language]).click()
            await expect(page.get_by_role("heading", level=1)).to_have_text(TITLE)
            await expect(page.locator("#restriction blockquote")).to_have_text(REASON)
            await expect(page.locator(".said").first).to_be_visible()
            wrong += await violations(page)
            await page.screenshot(path=folder / f"restricted-read-{language}.png")
            width = await page.evaluate("document.documentElement.scrollWidth")
            assert width <= size[0]
            assert window.troubles == []
        return wrong

    assert not any(await asyncio.gather(read("fr", PHONE), read("en", LAPTOP)))


async def test_the_owner_reads_on_without_the_sound(browser: Browser, house: House) -> None:
    recording = await house.restricted(media=(30, 100))
    await house.when(recording, PARTICIPANT, _restricted("media"))
    async with signed_in(browser, house, PARTICIPANT, "fr", LAPTOP) as window:
        await window.go(f"/recordings/{recording}")
        await expect(window.page.get_by_role("heading", level=1)).to_have_text(TITLE)
        await expect(window.page.locator(".said").first).to_be_visible()
        await expect(window.page.locator("#restriction")).to_contain_text("Le son n’est plus ouvert")
        await expect(window.page.locator("#player")).to_have_count(0)
        assert await violations(window.page) == []
        await window.page.screenshot(path=browsing.artefacts() / "restricted-sound.png")
