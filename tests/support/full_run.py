"""Recordings that go through every service, with somebody who stands in for the two that need models."""

import asyncio
import math
import wave
from array import array
from collections.abc import Mapping
from pathlib import Path
from uuid import UUID

from nats.aio.client import Client

from minutier.compose.embedded import System
from minutier.schemas.base import Model
from minutier.schemas.codec import decode, encode
from minutier.schemas.documents import (
    Coverage,
    DiarizationDocument,
    SpeechSegment,
    TranscriptionDocument,
    Turn,
    Word,
)
from minutier.schemas.events import (
    Announcement,
    AnyEvent,
    Diarized,
    MinutesWritten,
    RecordingAnnounced,
    RecordingIngested,
    SpeechDiarized,
    SpeechTranscribed,
    Stage,
    Transcribed,
)
from minutier.schemas.references import Location
from minutier.shared.artefacts import Artefacts
from minutier.shared.objects import UPLOADS, Objects
from minutier.shared.topology import EVENT_STREAM

SOURCE = "minutier/test"
LIMIT_SECONDS = 120
MODEL = Model(name="none", revision="none")
WORDS = ("We", " decided", " to", " ship", " it.")


async def run_all(
    system: System, client: Client, announced: Mapping[UUID, str], sound: Path, *, tenant: str
) -> None:
    """Announce recordings by their external ids, and wait for the last minutes."""
    js = client.jetstream(timeout=30)
    objects = Objects(system.objects)
    artefacts = Artefacts(objects)
    written: set[UUID] = set()

    async def publish(event: AnyEvent) -> None:
        await js.publish(event.nats_subject, encode(event), stream=EVENT_STREAM)

    events = await js.subscribe("minutier.>", stream=EVENT_STREAM, ordered_consumer=True)

    async def follow() -> None:
        async for message in events.messages:
            match decode(message.data):
                case RecordingIngested() as event if event.subject in announced:
                    for spoken in await speech(event, artefacts):
                        await publish(spoken)
                case MinutesWritten() as event if event.subject in announced:
                    written.add(event.subject)
                    if written == set(announced):
                        return

    following = asyncio.create_task(follow())
    try:
        for recording, external_id in announced.items():
            key = f"{recording}/sound"
            await objects.upload(UPLOADS, key, sound, "audio/wav")
            data = Announcement(
                source="bench",
                external_id=external_id,
                language="en",
                mix=Location(bucket=UPLOADS, key=key),
            )
            await publish(RecordingAnnounced.of(recording, tenant=tenant, source=SOURCE, data=data))
        async with asyncio.timeout(LIMIT_SECONDS):
            await following
    finally:
        following.cancel()
        await events.unsubscribe()


async def speech(event: RecordingIngested, artefacts: Artefacts) -> tuple[SpeechDiarized, SpeechTranscribed]:
    """What the services with models would tell of a second of one speaker."""
    recording, tenant = event.subject, event.tenant
    turns = (Turn(start=0.0, end=1.0, speaker="speaker-1"),)
    words = tuple(
        Word(start=n * 0.2, end=(n + 1) * 0.2, text=text, probability=0.9) for n, text in enumerate(WORDS)
    )
    coverage = Coverage(speech_seconds=1.0, transcribed_seconds=1.0, gaps=())
    diarization = DiarizationDocument(recording_id=recording, turns=turns, exclusive=turns, model=MODEL)
    transcription = TranscriptionDocument(
        recording_id=recording,
        language="en",
        language_probability=1.0,
        language_given=True,
        segments=(SpeechSegment(start=0.0, end=1.0, text="".join(WORDS), words=words),),
        coverage=coverage,
        model=MODEL,
    )
    diarized = await artefacts.store(diarization, tenant=tenant, stage=Stage.DIARIZATION, version="0")
    transcribed = await artefacts.store(transcription, tenant=tenant, stage=Stage.TRANSCRIPTION, version="0")
    return (
        SpeechDiarized.of(
            recording,
            tenant=tenant,
            source=SOURCE,
            data=Diarized(
                turns=diarized,
                speakers=1,
                speech_seconds=1.0,
                overlap_seconds=0.0,
                processing_seconds=0.0,
                real_time_factor=0.0,
            ),
        ),
        SpeechTranscribed.of(
            recording,
            tenant=tenant,
            source=SOURCE,
            data=Transcribed(
                transcription=transcribed,
                language="en",
                language_probability=1.0,
                words=len(WORDS),
                doubtful_segments=0,
                speech_seconds=1.0,
                transcribed_seconds=1.0,
                processing_seconds=0.0,
                real_time_factor=0.0,
            ),
        ),
    )


def tone(file: Path) -> Path:
    """A second of a tone."""
    samples = array("h", (int(8000 * math.sin(n / 10)) for n in range(16_000)))
    with wave.open(str(file), "wb") as sound:
        sound.setparams((1, 2, 16_000, 0, "NONE", ""))
        sound.writeframes(samples.tobytes())
    return file
