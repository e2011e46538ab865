"""Taking recordings in, on the real servers."""

import asyncio
import hashlib
import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from minio.commonconfig import ENABLED
from minio.versioningconfig import VersioningConfig
from nats.js import JetStreamContext
from pydantic import PostgresDsn
from sqlmodel.ext.asyncio.session import AsyncSession

from minutier.compose.embedded import System
from minutier.ingestion.repository import Register
from minutier.schemas.documents import RecordingDocument
from minutier.schemas.events import (
    Ingested,
    RecordingAnnounced,
    RecordingIngested,
    RecordingRejected,
    StageFailed,
    recording_id,
)
from minutier.schemas.references import Location, ObjectRef
from minutier.schemas.rejections import RejectionReason
from minutier.shared import database
from minutier.shared.artefacts import Artefacts
from minutier.shared.objects import RECORDINGS, UPLOADS, Objects, client
from minutier.shared.settings import DatabaseSettings
from minutier.shared.topology import DEAD_LETTER_STREAM, EVENT_STREAM
from tests.support import media
from tests.support.ingestion_fakes import announced, taken_in, track
from tests.support.ingestion_system import (
    announce,
    body_of,
    count,
    keys,
    last,
    log_of,
    put,
    told,
    until_forgotten,
)
from tests.support.media import Sound, write
from tests.support.systems import running

DATA = Path(__file__).parent.parent / "data"
LONGEST_SECONDS = 18
LARGEST_BYTES = 300_000
NAME = "Anneliese Quarterly"


@pytest.fixture(scope="module")
async def system(workspace: Path) -> AsyncIterator[System]:
    environment = {
        "MINUTIER_INGESTION_ALLOWED_BUCKETS": '["uploads", "meetings", "never-made"]',
        "MINUTIER_INGESTION_MAX_HOURS": str(LONGEST_SECONDS / 3600),
        "MINUTIER_INGESTION_MAX_BYTES": str(LARGEST_BYTES),
        "MINUTIER_INGESTION_ARRIVAL_SECONDS": "0",
        "MINUTIER_INGESTION_WORKSPACE": str(workspace),
    }
    async with running(services=["ingestion"], environment=environment) as system:
        s3 = client(system.objects)
        for bucket in ("meetings", "private"):
            await asyncio.to_thread(s3.make_bucket, bucket)
        await asyncio.to_thread(s3.set_bucket_versioning, "meetings", VersioningConfig(ENABLED))
        yield system


async def test_a_meeting_is_kept_as_it_came_and_normalised(
    system: System, js: JetStreamContext, tmp_path: Path
) -> None:
    mix, track_body = (DATA / "visio-ios.m4a").read_bytes(), (DATA / "visio-chromium.webm").read_bytes()
    event = announced(
        "kept",
        title=NAME,
        mix=await put(system, mix, "kept/mix"),
        tracks=(track(NAME, (await put(system, track_body, "kept/track")).key, 4.0),),
    )
    await announce(js, event)
    data = (await told(js, RecordingIngested, event.subject)).data
    assert data.duration == pytest.approx(4.0 + data.tracks[0].duration)
    assert data.audio is not None
    normalised = tmp_path / "audio.flac"
    normalised.write_bytes(await body_of(system, data.audio))
    assert len(media.read(normalised)) / 16_000 == pytest.approx(1.364, abs=0.01)
    folder = f"acme/{event.subject}/source"
    for key, body in ((f"{folder}/mix", mix), (f"{folder}/p1", track_body)):
        sha256 = hashlib.sha256(body).hexdigest()
        assert (
            await body_of(system, ObjectRef(bucket=RECORDINGS, key=key, sha256=sha256, size=len(body)))
            == body
        )
    document = await Artefacts(Objects(system.objects)).load(RecordingDocument, data.recording)
    assert (document.title, document.participants[0].name) == (NAME, NAME)
    await until_forgotten(js, event)
    assert not {key for key in await keys(system, UPLOADS) if key.startswith("kept/")}


