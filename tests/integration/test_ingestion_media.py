"""Links, playlists, accounts and marks, and what has not come yet, on the real servers."""

import asyncio
import hashlib
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from nats.js import JetStreamContext

from minutier.compose.embedded import System
from minutier.ingestion.domain import Taken
from minutier.ingestion.media.fetch import Fetcher
from minutier.ingestion.media.take import AnnouncedMedia
from minutier.ingestion.tenants import Tenant, Tenants
from minutier.schemas.documents import RecordingDocument
from minutier.schemas.events import (
    AnnouncedMetadata,
    MetadataKind,
    RecordingAnnounced,
    RecordingIngested,
    RecordingRejected,
)
from minutier.schemas.references import Link, Location
from minutier.schemas.rejections import RejectionReason
from minutier.shared.artefacts import Artefacts
from minutier.shared.objects import RECORDINGS, UPLOADS, Objects, client
from minutier.shared.topology import EVENT_STREAM, Consumer
from tests.support import bigbluebutton, media
from tests.support.delivery_service import until
from tests.support.file_host import FileHost, Page, hosting
from tests.support.ingestion_fakes import announced
from tests.support.ingestion_system import announce, body_of, keys, log_of, put, told, until_forgotten
from tests.support.media import Sound, level, write
from tests.support.systems import running

DATA = Path(__file__).parent.parent / "data"
BUCKET = "acme-meetings"
BEGAN = datetime(2025, 1, 31, 9, 0, tzinfo=UTC)
NAME = "Anneliese Quarterly"
SIGNATURE = "X-Amz-Signature=0f9e8d7c"


@pytest.fixture(scope="module")
async def host() -> AsyncIterator[FileHost]:
    async with hosting() as host:
        yield host


@pytest.fixture(scope="module")
async def system(host: FileHost) -> AsyncIterator[System]:
    tenants = {
        "acme": {
            "api_key": "a-key-of-acme-meetings",
            "buckets": [BUCKET],
            "fetch_hosts": [f"127.0.0.1:{host.port}"],
            "max_hours": 30 / 3600,
        },
        "globex": {"api_key": "a-key-of-globex-meetings", "buckets": ["globex-meetings"]},
    }
    environment = {
        "MINUTIER_INGESTION_TENANTS": json.dumps(tenants),
        "MINUTIER_INGESTION_FETCH_NETWORKS": '["127.0.0.0/8"]',
        "MINUTIER_INGESTION_METADATA_SECONDS": "0",
        "MINUTIER_DELIVERY_ATTEMPTS": "5",
        "MINUTIER_DELIVERY_RETRY_SECONDS": "0.2",
        "MINUTIER_DELIVERY_RETRY_LIMIT_SECONDS": "2",
    }
    async with running(services=["ingestion"], environment=environment) as system:
        for bucket in (BUCKET, "globex-meetings"):
            await asyncio.to_thread(client(system.objects).make_bucket, bucket)
        yield system


@pytest.fixture(scope="module")
def reading(system: System) -> AnnouncedMedia:
    known = {
        name: Tenant(api_key=f"a-key-of-{name}-meetings", buckets=frozenset({f"{name}-meetings"}))
        for name in ("acme", "globex")
    }
    fetcher = Fetcher(networks=[], limit_seconds=10.0)
    return AnnouncedMedia(
        Objects(system.objects), fetcher, tenants=Tenants(known), buckets=frozenset({UPLOADS})
    )


def playlist(*names: str, end: bool = True) -> bytes:
    lines = ["#EXTM3U", *(line for name in names for line in ("#EXTINF:2.0,", name))]
    return "\n".join([*lines, *(["#EXT-X-ENDLIST"] if end else [])]).encode()


async def test_a_recording_behind_a_link_is_taken_in(
    system: System, js: JetStreamContext, host: FileHost
) -> None:
    host.pages[f"/{NAME.split()[0]}.m4a?{SIGNATURE}"] = Page((DATA / "visio-ios.m4a").read_bytes())
    link = Link(url=f"http://127.0.0.1:{host.port}/{NAME.split()[0]}.m4a?{SIGNATURE}")
    event, elsewhere = announced("link", mix=link), announced("elsewhere", mix=Link(url="http://127.0.0.1/"))
    await announce(js, event, elsewhere)
    assert (await told(js, RecordingIngested, event.subject)).data.duration == pytest.approx(1.364, abs=0.01)
    reason = (await told(js, RecordingRejected, elsewhere.subject)).data.reason
    assert reason is RejectionReason.FORBIDDEN_LOCATION


