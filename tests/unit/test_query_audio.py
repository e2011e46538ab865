import asyncio
from collections.abc import AsyncIterator
from uuid import uuid4

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minutier.query.access.domain import Level, Seen
from minutier.query.access.log import Action
from minutier.query.audio import routes
from minutier.query.audio.domain import Span, Unsatisfiable, asked
from minutier.query.audio.listening import Listening
from minutier.query.domain import Entry
from minutier.schemas.documents import Participant, RecordingDocument
from minutier.schemas.events import Ingested, IngestedTrack, RecordingIngested
from minutier.schemas.references import ObjectRef
from tests.support import query_events as told
from tests.support.query_audio import SOUND, Sounds
from tests.support.query_events import RECORDING, REF, START, Documents
from tests.support.query_fakes import Log, Table, application
from tests.support.query_people import COMPLIANCE, OUTSIDER, OWNER, PARTICIPANT, PEOPLE, STRANGER, showing

HERE = f"/api/v1/recordings/{RECORDING}/audio"
SIZE = len(SOUND)


@given(st.integers(0, 300), st.integers(0, 400), st.integers(0, 400))
def test_a_range_is_the_bytes_that_are_there_of_those_asked_for(size: int, first: int, last: int) -> None:
    body = bytes(number % 256 for number in range(size))
    expected = {
        f"bytes={first}-{last}": body[first : last + 1],
        f"bytes={first}-": body[first:],
        f"bytes=-{last}": body[max(0, size - last) :] if last else b"",
    }
    for header, wanted in expected.items():
        if header == f"bytes={first}-{last}" and last < first:
            assert asked(header, size) is None
        elif not wanted:
            with pytest.raises(Unsatisfiable):
                asked(header, size)
        else:
            span = asked(header, size)
            assert span is not None
            assert body[span.start : span.end] == wanted
            assert span.length == len(wanted)


@pytest.mark.parametrize(
    "header",
    [None, "", "bytes", "bytes=-", "bytes=a-b", "bytes=0-1,3-4", "items=0-1", "bytes=0-1;", "bytes=٣-"],
)
def test_what_is_no_single_range_of_bytes_is_answered_with_all(header: str | None) -> None:
    assert asked(header, 10) is None


@given(st.text(max_size=30))
def test_no_header_leads_outside(header: str) -> None:
    try:
        span = asked(f"bytes={header}", 10)
    except Unsatisfiable:
        return
    assert span is None or (span.start >= 0 and span.length > 0 and span.end <= 10)


def test_a_range_says_where_it_is() -> None:
    assert Span(2, 3).of(10) == "bytes 2-4/10"


@pytest.fixture
def sounds() -> Sounds:
    return Sounds()


@pytest.fixture
def log() -> Log:
    return Log()


@pytest.fixture
async def table() -> Table:
    return Table(Documents())


@pytest.fixture
async def client(table: Table, sounds: Sounds, log: Log) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(application(table, audio=sounds, log=log))
    async with httpx.AsyncClient(
        transport=transport, base_url="http://test", headers=showing(OWNER)
    ) as client:
        yield client


async def taken_in(table: Table, audio: ObjectRef | None, **tracks: ObjectRef) -> None:
    document = table.documents.keep(RecordingDocument(recording_id=RECORDING, title="Weekly", people=PEOPLE))
    data = Ingested(
        recording=document,
        source="livekit",
        announced_at=START,
        duration=30,
        audio=audio,
        tracks=tuple(
            IngestedTrack(participant_id=name, audio=ref, offset=0, duration=30)
            for name, ref in tracks.items()
        ),
        processing_seconds=1,
    )
    await table.add(told.at(RecordingIngested, 1, data))


async def test_all_of_it_is_sent_where_nothing_else_is_asked_for(
    client: httpx.AsyncClient, table: Table, sounds: Sounds
) -> None:
    await taken_in(table, sounds.keep("a"))
    answer = await client.get(HERE)
    assert (answer.status_code, answer.content) == (200, SOUND)
    assert answer.headers["content-type"] == "audio/flac"
    assert answer.headers["accept-ranges"] == "bytes"
    assert answer.headers["content-length"] == str(SIZE)
    assert answer.headers["cache-control"] == "private, no-cache"
    head = await client.head(HERE)
    assert (head.status_code, head.content) == (200, b"")
    for name in ("content-type", "accept-ranges", "content-length", "etag", "cache-control"):
        assert head.headers[name] == answer.headers[name]


