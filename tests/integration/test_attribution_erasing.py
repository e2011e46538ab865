"""Parts of a transcript from which one person is erased, on the real servers."""

from collections.abc import Sequence
from uuid import UUID, uuid4

import pytest
from nats.js import JetStreamContext

from minutier.attribution import handlers, repository
from minutier.compose.embedded import System
from minutier.schemas.base import Model
from minutier.schemas.clock import now
from minutier.schemas.documents import (
    Coverage,
    DiarizationDocument,
    RecordingDocument,
    SpeechSegment,
    TranscriptDocument,
    TranscriptionDocument,
    Turn,
    Word,
)
from minutier.schemas.events import AnyEvent, Instead, PurgeOutcome, Stage, TranscriptAttributed
from minutier.shared.artefacts import Artefacts
from minutier.shared.objects import ARTEFACTS
from minutier.shared.service import Service
from tests.integration.test_attribution_service import parts_of
from tests.support import query_events as told
from tests.support.delivery_service import Streams, serving, until
from tests.support.erasing import Erasing
from tests.support.purging import Purges

ROLE = "attribution"
CONSUMERS = (
    "attribution-recording-ingested",
    "attribution-speech-diarized",
    "attribution-speech-transcribed",
    "attribution-reprocessing-requested",
)
MODEL = Model(name="test", revision="1")


@pytest.fixture
def recording() -> UUID:
    return uuid4()


@pytest.fixture
def erasing(system: System, js: JetStreamContext) -> Erasing:
    return Erasing(Purges(system, js))


def answering(erasing: Erasing, service: Service) -> None:
    handlers.subscribe(service, artefacts=Artefacts(erasing.objects))
    service.erase(erasing.objects, repository.erase)


async def hear(streams: Streams, events: Sequence[AnyEvent]) -> None:
    for event in events:
        await streams.publish(event)

        async def settled() -> bool:
            return all([await streams.settled(consumer) for consumer in CONSUMERS])

        await until(settled)


async def transcripts(streams: Streams, recording: UUID) -> list[TranscriptAttributed]:
    made = await streams.told(f"{TranscriptAttributed.TYPE}.{recording}")
    return [event for event in made if isinstance(event, TranscriptAttributed)]


async def without(erasing: Erasing, recording: UUID, text: str = " No.") -> Instead:
    """Another voice says another word."""
    word = Word(start=2, end=2.5, text=text, probability=0.9)
    turns = (Turn(start=2, end=3, speaker="speaker-2"),)
    return await erasing.instead(
        recording,
        described=RecordingDocument(recording_id=recording),
        turns=DiarizationDocument(recording_id=recording, turns=turns, exclusive=turns, model=MODEL),
        transcription=TranscriptionDocument(
            recording_id=recording,
            language="en",
            language_probability=1,
            language_given=True,
            segments=(SpeechSegment(start=2, end=2.5, text=text.strip(), words=(word,)),),
            coverage=Coverage(speech_seconds=1, transcribed_seconds=1, gaps=()),
            model=MODEL,
        ),
    )


async def test_what_is_joined_later_is_what_is_there_instead(
    system: System, streams: Streams, erasing: Erasing, recording: UUID
) -> None:
    parts = await parts_of(system, recording)
    async with serving(system, ROLE, lambda service: answering(erasing, service)):
        await hear(streams, parts)
        (first,) = await transcripts(streams, recording)
        instead = await without(erasing, recording)
        order = await erasing.order(recording, instead)
        answer = await erasing.purges.answer(order, ROLE)
        assert answer.outcome is PurgeOutcome.ERASED
        theirs = await erasing.keys(ARTEFACTS, recording)
        assert {key for key in theirs if f"/{Stage.ATTRIBUTION}/" in key} == {
            instead.plan.key,
            instead.transcript.key,
        }
        # Parts that are told late, or once more, join nothing.
        await hear(streams, [event.model_copy(update={"id": uuid4()}) for event in parts])
        assert await transcripts(streams, recording) == [first]
        asked = told.requested(Stage.ATTRIBUTION, recording=recording)
        await hear(streams, [asked.model_copy(update={"id": uuid4()})])
        assert await transcripts(streams, recording) == [first]
        await hear(streams, [asked.model_copy(update={"time": now()})])
        _, again = await transcripts(streams, recording)
    transcript = await Artefacts(erasing.objects).load(TranscriptDocument, again.data.transcript)
    assert [segment.text for segment in transcript.segments] == ["No."]


async def test_while_it_is_held_all_is_as_it_was(
    system: System, streams: Streams, erasing: Erasing, recording: UUID
) -> None:
    *parts, last = await parts_of(system, recording)
    async with serving(system, ROLE, lambda service: answering(erasing, service)):
        await hear(streams, parts)
        erasing.purges.hold(recording)
        order = await erasing.order(recording, await without(erasing, recording))
        assert (await erasing.purges.answer(order, ROLE)).outcome is PurgeOutcome.HELD
        await hear(streams, [last])
        (made,) = await transcripts(streams, recording)
    transcript = await Artefacts(erasing.objects).load(TranscriptDocument, made.data.transcript)
    assert [segment.text for segment in transcript.segments] == ["Yes."]


async def test_the_last_part_joins_nothing_once_somebody_is_erased(
    system: System, streams: Streams, erasing: Erasing, recording: UUID
) -> None:
    *parts, last = await parts_of(system, recording)
    async with serving(system, ROLE, lambda service: answering(erasing, service)):
        await hear(streams, parts)
        order = await erasing.order(recording, await without(erasing, recording))
        await erasing.purges.answer(order, ROLE)
        await hear(streams, [last])
        assert await transcripts(streams, recording) == []
