"""The use case: joins what was said with who spoke."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from uuid import UUID

from minutier.attribution.domain import display_names, speakers_of
from minutier.attribution.ports import Artefacts
from minutier.attribution.sentences import passages
from minutier.schemas.documents import (
    UNKNOWN_SPEAKER,
    AttributedWord,
    DiarizationDocument,
    Doubt,
    RecordingDocument,
    Speaker,
    SpeakerEvidence,
    TranscriptDocument,
    TranscriptionDocument,
    TranscriptSegment,
    Word,
)
from minutier.schemas.events import Attributed, Diarized, Ingested, Stage, Transcribed
from minutier.shared.artefacts import artefact_version

# Part of every transcript's key: raise it where the rules change what they give.
RULES = 1


@dataclass(frozen=True)
class Parts:
    """What is known of a recording so far; ``diarized`` is not needed where each voice has a track."""

    recording_id: UUID
    tenant: str
    ingested: Ingested | None = None
    diarized: Diarized | None = None
    transcribed: Transcribed | None = None

    @property
    def complete(self) -> bool:
        if self.ingested is None or self.transcribed is None:
            return False
        return self.ingested.by_track or self.diarized is not None


async def attribute(parts: Parts, *, artefacts: Artefacts) -> Attributed:
    """Store the transcript of complete ``parts``, and tell what it is."""
    ingested, transcribed = parts.ingested, parts.transcribed
    if ingested is None or transcribed is None or not parts.complete:
        raise ValueError("attribution needs all parts of a recording")
    started = time.monotonic()
    diarized = None if ingested.by_track else parts.diarized
    recording = await artefacts.load(RecordingDocument, ingested.recording)
    transcription = await artefacts.load(TranscriptionDocument, transcribed.transcription)
    diarization = await artefacts.load(DiarizationDocument, diarized.turns) if diarized else None
    transcript = await asyncio.to_thread(
        transcript_of, recording, transcription, diarization, ingested.duration
    )
    inputs = [ingested.recording.sha256, transcribed.transcription.sha256]
    if diarized:
        inputs.append(diarized.turns.sha256)
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


@dataclass(frozen=True)
class _Heard:
    """A word, its speaker, and what is doubtful about the passage it was recognised in."""

    word: Word
    speaker: str
    doubts: tuple[Doubt, ...]


def transcript_of(
    recording: RecordingDocument,
    transcription: TranscriptionDocument,
    diarization: DiarizationDocument | None,
    duration: float,
) -> TranscriptDocument:
    """Who said what; without a ``diarization`` the track a word comes from is its speaker."""
    if diarization is None:
        runs = _runs_by_track(transcription)
    else:
        runs = _runs_by_voice(transcription, diarization)
    cut = [
        run[passage.start : passage.stop]
        for run in runs
        for passage in passages([heard.word for heard in run])
    ]
    if diarization is None:
        # Each track is a story of its own; together they are told in the order of their beginnings.
        cut.sort(key=lambda passage: passage[0].word.start)
    segments = tuple(_segment(number, passage) for number, passage in enumerate(cut, start=1))
    return TranscriptDocument(
        recording_id=transcription.recording_id,
        title=recording.title,
        language=transcription.language,
        duration=duration,
        speakers=_speakers(recording, diarization, segments),
        segments=segments,
        coverage=transcription.coverage,
    )


def _runs_by_voice(
    transcription: TranscriptionDocument, diarization: DiarizationDocument
) -> list[list[_Heard]]:
    spoken = [(word, segment.doubts) for segment in transcription.segments for word in segment.words]
    speakers = speakers_of([word for word, _ in spoken], diarization.turns, diarization.exclusive)
    heard = [
        _Heard(word, speaker or UNKNOWN_SPEAKER, doubts)
        for (word, doubts), speaker in zip(spoken, speakers, strict=True)
    ]
    return [list(run) for _, run in groupby(heard, key=lambda item: item.speaker)]


def _runs_by_track(transcription: TranscriptionDocument) -> list[list[_Heard]]:
    runs: dict[str, list[_Heard]] = {}
    for segment in transcription.segments:
        speaker = segment.track or UNKNOWN_SPEAKER
        run = runs.setdefault(speaker, [])
        run.extend(_Heard(word, speaker, segment.doubts) for word in segment.words)
    return list(runs.values())


def _segment(number: int, passage: Sequence[_Heard]) -> TranscriptSegment:
    doubts = {doubt for heard in passage for doubt in heard.doubts}
    return TranscriptSegment(
        id=f"s{number}",
        start=min(heard.word.start for heard in passage),
        end=max(heard.word.end for heard in passage),
        speaker=passage[0].speaker,
        text="".join(heard.word.text for heard in passage).strip(),
        words=tuple(
            AttributedWord(
                start=heard.word.start,
                end=heard.word.end,
                text=heard.word.text,
                probability=heard.word.probability,
                speaker=heard.speaker,
            )
            for heard in passage
        ),
        doubts=tuple(doubt for doubt in Doubt if doubt in doubts),
    )


def _speakers(
    recording: RecordingDocument,
    diarization: DiarizationDocument | None,
    segments: Sequence[TranscriptSegment],
) -> tuple[Speaker, ...]:
    """Those who have words, in the order of their first."""
    seconds: dict[str, float] = {}
    for segment in segments:
        if segment.speaker != UNKNOWN_SPEAKER:
            seconds[segment.speaker] = seconds.get(segment.speaker, 0.0) + segment.end - segment.start
    if diarization is not None:
        talked = dict.fromkeys(seconds, 0.0)
        for turn in diarization.turns:
            if turn.speaker in talked:
                talked[turn.speaker] += turn.end - turn.start
        seconds = talked
    evidence = SpeakerEvidence.TRACK if diarization is None else SpeakerEvidence.VOICE
    names: dict[str, str] = {}
    if diarization is None:
        labels = display_names([participant.name for participant in recording.participants])
        names = dict(zip([participant.id for participant in recording.participants], labels, strict=True))
    return tuple(
        Speaker(
            id=speaker,
            label=names.get(speaker, f"Speaker {number}"),
            evidence=evidence,
            speech_seconds=round(seconds[speaker], 3),
        )
        for number, speaker in enumerate(seconds, start=1)
    )
