"""The passages that a recording is searched by."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from minutier.query.folding import words
from minutier.query.search.lexemes import spoken_by, stem, vector
from minutier.query.search.passages import Kind, Passage, moment, of_minutes, of_title, of_transcript
from minutier.schemas.documents import Action, MinutesDocument, Statement, Topic, TranscriptDocument
from tests.support import query_events as told

LABELS = {"speaker-1": "Anne Martin", "speaker-2": "Zoé"}


def said(transcript: TranscriptDocument) -> list[Passage]:
    return list(of_transcript(transcript)[Kind.WORDS])


def test_segments_and_speakers_are_passages() -> None:
    transcript = told.transcript(
        ("speaker-1", "Good morning."), ("speaker-2", "Hello."), ("speaker-1", "Now."), labels=LABELS
    )
    passages = of_transcript(transcript)
    assert [(one.text, one.segment, one.speaker) for one in passages[Kind.WORDS]] == [
        ("Good morning.", "s1", "Anne Martin"),
        ("Hello.", "s2", "Zoé"),
        ("Now.", "s3", "Anne Martin"),
    ]
    assert [(one.text, one.segment, one.start) for one in passages[Kind.SPEAKER]] == [
        ("Anne Martin", "s1", 0.0),
        ("Zoé", "s2", pytest.approx(0.6)),
    ]


def test_nobody_is_made_up_for_what_an_unknown_speaker_says() -> None:
    transcript = told.transcript(("unknown", "Hello."), labels={"speaker-1": "Anne"})
    assert said(transcript)[0].speaker is None
    assert not of_transcript(transcript)[Kind.SPEAKER]


def test_a_word_is_said_when_it_begins() -> None:
    passage = said(told.transcript(("speaker-1", "one two three")))[0]
    assert [moment(passage, passage.text.index(word)) for word in ("one", "two", "three")] == [
        pytest.approx(seconds) for seconds in (0.0, 0.3, 0.6)
    ]
    assert moment(passage, passage.text.index("hree")) == pytest.approx(0.6)


def test_where_words_have_no_times_the_passage_has_its_own() -> None:
    transcript = told.transcript(("speaker-1", "one two"))
    segment = transcript.segments[0].model_copy(update={"text": "uno dos", "start": 7.0, "end": 9.0})
    passage = said(transcript.model_copy(update={"segments": (segment,)}))[0]
    assert moment(passage, 4) == 7.0


def test_a_long_segment_is_several_passages_that_begin_when_their_words_do() -> None:
    passages = said(told.transcript(("speaker-1", "word, and another. " * 600 + "end")))
    assert len(passages) > 2
    assert {one.segment for one in passages} == {"s1"}
    assert [one.number for one in passages] == list(range(len(passages)))
    for left, right in pairwise(passages):
        assert left.start is not None
        assert right.start is not None
        assert left.start < right.start
        assert left.text.endswith(". ")
        assert moment(right, 0) == pytest.approx(right.start, abs=0.01)


@given(
    st.lists(
        st.tuples(st.text(max_size=8), st.integers(0, 2000)).map(lambda one: one[0] * one[1]), max_size=3
    )
)
def test_nothing_of_a_text_is_lost(texts: list[str]) -> None:
    segments = [
        told.transcript(("speaker-1", "x"))
        .segments[0]
        .model_copy(update={"id": f"s{n}", "text": text, "words": ()})
        for n, text in enumerate(texts, 1)
    ]
    passages = said(told.transcript(("speaker-1", "x")).model_copy(update={"segments": tuple(segments)}))
    for segment in segments:
        whole = "".join(one.text for one in passages if one.segment == segment.id)
        assert whole == segment.text.replace("\0", " ") or not segment.text.strip()
    assert all(len(one.text) <= 4000 for one in passages)


def test_an_item_of_the_minutes_is_about_what_it_cites_first() -> None:
    minutes = told.minutes().model_copy(
        update={
            "topics": (Topic(title="Water", text="Prices rise.", cites=("s3", "s1")),),
            "actions": (Action(text="Anne writes.", what="write", cites=("s2",)),),
            "decisions": (Statement(text="Decided.", cites=("s9",)),),
        }
    )
    assert isinstance(minutes, MinutesDocument)
    assert [(one.text, one.segment) for one in of_minutes(minutes)[Kind.MINUTES]] == [
        ("Good morning.", "s1"),
        ("Water: Prices rise.", "s3"),
        ("Decided.", "s9"),
        ("Anne writes.", "s2"),
    ]


def test_a_title_that_was_taken_back_leaves_no_passage() -> None:
    assert of_title(None) == {Kind.TITLE: []}


def test_a_passage_is_found_by_each_form_of_its_words() -> None:
    text = words("Décidée, décidée")
    stems = {"décidée": stem("decidee", ["decid", "decide"])}
    assert vector(text, stems, marks=sorted(spoken_by(words("Zoé")))) == (
        "'decidee':1,2 'decid':1,2 'decide':1,2 'speaker:zoe'"
    )
    assert vector(text[:1], stems, title=True) == (
        "'decidee':1 'decid':1 'decide':1 'title:decidee':1 'title:decid':1 'title:decide':1"
    )
