"""What compliance staff do about one person's request on the pages."""

import html
import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import httpx
import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from minutier.schemas.records import Cause, ErasedPerson, Overlap
from tests.support.erasures import ANNA, BENOIT, CLAIRE, documents, speaker
from tests.support.retention_api import House

ROLE = "retention"
HTML = {"Accept": "text/html"}
SPEAKERS = (speaker(ANNA, "Anna <b>", "p1"), speaker(BENOIT), speaker(CLAIRE))
WHOSE = {"voices": [BENOIT], "overlap": "mute"}
WHY = {"ground": "legal_claims", "explanation": "The court has asked <b> for it.\r\nIn writing."}
LOOKED = "voices_read"


@pytest.fixture
def house(engine: AsyncEngine) -> House:
    return House(engine)


@pytest.fixture
async def http(house: House) -> AsyncIterator[httpx.AsyncClient]:
    async with house.asking() as http:
        http.headers.update(HTML)
        yield http


@pytest.fixture
async def recording(house: House) -> UUID:
    recording = await house.take_in()
    await house.put(recording, documents(speakers=SPEAKERS))
    return recording


def day(days: int = 0) -> str:
    return f"{datetime.now(UTC) + timedelta(days=days):%Y-%m-%d}"


async def sent(http: httpx.AsyncClient, path: str, status: int = 303, /, **fields: object) -> str:
    """Where it leads to, or the page that says why not."""
    answer = await http.post(path, data=fields)
    assert answer.status_code == status, re.findall(r"<p>.*</p>|<span>.*</span>", answer.text)
    return answer.headers["location"] if status == 303 else html.unescape(answer.text)


async def read(http: httpx.AsyncClient, path: str, **headers: str) -> str:
    answer = await http.get(path, headers=headers)
    assert answer.status_code == 200, answer.text
    return html.unescape(answer.text)


async def registered(http: httpx.AsyncClient, recording: UUID, **fields: str) -> str:
    new = {"recording_id": f" {recording} ", "reference": "2026-31", "received_on": day(), **fields}
    return await sent(http, "/erasures/new", **new)


async def deeds(http: httpx.AsyncClient) -> list[str]:
    entries = (await http.get("/api/v1/audit")).json()["items"]
    return [entry["action"] for entry in reversed(entries)]


async def test_a_request_is_registered_from_the_recordings_page(
    http: httpx.AsyncClient, recording: UUID
) -> None:
    assert "Nobody has asked to be erased yet" in await read(http, "/erasures")
    assert f"/erasures/new?recording={recording}" in await read(http, f"/recordings/{recording}")
    form = await read(http, f"/erasures/new?recording={recording}")
    assert f'value="{recording}"' in form
    assert f'value="{day()}"' in form
    path = await registered(http, recording)
    for page in ("/", "/erasures", f"/recordings/{recording}", "/audit"):
        assert path in await read(http, page)
    assert str(recording) in await read(http, path)


@pytest.mark.parametrize(
    ("fields", "name", "fault"),
    [
        ({"recording_id": "one"}, "recording_id", "no id of a recording"),
        ({"recording_id": str(uuid4())}, "recording_id", "has no such recording"),
        ({"reference": " "}, "reference", "Fill this in."),
        ({"reference": "2026\0"}, "reference", "cannot be printed"),
        ({"received_on": ""}, "received_on", "Fill this in."),
        ({"received_on": "yesterday"}, "received_on", "Give a day"),
        ({"received_on": day(2)}, "received_on", "today or before"),
    ],
)
async def test_what_cannot_be_is_said_beside_its_field(
    http: httpx.AsyncClient, recording: UUID, fields: dict[str, str], name: str, fault: str
) -> None:
    new = {"recording_id": str(recording), "reference": "2026-31", "received_on": day(), **fields}
    page = await sent(http, "/erasures/new", 422, **new)
    assert fault in page.partition(f'id="{name}-fault"')[2].partition("</p>")[0]
    assert await deeds(http) == []


@pytest.mark.parametrize(
    ("received", "english", "french"),
    [
        (day(), "days left, until", "jours restants, jusqu’au"),
        (
            "2026-01-31",
            "days: it was to be answered by 28 Feb 2026",
            "réponse attendue pour le 28 févr. 2026",
        ),
    ],
)
async def test_the_month_is_told_in_words(
    http: httpx.AsyncClient, recording: UUID, received: str, english: str, french: str
) -> None:
    path = await registered(http, recording, received_on=received)
    for page in (path, "/erasures", "/"):
        assert english in await read(http, page)
        told = await read(http, page, **{"Accept-Language": "fr"})
        assert french in told.replace("\u00a0", " ").replace("\u202f", " ")


async def test_who_speaks_is_shown_to_whom_asks_for_it_alone(
    http: httpx.AsyncClient, recording: UUID
) -> None:
    path = await registered(http, recording)
    assert "Anna" not in await read(http, path)
    assert LOOKED not in await deeds(http)
    page = (await http.get(f"{path}/voices")).text
    assert "Anna &lt;b&gt;" in page
    assert "11 words · 2 segments" in page
    assert (await deeds(http)).count(LOOKED) == 1


