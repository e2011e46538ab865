"""The use case: joins what was said with who spoke."""

import asyncio
import time
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from minutier.attribution.ports import Artefacts
from minutier.attribution.transcript import transcript_of
from minutier.schemas.documents import (
    UNKNOWN_SPEAKER,
    DiarizationDocument,
    RecordingDocument,
    TranscriptionDocument,
)
from minutier.schemas.events import Attributed, Diarized, Ingested, Stage, Transcribed
from minutier.shared.artefacts import artefact_version

# Part of every transcript's key: raise it where the rules change what they give.
RULES = 2


@dataclass(frozen=True)
class Parts:
    """What is known of a recording so far, and since when the newest of it is wanted."""

    recording_id: UUID
    tenant: str
    wanted_since: datetime
    ingested: Ingested | None = None
    diarized: Diarized | None = None
    transcribed: Transcribed | None = None

    @property
    def complete(self) -> bool:
        return None not in (self.ingested, self.diarized, self.transcribed)


async def attribute(parts: Parts, *, artefacts: Artefacts) -> Attributed:
    """Store the transcript of complete ``parts``, and tell what it is."""
    ingested, diarized, transcribed = parts.ingested, parts.diarized, parts.transcribed
    if ingested is None or diarized is None or transcribed is None:
        raise ValueError("attribution needs all parts of a recording")
    started = time.monotonic()
    recording = await artefacts.load(RecordingDocument, ingested.recording)
    transcription = await artefacts.load(TranscriptionDocument, transcribed.transcription)
    diarization = await artefacts.load(DiarizationDocument, diarized.turns)
    transcript = await asyncio.to_thread(
        transcript_of, recording, transcription, diarization, ingested.duration
    )
    inputs = [ingested.recording.sha256, transcribed.transcription.sha256, diarized.turns.sha256]
    ref = await artefacts.store(
        transcript,
        tenant=parts.tenant,
        stage=Stage.ATTRIBUTION,
        version=artefact_version(*inputs, rules=RULES),
    )
    words = [word for segment in transcript.segments for word in segment.words]
    return Attributed(
        transcript=ref,
        language=transcript.language,
        duration=transcript.duration,
        speakers=len(transcript.speakers),
        segments=len(transcript.segments),
        words=len(words),
        unknown_words=sum(word.speaker == UNKNOWN_SPEAKER for word in words),
        processing_seconds=time.monotonic() - started,
    )
