"""What BigBlueButton's and Jibri's scripts send, through the running service, on the real servers."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import UUID

import httpx
import pytest
from nats.js import JetStreamContext

from minutier.compose.embedded import System
from minutier.schemas.documents import RecordingDocument
from minutier.schemas.events import Ingested, RecordingAnnounced, RecordingIngested
from minutier.shared.artefacts import Artefacts
from minutier.shared.objects import UPLOADS, Objects, client
from tests.support import media
from tests.support.bigbluebutton import (
    MEETING,
    TITLE,
    document,
    ends,
    joins,
    marks,
    publishes,
    records,
    talks,
)
from tests.support.delivery_service import until
from tests.support.ingestion_system import count, log_of, told
from tests.support.media import Sound, level, write
from tests.support.systems import running

KEY = "a-key-of-acme-meetings"
NAME = "Anneliese Quarterly"
SILENT, LOUD = 0.001, 0.05


@pytest.fixture(scope="module")
async def system() -> AsyncIterator[System]:
    environment = {"MINUTIER_INGESTION_TENANTS": json.dumps({"acme": {"api_key": KEY}})}
    async with running(services=["ingestion"], environment=environment) as system:
        yield system


async def send(
    system: System, source: str, data: dict[str, str], files: list[tuple[str, tuple[str, bytes]]]
) -> list[UUID]:
    """The ids of the recordings that it has become."""
    headers = {"Authorization": f"Bearer {KEY}"}
    async with httpx.AsyncClient(base_url=system.url("ingestion"), headers=headers, timeout=60) as http:
        answer = await http.post(f"/webhooks/{source}", data=data, files=files)
    assert answer.status_code == 200, answer.text
    return [UUID(recording) for recording in answer.json()["recordings"]]


async def taken_in(system: System, js: JetStreamContext, id: UUID) -> tuple[Ingested, RecordingDocument]:
    """Once it is, and nothing of its announcement is left."""
    data = (await told(js, RecordingIngested, id)).data

    async def forgotten() -> bool:
        return not await count(js, f"{RecordingAnnounced.TYPE}.{id}")

    await until(forgotten)
    return data, await Artefacts(Objects(system.objects)).load(RecordingDocument, data.recording)


async def uploads(system: System) -> int:
    return await asyncio.to_thread(
        lambda: len(list(client(system.objects).list_objects(UPLOADS, recursive=True)))
    )


async def test_of_a_meeting_only_what_was_recorded_can_be_heard(
    system: System, js: JetStreamContext, tmp_path: Path
) -> None:
    sound = write(tmp_path / "sound.ogg", Sound(12.0)).read_bytes()
    name = f"{MEETING}-13749531095.opus"
    events = document(
        joins(1, "w_anna", NAME),
        records(name, 5, 17),
        talks("w_anna", 6, 12),
        marks(8, 11),
        ends(20),
    )
    form = ({"meeting_id": MEETING}, [("events", ("events.xml", events)), ("audio", (name, sound))])
    (recording,) = await send(system, "bigbluebutton", *form)
    data, told = await taken_in(system, js, recording)
    assert (told.title, [participant.name for participant in told.participants]) == (TITLE, [NAME])
    assert [(span.start, span.end) for span in told.recorded or ()] == [(3, 6)]
    assert [(talk.start, talk.end) for talk in told.activity] == [(3, 6)]
    assert data.audio is not None
    audio = tmp_path / "audio.flac"
    await Objects(system.objects).fetch(data.audio, audio)
    samples = media.read(audio)
    assert level(samples, 3.1, 5.9) > LOUD
    assert max(level(samples, 0, 2.9), level(samples, 6.1, 12)) < SILENT

    assert await send(system, "bigbluebutton", *form) == [recording]
    assert await count(js, f"{RecordingIngested.TYPE}.{recording}") == 1
    assert await uploads(system) == 0


async def test_participants_with_files_of_their_own_have_tracks(
    system: System, js: JetStreamContext, tmp_path: Path
) -> None:
    sound = write(tmp_path / "sound.ogg", Sound(4.0)).read_bytes()
    events = document(
        joins(1, "w_anna", NAME),
        joins(1, "w_ben", "Ben"),
        publishes("w_anna", "anna.ogg", 3, 7),
        publishes("w_ben", "ben.ogg", 5, 9),
        marks(2, 6),
        ends(10),
    )
    audio = [("audio", (name, sound)) for name in ("ben.ogg", "anna.ogg")]
    meeting = f"tracks-{MEETING}"
    (recording,) = await send(
        system, "bigbluebutton", {"meeting_id": meeting}, [("events", ("events.xml", events)), *audio]
    )
    data, told = await taken_in(system, js, recording)
    assert [participant.name for participant in told.participants] == [NAME, "Ben"]
    assert [track.offset for track in data.tracks] == [0, 2]
    second = tmp_path / "ben.flac"
    await Objects(system.objects).fetch(data.tracks[1].audio, second)
    samples = media.read(second)
    assert level(samples, 0.1, 0.9) > LOUD
    assert level(samples, 1.1, 4) < SILENT


async def test_a_meeting_that_nobody_recorded_leaves_nothing(system: System, tmp_path: Path) -> None:
    sound = write(tmp_path / "sound.ogg", Sound(1.0)).read_bytes()
    events = document(joins(1, "w_anna", NAME), records("a.opus", 5, 6), ends(20))
    form = [("events", ("events.xml", events)), ("audio", ("a.opus", sound))]
    assert await send(system, "bigbluebutton", {"meeting_id": "unrecorded"}, form) == []
    assert await uploads(system) == 0


async def test_a_film_of_jibris_is_taken_in_with_who_was_there(
    system: System, js: JetStreamContext, tmp_path: Path
) -> None:
    film = write(tmp_path / "weekly.mp4", Sound(3.0), video_seconds=3.0).read_bytes()
    metadata = json.dumps(
        {"meeting_url": "https://meet.example.org/Weekly", "participants": [{"user": {"name": NAME}}]}
    )
    form = (
        {"session": "kjzxnqgtwvfaplme"},
        [("metadata", ("metadata.json", metadata.encode())), ("recording", ("weekly.mp4", film))],
    )
    (recording,) = await send(system, "jibri", *form)
    data, told = await taken_in(system, js, recording)
    assert data.duration == pytest.approx(3.0, abs=0.1)
    assert (told.title, [participant.name for participant in told.participants]) == ("Weekly", [NAME])
    assert told.activity == ()
    assert await send(system, "jibri", *form) == [recording]
    assert await uploads(system) == 0


async def test_no_name_is_in_the_log(system: System) -> None:
    assert system.supervisor["ingestion"].restarts == 0
    log = await log_of(system)
    assert "service started" in log
    assert not any(told in log for told in (NAME, TITLE, MEETING))
