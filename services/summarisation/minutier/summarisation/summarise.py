"""The use case: writes the minutes of a transcript."""

import asyncio
import time

from minutier.schemas.base import Model
from minutier.schemas.documents import (
    UNKNOWN_SPEAKER,
    Action,
    Engine,
    MinutesDocument,
    Statement,
    TranscriptDocument,
)
from minutier.schemas.events import Attributed, Stage, Written
from minutier.shared.artefacts import artefact_version
from minutier.summarisation.domain import Claim, Passage
from minutier.summarisation.extractive import extract
from minutier.summarisation.ports import Artefacts

# Part of every document's key: raise it where the rules change what they give.
RULES = 1


async def summarise(data: Attributed, *, tenant: str, artefacts: Artefacts) -> Written:
    """Store the minutes of a transcript, and tell what they are."""
    started = time.monotonic()
    transcript = await artefacts.load(TranscriptDocument, data.transcript)
    minutes = await asyncio.to_thread(minutes_of, transcript)
    ref = await artefacts.store(
        minutes,
        tenant=tenant,
        stage=Stage.SUMMARISATION,
        version=artefact_version(data.transcript.sha256, engine=Engine.EXTRACTIVE, rules=RULES),
    )
    return Written(
        minutes=ref,
        engine=minutes.engine,
        fell_back=minutes.fallback_reason is not None,
        items=sum(map(len, (minutes.summary, minutes.decisions, minutes.actions, minutes.questions))),
        dropped_claims=minutes.dropped_claims,
        processing_seconds=time.monotonic() - started,
    )


def minutes_of(transcript: TranscriptDocument) -> MinutesDocument:
    """Minutes of the meeting's own sentences; a transcript without words gives empty minutes."""
    labels = {speaker.id: speaker.label for speaker in transcript.speakers}
    written = extract(
        [
            Passage(
                segment.id,
                None if segment.speaker == UNKNOWN_SPEAKER else labels.get(segment.speaker),
                segment.text,
            )
            for segment in transcript.segments
        ]
    )
    return MinutesDocument(
        recording_id=transcript.recording_id,
        engine=Engine.EXTRACTIVE,
        model=Model(name="extractive", revision=str(RULES)),
        language=transcript.language,
        summary=tuple(map(_statement, written.summary)),
        decisions=tuple(map(_statement, written.decisions)),
        actions=tuple(
            Action(text=claim.text, cites=claim.cites, who=claim.who, what=claim.text, due=claim.due)
            for claim in written.actions
        ),
        questions=tuple(map(_statement, written.questions)),
    )


def _statement(claim: Claim) -> Statement:
    return Statement(text=claim.text, cites=claim.cites)