@pytest.mark.parametrize(
    ("header", "part"),
    [("bytes=0-9", slice(0, 10)), ("bytes=1000-", slice(1000, None)), ("bytes=-24", slice(-24, None))],
)
async def test_a_part_is_sent_where_one_is_asked_for(
    client: httpx.AsyncClient, table: Table, sounds: Sounds, header: str, part: slice
) -> None:
    await taken_in(table, sounds.keep("a"))
    answer = await client.get(HERE, headers={"Range": header})
    start, end, _ = part.indices(SIZE)
    assert (answer.status_code, answer.content) == (206, SOUND[part])
    assert answer.headers["content-range"] == f"bytes {start}-{end - 1}/{SIZE}"
    assert answer.headers["content-length"] == str(end - start)
    assert sounds.read == [(start, end - start)]


async def test_a_part_that_is_not_there_is_refused(
    client: httpx.AsyncClient, table: Table, sounds: Sounds
) -> None:
    await taken_in(table, sounds.keep("a"))
    answer = await client.get(HERE, headers={"Range": f"bytes={SIZE}-"})
    assert (answer.status_code, answer.headers["content-range"]) == (416, f"bytes */{SIZE}")
    assert answer.headers["content-type"] == "application/problem+json"
    assert sounds.read == []


async def test_a_part_is_of_the_version_that_a_client_has_or_it_is_sent_all(
    client: httpx.AsyncClient, table: Table, sounds: Sounds
) -> None:
    await taken_in(table, sounds.keep("a"))
    tag = (await client.head(HERE)).headers["etag"]
    for version, status in (
        (tag, 206),
        ('"other"', 200),
        (f"W/{tag}", 200),
        ("Thu, 01 Jan 2026 09:00:00 GMT", 200),
    ):
        answer = await client.get(HERE, headers={"Range": "bytes=0-0", "If-Range": version})
        assert (version, answer.status_code) == (version, status)
    again = await client.get(HERE, headers={"If-None-Match": tag, "Range": "bytes=0-0"})
    assert (again.status_code, again.content) == (304, b"")


async def test_much_is_sent_a_little_at_a_time(
    client: httpx.AsyncClient, table: Table, sounds: Sounds
) -> None:
    body = SOUND * 1000
    await taken_in(table, sounds.keep("a", body))
    answer = await client.get(HERE, headers={"Range": "bytes=7-"})
    assert answer.content == body[7:]
    assert max(length for _, length in sounds.read) == 256 * 1024
    assert sum(length for _, length in sounds.read) == len(body) - 7


