"""A text that was handed in, read as what was said: ``**Name**: words``, or paragraphs of nobody known."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from uuid import UUID

from minutier.ingestion.jobs.markdown import unescaped
from minutier.schemas.documents import (
    UNKNOWN_SPEAKER,
    Coverage,
    Speaker,
    SpeakerEvidence,
    TranscriptDocument,
    TranscriptSegment,
)

_NAME = r"\s*\*\*(?P<label>(?:\\.|[^*\\]){1,200}?)"
_LABELS = [re.compile(_NAME + colon + r"(?P<words>.*)") for colon in (r"\*\*\s*:", r":\*\*")]
_LINK_ALONE = re.compile(r"\s*\[[^\]]*\]\([^)]*\)\s*")
_PARAGRAPH = re.compile(r"\n[ \t]*\n")
_SENTENCE_END = re.compile(r"(?<=[.?!…])\s+")
_MOST_CHARACTERS = 1000
# More than is said in a day of meetings.
_MOST_PARTS = 20_000

# The words that each language cannot do without, and that the others have not.
_FREQUENT = {
    "en": {"the", "and", "of", "to", "is", "that", "it", "for", "with", "this", "we", "you", "are", "have"},
    "fr": {
        "le",
        "les",
        "et",
        "des",
        "du",
        "une",
        "est",
        "que",
        "pour",
        "dans",
        "nous",
        "vous",
        "pas",
        "avec",
    },
    "de": {
        "der",
        "die",
        "und",
        "das",
        "ist",
        "nicht",
        "ein",
        "eine",
        "wir",
        "mit",
        "auf",
        "für",
        "ich",
        "zu",
    },
    "nl": {"het", "een", "van", "en", "niet", "dat", "wij", "voor", "met", "ik", "zijn", "we", "naar", "ook"},
}
_OTHERWISE = "en"


class TooManyParts(ValueError):
    """A text of so many paragraphs that it is no meeting's; nothing of it is quoted."""

    def __init__(self) -> None:
        super().__init__(f"The content has more than {_MOST_PARTS} paragraphs. Send that of one meeting.")


@dataclass(frozen=True)
class _Said:
    label: str | None
    words: str


def read(content: str, *, recording_id: UUID, language: str | None) -> TranscriptDocument:
    """The transcript that a text makes. It tells no times: each segment is at 0.

    Without ``language`` it is that of English, French, German and Dutch whose frequent words there are
    most of, and English where there are none. Raises `TooManyParts`.
    """
    said = list(islice(_said(content), _MOST_PARTS + 1))
    if len(said) > _MOST_PARTS:
        raise TooManyParts
    labels = list(dict.fromkeys(one.label for one in said if one.label is not None))
    ids = {label: f"speaker-{number}" for number, label in enumerate(labels, start=1)}
    return TranscriptDocument(
        recording_id=recording_id,
        language=language or _language_of(content),
        duration=0.0,
        speakers=tuple(
            Speaker(id=key, label=label, evidence=SpeakerEvidence.TEXT, speech_seconds=0.0)
            for label, key in ids.items()
        ),
        segments=tuple(
            TranscriptSegment(
                id=f"s{number}",
                start=0.0,
                end=0.0,
                speaker=ids[one.label] if one.label is not None else UNKNOWN_SPEAKER,
                text=one.words,
                words=(),
            )
            for number, one in enumerate(said, start=1)
        ),
        coverage=Coverage(speech_seconds=0.0, transcribed_seconds=0.0, gaps=()),
    )


def _said(content: str) -> Iterator[_Said]:
    for paragraph in _PARAGRAPH.split(content.replace("\r\n", "\n")):
        label, words = None, list[str]()
        for line in paragraph.splitlines():
            if named := _named(line):
                yield from _parts(label, words)
                label, words = unescaped(named["label"]).strip() or None, [named["words"]]
            elif not _LINK_ALONE.fullmatch(line):
                words.append(line)
        yield from _parts(label, words)


def _named(line: str) -> re.Match[str] | None:
    return next((found for label in _LABELS if (found := label.fullmatch(line))), None)


def _parts(label: str | None, lines: list[str]) -> Iterator[_Said]:
    """Whole sentences, as many as are still read together."""
    words = " ".join(" ".join(unescaped(line) for line in lines).split())
    part = ""
    for sentence in _SENTENCE_END.split(words):
        for piece in _pieces(sentence):
            if part and len(part) + 1 + len(piece) > _MOST_CHARACTERS:
                yield _Said(label, part)
                part = ""
            part = f"{part} {piece}".strip()
    if part:
        yield _Said(label, part)


def _pieces(sentence: str) -> Iterator[str]:
    while len(sentence) > _MOST_CHARACTERS:
        at = sentence.rfind(" ", 0, _MOST_CHARACTERS) + 1 or _MOST_CHARACTERS
        yield sentence[:at].strip()
        sentence = sentence[at:]
    yield sentence


def _language_of(content: str) -> str:
    words = re.findall(r"\w+", content.casefold())
    counts = {language: sum(word in frequent for word in words) for language, frequent in _FREQUENT.items()}
    best = max(counts, key=lambda language: counts[language])
    return best if counts[best] else _OTHERWISE
