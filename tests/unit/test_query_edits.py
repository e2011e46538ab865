"""What holds of edits, whatever the transcript and whatever people change in it."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from hypothesis import assume, given
from hypothesis import strategies as st

from minutier.query.edits.domain import Correction, effective
from minutier.query.edits.draft import words_of
from minutier.schemas.documents import (
    UNKNOWN_SPEAKER,
    AttributedWord,
    TranscriptDocument,
    TranscriptSegment,
)
from tests.support.query_edits import Pen, edit, edited, heard_again, texts, transcripts


@given(st.one_of(transcripts(), texts()))
def test_without_layers_it_is_the_same_document(machine: TranscriptDocument) -> None:
    assert effective(machine, []).transcript is machine


@given(st.data())
def test_a_new_layer_always_applies_to_what_its_author_saw(data: st.DataObject) -> None:
    pen = data.draw(edited())
    before = pen.effective.transcript
    layer = data.draw(edit(pen))
    found = pen.effective
    assert layer.id in found.applied
    if isinstance(layer, Correction):
        place = layer.passage
        shown = {segment.id: [word.text.strip() for word in words_of(segment)] for segment in before.segments}
        shown[place.segment][place.first : place.first + place.count] = layer.text.split()
        assert {
            segment.id: [word.text.strip() for word in words_of(segment)]
            for segment in found.transcript.segments
        } == {segment: words for segment, words in shown.items() if words}


@given(edited())
def test_what_is_read_is_a_transcript(pen: Pen) -> None:
    found = pen.effective
    shown = TranscriptDocument.model_validate(found.transcript.model_dump())
    before = {segment.id: segment for segment in pen.machine.segments}
    assert [segment.id for segment in shown.segments] == [
        segment for segment in before if segment in {kept.id for kept in shown.segments}
    ]
    speakers = {speaker.id for speaker in shown.speakers}
    for segment in shown.segments:
        assert segment.text
        assert segment.doubts == before[segment.id].doubts
        assert {segment.speaker, *(word.speaker for word in segment.words)} <= {*speakers, UNKNOWN_SPEAKER}
        assert before[segment.id].start <= segment.start <= segment.end <= before[segment.id].end
        if before[segment.id].words:
            assert_words_make(segment)
    states = {*found.applied, *(kept.layer for kept in found.unaligned)}
    assert len(states) == len(found.applied) + len(found.unaligned)
    assert states <= {layer.id for layer in pen.layers}


def assert_words_make(segment: TranscriptSegment) -> None:
    words = segment.words
    assert segment.text == "".join(word.text for word in words).strip()
    assert segment.start == min(word.start for word in words)
    assert segment.end == max(word.end for word in words)
    for word, following in pairwise(words):
        assert word.start <= word.end <= following.start <= following.end


@given(st.data())
def test_what_is_undone_was_never_laid_and_undoing_that_brings_it_back(data: st.DataObject) -> None:
    pen = data.draw(edited())
    before = pen.effective
    assume(before.applied)
    chosen = data.draw(st.sampled_from(before.applied))
    undo = pen.undo(chosen)
    never = [layer for layer in pen.layers if layer.id not in (chosen, undo.id)]
    assert pen.effective.transcript == effective(pen.machine, never).transcript
    assert chosen not in pen.effective.applied
    pen.undo(undo.id)
    assert pen.effective.transcript == before.transcript


@given(edited(), st.randoms(use_true_random=False))
def test_the_order_in_which_layers_are_given_makes_no_difference(pen: Pen, chance: Any) -> None:
    expected = pen.effective
    chance.shuffle(pen.layers)
    assert pen.effective == expected


@given(edited(transcripts(plain=True)))
def test_another_transcript_of_the_same_words_takes_the_same_edits(pen: Pen) -> None:
    assume({segment.speaker for segment in pen.machine.segments} >= {s.id for s in pen.machine.speakers})
    here, there = pen.effective, effective(renumbered(pen.machine), pen.layers)
    assert (there.applied, there.unaligned) == (here.applied, here.unaligned)
    assert there.transcript == renumbered(here.transcript)


def renumbered(document: TranscriptDocument) -> TranscriptDocument:
    """As another run may number speakers and segments."""
    content = document.model_dump(mode="json")
    for speaker in content["speakers"]:
        speaker["id"] += "-b"
    for segment in content["segments"]:
        segment["id"] += "0"
        for said in (segment, *segment["words"]):
            if said["speaker"] != UNKNOWN_SPEAKER:
                said["speaker"] += "-b"
    return TranscriptDocument.model_validate(content)


@given(st.data())
def test_words_are_replaced_only_where_they_were_said(data: st.DataObject) -> None:
    pen = data.draw(edited(transcripts()))
    machine = data.draw(heard_again(pen.machine))
    for layer in pen.layers:
        if isinstance(layer, Correction):
            found = effective(machine, [layer])
            if found.transcript.segments != machine.segments:
                assert layer.id in found.applied
                assert_replaced_there(layer, machine, found.transcript)


def assert_replaced_there(layer: Correction, machine: TranscriptDocument, shown: TranscriptDocument) -> None:
    left = {segment.id: segment for segment in shown.segments}
    (changed,) = [segment for segment in machine.segments if left.get(segment.id) != segment]
    before, after = changed.words, left[changed.id].words if changed.id in left else ()
    new = layer.text.split()
    count = len(before) - len(after) + len(new)
    possible = [
        before[first : first + count]
        for first in range(len(before) - count + 1)
        if before[:first] == after[:first]
        and [word.text.strip() for word in after[first : first + len(new)]] == new
        and before[first + count :] == after[first + len(new) :]
    ]
    assert any(is_the_passage(layer, words) for words in possible)


def is_the_passage(layer: Correction, words: Sequence[AttributedWord]) -> bool:
    start, end = words[0].start, max(word.end for word in words)
    place = layer.passage
    common = min(end, place.end) - max(start, place.start)
    return spelt("".join(word.text for word in words)) == spelt(place.words) and (
        common > max(end - start, place.end - place.start) / 2 or (start, end) == (place.start, place.end)
    )


def spelt(text: str) -> str:
    return "".join(filter(str.isalnum, text.casefold())) or text.strip()
