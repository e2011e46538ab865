"""Transcripts on the real servers."""

from collections.abc import Sequence
from uuid import UUID, uuid4

import nats
from nats.aio.client import Client

from minutier.compose.embedded import System
from minutier.schemas.base import Model
from minutier.schemas.codec import decode, encode
from minutier.schemas.documents import (
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
    Stage,
    TranscriptAttributed,
)
from minutier.schemas.references import ObjectRef
from minutier.shared.artefacts import Artefacts
from minutier.shared.objects import Objects
from minutier.shared.topology import EVENT_STREAM
from tests.support import query_events as told
from tests.support.systems import running

SECONDS = 30
MODEL = Model(name="test", revision="1")


async def test_the_last_part_makes_the_transcript_whichever_it_is() -> None:
    async with running(services=["attribution"]) as system:
        client = await nats.connect(system.nats.url, token=system.credentials.nats_token)
        try:
            for order in ((0, 1, 2), (2, 1, 0)):
                recording = uuid4()
                parts = await parts_of(system, recording)
                transcript = await transcript_after(
                    system, client, recording, [parts[number] for number in order]
                )
                assert [speaker.label for speaker in transcript.speakers] == ["Speaker 1"]
                assert [segment.text for segment in transcript.segments] == ["Yes."]
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


async def stored(system: System, document: Document) -> ObjectRef:
    return await Artefacts(Objects(system.objects)).store(
        document, tenant="acme", stage=Stage.INGESTION, version=uuid4().hex
    )


async def transcript_after(
    system: System, client: Client, recording: UUID, events: Sequence[AnyEvent]
) -> TranscriptDocument:
    """What follows ``events``."""
    js = client.jetstream()
    answers = await js.subscribe(f"{TranscriptAttributed.TYPE}.{recording}", stream=EVENT_STREAM)
    for event in events:
        await js.publish(event.nats_subject, encode(event), stream=EVENT_STREAM)
    answer = decode((await answers.next_msg(timeout=SECONDS)).data)
    await answers.unsubscribe()
    assert isinstance(answer, TranscriptAttributed)
    return await Artefacts(Objects(system.objects)).load(TranscriptDocument, answer.data.transcript)
