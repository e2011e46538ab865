"""Transcripts on the real servers, and what people correct in them."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID, uuid4

import nats
from nats.aio.client import Client

from minutier.compose.embedded import System, running
from minutier.schemas.base import Model
from minutier.schemas.codec import decode, encode
from minutier.schemas.documents import (
    CorrectionDocument,
    Coverage,
    DiarizationDocument,
    Document,
    RecordingDocument,
    SpeechSegment,
    TranscriptDocument,
    TranscriptionDocument,
    Turn,
    Word,
)
from minutier.schemas.events import (
    AnyEvent,
    Corrected,
    SpeakerCorrected,
    Stage,
    TranscriptAttributed,
)
from minutier.schemas.references import ObjectRef
from minutier.shared.artefacts import Artefacts
from minutier.shared.objects import Objects
from minutier.shared.topology import EVENT_STREAM
from tests.support import query_events as told

SECONDS = 30
SOURCE = "minutier/test"
MODEL = Model(name="test", revision="1")


async def test_the_last_part_makes_the_transcript_and_every_correction_another() -> None:
    recording = uuid4()
    async with running(services=["attribution"]) as system:
        client = await nats.connect(system.nats.url, token=system.credentials.nats_token)
        try:
            parts = await parts_of(system, recording)
            early = await correction(system, recording, "Anna", minutes=1)
            # Events of different types overtake one another: whichever comes last, this one counts.
            await labels_after(system, client, recording, [early, *parts], until=["Anna"])
            later = await correction(system, recording, "Bo", minutes=3)
            assert await labels_after(system, client, recording, [later]) == ["Bo"]
            between = await correction(system, recording, "Carla", minutes=2)
            assert await labels_after(system, client, recording, [between]) == ["Bo"]
            taken_back = await correction(system, recording, None, minutes=4)
            assert await labels_after(system, client, recording, [taken_back]) == ["Speaker 1"]
        finally:
            await client.close()


async def parts_of(system: System, recording: UUID) -> list[AnyEvent]:
    """A recording in which one voice says one word."""
    turns = (Turn(start=0, end=1, speaker="speaker-1"),)
    word = Word(start=0, end=0.5, text=" Yes.", probability=0.9)
    described = await stored(system, RecordingDocument(recording_id=recording))
    diarization = await stored(
        system, DiarizationDocument(recording_id=recording, turns=turns, exclusive=turns, model=MODEL)
    )
    transcription = await stored(
        system,
        TranscriptionDocument(
            recording_id=recording,
            language="en",
            language_probability=1,
            language_given=True,
            segments=(SpeechSegment(start=0, end=0.5, text="Yes.", words=(word,)),),
            coverage=Coverage(speech_seconds=1, transcribed_seconds=1, gaps=()),
            model=MODEL,
        ),
    )
    return [
        told.ingested(described, recording=recording),
        told.diarized(diarization, recording=recording),
        told.transcribed(transcription, recording=recording),
    ]


async def correction(system: System, recording: UUID, name: str | None, *, minutes: int) -> SpeakerCorrected:
    document = CorrectionDocument(recording_id=recording, speaker="speaker-1", name=name)
    data = Corrected(speaker="speaker-1", correction=await stored(system, document))
    event = SpeakerCorrected.of(recording, tenant="acme", source=SOURCE, data=data)
    return event.model_copy(update={"time": told.START + timedelta(minutes=minutes)})


async def stored(system: System, document: Document) -> ObjectRef:
    return await Artefacts(Objects(system.objects)).store(
        document, tenant="acme", stage=Stage.INGESTION, version=uuid4().hex
    )


async def labels_after(
    system: System,
    client: Client,
    recording: UUID,
    events: Sequence[AnyEvent],
    until: list[str] | None = None,
) -> list[str]:
    """What the speakers are called in the first transcript that follows ``events``, or that has ``until``."""
    js = client.jetstream()
    answers = await js.subscribe(
        f"{TranscriptAttributed.TYPE}.{recording}",
        stream=EVENT_STREAM,
        ordered_consumer=True,
        deliver_policy=nats.js.api.DeliverPolicy.NEW,
    )
    for event in events:
        await js.publish(event.nats_subject, encode(event), stream=EVENT_STREAM)
    async with asyncio.timeout(SECONDS):
        while True:
            answer = decode((await answers.next_msg(timeout=SECONDS)).data)
            assert isinstance(answer, TranscriptAttributed)
            ref = answer.data.transcript
            transcript = await Artefacts(Objects(system.objects)).load(TranscriptDocument, ref)
            labels = [speaker.label for speaker in transcript.speakers]
            if until in (None, labels):
                await answers.unsubscribe()
                return labels