@pytest.mark.parametrize(("fields", "name"), [({"overlap": "mute"}, "voices"), ({"voices": ANNA}, "overlap")])
async def test_a_choice_that_is_not_whole_is_made_again(
    http: httpx.AsyncClient, recording: UUID, fields: dict[str, str], name: str
) -> None:
    path = await registered(http, recording)
    page = await sent(http, f"{path}/voices", 422, **fields)
    assert f'id="{name}-fault"' in page
    assert len(re.findall(r'name="voices" value="speaker-\d"', page)) == len(SPEAKERS)
    assert len(re.findall(r" checked", page)) == 1
    assert "/purges/" not in await read(http, path)


async def test_a_person_is_proposed_and_somebody_else_approves_it(
    house: House, http: httpx.AsyncClient, recording: UUID
) -> None:
    path = await registered(http, recording)
    purge = await sent(http, f"{path}/voices", **WHOSE)
    assert purge in await read(http, path)
    page = await read(http, purge)
    for told in ("This is one person’s erasure", path, "Nobody is heard there", f"<code>{BENOIT}</code>"):
        assert told in page
    assert re.findall(r"<dt>(Segments|Words)</dt><dd>(\d+)", page) == [("Segments", "2"), ("Words", "11")]
    french = await read(http, purge, **{"Accept-Language": "fr"})
    assert "C’est l’effacement d’une personne" in french
    approval = {"inventory": await house.count(UUID(purge.rpartition("/")[2])), "do": "approve"}
    assert "replaced by what is left without the person" in await read(http, purge)
    assert "does not approve it" in await sent(http, purge, 403, **approval)
    async with house.asking(house.second) as theirs:
        theirs.headers.update(HTML)
        await sent(theirs, purge, **approval)
    # Nobody is shown who speaks where none of them can be chosen any more.
    assert "Anna" not in await read(http, f"{path}/voices")
    assert "decided upon meanwhile" in await sent(http, f"{path}/voices", 409, **WHOSE)
    assert LOOKED not in await deeds(http)
    await sent(http, purge, do="withdraw")
    assert "came to nothing" in await read(http, path)


async def test_a_request_is_refused_with_the_ground_and_why(http: httpx.AsyncClient, recording: UUID) -> None:
    path = await registered(http, recording)
    for name in WHY:
        assert f'id="{name}-fault"' in await sent(http, path, 422, **{**WHY, name: ""})
    await sent(http, path, **WHY)
    page = (await http.get(path)).text
    assert "Article 17(3)(e): legal claims" in page
    assert "The court has asked &lt;b&gt; for it." in page
    assert "<form" not in page.partition("<main")[2]
    french = await read(http, path, **{"Accept-Language": "fr"})
    assert "point e)" in french
    assert path not in await read(http, "/")
    assert "decided upon meanwhile" in await sent(http, path, 409, **WHY)
    assert await deeds(http) == ["erasure_registered", "erasure_refused"]


async def test_what_stands_against_it_is_told(house: House, http: httpx.AsyncClient, recording: UUID) -> None:
    path = await registered(http, recording)
    assert "one of the voices that you chose" in await sent(
        http, f"{path}/voices", 409, **{**WHOSE, "voices": ["speaker-9"]}
    )
    hold = {"matter": "2026-117", "reason": "Asked for.", "recordings": str(recording)}
    held = await sent(http, "/holds/new", **hold)
    assert held in await read(http, path)
    assert "A legal hold covers the recording" in await sent(http, f"{path}/voices", 409, **WHOSE)
    house.documents.kept.clear()
    gone = await http.get(f"{path}/voices")
    assert (gone.status_code, "it has no transcript" in gone.text) == (409, True)


async def test_a_record_tells_what_was_the_persons(house: House, http: httpx.AsyncClient) -> None:
    person = ErasedPerson(
        transcript="c" * 64,
        speakers=(BENOIT,),
        overlap=Overlap.KEEP,
        segments=2,
        words=11,
        turns=2,
        silenced_milliseconds=10_500,
    )
    (record,) = await house.destroy(0, cause=Cause.ERASURE, person=person)
    page = await read(http, f"/records/{record}")
    for told in ("What was the person’s", "Everybody is heard there", "10.5 s", "c" * 64):
        assert told in page


async def test_pages_are_for_compliance_of_the_organisation(
    house: House, http: httpx.AsyncClient, recording: UUID
) -> None:
    path = await registered(http, recording)
    paths = ["/erasures", "/erasures/new", path, f"{path}/voices"]
    for each in paths:
        page = await http.get(each)
        assert page.headers["cache-control"] == "private, no-cache"
        assert not re.search(r"\s(style|on[a-z]+)=|<style", page.text)
        assert not re.search(r"(src|href|action)=\"(?!/|#)", page.text)
    before = await deeds(http)
    for person, status in ((house.reader, 403), (house.other, 404)):
        async with house.asking(person) as theirs:
            theirs.headers.update(HTML)
            for each in paths if status == 403 else paths[2:]:
                assert (await theirs.get(each)).status_code == status, each
            await sent(theirs, path, status, **WHY)
            await sent(theirs, f"{path}/voices", status, **WHOSE)
    assert await deeds(http) == before
