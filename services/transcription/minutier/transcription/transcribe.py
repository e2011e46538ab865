"""The use case: writes down what is said in a recording."""

import asyncio
import time
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import UUID

from minutier.schemas.base import Model, Span
from minutier.schemas.documents import Coverage, SpeechSegment, TranscriptionDocument, Word
from minutier.schemas.events import Ingested, Stage, Transcribed
from minutier.schemas.references import ObjectRef
from minutier.shared.artefacts import artefact_version
from minutier.shared.worker import Report
from minutier.transcription import domain
from minutier.transcription.ports import Artefacts, Audio, Heard, Recognised, Recogniser

# Part of every document's key: raise it where the rules change what they give.
RULES = 1


@dataclass(frozen=True)
class Source:
    """One voice's track, or the mix, which has no ``participant``; it starts ``offset`` seconds late."""

    audio: ObjectRef
    offset: float = 0.0
    participant: str | None = None


async def transcribe(
    recording_id: UUID,
    data: Ingested,
    *,
    tenant: str,
    audio: Audio,
    artefacts: Artefacts,
    recogniser: Recogniser,
    workspace: Path,
    report: Report,
) -> Transcribed:
    """Store what is said, unless that was done before, and tell where it is."""
    started = time.monotonic()
    sources = _sources(data)
    model = await recogniser.model()
    version = _version(data, sources, model)
    found = await artefacts.find(
        TranscriptionDocument,
        tenant=tenant,
        recording_id=recording_id,
        stage=Stage.TRANSCRIPTION,
        version=version,
    )
    if found is not None:
        document, ref = found
    else:
        with TemporaryDirectory(dir=workspace) as folder:
            files = [Path(folder, f"{number}.flac") for number in range(len(sources))]
            for source, file in zip(sources, files, strict=True):
                await audio.fetch(source.audio, file)
            recognised = await recogniser.recognise(
                files, data.language, seconds=data.duration * len(files), report=report
            )
        document = await asyncio.to_thread(document_of, recording_id, recognised, sources, model)
        ref = await artefacts.store(document, tenant=tenant, stage=Stage.TRANSCRIPTION, version=version)
    report(1.0)
    seconds = time.monotonic() - started
    return Transcribed(
        transcription=ref,
        language=document.language,
        language_probability=document.language_probability,
        words=sum(len(segment.words) for segment in document.segments),
        doubtful_segments=sum(1 for segment in document.segments if segment.doubts),
        speech_seconds=document.coverage.speech_seconds,
        transcribed_seconds=document.coverage.transcribed_seconds,
        processing_seconds=seconds,
        real_time_factor=seconds / data.duration if data.duration else 0.0,
    )


def document_of(
    recording_id: UUID, recognised: Recognised, sources: list[Source], model: Model
) -> TranscriptionDocument:
    """What was recognised, as far as it is believed; a recording without speech has no segments."""
    segments: list[SpeechSegment] = []
    coverages: list[Coverage] = []
    for heard, source in zip(recognised.tracks, sources, strict=True):
        found, removed = domain.segments(heard.passages, heard.speech, duration=heard.duration)
        segments += [_segment(segment, source) for segment in found]
        coverages.append(_coverage(found, heard, source, removed))
    return TranscriptionDocument(
        recording_id=recording_id,
        language=recognised.language,
        language_probability=recognised.language_probability,
        language_given=recognised.language_given,
        segments=tuple(sorted(segments, key=lambda segment: (segment.start, segment.end))),
        coverage=Coverage(
            speech_seconds=sum(coverage.speech_seconds for coverage in coverages),
            transcribed_seconds=sum(coverage.transcribed_seconds for coverage in coverages),
            gaps=tuple(
                sorted(
                    (gap for coverage in coverages for gap in coverage.gaps),
                    key=lambda gap: (gap.start, gap.end),
                )
            ),
            removed_repetitions=sum(coverage.removed_repetitions for coverage in coverages),
        ),
        model=model,
    )


def _sources(data: Ingested) -> list[Source]:
    if data.by_track:
        return [Source(track.audio, track.offset, track.participant_id) for track in data.tracks]
    return [Source(data.audio)] if data.audio else []


def _version(data: Ingested, sources: list[Source], model: Model) -> str:
    return artefact_version(
        *(source.audio.sha256 for source in sources),
        tracks=[(source.participant, source.offset) for source in sources],
        language=data.language,
        model=model.model_dump(mode="json"),
        rules=RULES,
    )


def _segment(segment: domain.Segment, source: Source) -> SpeechSegment:
    return SpeechSegment(
        start=_time(segment.start + source.offset),
        end=_time(segment.end + source.offset),
        text=segment.text,
        words=tuple(
            Word(
                start=_time(word.start + source.offset),
                end=_time(word.end + source.offset),
                text=word.text,
                probability=round(word.probability, 3),
            )
            for word in segment.words
        ),
        doubts=segment.doubts,
        track=source.participant,
    )


def _coverage(segments: list[domain.Segment], heard: Heard, source: Source, removed: int) -> Coverage:
    covered = domain.coverage(segments, heard.speech)
    return Coverage(
        speech_seconds=_time(covered.speech_seconds),
        transcribed_seconds=_time(covered.transcribed_seconds),
        gaps=tuple(
            Span(start=_time(start + source.offset), end=_time(end + source.offset))
            for start, end in covered.gaps
        ),
        removed_repetitions=removed,
    )


def _time(seconds: float) -> float:
    return round(seconds, 3)
