"""An office with meetings that have all their documents, and persons who ask to be erased from them."""

from collections.abc import Collection
from dataclasses import dataclass
from uuid import UUID, uuid4

from minutier.retention.erasures.domain import Request
from minutier.retention.erasures.propose import Choice, propose, register
from minutier.retention.purges.domain import Item, Purge
from minutier.schemas.documents import Document, RecordingDocument, TranscriptDocument
from minutier.schemas.events import (
    AnyEvent,
    Attributed,
    Diarized,
    Made,
    MinutesWritten,
    RecordingIngested,
    SpeechDiarized,
    SpeechTranscribed,
    Stage,
    Transcribed,
    TranscriptAttributed,
    Written,
)
from minutier.schemas.records import Overlap
from minutier.schemas.references import ObjectRef
from minutier.shared.objects import RECORDINGS
from tests.support.erasures import BENOIT, documents, meeting
from tests.support.retention_purges import GRACE, LONG_AGO, PROPOSER, Office


@dataclass(frozen=True)
class Meeting:
    """A recording with all its documents, as the services have told of them."""

    id: UUID
    audio: ObjectRef
    minutes: ObjectRef


class Desk(Office):
    """An office that is asked to erase persons."""

    async def meet(self) -> Meeting:
        recording = await self.take_in()
        made = documents(recordings=[meeting("Anna", "Benoît", title="Budget")])

        async def store(document: Document | None, stage: Stage, version: str) -> ObjectRef:
            assert document is not None
            own = document.model_copy(update={"recording_id": recording})
            return await self.documents.store(own, tenant=self.tenant, stage=stage, version=version)

        sound = await self.objects.write(
            RECORDINGS, f"{self.tenant}/{recording}/mix.flac", b"sound", "audio/flac"
        )
        assert made.ingested is not None
        ingested = made.ingested.model_copy(
            update={
                "recording": await store(made.recordings[0], Stage.INGESTION, "a"),
                "audio": sound,
            }
        )
        minutes = await store(made.transcript, Stage.SUMMARISATION, "a")
        figures = {"processing_seconds": 1, "real_time_factor": 1, "speech_seconds": 1}
        turns = await store(made.turns, Stage.DIARIZATION, "a")
        words = await store(made.transcription, Stage.TRANSCRIPTION, "a")
        diarized = Diarized.model_validate({**figures, "turns": turns, "speakers": 3, "overlap_seconds": 1})
        transcribed = Transcribed.model_validate(
            {
                **figures,
                "transcription": words,
                "language": "en",
                "language_probability": 1,
                "words": 1,
                "doubtful_segments": 0,
                "transcribed_seconds": 1,
            }
        )
        written = Written(
            minutes=minutes,
            engine="extractive",
            fell_back=False,
            items=1,
            dropped_claims=0,
            processing_seconds=1,
        )
        for event in (
            self.told(RecordingIngested, recording, ingested),
            self.told(SpeechDiarized, recording, diarized),
            self.told(SpeechTranscribed, recording, transcribed),
            self.told(MinutesWritten, recording, written),
        ):
            await self.note(event)
        await self.attribute(recording, made.transcript)
        return Meeting(recording, sound, minutes)

    def told(self, kind: type[AnyEvent], recording: UUID, data: object) -> AnyEvent:
        return kind.of(recording, tenant=self.tenant, source="minutier/test", data=data)

    async def note(self, event: AnyEvent) -> None:
        async with self.desk() as desk:
            await desk.shelf.note(event)

    async def attribute(self, recording: UUID, transcript: TranscriptDocument) -> None:
        """Another transcript is made than there was."""
        own = transcript.model_copy(update={"recording_id": recording})
        ref = await self.documents.store(
            own, tenant=self.tenant, stage=Stage.ATTRIBUTION, version=uuid4().hex
        )
        data = Attributed(
            transcript=ref,
            language="en",
            duration=60,
            speakers=3,
            segments=4,
            words=9,
            unknown_words=0,
            processing_seconds=1,
        )
        await self.note(self.told(TranscriptAttributed, recording, data))

    async def ask(self, recording: UUID) -> Request:
        async with self.desk() as desk:
            return await register(
                recording,
                "DPO-2026-7",
                LONG_AGO.date(),
                by=PROPOSER,
                at=self.now,
                register=desk.register,
                requests=desk.requests,
            )

    async def request(self, request: Request) -> Request:
        async with self.desk() as desk:
            found = await desk.requests.find(request.id)
        assert found is not None
        return found

    async def put_forward(
        self, request: Request, voices: Collection[str] = (BENOIT,), overlap: Overlap = Overlap.MUTE
    ) -> Purge:
        async with self.desk() as desk:
            purge = await propose(
                await desk.requests.find(request.id, locked=True) or request,
                Choice(voices, overlap, PROPOSER, self.now),
                register=desk.register,
                requests=desk.requests,
                purges=desk.purges,
                shelf=desk.shelf,
                store=self.documents,
            )
        assert isinstance(purge, Purge)
        return purge

    async def ordered_for(self, meeting: Meeting) -> tuple[Purge, Item]:
        """A purge of one person that was proposed, counted, approved, and ordered after the time of grace."""
        purge = await self.put_forward(await self.ask(meeting.id))
        await self.go_on()
        await self.approve(purge)
        await self.wait(GRACE)
        return await self.find(purge), await self.item(purge, meeting.id)

    async def make(self, meeting: Meeting, name: str = "silent") -> list[Made]:
        """What ingestion and summarisation would make."""
        sound = await self.objects.write(
            RECORDINGS, f"{self.tenant}/{meeting.id}/{name}.flac", b"quiet", "audio/flac"
        )
        document = RecordingDocument(recording_id=meeting.id)
        minutes = await self.documents.store(
            document, tenant=self.tenant, stage=Stage.SUMMARISATION, version=name
        )
        return [Made(ref=sound, of=meeting.audio.sha256), Made(ref=minutes)]
