import re
from io import StringIO
from itertools import pairwise
from pathlib import Path

import pysubs2
import webvtt
from hypothesis import assume, given
from hypothesis import strategies as st
from pyannote.database.util import load_rttm

from minutier.schemas.documents import TranscriptDocument
from minutier.shared import rendering
from tests.support.query_events import RECORDING, transcript

LONG = " ".join(f"word{number}" for number in range(200))

texts = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=60)
names = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20)
transcripts = st.builds(
    lambda said, label: transcript(*[("speaker-1", text) for text in said], labels={"speaker-1": label}),
    st.lists(texts, min_size=1, max_size=5),
    names,
)


def visible(text: str) -> str:
    return " ".join("".join(c if c.isprintable() or c in "\u200c\u200d" else " " for c in text).split())


def test_text_has_a_line_for_each_segment() -> None:
    document = transcript(
        ("speaker-1", "Good\nmorning."), ("unknown", "Hello."), labels={"speaker-1": "Anna Muster"}
    )
    assert rendering.text(document) == "[0:00:00] Anna Muster: Good morning.\n[0:00:00] Unknown: Hello.\n"


def test_a_word_of_joined_letters_stays_one_word() -> None:
    document = transcript(("speaker-1", "می\u200cخواهم 👩\u200d💻"), labels={"speaker-1": "\u202e"})
    assert rendering.text(document, unknown="Inconnu") == "[0:00:00] Inconnu: می\u200cخواهم 👩\u200d💻\n"


def test_vtt_names_the_voice_of_each_cue() -> None:
    document = transcript(
        ("speaker-1", "Tea & <b>cake</b>"), ("unknown", "Yes."), labels={"speaker-1": "A>B & C"}
    )
    rendered = rendering.vtt(document)
    assert "<v A&gt;B &amp; C>Tea &amp; &lt;b&gt;cake&lt;/b&gt;" in rendered
    first, second = webvtt.from_string(rendered).captions
    assert (first.start, first.end) == ("00:00:00.000", "00:00:00.900")
    assert second.raw_text == "Yes."


@given(transcripts)
def test_vtt_keeps_every_word_whatever_was_said(document: TranscriptDocument) -> None:
    captions = webvtt.from_string(rendering.vtt(document)).captions
    said = " ".join(filter(None, (visible(segment.text) for segment in document.segments)))
    heard = " ".join(re.sub("^<v [^>]*>", "", caption.raw_text) for caption in captions)
    for entity, character in (("&lt;", "<"), ("&gt;", ">"), ("&amp;", "&")):
        heard = heard.replace(entity, character)
    assert heard == said
    assert all(caption.start_in_seconds <= caption.end_in_seconds for caption in captions)


@given(transcripts)
def test_srt_has_a_readable_event_for_each_cue(document: TranscriptDocument) -> None:
    rendered = rendering.srt(document)
    parsed = pysubs2.SSAFile.from_string(rendered, format_="srt")
    cues = list(rendering.cues(document))
    assert [(event.start, event.end) for event in parsed] == [(cue.start, cue.end) for cue in cues]


def test_srt_names_a_speaker_once_a_segment() -> None:
    document = transcript(("speaker-1", LONG), ("speaker-1", "Yes --> no."), labels={"speaker-1": "Anna"})
    parsed = pysubs2.SSAFile.from_string(rendering.srt(document), format_="srt")
    assert [event.plaintext.startswith("Anna: ") for event in parsed].count(True) == 2
    assert parsed[-1].plaintext == "Anna: Yes → no."
    assert (parsed[-1].start, parsed[-1].end) == (60000, 60900)


def test_a_long_segment_is_shown_in_parts_that_can_be_read() -> None:
    cues = list(rendering.cues(transcript(("speaker-1", LONG))))
    assert len(cues) > 10
    assert all(len(cue.text) <= 84 and cue.end - cue.start <= 7000 for cue in cues)
    assert " ".join(cue.text for cue in cues) == LONG
    assert all(before.end <= after.start for before, after in pairwise(cues))
    assert [cue.first for cue in cues] == [True] + [False] * (len(cues) - 1)


def test_a_segment_without_words_is_one_cue() -> None:
    document = transcript(("speaker-1", "Good morning."))
    bare = document.model_copy(update={"segments": (document.segments[0].model_copy(update={"words": ()}),)})
    assert [cue.text for cue in rendering.cues(bare)] == ["Good morning."]


def test_a_word_without_length_is_still_shown() -> None:
    document = transcript(("speaker-1", "Yes"))
    segment = document.segments[0]
    word = segment.words[0].model_copy(update={"end": segment.words[0].start})
    instant = document.model_copy(update={"segments": (segment.model_copy(update={"words": (word,)}),)})
    (cue,) = rendering.cues(instant)
    assert cue.end > cue.start


def read_rttm(document: TranscriptDocument, folder: Path) -> list[tuple[float, float, str]]:
    file = folder / "one.rttm"
    file.write_text(rendering.rttm(document))
    annotation = load_rttm(file)[str(RECORDING)]  # type: ignore[no-untyped-call]
    return [(turn.start, turn.end, label) for turn, _, label in annotation.itertracks(yield_label=True)]


def test_rttm_keeps_speakers_apart_whose_names_are_alike(tmp_path: Path) -> None:
    document = transcript(
        ("speaker-1", "One two"),
        ("speaker-2", "Three"),
        ("unknown", "Four"),
        labels={"speaker-1": 'Anna "A" Muster', "speaker-2": "Anna (A) Muster"},
    )
    turns = read_rttm(document, tmp_path)
    assert [(round(start, 3), round(end, 3)) for start, end, _ in turns] == [(0, 0.6), (0.6, 0.9), (0.9, 1.2)]
    assert [label for _, _, label in turns] == ["Anna_A_Muster", "Anna_A_Muster_2", "unknown"]


@given(names)
def test_rttm_has_ten_fields_whatever_the_name(name: str) -> None:
    assume(name.strip())
    (line,) = rendering.rttm(transcript(labels={"speaker-1": name})).splitlines()
    assert len(line.split()) == 10


def test_nothing_said_is_a_valid_document_in_each_format() -> None:
    nothing = transcript().model_copy(update={"segments": ()})
    assert webvtt.from_string(rendering.vtt(nothing)).captions == []
    assert list(pysubs2.SSAFile.from_string(rendering.srt(nothing), format_="srt")) == []
    assert rendering.rttm(nothing) == rendering.text(nothing) == ""
    assert StringIO(rendering.vtt(nothing)).readline() == "WEBVTT\n"