async def test_each_bad_recording_is_rejected_for_its_own_reason(
    system: System, js: JetStreamContext, tmp_path: Path
) -> None:
    film = write(tmp_path / "film.mp4", video_seconds=2.0)
    whole = write(tmp_path / "a.mp4", Sound(10.0), options={"movflags": "faststart"}).read_bytes()
    long = write(tmp_path / "long.ogg", Sound(LONGEST_SECONDS + 5.0, frequency=None))
    bodies = {
        "text.mp3": (b"Dear all,\nplease find the minutes below.\n" * 200, RejectionReason.UNSUPPORTED),
        "empty.mp3": (b"", RejectionReason.CORRUPT),
        "playlist.m3u8": (b"#EXTM3U\n#EXTINF:9,\nhttp://127.0.0.1/a.ts\n", RejectionReason.UNSUPPORTED),
        "no-index.mp4": (write(tmp_path / "b.mp4", Sound(5.0)).read_bytes()[:-400], RejectionReason.CORRUPT),
        "cut.mp4": (whole[: len(whole) // 2], RejectionReason.CORRUPT),
        "film.mp4": (film.read_bytes(), RejectionReason.NO_AUDIO),
        "no-samples.wav": (write(tmp_path / "n.wav", Sound(0.0)).read_bytes(), RejectionReason.NO_AUDIO),
        "long.ogg": (long.read_bytes(), RejectionReason.TOO_LONG),
        "large.wav": (bytes(LARGEST_BYTES + 1), RejectionReason.TOO_LARGE),
    }
    whole_meeting = await put(system, (DATA / "visio-firefox.ogg").read_bytes(), "there.ogg", "meetings")
    await put(system, b"", "there.ogg", "private")
    cases = [(await put(system, body, f"bad/{name}"), reason) for name, (body, reason) in bodies.items()] + [
        (Location(bucket=bucket, key=key, version_id=version), reason)
        for bucket, key, version, reason in (
            (UPLOADS, "bad/nothing", None, RejectionReason.NOT_FOUND),
            (UPLOADS, "bad/../../private/there.ogg", None, RejectionReason.NOT_FOUND),
            ("never-made", "there.ogg", None, RejectionReason.NOT_FOUND),
            ("meetings", "there.ogg", "0" * 32, RejectionReason.NOT_FOUND),
            ("private", "there.ogg", None, RejectionReason.FORBIDDEN_LOCATION),
            (RECORDINGS, "acme/x/audio.flac", None, RejectionReason.FORBIDDEN_LOCATION),
            ("unheard-of", "there.ogg", None, RejectionReason.FORBIDDEN_LOCATION),
        )
    ]
    events = [announced(f"bad {number}", title=NAME, mix=mix) for number, (mix, _) in enumerate(cases)]
    await announce(js, *events)
    reasons = [(await told(js, RecordingRejected, event.subject)).data.reason for event in events]
    assert reasons == [reason for _, reason in cases]
    await until_forgotten(js, *events)
    assert not {key for key in await keys(system, UPLOADS) if key.startswith("bad/")}
    assert await keys(system, "meetings") >= {whole_meeting.key}


async def test_short_silent_and_oddly_named_recordings_are_taken_in(
    system: System, js: JetStreamContext, tmp_path: Path
) -> None:
    short = write(tmp_path / "short.mp3", Sound(0.2)).read_bytes()
    silent = write(tmp_path / "silent.ogg", Sound(3.0, frequency=None)).read_bytes()
    odd = ("réunion du 3 mai?&#+%.ogg", "a b/%2e%2e/c;d=e", "'quoted' \"name\"", "日本語/🎧")
    mixes = [
        await put(system, short, "fine/short"),
        await put(system, silent, "fine/silent"),
        *[await put(system, short, f"odd/{key}") for key in odd],
    ]
    events = [announced(f"fine {number}", mix=mix) for number, mix in enumerate(mixes)]
    await announce(js, *events)
    durations = [(await told(js, RecordingIngested, event.subject)).data.duration for event in events]
    assert durations == pytest.approx([0.2, 3.0, 0.2, 0.2, 0.2, 0.2], abs=0.05)
    await until_forgotten(js, *events)
    assert not {key for key in await keys(system, UPLOADS) if key.startswith(("fine/", "odd/"))}


async def test_a_pinned_version_is_the_one_taken_in_and_left_where_it_lies(
    system: System, js: JetStreamContext
) -> None:
    pinned = await put(system, (DATA / "visio-firefox.ogg").read_bytes(), "pinned", "meetings")
    await put(system, b"overwritten since", "pinned", "meetings")
    event = announced("pinned", mix=pinned)
    await announce(js, event)
    assert (await told(js, RecordingIngested, event.subject)).data.duration == pytest.approx(2.08, abs=0.01)
    await until_forgotten(js, event)
    assert "pinned" in await keys(system, "meetings")


async def test_the_same_recording_announced_again_is_one_recording(
    system: System, js: JetStreamContext
) -> None:
    body = (DATA / "visio-ios.m4a").read_bytes()
    events = [announced("twice", mix=await put(system, body, f"twice/{number}")) for number in range(3)]
    await announce(js, events[0], events[1], events[0])
    await told(js, RecordingIngested, events[0].subject)
    await announce(js, events[2])
    await until_forgotten(js, *events)
    assert await count(js, f"{RecordingIngested.TYPE}.{events[0].subject}") == 1
    assert await count(js, f"{RecordingRejected.TYPE}.{events[0].subject}") == 0
    assert not {key for key in await keys(system, UPLOADS) if key.startswith("twice/")}


async def test_a_rejected_recording_may_be_announced_again(system: System, js: JetStreamContext) -> None:
    location = Location(bucket="meetings", key="late.m4a")
    first, second = (announced("late", mix=location) for _ in range(2))
    await announce(js, first)
    assert (await told(js, RecordingRejected, first.subject)).data.reason is RejectionReason.NOT_FOUND
    await put(system, (DATA / "visio-ios.m4a").read_bytes(), location.key, location.bucket)
    await announce(js, second)
    assert (await told(js, RecordingIngested, second.subject)).data.duration > 1
    await until_forgotten(js, first, second)


async def test_of_several_that_are_taken_in_at_once_one_is_told(system: System) -> None:
    engine = database.connect(DatabaseSettings(url=PostgresDsn(system.database_url("ingestion"))))
    register = Register(engine)
    event = announced("at once")

    async def settle(outcome: Ingested | RejectionReason) -> bool:
        async with AsyncSession(engine) as session, session.begin():
            settled = await register.settle(session, event, outcome)
            # Long enough for the others to wait for this row.
            await asyncio.sleep(0.05)
            return settled

    rejected = [settle(RejectionReason.NOT_FOUND) for _ in range(3)]
    assert all(await asyncio.gather(*rejected))
    assert not await register.holds(event.subject)
    assert sum(await asyncio.gather(*(settle(taken_in(event)) for _ in range(4)))) == 1
    assert not await settle(RejectionReason.NOT_FOUND)
    assert await register.holds(event.subject)
    await engine.dispose()


async def test_of_two_however_close_together_neither_fails(system: System) -> None:
    engine = database.connect(DatabaseSettings(url=PostgresDsn(system.database_url("ingestion"))))
    register = Register(engine)

    async def settle(event: RecordingAnnounced) -> bool:
        async with AsyncSession(engine) as session, session.begin():
            return await register.settle(session, event, taken_in(event))

    for number in range(200):
        event = announced(f"close together {number}")
        assert sum(await asyncio.gather(*(settle(event) for _ in range(5)))) == 1
    await engine.dispose()


@pytest.mark.parametrize(
    ("version", "body", "reason"),
    [
        ("v1", b"{", "not_json"),
        ("v2", b'{"type": "minutier.recording.announced.v2", "data": {}}', "unknown_version"),
        ("v1", b'{"type": "minutier.recording.announced.v1", "data": {}}', "invalid"),
    ],
)
async def test_what_is_no_announcement_is_set_aside_and_the_next_is_taken_in(
    system: System, js: JetStreamContext, version: str, body: bytes, reason: str
) -> None:
    recording = recording_id("acme", "livekit", f"unreadable {reason}")
    subject = f"minutier.recording.announced.{version}.{recording}"
    await js.publish(subject, body, stream=EVENT_STREAM)
    letter = await last(js, DEAD_LETTER_STREAM, f"deadletter.ingestion-recording-announced.{recording}")
    assert (letter.data, (letter.headers or {})["Minutier-Reason"]) == (body, reason)
    failed = (await told(js, StageFailed, recording)).data
    assert (failed.stage, failed.reason, failed.attempts) == ("ingestion", reason, 1)
    event = announced(f"after {reason}", mix=await put(system, (DATA / "visio-ios.m4a").read_bytes(), reason))
    await announce(js, event)
    await told(js, RecordingIngested, event.subject)


async def test_nobody_announces_in_the_name_of_another_recording(
    system: System, js: JetStreamContext
) -> None:
    theirs = announced("theirs", mix=await put(system, (DATA / "visio-ios.m4a").read_bytes(), "theirs"))
    await announce(js, theirs)
    kept = await told(js, RecordingIngested, theirs.subject)
    await until_forgotten(js, theirs)
    mix = await put(system, (DATA / "visio-firefox.ogg").read_bytes(), "mine")
    await announce(js, announced("mine", subject=theirs.subject, mix=mix))
    failed = (await told(js, StageFailed, theirs.subject)).data
    assert (failed.reason, failed.attempts) == ("wrong_recording_id", 1)
    assert await told(js, RecordingIngested, theirs.subject) == kept


async def test_it_never_died_left_nothing_and_named_nobody(system: System, workspace: Path) -> None:
    assert system.supervisor["ingestion"].restarts == 0
    folders = [workspace / name for name in os.listdir(workspace)]
    assert [os.listdir(folder) for folder in folders] == [[]]
    log = await log_of(system)
    assert "service started" in log
    assert NAME not in log
