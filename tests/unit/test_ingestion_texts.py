from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from minutier.ingestion.jobs.texts import TooManyParts, read
from minutier.schemas.documents import TranscriptDocument

RECORDING = UUID(int=7)


def said(document: TranscriptDocument) -> list[tuple[str | None, str]]:
    labels = {speaker.id: speaker.label for speaker in document.speakers}
    return [(labels.get(segment.speaker), segment.text) for segment in document.segments]


def test_lines_that_begin_with_a_name_are_that_speaker_s() -> None:
    text = read(
        "[Download](https://example.org/1)\n\n**Anna**: Hello,\neverybody.\n**Bo:** Hi.\n\n"
        "Nobody knows.\r\n\r\n**Anna** : Bye.",
        recording_id=RECORDING,
        language=None,
    )
    assert said(text) == [
        ("Anna", "Hello, everybody."),
        ("Bo", "Hi."),
        (None, "Nobody knows."),
        ("Anna", "Bye."),
    ]
    assert [speaker.id for speaker in text.speakers] == ["speaker-1", "speaker-2"]
    assert [segment.id for segment in text.segments] == ["s1", "s2", "s3", "s4"]


def test_no_time_is_made_up() -> None:
    text = read("**Anna**: Hello.\n\nAnd more.", recording_id=RECORDING, language="en")
    assert {(segment.start, segment.end) for segment in text.segments} == {(0.0, 0.0)}
    assert text.duration == text.coverage.speech_seconds == 0.0


@pytest.mark.parametrize(
    ("language", "content"),
    [
        ("en", "We have to talk about the budget of the library, and this is what you said."),
        ("fr", "Nous avons parlé du budget de la bibliothèque, et les élus ne sont pas venus."),
        ("de", "Wir haben über das Budget gesprochen und die Bibliothek ist nicht offen."),
        ("nl", "We hebben het over de begroting van de bibliotheek gehad en dat is niet af."),
        ("en", "図書館の予算について話しました。"),
    ],
)
def test_a_language_that_is_not_given_is_that_of_the_frequent_words(language: str, content: str) -> None:
    assert read(content, recording_id=RECORDING, language=None).language == language
    assert read(content, recording_id=RECORDING, language="pt").language == "pt"


@given(st.text())
def test_no_word_of_a_text_without_markup_is_lost_and_no_segment_is_long(content: str) -> None:
    plain = "".join(c for c in content if c not in "\\`*_[]<>~#|")
    text = read(plain * 40, recording_id=RECORDING, language=None)
    assert "".join("".join(segment.text.split()) for segment in text.segments) == "".join(
        (plain * 40).split()
    )
    assert all(0 < len(segment.text) <= 1000 for segment in text.segments)


@pytest.mark.parametrize("part", ["a\n\n", "**a**:b\n"])
def test_a_text_of_nothing_but_beginnings_is_not_made_into_a_transcript(part: str) -> None:
    with pytest.raises(TooManyParts, match="paragraphs"):
        read(part * 100_000, recording_id=RECORDING, language=None)