async def test_a_playlist_is_one_recording(system: System, js: JetStreamContext, tmp_path: Path) -> None:
    for number in range(2):
        segment = write(tmp_path / f"{number}.ts", Sound(2.0, start=2.0 * number))
        await put(system, segment.read_bytes(), f"hls/meeting_{number}.ts", BUCKET)
    mix = await put(system, playlist("meeting_0.ts", "meeting_1.ts"), "hls/meeting.m3u8", BUCKET)
    event = announced("playlist", mix=mix)
    await announce(js, event)
    assert (await told(js, RecordingIngested, event.subject)).data.duration == pytest.approx(4.0, abs=0.1)
    await until_forgotten(js, event)
    assert await keys(system, BUCKET) >= {"hls/meeting_0.ts", "hls/meeting.m3u8"}


async def test_who_spoke_is_in_the_recording_document(system: System, js: JetStreamContext) -> None:
    spoken = [
        {"participant_id": "id-1", "type": kind, "timestamp": (BEGAN + timedelta(seconds=at)).isoformat()}
        for kind, at in (("speech_start", 0.5), ("speech_end", 1.25))
    ]
    account = {"events": spoken, "participants": [{"participantId": "id-1", "name": NAME}]}
    location = await put(system, json.dumps(account).encode(), "told/metadata.json")
    mix = await put(system, (DATA / "visio-ios.m4a").read_bytes(), "told/mix")
    metadata = AnnouncedMetadata(kind=MetadataKind.LASUITE_MEET, location=location)
    event = announced("told", mix=mix, started_at=BEGAN, metadata=metadata)
    await announce(js, event)
    data = (await told(js, RecordingIngested, event.subject)).data
    document = await Artefacts(Objects(system.objects)).load(RecordingDocument, data.recording)
    assert [(person.id, person.name) for person in document.participants] == [("p1", NAME)]
    assert [(talk.participant, talk.start, talk.end) for talk in document.activity] == [("p1", 0.5, 1.25)]
    await until_forgotten(js, event)
    assert not {key for key in await keys(system, UPLOADS) if key.startswith("told/")}


async def test_of_a_meeting_with_marks_only_what_was_recorded_is_kept(
    system: System, js: JetStreamContext, tmp_path: Path
) -> None:
    began = datetime.fromtimestamp(bigbluebutton.STARTED + 10, UTC)
    events = bigbluebutton.document(
        bigbluebutton.joins(0, "w_1", NAME),
        bigbluebutton.marks(12, 14),
        bigbluebutton.talks("w_1", 11, 13),
        bigbluebutton.ends(20),
    )
    account = await put(system, events, "marks/events.xml")
    mix = await put(system, write(tmp_path / "a.ogg", Sound(6.0)).read_bytes(), "marks/mix.ogg")
    metadata = AnnouncedMetadata(kind=MetadataKind.BIGBLUEBUTTON, location=account)
    event = announced("marks", mix=mix, started_at=began, metadata=metadata)
    await announce(js, event)
    data = (await told(js, RecordingIngested, event.subject)).data
    assert data.audio is not None
    normalised = tmp_path / "audio.flac"
    normalised.write_bytes(await body_of(system, data.audio))
    samples = media.read(normalised)
    assert not samples[: 2 * 16_000].any()
    assert level(samples, 2.1, 3.9) > 0.1
    assert not samples[4 * 16_000 :].any()
    assert len(samples) / 16_000 == pytest.approx(6.0, abs=0.05)
    document = await Artefacts(Objects(system.objects)).load(RecordingDocument, data.recording)
    assert [(span.start, span.end) for span in document.recorded or ()] == [(2.0, 4.0)]
    assert [(talk.start, talk.end) for talk in document.activity] == [(2.0, 3.0)]
    folder = f"acme/{event.subject}"
    kept = {key for key in await keys(system, RECORDINGS) if key.startswith(folder)}
    assert kept == {f"{folder}/audio.flac"}
    await until_forgotten(js, event)
    assert not {key for key in await keys(system, UPLOADS) if key.startswith("marks/")}


async def test_what_comes_after_its_announcement_is_taken_in(system: System, js: JetStreamContext) -> None:
    location = Location(bucket=BUCKET, key="late.m4a")
    event = announced("late", mix=location)
    await announce(js, event)
    consumer = Consumer("ingestion", RecordingAnnounced).name

    async def missed() -> bool:
        return bool((await js.consumer_info(EVENT_STREAM, consumer)).num_redelivered)

    await until(missed)
    await put(system, (DATA / "visio-ios.m4a").read_bytes(), location.key, BUCKET)
    assert (await told(js, RecordingIngested, event.subject)).data.duration > 1