async def test_whoever_listens_to_as_much_as_may_be_is_asked_to_come_back(
    table: Table, sounds: Sounds, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(routes, "_LISTENERS", 1)
    await taken_in(table, sounds.keep("a", SOUND * 1000))
    sending, go_on = asyncio.Event(), asyncio.Event()

    class Slow(Sounds):
        async def read_range(self, ref: ObjectRef, start: int, length: int) -> bytes:
            if start > 0:
                sending.set()
                await go_on.wait()
            return await sounds.read_range(ref, start, length)

    transport = httpx.ASGITransport(application(table, audio=Slow()))
    async with httpx.AsyncClient(
        transport=transport, base_url="http://test", headers=showing(OWNER)
    ) as client:
        first = asyncio.create_task(client.get(HERE))
        await asyncio.wait_for(sending.wait(), 5)
        refused = await client.get(HERE)
        assert (refused.status_code, refused.headers["retry-after"]) == (503, "10")
        first.cancel()
        await asyncio.wait([first])
        go_on.set()
        assert (await client.get(HERE)).status_code == 200


async def test_tracks_are_told_and_sent_one_by_one(
    client: httpx.AsyncClient, table: Table, sounds: Sounds
) -> None:
    await taken_in(table, None, p1=sounds.keep("1", b"one"), p2=sounds.keep("2", b"two"))
    for track, body in (("p1", b"one"), ("p2", b"two")):
        assert (await client.get(HERE, params={"track": track})).content == body
    for params in ({}, {"track": "p3"}):
        answer = await client.get(HERE, params=params)
        assert answer.status_code == 404
        assert "p1, p2" in answer.json()["detail"]
    assert (await client.get(HERE, params={"track": "../p1"})).status_code == 422


async def test_what_can_be_heard_is_told_with_when_it_begins_and_who_it_is(
    client: httpx.AsyncClient, table: Table, sounds: Sounds, log: Log
) -> None:
    nothing = await client.get(f"{HERE}/tracks")
    assert nothing.status_code == 404
    ref = sounds.keep("1")
    document = RecordingDocument(
        recording_id=RECORDING, people=PEOPLE, participants=(Participant(id="p2", name="Zoë"),)
    )
    data = Ingested(
        recording=table.documents.keep(document),
        source="livekit",
        announced_at=START,
        duration=30,
        tracks=(
            IngestedTrack(participant_id="p1", audio=ref, offset=0, duration=30),
            IngestedTrack(participant_id="p2", audio=ref, offset=4.5, duration=20),
        ),
        processing_seconds=1,
    )
    await table.add(told.at(RecordingIngested, 1, data))
    unknown, known = (
        {"track": "p1", "name": None, "offset": 0.0, "duration": 30.0},
        {"track": "p2", "name": "Zoë", "offset": 4.5, "duration": 20.0},
    )
    assert (await client.get(f"{HERE}/tracks")).json() == {"mix": False, "tracks": [unknown, known]}
    # Which voices there are is no more than the recording's own answer tells.
    assert log.kept == []
    table.documents.kept.clear()
    told_after_a_purge = (await client.get(f"{HERE}/tracks")).json()
    assert told_after_a_purge["tracks"] == [unknown, known | {"name": None}]
    assert (await client.get(f"{HERE}/tracks", headers=showing(COMPLIANCE))).status_code == 404
    await table.add(told.received(REF, table.documents.keep(document)))
    assert (await client.get(f"{HERE}/tracks")).json() == {"mix": False, "tracks": []}


async def test_a_recording_without_tracks_has_none(
    client: httpx.AsyncClient, table: Table, sounds: Sounds
) -> None:
    await taken_in(table, sounds.keep("a"))
    answer = await client.get(HERE, params={"track": "p1"})
    assert (answer.status_code, "no tracks" in answer.json()["detail"]) == (404, True)


async def test_what_was_purged_is_said_to_be_gone(
    client: httpx.AsyncClient, table: Table, sounds: Sounds
) -> None:
    await taken_in(table, sounds.keep("a"))
    sounds.kept.clear()
    for method in ("GET", "HEAD"):
        assert (await client.request(method, HERE)).status_code == 404
    assert "no longer there" in (await client.get(HERE)).json()["detail"]


async def test_a_text_has_no_audio(client: httpx.AsyncClient, table: Table) -> None:
    document = table.documents.keep(RecordingDocument(recording_id=RECORDING, people=PEOPLE))
    await table.add(told.received(REF, document))
    answer = await client.get(HERE)
    assert (answer.status_code, "text" in answer.json()["detail"]) == (404, True)


async def test_only_those_who_may_read_may_listen(
    client: httpx.AsyncClient, table: Table, sounds: Sounds, log: Log
) -> None:
    await taken_in(table, sounds.keep("a"))
    for other, status in ((PARTICIPANT, 200), (OUTSIDER, 404), (STRANGER, 404), (COMPLIANCE, 404)):
        assert (await client.get(HERE, headers=showing(other))).status_code == status
    assert [(who, access.action) for who, access in log.kept] == [(PARTICIPANT, Action.AUDIO)]


async def test_listening_is_written_down_once_and_before_anything_is_sent(
    client: httpx.AsyncClient, table: Table, sounds: Sounds, log: Log
) -> None:
    await taken_in(table, sounds.keep("a"))
    log.broken = True
    assert (await client.get(HERE)).status_code == 500
    assert sounds.read == []
    log.broken = False
    for start in range(5):
        await client.get(HERE, headers={"Range": f"bytes={start}-"})
    await client.get(HERE, headers=showing(PARTICIPANT))
    assert [who for who, _ in log.kept] == [OWNER, PARTICIPANT]


async def test_whoever_listens_again_later_or_to_another_is_written_down_again() -> None:
    log, time, other = Log(), [0.0], uuid4()
    listening = Listening(log, clock=lambda: time[0])
    for at, recording in ((0, RECORDING), (1, other), (599, RECORDING), (600, RECORDING), (601, RECORDING)):
        time[0] = at
        entry = Entry(recording, OWNER.tenant, START)
        await listening.note(OWNER, Seen(entry, Level.READ, 1))
    assert [access.recording_id for _, access in log.kept] == [RECORDING, other, RECORDING]
