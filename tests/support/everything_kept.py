"""Meetings that have gone through everything, each kind of source once, and what is told of them."""

import asyncio
import io
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import psycopg

from minutier.compose.embedded import System
from minutier.ingestion.jobs.domain import own_recording
from minutier.ingestion.sources import bucket_objects
from minutier.ingestion.sources.bucket_objects import BucketObject
from minutier.ingestion.tenants import Tenant
from minutier.schemas.clock import now
from minutier.schemas.codec import encode
from minutier.schemas.events import AnyEvent, Stage, recording_id
from minutier.schemas.references import Location
from minutier.shared.artefacts import Artefacts
from minutier.shared.identity.domain import Role
from minutier.shared.objects import Objects, client
from minutier.shared.topology import EVENT_STREAM
from tests.support import bucket_events, livekit_events
from tests.support import query_events as told
from tests.support.everything import Everything
from tests.support.media import Sound, write
from tests.support.query_people import COMPLIANCE, OPERATOR, OWNER, PARTICIPANT, person
from tests.support.wholeness import inside

TENANT, BUCKET, KEY = "acme", "visio", "a-key-of-acme-meetings"
SECOND = person("second", Role.COMPLIANCE)
PEOPLE = (OWNER, PARTICIPANT, COMPLIANCE, SECOND, OPERATOR)
SETTINGS: Mapping[str, Any] = {
    "api_key": KEY,
    "livekit_api_key": livekit_events.KEY,
    "livekit_api_secret": livekit_events.SECRET,
    "buckets": [BUCKET],
    "requests_per_minute": 10**6,
}
_PARTS = "insert into attribution.parts (recording_id, tenant, told) values (%s, %s, '{}')"


@dataclass(frozen=True)
class Meeting:
    """A recording, with what its source calls it, and what has been answered to whoever handed it in."""

    id: UUID
    external_id: str
    etag: str = ""
    address: str = ""


@dataclass
class Archive:
    """Meetings by what is to become of them: those that are held, and those that are not."""

    everything: Everything
    sound: bytes
    held: list[Meeting] = field(default_factory=list)
    free: list[Meeting] = field(default_factory=list)

    @classmethod
    def of(cls, everything: Everything, folder: Path) -> "Archive":
        client(everything.system.objects).make_bucket(BUCKET)
        return cls(everything, write(folder / "sound.flac", Sound(1.0)).read_bytes())

    @property
    def system(self) -> System:
        return self.everything.system

    async def take_in(self, *ways: Callable[[], Awaitable[Meeting]]) -> None:
        """Meetings that nobody holds, whole."""
        new = [await way() for way in ways]
        self.free += new
        for work in (self.worked_on, self.read):
            await self.everything.settled()
            for meeting in new:
                await work(meeting)
        await self.everything.settled()

    async def from_bucket(self) -> Meeting:
        """A file that a meeting server has put into its bucket."""
        key = f"rooms/{uuid4()}.flac"
        put = await asyncio.to_thread(
            client(self.system.objects).put_object, BUCKET, key, io.BytesIO(self.sound), len(self.sound)
        )
        record = bucket_events.minio_record(BUCKET, key, eTag=put.etag)
        await self._ask("POST", "/webhooks/s3", content=bucket_events.notification(record))
        there = BucketObject(Location(bucket=BUCKET, key=key), etag=put.etag)
        external_id = there.announced_for(Tenant.model_validate(SETTINGS)).external_id
        return Meeting(recording_id(TENANT, bucket_objects.SOURCE, external_id), key, str(put.etag))

    async def uploaded(self) -> Meeting:
        name = str(uuid4())
        details = {
            "external_id": name,
            "title": "Budget",
            "started_at": "2020-01-01T09:00:00Z",
            "owner": OWNER.email,
            "participant_emails": [PARTICIPANT.email],
        }
        promised = await self._ask("POST", "/uploads", json=details)
        address = promised["upload_url"].removeprefix("http://localhost")
        await self._ask("PUT", address, content=self.sound)
        return Meeting(UUID(promised["recording_id"]), name, address=address)

    async def written_down(self) -> Meeting:
        """A text of which minutes are wanted."""
        wanted = {
            "user_sub": OWNER.subject,
            "user_email": OWNER.email,
            "content": "**Ada**: Good morning.",
            "language": "en",
        }
        job = (await self._ask("POST", "/api/v2/async-jobs/summarize", json=wanted))["job_id"]
        return Meeting(own_recording(TENANT, UUID(job)), job)

    async def worked_on(self, meeting: Meeting) -> None:
        """Told of as if the services whose work needs models had done it."""
        artefacts = Artefacts(Objects(self.system.objects))
        at: dict[str, Any] = {"tenant": TENANT, "version": "1"}
        said = told.transcript(
            ("speaker-1", "Good morning."),
            ("speaker-2", "Good evening."),
            labels={"speaker-1": "Speaker 1", "speaker-2": "Speaker 2"},
            recording=meeting.id,
        )
        transcript = await artefacts.store(said, stage=Stage.ATTRIBUTION, **at)
        minutes = await artefacts.store(told.minutes(meeting.id), stage=Stage.SUMMARISATION, **at)
        objects = Objects(self.system.objects)
        for stage in (Stage.DIARIZATION, Stage.TRANSCRIPTION):
            await objects.write("artefacts", f"{TENANT}/{meeting.id}/{stage}/1.json", b"{}", "text/plain")
        of: dict[str, Any] = {"recording": meeting.id, "tenant": TENANT}
        for event in (
            told.diarized(**of),
            told.transcribed(**of),
            told.attributed(transcript, **of),
            told.written(minutes, **of),
        ):
            await self.tell(event.model_copy(update={"time": now()}))
        with psycopg.connect(inside(self.system)) as connection:
            connection.execute(_PARTS, [meeting.id, TENANT])

    async def tell(self, event: AnyEvent) -> None:
        js = self.everything.services["retention"].js
        await js.publish(event.nats_subject, encode(event), stream=EVENT_STREAM)

    async def read(self, meeting: Meeting) -> None:
        """And corrected, which is a row of its own."""
        path = f"/api/v1/recordings/{meeting.id}"
        async with self.everything.asking("query", OPERATOR) as http:
            await http.put(f"{path}/owner", json={"email": OWNER.email})
        async with self.everything.asking("query", OWNER) as http:
            (await http.get(f"{path}/transcript")).raise_for_status()
            edit = {"kind": "rename", "speaker": "speaker-1", "name": "Ada"}
            (await http.post(f"{path}/edits", json=edit)).raise_for_status()
            await http.put(f"{path}/shares/person/{PARTICIPANT.email}", json={"level": "edit"})

    async def hold(self, *meetings: Meeting, search: Mapping[str, str] | None = None) -> str:
        """The id of the hold."""
        async with self.everything.asking("retention", COMPLIANCE) as http:
            asked = {
                "matter": "2026-117",
                "reason": "Asked for by the court.",
                "recordings": [str(meeting.id) for meeting in meetings],
                "search": search,
            }
            answer = await http.post("/api/v1/holds", json=asked)
        return str(answer.raise_for_status().json()["id"])

    async def _ask(self, method: str, path: str, **sent: Any) -> dict[str, Any]:
        async with self.everything.asking("ingestion", Authorization=f"Bearer {KEY}") as http:
            answer = await http.request(method, path, **sent)
        assert answer.is_success, answer.text
        return dict(answer.json())
