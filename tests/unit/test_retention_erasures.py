"""What is left of a meeting where one person is erased from it: the others, to the last bit."""

from collections import Counter
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from minutier.retention.erasures import spans
from minutier.retention.erasures.redact import Redaction, redact
from minutier.retention.erasures.voices import voices
from minutier.schemas.base import Span
from minutier.schemas.documents import SpeakerEvidence, TranscriptDocument, Word
from minutier.schemas.records import Overlap
from tests.support.erasures import (
    ANNA,
    BENOIT,
    CLAIRE,
    MINUTE,
    TALK,
    Said,
    audio,
    documents,
    meeting,
    speaker,
    talks,
    transcript,
    words_of,
)

OVERLAPS = st.sampled_from(Overlap)
SPEAKERS = st.sets(st.sampled_from([f"speaker-{number}" for number in range(1, 5)]), min_size=1)


def stretches(some: Sequence[Span]) -> list[spans.Stretch]:
    return [(span.start, span.end) for span in some]


def silent(redaction: Redaction, name: str = "mix") -> list[spans.Stretch]:
    (found,) = [each for each in redaction.plan.silences if each.audio == audio(name)]
    return stretches(found.spans)


def talked(talk: Sequence[Said], *speakers: str) -> list[spans.Stretch]:
    return spans.union((start, end) for who, start, end, _ in talk if who in speakers)


def key(word: Word) -> tuple[float, float, str]:
    return word.start, word.end, word.text


def in_common(these: Sequence[spans.Stretch], those: Sequence[spans.Stretch]) -> float:
    return spans.seconds(these) - spans.seconds(spans.minus(these, those))


@given(talks(), SPEAKERS, OVERLAPS)
def test_what_others_say_stays_as_it_is(talk: list[Said], erased: set[str], overlap: Overlap) -> None:
    before = documents(talk)
    after = redact(before, erased, overlap)
    others = [segment for segment in before.transcript.segments if segment.speaker not in erased]
    assert [*after.transcript.segments] == others
    assert after.turns is not None
    assert before.turns is not None
    assert [*after.turns.turns] == [turn for turn in before.turns.turns if turn.speaker not in erased]
    assert {each.id for each in after.transcript.speakers}.isdisjoint(erased)


@given(talks(), SPEAKERS, OVERLAPS)
def test_of_the_words_that_were_heard_only_theirs_go(
    talk: list[Said], erased: set[str], overlap: Overlap
) -> None:
    after = redact(documents(talk), erased, overlap).transcription
    assert after is not None
    left = Counter(key(word) for segment in after.segments for word in segment.words)
    theirs = {key(word) for said in talk if said[0] in erased for word in words_of(said)}
    expected = Counter(key(word) for said in talk if said[0] not in erased for word in words_of(said))
    # What two say at the very same time in the same word is heard once: it goes with who is erased.
    assert left == Counter({each: count for each, count in expected.items() if each not in theirs})


@given(talks(), SPEAKERS)
def test_where_both_are_muted_nothing_of_theirs_is_heard(talk: list[Said], erased: set[str]) -> None:
    muted = silent(redact(documents(talk), erased, Overlap.MUTE))
    own = talked(talk, *erased)
    alone = spans.minus(talked(talk, *{who for who, *_ in talk} - erased), own)
    assert in_common(own, muted) == pytest.approx(spans.seconds(own), abs=0.01)
    assert in_common(alone, muted) == pytest.approx(0, abs=0.01)


@given(talks(), SPEAKERS)
def test_where_both_are_kept_nothing_of_the_others_is_muted(talk: list[Said], erased: set[str]) -> None:
    muted = silent(redact(documents(talk), erased, Overlap.KEEP))
    others = talked(talk, *{who for who, *_ in talk} - erased)
    alone = spans.minus(talked(talk, *erased), others)
    assert in_common(others, muted) == pytest.approx(0, abs=0.01)
    assert in_common(alone, muted) == pytest.approx(spans.seconds(alone), abs=0.01)


@given(talks(), SPEAKERS, OVERLAPS)
def test_what_is_silent_is_in_order_and_within_the_audio(
    talk: list[Said], erased: set[str], overlap: Overlap
) -> None:
    muted = silent(redact(documents(talk), erased, overlap))
    edges = [edge for stretch in muted for edge in stretch]
    assert edges == sorted(edges)
    assert all(0 <= edge <= MINUTE for edge in edges)


def test_the_plan_tells_who_and_when_and_not_what() -> None:
    redaction = redact(documents(), {BENOIT}, Overlap.MUTE)
    assert redaction.plan.speakers == (BENOIT,)
    assert redaction.plan.segments == ("s2", "s4")
    assert stretches(redaction.plan.spans) == [(3.0, 8.0), (14.0, 20.0)]
    assert redaction.person.words == 11
    assert redaction.person.turns == 2
    assert redaction.person.silenced_milliseconds == 11_450


def test_doing_it_again_changes_nothing() -> None:
    before = documents()
    assert redact(before, {BENOIT}, Overlap.KEEP) == redact(before, {BENOIT}, Overlap.KEEP)


