"""A transcript as text, WebVTT, SubRip and RTTM."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from minutier.schemas.documents import AttributedWord, TranscriptDocument, TranscriptSegment

UNKNOWN = "Unknown"

# Two lines of 42 characters, as subtitles are read, and no longer than anybody looks at one.
_CUE_CHARACTERS = 84
_CUE_SECONDS = 7.0

# ZERO WIDTH NON-JOINER and JOINER: Persian, Indic scripts and emoji are spelled with them.
_JOINERS = "\u200c\u200d"


@dataclass(frozen=True)
class Cue:
    """What is shown at once; times in milliseconds, ``end`` after ``start``; ``speaker`` is a label.

    ``first`` says that a segment begins here. The speaker is ``None`` where nobody knows.
    """

    start: int
    end: int
    speaker: str | None
    text: str
    first: bool


def text(transcript: TranscriptDocument, *, unknown: str = UNKNOWN) -> str:
    """One line a segment: ``[1:02:03] Anna: words``; ``unknown`` stands for who has no name."""
    labels = labels_of(transcript)
    return "".join(
        f"[{clock(segment.start)}] {labels.get(segment.speaker) or unknown}: {line(segment.text)}\n"
        for segment in transcript.segments
    )


def vtt(transcript: TranscriptDocument) -> str:
    """WebVTT (W3C) with a voice span a cue."""
    blocks = ["WEBVTT\n"]
    for cue in cues(transcript):
        voice = f"<v {_escape(cue.speaker)}>" if cue.speaker else ""
        blocks.append(f"{timestamp(cue.start)} --> {timestamp(cue.end)}\n{voice}{_escape(cue.text)}\n")
    return "\n".join(blocks)


def srt(transcript: TranscriptDocument) -> str:
    """SubRip; it has no voices, so a name precedes the first words of each segment."""
    blocks = []
    for number, cue in enumerate(cues(transcript), 1):
        name = f"{cue.speaker}: " if cue.speaker and cue.first else ""
        shown = f"{name}{cue.text}".replace("-->", "→")
        blocks.append(f"{number}\n{timestamp(cue.start, ',')} --> {timestamp(cue.end, ',')}\n{shown}\n")
    return "\n".join(blocks)


def rttm(transcript: TranscriptDocument) -> str:
    """NIST RTTM, one SPEAKER line a segment; names are single tokens, and different ones stay so."""
    tokens = _tokens(transcript)
    lines = []
    for segment in transcript.segments:
        token = tokens.get(segment.speaker) or _token(segment.speaker)
        lines.append(
            f"SPEAKER {transcript.recording_id} 1 {segment.start:.3f} {segment.end - segment.start:.3f} "
            f"<NA> <NA> {token} <NA> <NA>\n"
        )
    return "".join(lines)


def cues(transcript: TranscriptDocument) -> Iterator[Cue]:
    """The segments, the long ones in parts that can be read."""
    labels = labels_of(transcript)
    for segment in transcript.segments:
        first = True
        for start, end, words in _parts(segment):
            shown = line(words)
            if not shown:
                continue
            begin = round(start * 1000)
            yield Cue(begin, max(round(end * 1000), begin + 1), labels.get(segment.speaker), shown, first)
            first = False


def labels_of(transcript: TranscriptDocument) -> dict[str, str]:
    """The label of each speaker that has an id, on one line; empty where it shows nothing."""
    return {speaker.id: line(speaker.label) for speaker in transcript.speakers}


def line(words: str) -> str:
    """On one line, and without what no reader shows; what joins or parts letters of a word stays."""
    if not words.isprintable():
        words = "".join(c if c.isprintable() or c in _JOINERS else " " for c in words)
    return " ".join(words.split())


def clock(seconds: float) -> str:
    """``1:02:03``, and ``0:02:03`` within the first hour."""
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}"


def timestamp(milliseconds: int, separator: str = ".") -> str:
    """``01:02:03.250``, the hours with two digits or more."""
    seconds, rest = divmod(milliseconds, 1000)
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:02}:{minutes:02}:{seconds:02}{separator}{rest:03}"


def _parts(segment: TranscriptSegment) -> Iterator[tuple[float, float, str]]:
    part: list[AttributedWord] = []
    for word in segment.words:
        if part and _too_long([*part, word]):
            yield part[0].start, part[-1].end, "".join(held.text for held in part)
            part = []
        part.append(word)
    if part:
        yield part[0].start, part[-1].end, "".join(held.text for held in part)
    elif not segment.words:
        yield segment.start, segment.end, segment.text


def _too_long(words: Sequence[AttributedWord]) -> bool:
    characters = len("".join(word.text for word in words).strip())
    return characters > _CUE_CHARACTERS or words[-1].end - words[0].start > _CUE_SECONDS


def _tokens(transcript: TranscriptDocument) -> dict[str, str]:
    tokens: dict[str, str] = {}
    for speaker, label in labels_of(transcript).items():
        token = _token(label)
        taken = set(tokens.values())
        tokens[speaker] = f"{token}_{len(tokens) + 1}" if token in taken else token
        while tokens[speaker] in taken:
            tokens[speaker] += "_"
    return tokens


def _token(label: str) -> str:
    return re.sub(r"[^\w.-]+", "_", label) or "_"


def _escape(words: str) -> str:
    return words.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
