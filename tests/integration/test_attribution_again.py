"""Transcripts that are made again, and parts that come late, on the real servers."""

from datetime import timedelta
from uuid import UUID, uuid4

import pytest

from minutier.attribution import handlers
from minutier.compose.embedded import System
from minutier.schemas.events import AnyEvent, Stage, TranscriptAttributed
from minutier.schemas.references import ObjectRef
from minutier.shared.artefacts import Artefacts
from minutier.shared.objects import Objects
from minutier.shared.service import Service
from tests.integration.test_attribution_service import parts_of
from tests.support import query_events as told
from tests.support.delivery_service import Streams, serving, until

CONSUMERS = (
    "attribution-recording-ingested",
    "attribution-speech-diarized",
    "attribution-speech-transcribed",
    "attribution-reprocessing-requested",
    "attribution-recording-cancelled",
)


@pytest.fixture
def recording() -> UUID:
    return uuid4()


async def transcripts_after(
    system: System, streams: Streams, recording: UUID, *events: AnyEvent
) -> list[TranscriptAttributed]:
    """What there is once each of ``events`` was heard, one after the other."""

    def subscribe(service: Service) -> None:
        handlers.subscribe(service, artefacts=Artefacts(Objects(system.objects)))

    async with serving(system, "attribution", subscribe):
        for event in events:
            await streams.publish(event)
            await until(lambda: _settled(streams))
    made = await streams.told(f"{TranscriptAttributed.TYPE}.{recording}")
    return [event for event in made if isinstance(event, TranscriptAttributed)]


async def _settled(streams: Streams) -> bool:
    return all([await streams.settled(consumer) for consumer in CONSUMERS])


def wanted(event: AnyEvent, seconds: float, **changes: object) -> AnyEvent:
    """``event`` under another id, asked for so many seconds after the announcement."""
    return event.model_copy(
        update={"id": uuid4(), "wantedsince": told.START + timedelta(seconds=seconds), **changes}
    )


async def test_the_part_counts_that_was_asked_for_last_whichever_comes_last(
    system: System, streams: Streams, recording: UUID
) -> None:
    ingested, diarized, transcribed = await parts_of(system, recording)
    _, _, other = await parts_of(system, recording)
    assert _ref(other) != _ref(transcribed)
    newer = wanted(other, 10)
    in_order = await transcripts_after(system, streams, recording, ingested, diarized, transcribed, newer)
    assert [made.wanted_since for made in in_order][-1] == newer.wanted_since
    late = await transcripts_after(system, streams, recording, wanted(transcribed, 1))
    assert late == in_order


async def test_a_transcript_is_made_again_from_its_parts(
    system: System, streams: Streams, recording: UUID
) -> None:
    asked = told.requested(Stage.ATTRIBUTION, recording=recording)
    other = told.requested(Stage.DIARIZATION, recording=recording)
    made = await transcripts_after(
        system, streams, recording, *await parts_of(system, recording), asked, other
    )
    assert len(made) == 2
    assert made[0].data.transcript.key == made[1].data.transcript.key
    assert made[1].wanted_since == asked.time


async def test_parts_of_what_was_cancelled_are_kept_and_joined_when_it_is_wanted_again(
    system: System, streams: Streams, recording: UUID
) -> None:
    ingested, diarized, transcribed = await parts_of(system, recording)
    cancelled = told.cancelled(seconds=20, recording=recording)
    assert await transcripts_after(system, streams, recording, ingested, cancelled, diarized) == []
    # What was asked for since is heard before the part that it waits for.
    asked = told.requested(Stage.ATTRIBUTION, seconds=30, recording=recording)
    assert await transcripts_after(system, streams, recording, asked) == []
    (made,) = await transcripts_after(system, streams, recording, transcribed)
    assert made.wanted_since == asked.time


def _ref(event: AnyEvent) -> ObjectRef:
    ref: ObjectRef = event.data.transcription
    return ref
