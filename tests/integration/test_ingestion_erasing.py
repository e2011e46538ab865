"""What ingestion has of one person goes, and silent audio takes its place."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID, uuid4

import numpy as np
import psycopg
import pytest
from nats.js import JetStreamContext

from minutier.compose.embedded import System
from minutier.schemas.base import Span
from minutier.schemas.codec import encode
from minutier.schemas.documents import Participant, RecordingDocument, Silence
from minutier.schemas.events import (
    AnnouncedMetadata,
    AnyEvent,
    MetadataKind,
    PurgeOutcome,
    RecordingAnnounced,
    RecordingIngested,
    Stage,
)
from minutier.schemas.references import ObjectRef
from minutier.shared.audio import SAMPLE_RATE, read_flac
from minutier.shared.objects import ARTEFACTS, RECORDINGS, UPLOADS
from minutier.shared.topology import DEAD_LETTER_STREAM, EVENT_STREAM
from tests.support import query_events as heard
from tests.support.delivery_service import until
from tests.support.erasing import SECRET, Erasing
from tests.support.ingestion_fakes import announced, track
from tests.support.ingestion_fakes import upload as upload_at
from tests.support.ingestion_system import announce, count, keys, put, told, until_forgotten
from tests.support.purging import Purges
from tests.support.systems import running

ROLE = "ingestion"
DATA = Path(__file__).parent.parent / "data"
SILENT = Span(start=0.5, end=1.25)


@pytest.fixture(scope="module")
async def system() -> AsyncIterator[System]:
    async with running(services=["ingestion"]) as system:
        yield system


@pytest.fixture
def erasing(system: System, js: JetStreamContext) -> Erasing:
    return Erasing(Purges(system, js))


@dataclass(frozen=True)
class Meeting:
    """A recording of a mix and a track, the person's, that was taken in."""

    announced: RecordingAnnounced
    ingested: RecordingIngested

    @property
    def id(self) -> UUID:
        return self.announced.subject

    @property
    def audio(self) -> list[ObjectRef]:
        data = self.ingested.data
        assert data.audio is not None
        return [data.audio, *(track.audio for track in data.tracks)]

    @property
    def silences(self) -> list[Silence]:
        return [Silence(audio=ref, spans=(SILENT,)) for ref in self.audio]


@pytest.fixture
async def meeting(system: System, js: JetStreamContext) -> Meeting:
    name = uuid4().hex
    mix = await put(system, (DATA / "visio-firefox.ogg").read_bytes(), f"{name}/mix")
    await put(system, (DATA / "visio-ios.m4a").read_bytes(), f"{name}/track")
    event = announced(
        name, mix=mix, tracks=(track(SECRET, f"{name}/track"),), participants=(SECRET,), title=SECRET
    )
    await announce(js, event)
    ingested = await told(js, RecordingIngested, event.subject)
    await until_forgotten(js, event)
    return Meeting(event, ingested)


def without(meeting: Meeting) -> RecordingDocument:
    return RecordingDocument(recording_id=meeting.id, participants=(Participant(id="p2", name="Bo"),))


async def samples(
    erasing: Erasing, ref: ObjectRef, folder: Path
) -> np.ndarray[tuple[int], np.dtype[np.float32]]:
    file = folder / f"{uuid4()}.flac"
    await erasing.objects.fetch(ref, file)
    return await asyncio.to_thread(read_flac, file)


async def test_silent_audio_takes_the_place_of_all_there_was(
    erasing: Erasing, meeting: Meeting, tmp_path: Path
) -> None:
    before = [await samples(erasing, ref, tmp_path) for ref in meeting.audio]
    instead = await erasing.instead(meeting.id, silences=meeting.silences, described=without(meeting))
    order = await erasing.order(meeting.id, instead)
    answer = await erasing.purges.answer(order, ROLE)
    assert answer.outcome is PurgeOutcome.ERASED
    refs = [made.ref for made in answer.made]
    assert {made.of for made in answer.made} == {ref.sha256 for ref in meeting.audio}
    assert await erasing.keys(RECORDINGS, meeting.id) == {ref.key for ref in refs}
    start, end = round(SILENT.start * SAMPLE_RATE), round(SILENT.end * SAMPLE_RATE)
    for whole, ref in zip(before, refs, strict=True):
        after = await samples(erasing, ref, tmp_path)
        assert not after[start:end].any()
        assert np.array_equal(np.delete(after, slice(start, end)), np.delete(whole, slice(start, end)))
    # Of what was told of the meeting only this is left.
    assert instead.recording is not None
    documents = await erasing.keys(ARTEFACTS, meeting.id)
    assert {key for key in documents if f"/{Stage.INGESTION}/" in key} == {instead.recording.key}
    # A later try finds what the first has made.
    again = order.model_copy(update={"id": uuid4()})
    await erasing.purges.publish(again)
    second = await erasing.purges.answer(again, ROLE)
    assert (second.made, second.erased) == (answer.made, ())


async def test_without_a_recording_document_those_that_there_are_stay(
    erasing: Erasing, meeting: Meeting
) -> None:
    instead = await erasing.instead(meeting.id, silences=meeting.silences)
    await erasing.purges.answer(await erasing.order(meeting.id, instead), ROLE)
    assert meeting.ingested.data.recording.key in await erasing.keys(ARTEFACTS, meeting.id)


async def test_while_it_is_held_all_stays(erasing: Erasing, meeting: Meeting) -> None:
    before = await erasing.keys(RECORDINGS, meeting.id)
    erasing.purges.hold(meeting.id)
    instead = await erasing.instead(meeting.id, silences=meeting.silences, described=without(meeting))
    answer = await erasing.purges.answer(await erasing.order(meeting.id, instead), ROLE)
    assert (answer.outcome, answer.made) == (PurgeOutcome.HELD, ())
    assert await erasing.keys(RECORDINGS, meeting.id) == before
    assert meeting.ingested.data.recording.key in await erasing.keys(ARTEFACTS, meeting.id)