async def test_what_never_comes_is_rejected_and_no_dead_letter(system: System, js: JetStreamContext) -> None:
    unfinished = await put(system, playlist("a.ts", end=False), "unfinished.m3u8", BUCKET)
    events = [
        announced("never", mix=Location(bucket=BUCKET, key="never.m4a")),
        announced("unfinished", mix=unfinished),
    ]
    await announce(js, *events)
    for event in events:
        reason = (await told(js, RecordingRejected, event.subject)).data.reason
        assert reason is RejectionReason.NOT_FOUND


async def test_a_tenant_may_have_less_than_the_service(
    system: System, js: JetStreamContext, tmp_path: Path
) -> None:
    long = write(tmp_path / "long.ogg", Sound(31.0, frequency=None)).read_bytes()
    events = [
        announced("long", tenant=tenant, mix=await put(system, long, f"long/{tenant}"))
        for tenant in ("acme", "globex")
    ]
    await announce(js, *events)
    assert (await told(js, RecordingRejected, events[0].subject)).data.reason is RejectionReason.TOO_LONG
    assert (await told(js, RecordingIngested, events[1].subject)).data.duration == pytest.approx(31, abs=0.1)


async def test_a_tenant_reads_its_own_buckets_and_what_was_uploaded(
    system: System, reading: AnnouncedMedia, tmp_path: Path
) -> None:
    into = tmp_path / "media"
    for bucket, tenant, allowed in (
        (BUCKET, "acme", True),
        (BUCKET, "globex", False),
        (BUCKET, "unheard-of", False),
        (UPLOADS, "globex", True),
        (RECORDINGS, "acme", False),
    ):
        location = await put(system, b"sound", "mine", bucket)
        outcome = await reading.take(location, into, tenant=tenant, limit=5)
        if allowed:
            assert outcome == Taken(hashlib.sha256(b"sound").hexdigest(), 5)
        else:
            assert outcome is RejectionReason.FORBIDDEN_LOCATION
    link = Link(url="http://127.0.0.1/")
    for tenant in ("acme", "unheard-of"):
        outcome = await reading.take(link, into, tenant=tenant, limit=5)
        assert outcome is RejectionReason.FORBIDDEN_LOCATION


async def test_a_playlist_is_joined_within_the_limit(
    system: System, reading: AnnouncedMedia, tmp_path: Path
) -> None:
    into, body = tmp_path / "media", bytes(60) + b"end"
    for key in ("list/a.ts", "list/deep/b.ts"):
        await put(system, body, key, BUCKET)
    lists = {
        "whole": (
            playlist("a.ts", "deep/b.ts", "a.ts"),
            1000,
            Taken(hashlib.sha256(body * 3).hexdigest(), 189),
        ),
        "large": (playlist("a.ts", "deep/b.ts", "a.ts"), 188, RejectionReason.TOO_LARGE),
        "missing": (playlist("a.ts", "c.ts"), 1000, RejectionReason.NOT_FOUND),
        "unfinished": (playlist("a.ts", end=False), 1000, RejectionReason.NOT_FOUND),
        "climbing": (playlist("../mine"), 1000, RejectionReason.UNSUPPORTED),
        "binary": (b"\xff\xfe#EXTM3U", 1000, RejectionReason.UNSUPPORTED),
        "endless": (b"#EXTM3U\n" + bytes(1000), 1000, RejectionReason.TOO_LARGE),
    }
    for name, (text, limit, expected) in lists.items():
        location = await put(system, text, f"list/{name}.m3u8", BUCKET)
        assert await reading.take(location, into, tenant="acme", limit=limit) == expected
    uploaded = await put(system, playlist("a.ts"), "list.m3u8")
    taken = await reading.take(uploaded, into, tenant="acme", limit=1000)
    assert isinstance(taken, Taken)
    assert into.read_bytes() == playlist("a.ts")


async def test_no_link_and_no_name_is_in_a_log(system: System) -> None:
    assert system.supervisor["ingestion"].restarts == 0
    log = await log_of(system)
    assert "attempt failed" in log
    for secret in (NAME, NAME.split()[0], SIGNATURE, "never.m4a"):
        assert secret not in log
