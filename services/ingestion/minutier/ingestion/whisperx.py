"""A transcript in the shape that WhisperX gives it, which La Suite Meet reads."""

from collections.abc import Mapping
from typing import Any

from minutier.schemas.documents import AttributedWord, TranscriptDocument


def whisperx(transcript: TranscriptDocument) -> dict[str, Any]:
    """Times in seconds; ``speaker`` is a label, and ``None`` where nobody knows who spoke."""
    labels = {speaker.id: speaker.label for speaker in transcript.speakers}
    segments: list[dict[str, Any]] = [
        {
            "start": segment.start,
            "end": segment.end,
            "text": segment.text.strip(),
            "speaker": labels.get(segment.speaker),
            "words": [_word(word, labels) for word in segment.words],
        }
        for segment in transcript.segments
    ]
    return {
        "segments": segments,
        "word_segments": [word for segment in segments for word in segment["words"]],
    }


def _word(word: AttributedWord, labels: Mapping[str, str]) -> dict[str, Any]:
    return {
        "word": word.text.strip(),
        "start": word.start,
        "end": word.end,
        "score": word.probability,
        "speaker": labels.get(word.speaker),
    }
