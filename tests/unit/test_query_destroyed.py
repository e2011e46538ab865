"""What is answered, shown and made again of a recording of which a purge has destroyed some or all."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import replace

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minutier.query.destroyed import destroy
from minutier.query.domain import Entry, Fact, State, recording
from minutier.query.domain import Kind as Told
from minutier.query.steering.domain import waiting
from minutier.schemas.records import Kind
from tests.support import query_events as told
from tests.support.query_events import RECORDING, START, Documents
from tests.support.query_fakes import Desk, Table, application
from tests.support.query_people import OWNER, showing

HERE = f"/api/v1/recordings/{RECORDING}"
PAGE = f"/recordings/{RECORDING}"
REFERRING = {
    Kind.MEDIA: {Told.INGESTED},
    Kind.TRANSCRIPT: {Told.RECEIVED, Told.DIARIZED, Told.TRANSCRIBED, Told.ATTRIBUTED, Told.EDITED},
    Kind.MINUTES: {Told.WRITTEN},
    Kind.ACCESS_LOG: set[Told](),
}

FACTS = st.builds(
    Fact,
    st.sampled_from([kind for kind in Told if kind not in (Told.ERASING, Told.ERASED)]),
    st.just(START),
    document=st.none() | st.just({"key": "document"}),
    ingested=st.none() | st.just({"key": "media"}),
)


@given(st.dictionaries(st.uuids(), FACTS, max_size=12), st.sets(st.sampled_from(list(Kind))), st.data())
def test_what_comes_late_of_what_was_destroyed_is_not_kept(
    facts: dict[object, Fact], kinds: set[Kind], data: st.DataObject
) -> None:
    whole = Entry(RECORDING, "acme", START, facts)  # type: ignore[arg-type]
    early = data.draw(st.sets(st.sampled_from(sorted(facts, key=str)))) if facts else set()
    some = replace(whole, facts={told_by: fact for told_by, fact in whole.facts.items() if told_by in early})
    then = destroy(some, kinds)
    late = {told_by: fact for told_by, fact in whole.facts.items() if told_by not in early}
    left = destroy(replace(then, facts={**then.facts, **late}), ())
    assert left == destroy(whole, kinds) == destroy(left, kinds)
    assert left.facts.keys() == whole.facts.keys()
    gone = {kind for each in kinds for kind in REFERRING[each]}
    for told_by, fact in left.facts.items():
        if fact.kind in gone:
            assert (fact.document, fact.ingested) == (None, None)
        else:
            assert fact == whole.facts[told_by]


@pytest.fixture
async def desk() -> Desk:
    table = Table(Documents())
    for event in told.pipeline(table.documents):
        await table.add(event)
    return Desk(table)


@pytest.fixture
async def client(desk: Desk) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(application(desk.table, desk=desk))
    async with httpx.AsyncClient(
        transport=transport, base_url="http://127.0.0.1", headers=showing(OWNER)
    ) as client:
        yield client


def test_what_was_destroyed_was_done_and_is_waited_for_by_nobody(desk: Desk) -> None:
    desk.table.destroy(RECORDING, *Kind)
    entry = desk.table.entry(RECORDING)
    shown = recording(entry)
    assert (shown.state, shown.duration, shown.title) == (State.COMPLETED, 30.0, "Weekly")
    assert shown.destroyed == (Kind.MEDIA, Kind.MINUTES, Kind.TRANSCRIPT)
    assert not waiting(entry)


READ = {
    Kind.MEDIA: ("/audio", "/audio?track=p1", "/audio/tracks"),
    Kind.TRANSCRIPT: ("/transcript", "/transcript?format=srt", "/exports/markdown", "/edits"),
    Kind.MINUTES: ("/minutes",),
}


@pytest.mark.parametrize("kind", list(READ))
async def test_what_was_destroyed_is_answered_as_gone_and_the_rest_as_before(
    client: httpx.AsyncClient, desk: Desk, kind: Kind
) -> None:
    before = {path: await client.get(f"{HERE}{path}") for paths in READ.values() for path in paths}
    desk.table.destroy(RECORDING, kind)
    for other, paths in READ.items():
        for path in paths:
            answer = await client.get(f"{HERE}{path}")
            if other is kind:
                assert (answer.status_code, answer.json()["reason"]) == (410, f"{kind}_destroyed"), path
            else:
                assert answer.status_code == before[path].status_code, path
    assert (await client.get(HERE)).json()["destroyed"] == [kind]


async def test_minutes_are_read_without_the_transcript_that_they_rest_on(
    client: httpx.AsyncClient, desk: Desk
) -> None:
    desk.table.destroy(RECORDING, Kind.TRANSCRIPT)
    answer = (await client.get(f"{HERE}/minutes")).json()
    assert answer["summary"][0]["text"] == "Good morning."
    assert answer["segments"] == {}


STAGES = ("diarization", "transcription", "attribution", "summarisation")


@pytest.mark.parametrize(
    ("kind", "refused"),
    [(Kind.MEDIA, STAGES[:2]), (Kind.TRANSCRIPT, STAGES), (Kind.MINUTES, STAGES)],
)
async def test_nothing_makes_it_again(
    client: httpx.AsyncClient, desk: Desk, kind: Kind, refused: Sequence[str]
) -> None:
    desk.table.destroy(RECORDING, kind)
    for stage in refused:
        answer = await client.post(f"{HERE}/reprocess", json={"stage": stage})
        assert (answer.status_code, answer.json()["reason"]) == (409, f"{kind}_deleted")
    for stage in set(STAGES) - set(refused):
        assert (await client.post(f"{HERE}/reprocess", json={"stage": stage})).status_code == 202


async def test_minutes_that_were_destroyed_are_not_asked_for_by_a_new_name(
    client: httpx.AsyncClient, desk: Desk
) -> None:
    desk.table.destroy(RECORDING, Kind.MINUTES)
    renamed = {"kind": "rename", "speaker": "speaker-1", "name": "Ada"}
    assert (await client.post(f"{HERE}/edits", json=renamed)).status_code == 201
    assert desk.sent == []


async def test_no_edit_is_laid_over_what_was_destroyed(client: httpx.AsyncClient, desk: Desk) -> None:
    desk.table.destroy(RECORDING, Kind.TRANSCRIPT)
    renamed = {"kind": "rename", "speaker": "speaker-1", "name": "Ada"}
    answer = await client.post(f"{HERE}/edits", json=renamed)
    assert (answer.status_code, answer.json()["reason"]) == (410, "transcript_destroyed")


async def test_what_is_in_memory_is_not_given_after_it_was_destroyed(
    client: httpx.AsyncClient, desk: Desk
) -> None:
    assert (await client.get(f"{HERE}/transcript?format=text")).status_code == 200
    desk.table.destroy(RECORDING, Kind.TRANSCRIPT)
    assert (await client.get(f"{HERE}/transcript?format=text")).status_code == 410
    desk.table.destroy(RECORDING)
    for path in ("", "/transcript?format=text", "/minutes", "/audio", "/exports/markdown"):
        assert (await client.get(f"{HERE}{path}")).status_code == 404


SAID = {
    Kind.MEDIA: ("The sound of this meeting was destroyed", "Le son de cette réunion a été détruit"),
    Kind.TRANSCRIPT: ("The transcript of this meeting was destroyed", "La transcription de cette réunion"),
    Kind.MINUTES: ("The minutes of this meeting were destroyed", "Le compte rendu de cette réunion a été"),
}


@pytest.mark.parametrize("kind", list(SAID))
@pytest.mark.parametrize("language", [0, 1])
async def test_the_page_says_what_was_destroyed(
    client: httpx.AsyncClient, desk: Desk, kind: Kind, language: int
) -> None:
    asked = {"Accept": "text/html", "Accept-Language": ("en", "fr")[language]}
    assert SAID[kind][language] not in (await client.get(PAGE, headers=asked)).text
    desk.table.destroy(RECORDING, kind)
    page = (await client.get(PAGE, headers=asked)).text
    assert [each for each in SAID if SAID[each][language] in page] == [kind]
    assert ('id="player"' in page) == (kind is Kind.MINUTES)
    assert ('id="minutes"' in page and 'class="minutes-section' in page) == (kind is not Kind.MINUTES)
    assert ('id="panel-transcript"' in page) == (kind is not Kind.TRANSCRIPT)