def test_two_whom_somebody_has_merged_are_one() -> None:
    merged = transcript(
        [(BENOIT if who == CLAIRE else who, *rest) for who, *rest in TALK],  # type: ignore[misc]
        [speaker(ANNA), speaker(BENOIT, "Benoît")],
    )
    known = {voice.id: voice for voice in voices(transcript(TALK), merged)}
    assert known[BENOIT].speakers == (BENOIT, CLAIRE)
    assert known[BENOIT].label == "Benoît"
    assert known[BENOIT].words == 15
    assert known.keys() == {ANNA, BENOIT}


def test_what_was_read_of_another_transcript_is_not_believed() -> None:
    other = transcript([(ANNA, start + 30, end + 30, text) for _, start, end, text in TALK])
    assert [voice.id for voice in voices(transcript(TALK), other)] == [ANNA, BENOIT, CLAIRE]


def test_their_name_goes_from_the_account_of_the_meeting() -> None:
    told = meeting("Anna", "Benoît", "Claire", title="Budget")
    more = meeting("benoît", "Dora")
    named = [speaker(ANNA, "Anna", "p1"), speaker(BENOIT, "Benoît", "p2"), speaker(CLAIRE, "Claire", "p3")]
    left = redact(documents(TALK, named, recordings=[told, more]), {BENOIT}, Overlap.MUTE).recording
    assert left is not None
    assert [(each.id, each.name) for each in left.participants] == [
        ("p1", "Anna"),
        ("p3", "Claire"),
        ("p4", "Dora"),
    ]
    assert left.title == "Budget"


def test_a_name_that_somebody_gave_goes_as_well() -> None:
    read = transcript(TALK, [speaker(ANNA), speaker(BENOIT, "Benoît Martin"), speaker(CLAIRE)])
    known = documents(recordings=[meeting("Benoît Martin", title="Claire")], read=read)
    redaction = redact(known, {BENOIT}, Overlap.MUTE)
    assert redaction.recording is not None
    assert redaction.recording.participants == ()
    assert redaction.recording.title == "Claire"


def test_a_title_that_names_them_is_none_any_more() -> None:
    named = [speaker(ANNA), speaker(BENOIT, "Benoît", "p1"), speaker(CLAIRE)]
    told = meeting("Benoît", title="Interview of BENOÎT")
    redaction = redact(
        documents(TALK, named, recordings=[told], title="Interview of BENOÎT"), {BENOIT}, Overlap.MUTE
    )
    assert redaction.recording is not None
    assert redaction.recording.title is None
    assert redaction.transcript.title is None


ROOM: Sequence[Said] = (
    ("p1", 5.0, 8.0, "I am alone here."),
    ("p4-1", 10.0, 14.0, "We are two in this room."),
    ("p4-2", 13.0, 16.0, "Indeed we are."),
)


def test_a_track_of_theirs_alone_is_silent_from_its_beginning_to_its_end() -> None:
    redaction = redact(documents(ROOM, by_track=True), {"p1"}, Overlap.KEEP)
    assert silent(redaction, "p1") == [(0.0, 30.0)]
    assert silent(redaction, "p4") == []


@pytest.mark.parametrize(
    ("overlap", "expected"), [(Overlap.MUTE, [(7.85, 12.0)]), (Overlap.KEEP, [(7.85, 11.0)])]
)
def test_of_two_in_one_room_one_is_silenced(overlap: Overlap, expected: list[spans.Stretch]) -> None:
    """Seconds of the track, which begins two seconds after the meeting."""
    room = [speaker("p1"), speaker("p4-1", "Room · voice 1", "p4"), speaker("p4-2", "Room · voice 2", "p4")]
    told = meeting("Anna", "Benoît", "Claire", "Room")
    redaction = redact(documents(ROOM, room, by_track=True, recordings=[told]), {"p4-1"}, overlap)
    assert silent(redaction, "p4") == expected
    assert silent(redaction, "p1") == []
    assert redaction.plan.participants == ()
    assert redaction.recording is not None
    # The room is another's as well, and keeps its name.
    assert [each.name for each in redaction.recording.participants] == ["Anna", "Benoît", "Claire", "Room"]


def test_a_text_has_nothing_to_silence() -> None:
    before = documents()
    text = type(before)(transcript=before.transcript, transcript_digest=before.transcript_digest)
    redaction = redact(text, {ANNA}, Overlap.MUTE)
    assert redaction.plan.silences == ()
    assert (redaction.turns, redaction.transcription, redaction.recording) == (None, None, None)
    assert [segment.speaker for segment in redaction.transcript.segments] == [BENOIT, CLAIRE, BENOIT]


def test_what_nobody_is_known_to_have_said_may_be_theirs() -> None:
    talk = [*TALK, ("unknown", 30.0, 31.0, "Hm.")]
    known = [speaker(ANNA), speaker(BENOIT), speaker(CLAIRE)]
    made: TranscriptDocument = transcript(talk, known)
    assert [voice.id for voice in voices(made, None)] == [ANNA, BENOIT, CLAIRE, "unknown"]
    redaction = redact(documents(talk, known), {"unknown", BENOIT}, Overlap.MUTE)
    assert [segment.speaker for segment in redaction.transcript.segments] == [ANNA, CLAIRE]
    assert all(each.evidence is not SpeakerEvidence.TEXT for each in redaction.transcript.speakers)
