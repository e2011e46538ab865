"""The running query service with meetings in it, for those who look at its pages."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID, uuid4

import httpx
import numpy as np
from nats.aio.client import Client

from minutier.compose.embedded import System
from minutier.compose.people import PARTICIPANT
from minutier.schemas.codec import encode
from minutier.schemas.documents import (
    MinutesDocument,
    Part,
    Person,
    SpeakerEvidence,
    TranscriptDocument,
)
from minutier.schemas.events import AnyEvent, IngestedTrack, Stage
from minutier.shared.artefacts import Artefacts
from minutier.shared.audio import SAMPLE_RATE
from minutier.shared.objects import Objects
from minutier.shared.topology import EVENT_STREAM
from tests.support import query_events as told
from tests.support import query_meetings as meetings
from tests.support.audio import write_flac

SECONDS = 60
TENANT = "acme"
TITLE = "Comité budget de l'association"
LONG_TITLE = (
    "Conseil d'administration élargi : orientations stratégiques pluriannuelles, point sur les travaux du "
    "siège et préparation de l'assemblée générale extraordinaire"
)
# In seconds; the second begins a little before its speaker does.
TRACK_OFFSETS = (0.0, 4.5, 9.25)
NAMES = ("Camille Martin", "Zoë Lefèvre", "Aïssatou Diallo")

_OWNED = (Person(part=Part.OWNER, email=PARTICIPANT.email),)
# What is heard of a long meeting, for the others need not be.
_MOST_HEARD = 120.0


@dataclass(frozen=True)
class Told:
    """Recordings, by what is to be seen of them."""

    ready: UUID
    long: UUID
    working: UUID
    rejected: UUID
    tracked: UUID


@dataclass(frozen=True)
class House:
    """A running system, the connection to tell it of recordings, and a folder for their sound."""

    system: System
    connection: Client
    folder: Path

    @property
    def url(self) -> str:
        return self.system.url("query")

    def showing(self, person: str = PARTICIPANT.subject) -> dict[str, str]:
        """The headers of a request by one of the local people; the participant owns all recordings."""
        return {"Authorization": f"Bearer {self.system.token(person, tenant=TENANT)}"}

    async def publish(self, events: Sequence[AnyEvent]) -> None:
        for event in events:
            await self.connection.jetstream().publish(event.nats_subject, encode(event), stream=EVENT_STREAM)

    async def when(self, recording: UUID, state: str) -> None:
        """Until the recording is in this state."""
        async with (
            httpx.AsyncClient(base_url=self.url, headers=self.showing(), timeout=SECONDS) as http,
            asyncio.timeout(SECONDS),
        ):
            found = None
            while found != state:
                found = (await http.get(f"/api/v1/recordings/{recording}")).json().get("state")
                await asyncio.sleep(0.05)

    async def reads(self, recording: UUID) -> list[str]:
        """What was read of a recording since it was there, the last first; asking for it is not counted."""
        async with httpx.AsyncClient(base_url=self.url, headers=self.showing(), timeout=SECONDS) as http:
            found = (await http.get(f"/api/v1/recordings/{recording}/accesses")).json()["items"]
        return [access["action"] for access in found if access["action"] != "access_log"]

    async def pipeline(
        self,
        title: str,
        transcript: TranscriptDocument,
        minutes: MinutesDocument | None = None,
        names: Sequence[str] = NAMES,
    ) -> list[AnyEvent]:
        """A recording's events, whose documents and sound lie in the store."""
        recording = transcript.recording_id
        objects = Objects(self.system.objects)
        documents = {
            Stage.INGESTION: meetings.document(title, _OWNED, recording=recording, names=names),
            Stage.ATTRIBUTION: transcript,
            Stage.SUMMARISATION: minutes or meetings.minutes(recording),
        }
        refs = {
            stage: await Artefacts(objects).store(document, tenant=TENANT, stage=stage, version="1")
            for stage, document in documents.items()
        }
        length = int(min(transcript.duration, _MOST_HEARD) * SAMPLE_RATE)
        tone = (3000 * np.sin(np.arange(length) / 20)).astype(np.int16)
        file = write_flac(self.folder / f"{recording}.flac", tone)
        audio = await objects.upload("recordings", f"{TENANT}/{recording}/audio.flac", file, "audio/flac")
        ingested = told.ingested(refs[Stage.INGESTION], recording=recording)
        data = ingested.data.model_copy(update={"audio": audio, "duration": transcript.duration})
        return [
            told.announced(recording=recording),
            ingested.model_copy(update={"data": data}),
            told.diarized(recording=recording),
            told.transcribed(recording=recording),
            told.attributed(refs[Stage.ATTRIBUTION], recording=recording),
            told.written(refs[Stage.SUMMARISATION], recording=recording),
        ]

    async def ready(self) -> UUID:
        """A meeting of its own, for a test that changes it."""
        recording = uuid4()
        await self.publish(await self.pipeline(TITLE, meetings.transcript(recording=recording)))
        await self.when(recording, "completed")
        return recording

    async def filled(self) -> Told:
        """Meetings in every state that a page shows."""
        known = Told(*(uuid4() for _ in range(5)))
        nothing = meetings.minutes(known.long).model_copy(
            update=dict.fromkeys(("summary", "topics", "decisions", "actions", "questions"), ())
        )
        long = meetings.long_transcript(recording=known.long)
        everybody = [f"Personne {number}" for number in range(1, 13)]
        working = await self.pipeline("Point hebdomadaire", meetings.transcript(recording=known.working))
        await self.publish(
            [
                *await self.pipeline(TITLE, meetings.transcript(recording=known.ready)),
                *await self.pipeline(LONG_TITLE, long, nothing, everybody),
                *await self._tracked(known.tracked),
                *working[:3],
                told.announced(recording=known.rejected),
                told.rejected(recording=known.rejected),
            ]
        )
        await self.when(known.ready, "completed")
        await self.when(known.long, "completed")
        await self.when(known.tracked, "completed")
        await self.when(known.working, "processing")
        return known

    async def _tracked(self, recording: UUID) -> list[AnyEvent]:
        """Of a meeting of which there are only the tracks of those who were there, each beginning later."""
        transcript = meetings.transcript(recording=recording)
        speakers = tuple(
            speaker.model_copy(
                update={"participant": f"p{number}", "label": name, "evidence": SpeakerEvidence.TRACK}
            )
            for number, (speaker, name) in enumerate(zip(transcript.speakers, NAMES, strict=True), 1)
        )
        announced, ingested, *rest = await self.pipeline(
            "Point par piste", transcript.model_copy(update={"speakers": speakers})
        )
        tracks = [
            IngestedTrack(
                participant_id=f"p{number}",
                audio=ingested.data.audio,
                offset=offset,
                # What is kept of every track is as long as the meeting.
                duration=transcript.duration,
            )
            for number, offset in enumerate(TRACK_OFFSETS, 1)
        ]
        data = ingested.data.model_copy(update={"audio": None, "tracks": tuple(tracks)})
        return [announced, ingested.model_copy(update={"data": data}), *rest]