def telling(meeting: Meeting, account: str) -> RecordingAnnounced:
    """Somebody tells of it again, and has an account of who was there."""
    kind = MetadataKind.LASUITE_MEET
    metadata = AnnouncedMetadata(kind=kind, location=upload_at(account))
    name = meeting.announced.data.external_id
    return announced(name, participants=(SECRET,), title=SECRET, metadata=metadata)


async def test_whatever_tells_of_it_and_waits_goes_and_nothing_more_is_heard(
    system: System, js: JetStreamContext, erasing: Erasing, meeting: Meeting
) -> None:
    waits = telling(meeting, "missing")
    await announce(js, waits)
    letter = f"deadletter.query-recording-announced.{meeting.id}"
    await js.publish(letter, encode(waits), stream=DEAD_LETTER_STREAM)
    other = f"deadletter.query-recording-announced.{uuid4()}"
    await js.publish(other, encode(waits), stream=DEAD_LETTER_STREAM)
    promise(system, meeting.id)
    instead = await erasing.instead(meeting.id, silences=meeting.silences, described=without(meeting))
    answer = await erasing.purges.answer(await erasing.order(meeting.id, instead), ROLE)
    gone = {each.place: each.count for each in answer.erased}
    assert (gone["stream_messages"], gone["rows"]) == (1, 1)
    assert await count(js, waits.nats_subject) == 0
    letters = await js.stream_info(DEAD_LETTER_STREAM, subjects_filter="deadletter.>")
    assert set(letters.state.subjects or {}) == {other}
    # Told late, and told anew: neither is kept, nor what was sent with it.
    await put(system, b"{}", "late/account")
    await put(system, b"{}", "anew/account")
    late = telling(meeting, "late/account").model_copy(update={"time": meeting.ingested.time})
    anew = telling(meeting, "anew/account")
    await announce(js, late, anew)
    await until_forgotten(js, late)
    assert {"late/account", "anew/account"}.isdisjoint(await keys(system, UPLOADS))
    documents = await erasing.keys(ARTEFACTS, meeting.id)
    assert {key for key in documents if f"/{Stage.INGESTION}/" in key} == {
        instead.recording.key if instead.recording else ""
    }
    assert SECRET not in written(system)


def promise(system: System, recording: UUID) -> None:
    with psycopg.connect(system.database_url(ROLE).replace("+psycopg", "")) as connection:
        connection.execute(
            "insert into promised_uploads (recording_id, tenant, details, expires_at)"
            " values (%s, 'acme', jsonb_build_object('title', %s::text), now() + interval '1 hour')",
            (recording, SECRET),
        )


def written(system: System) -> str:
    """All rows that ingestion has."""
    with psycopg.connect(system.database_url(ROLE).replace("+psycopg", "")) as connection:
        tables = connection.execute(
            "select table_name from information_schema.tables where table_schema = 'ingestion'"
        ).fetchall()
        return "".join(
            str(connection.execute(f'select * from "{table}"'.encode()).fetchall()) for (table,) in tables
        )


async def test_what_has_come_of_it_is_what_is_there_instead(
    system: System, js: JetStreamContext, erasing: Erasing, meeting: Meeting
) -> None:
    await publish(
        js,
        [heard.attributed(recording=meeting.id), heard.written(recording=meeting.id)],
    )
    await until(lambda: _has_ends(system, meeting.id, {"transcript", "summary"}))
    job(system, meeting.id)
    instead = await erasing.instead(meeting.id, silences=meeting.silences)
    order = await erasing.order(meeting.id, instead)
    await erasing.purges.answer(order, ROLE)
    assert ends(system, meeting.id) == {"transcript": instead.transcript.key}
    assert SECRET not in written(system)
    # What was wanted before decides nothing; what the order has made does.
    late = heard.written(recording=meeting.id)
    anew = heard.written(instead.plan, recording=meeting.id).model_copy(
        update={"time": order.time, "wantedsince": order.time}
    )
    await publish(js, [late])
    await publish(js, [anew])
    await until(lambda: _has_ends(system, meeting.id, {"transcript", "summary"}))
    assert ends(system, meeting.id)["summary"] == instead.plan.key


async def publish(js: JetStreamContext, events: Sequence[AnyEvent]) -> None:
    for event in events:
        await js.publish(event.nats_subject, encode(event), stream=EVENT_STREAM)


def job(system: System, recording: UUID) -> None:
    """One that has ended, and whose document Docs has made."""
    with psycopg.connect(system.database_url(ROLE).replace("+psycopg", "")) as connection:
        connection.execute(
            "insert into jobs (id, tenant, kind, recording_id, user_sub, base_url, docs, callback,"
            " announcement, document_id, created_at, ended_at)"
            " values (%s, 'acme', 'transcript', %s, 'sub', '', jsonb_build_object('title', %s::text,"
            " 'email', 'bo@example.org'), true, jsonb_build_object('title', %s::text), 'd', now(), now())",
            (uuid4(), recording, SECRET, SECRET),
        )


def ends(system: System, recording: UUID) -> dict[str, str]:
    """By kind, the key of what has come of a recording."""
    with psycopg.connect(system.database_url(ROLE).replace("+psycopg", "")) as connection:
        return dict(
            connection.execute(
                "select kind, result ->> 'key' from ends where recording_id = %s", (recording,)
            ).fetchall()
        )


async def _has_ends(system: System, recording: UUID, kinds: set[str]) -> bool:
    return set(await asyncio.to_thread(ends, system, recording)) == kinds
