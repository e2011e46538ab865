"""A transcript as OpenAI's speech-to-text API returns one."""

import math
import zlib
from collections.abc import Callable, Iterable
from enum import StrEnum
from typing import Literal

from pydantic import BaseModel

from minutier.ingestion.whisperx import whisperx
from minutier.schemas.documents import AttributedWord, Doubt, TranscriptDocument, TranscriptSegment
from minutier.shared import rendering

# So that the logarithm of a probability of nothing is a number; JSON has no infinity.
_LEAST_PROBABILITY = 1e-6


class ResponseFormat(StrEnum):
    JSON = "json"
    TEXT = "text"
    SRT = "srt"
    VTT = "vtt"
    VERBOSE_JSON = "verbose_json"
    DIARIZED_JSON = "diarized_json"


class Granularity(StrEnum):
    WORD = "word"
    SEGMENT = "segment"


class Usage(BaseModel):
    type: Literal["duration"] = "duration"
    seconds: float


class Transcription(BaseModel):
    text: str
    usage: Usage


class TimedWord(BaseModel):
    word: str
    start: float
    end: float


class VerboseSegment(BaseModel):
    """What one speaker says without a break, in Whisper's terms.

    ``avg_logprob`` is over words, and ``compression_ratio`` of the text. ``seek`` is the segment's own
    start in hundredths of a second. ``no_speech_prob`` is 1 where the transcript doubts that this is
    speech, and 0 elsewhere. It does not know of ``tokens`` and ``temperature``: none, and 0.
    """

    id: int
    seek: int
    start: float
    end: float
    text: str
    tokens: tuple[int, ...] = ()
    temperature: float = 0.0
    avg_logprob: float
    compression_ratio: float
    no_speech_prob: float


class VerboseTranscription(BaseModel):
    """``language`` is an ISO 639 code."""

    task: Literal["transcribe"] = "transcribe"
    language: str
    duration: float
    text: str
    segments: tuple[VerboseSegment, ...] | None = None
    words: tuple[TimedWord, ...] | None = None
    usage: Usage


class ScoredWord(TimedWord):
    """A word as WhisperX has it; without a ``speaker`` where nobody knows who said it."""

    score: float
    speaker: str | None = None


class DiarizedSegment(BaseModel):
    """What one speaker says without a break; ``speaker`` is the label, ``words`` are there on request."""

    id: str
    type: Literal["transcript.text.segment"] = "transcript.text.segment"
    start: float
    end: float
    speaker: str
    text: str
    words: tuple[ScoredWord, ...] | None = None


class DiarizedTranscription(BaseModel):
    """``word_segments``, on request, are all words as WhisperX has them."""

    task: Literal["transcribe"] = "transcribe"
    language: str
    duration: float
    text: str
    segments: tuple[DiarizedSegment, ...]
    word_segments: tuple[ScoredWord, ...] | None = None
    usage: Usage


def text(transcript: TranscriptDocument) -> str:
    """The words alone, on one line."""
    return " ".join(" ".join(segment.text for segment in transcript.segments).split())


def transcription(transcript: TranscriptDocument) -> Transcription:
    return Transcription(text=text(transcript), usage=_usage(transcript))


def verbose(transcript: TranscriptDocument, granularities: frozenset[Granularity]) -> VerboseTranscription:
    return VerboseTranscription(
        language=transcript.language,
        duration=transcript.duration,
        text=text(transcript),
        segments=tuple(_verbose(number, segment) for number, segment in enumerate(transcript.segments))
        if Granularity.SEGMENT in granularities
        else None,
        words=tuple(
            TimedWord(word=word.text.strip(), start=word.start, end=word.end) for word in _words(transcript)
        )
        if Granularity.WORD in granularities
        else None,
        usage=_usage(transcript),
    )


def diarized(transcript: TranscriptDocument, granularities: frozenset[Granularity]) -> DiarizedTranscription:
    labels = {speaker.id: speaker.label for speaker in transcript.speakers}
    timed = whisperx(transcript) if Granularity.WORD in granularities else None
    return DiarizedTranscription(
        language=transcript.language,
        duration=transcript.duration,
        text=text(transcript),
        segments=tuple(
            DiarizedSegment(
                id=segment.id,
                start=segment.start,
                end=segment.end,
                speaker=labels.get(segment.speaker, rendering.UNKNOWN),
                text=segment.text.strip(),
                words=timed and timed["segments"][number]["words"],
            )
            for number, segment in enumerate(transcript.segments)
        ),
        word_segments=timed and timed["word_segments"],
        usage=_usage(transcript),
    )


PLAIN: dict[ResponseFormat, Callable[[TranscriptDocument], str]] = {
    ResponseFormat.TEXT: lambda transcript: f"{text(transcript)}\n",
    ResponseFormat.SRT: rendering.srt,
    ResponseFormat.VTT: rendering.vtt,
}


def _verbose(number: int, segment: TranscriptSegment) -> VerboseSegment:
    return VerboseSegment(
        id=number,
        seek=round(segment.start * 100),
        start=segment.start,
        end=segment.end,
        text=segment.text,
        avg_logprob=_mean_logarithm(segment.words),
        compression_ratio=_compression_ratio(segment.text),
        no_speech_prob=float(Doubt.NO_SPEECH in segment.doubts),
    )


def _mean_logarithm(words: tuple[AttributedWord, ...]) -> float:
    logarithms = [math.log(max(word.probability, _LEAST_PROBABILITY)) for word in words]
    return sum(logarithms) / len(logarithms) if logarithms else 0.0


def _compression_ratio(words: str) -> float:
    """How often a text repeats itself, as Whisper measures it: its bytes by those of its zlib form."""
    encoded = words.encode()
    return len(encoded) / len(zlib.compress(encoded))


def _words(transcript: TranscriptDocument) -> Iterable[AttributedWord]:
    return (word for segment in transcript.segments for word in segment.words)


def _usage(transcript: TranscriptDocument) -> Usage:
    return Usage(seconds=transcript.duration)
