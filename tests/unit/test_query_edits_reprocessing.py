"""Which edits still stand when a recording is processed again, and what becomes of names and merges."""

from uuid import UUID

import pytest

from minutier.query.edits.domain import Reason, effective
from minutier.schemas.documents import SpeakerEvidence, TranscriptDocument
from tests.support.query_edits import Pen
from tests.support.query_events import transcript

TWO = {"speaker-1": "Speaker 1", "speaker-2": "Speaker 2"}


def said(*parts: tuple[str, str], shift: float = 0.0, **fields: object) -> TranscriptDocument:
    """``parts`` beginning ``shift`` seconds later; each word takes 0.3 s."""
    labels = {speaker: label for speaker, label in TWO.items() if speaker in {part[0] for part in parts}}
    document = transcript(*parts, labels=labels)
    segments = [
        segment.model_copy(
            update={
                "start": segment.start + shift,
                "end": segment.end + shift,
                "words": tuple(
                    word.model_copy(update={"start": word.start + shift, "end": word.end + shift})
                    for word in segment.words
                ),
            }
        )
        for segment in document.segments
    ]
    return document.model_copy(update={"segments": tuple(segments), **fields})


def texts(document: TranscriptDocument) -> list[str]:
    return [segment.text for segment in document.segments]


def labels(document: TranscriptDocument) -> list[str]:
    return [speaker.label for speaker in document.speakers]


def test_a_correction_is_spread_over_the_time_of_what_it_replaces() -> None:
    pen = Pen(said(("speaker-1", "We met mister smith yesterday.")))
    pen.correct("s1", 2, 3, "  Ms  Smith-Jones ")
    (segment,) = pen.effective.transcript.segments
    assert segment.text == "We met Ms Smith-Jones yesterday."
    new = segment.words[2:4]
    assert [word.text for word in new] == [" Ms", " Smith-Jones"]
    assert [word.probability for word in new] == [1.0, 1.0]
    assert [new[0].start, new[-1].end] == pytest.approx([0.6, 1.2])
    assert new[0].end == new[1].start < 0.9


def test_words_can_be_left_out_and_a_segment_with_them() -> None:
    pen = Pen(said(("speaker-1", "Er so."), ("speaker-2", "Thank you for watching."), ("speaker-1", "Yes.")))
    pen.correct("s1", 0, 0, "")
    whole = pen.correct("s2", 0, 3, "")
    shown = pen.effective.transcript.segments
    assert [(segment.id, segment.text) for segment in shown] == [("s1", "so."), ("s3", "Yes.")]
    assert [segment.start for segment in shown] == pytest.approx([0.3, 1.8])
    pen.undo(whole.id)
    assert texts(pen.effective.transcript) == ["so.", "Thank you for watching.", "Yes."]


def test_a_correction_of_a_correction_needs_the_one_below_it() -> None:
    pen = Pen(said(("speaker-1", "The whether is fine.")))
    below = pen.correct("s1", 1, 1, "wether")
    above = pen.correct("s1", 1, 1, "weather")
    assert texts(pen.effective.transcript) == ["The weather is fine."]
    pen.undo(below.id)
    found = pen.effective
    assert texts(found.transcript) == ["The whether is fine."]
    assert [(kept.layer, kept.reason) for kept in found.unaligned] == [(above.id, Reason.OTHER_WORDS)]


@pytest.mark.parametrize(
    ("heard", "shift", "expected", "applies"),
    [
        ("The whether is fine.", 0.1, "The weather is fine.", True),
        ("THE WHETHER, is fine.", 0.0, "THE weather is fine.", True),
        # As the correction says already, in its own spelling.
        ("The Weather is fine.", 0.1, "The Weather is fine.", True),
        ("The wetter is fine.", 0.0, "The wetter is fine.", False),
        # The same word at another time is another word.
        ("The fine is whether.", 0.0, "The fine is whether.", False),
        ("The whether is fine.", 0.2, "The whether is fine.", False),
    ],
)
def test_a_correction_stays_where_the_same_words_are_heard_again(
    heard: str, shift: float, expected: str, applies: bool
) -> None:
    pen = Pen(said(("speaker-1", "The whether is fine.")))
    layer = pen.correct("s1", 1, 1, "weather")
    anew = said(("speaker-2", heard), shift=shift)
    found = effective(anew, pen.layers)
    assert texts(found.transcript) == [expected]
    assert found.applied == ((layer.id,) if applies else ())
    assert [kept.reason for kept in found.unaligned] == ([] if applies else [Reason.OTHER_WORDS])


def test_what_was_added_is_not_added_to_a_machine_that_heard_it() -> None:
    pen = Pen(said(("speaker-1", "We pay ten euros.")))
    pen.correct("s1", 2, 2, "ten thousand")
    heard = said(("speaker-1", "We pay ten euros.")).segments[0]
    ten = heard.words[2]
    middle = (ten.start + ten.end) / 2
    words = (
        *heard.words[:2],
        ten.model_copy(update={"end": middle}),
        ten.model_copy(update={"start": middle, "text": " thousand"}),
        heard.words[3],
    )
    again = heard.model_copy(update={"id": "s7", "words": words, "text": "We pay ten thousand euros."})
    found = effective(pen.machine.model_copy(update={"segments": (again,)}), pen.layers)
    assert texts(found.transcript) == ["We pay ten thousand euros."]
    assert found.unaligned == ()


@pytest.mark.parametrize(("heard", "applies"), [("Yes thank you.", False), ("Yes.", True)])
def test_what_was_left_out_may_not_be_heard_again(heard: str, applies: bool) -> None:
    pen = Pen(said(("speaker-1", "Yes er well.")))
    pen.correct("s1", 1, 2, "")
    found = effective(said(("speaker-1", heard)), pen.layers)
    assert texts(found.transcript) == [heard]
    assert bool(found.applied) == applies


def test_a_name_goes_to_whoever_talks_when_they_did() -> None:
    pen = Pen(said(("speaker-1", "One two three four."), ("speaker-2", "Five six.")))
    anna = pen.rename("speaker-1", "Anna")
    anew = said(("speaker-2", "One two three."), ("speaker-1", "four. Five six."))
    found = effective(anew, [anna])
    named = {speaker.label: speaker for speaker in found.transcript.speakers}
    assert named["Anna"].id == "speaker-2"
    assert (named["Anna"].evidence, named["Anna"].confidence) == (SpeakerEvidence.CORRECTION, 1.0)
    halves = said(("speaker-1", "One two"), ("speaker-2", "three four."))
    (unaligned,) = effective(halves, [anna]).unaligned
    assert (unaligned.layer, unaligned.reason) == (anna.id, Reason.UNKNOWN_SPEAKER)


def test_the_newest_name_counts_and_none_is_the_machines() -> None:
    machine = said(("speaker-1", "One."), ("speaker-2", "Two."))
    pen = Pen(machine)
    pen.rename("speaker-1", "Ana")
    pen.rename("speaker-1", "Anna")
    assert labels(pen.effective.transcript) == ["Anna", "Speaker 2"]
    taken_back = pen.rename("speaker-1", None)
    assert pen.effective.transcript == machine
    pen.undo(taken_back.id)
    assert labels(pen.effective.transcript) == ["Anna", "Speaker 2"]


def test_a_participants_name_says_that_it_is_the_participant() -> None:
    machine = said(("speaker-1", "One."), ("speaker-2", "Two."))
    anna = machine.speakers[0].model_copy(update={"label": "Anna", "participant": "p1"})
    pen = Pen(machine.model_copy(update={"speakers": (anna, machine.speakers[1])}))
    pen.rename("speaker-2", "Anna")
    pen.rename("speaker-1", "Bo")
    assert [(s.label, s.participant) for s in pen.effective.transcript.speakers] == [
        ("Bo", None),
        ("Anna", "p1"),
    ]


def test_who_is_merged_talks_as_the_other_until_it_is_undone() -> None:
    pen = Pen(said(("speaker-1", "One two."), ("speaker-2", "Three.")))
    pen.rename("speaker-2", "Bo")
    merge = pen.merge("speaker-1", "speaker-2")
    shown = pen.effective.transcript
    assert [(s.id, s.label, s.speech_seconds) for s in shown.speakers] == [("speaker-2", "Bo", 2.0)]
    assert {s.speaker for s in shown.segments} == {w.speaker for s in shown.segments for w in s.words}
    assert {s.speaker for s in shown.segments} == {"speaker-2"}
    pen.undo(merge.id)
    assert labels(pen.effective.transcript) == ["Speaker 1", "Bo"]


def test_voices_that_a_new_machine_does_not_tell_apart_need_no_merge() -> None:
    pen = Pen(said(("speaker-1", "One two."), ("speaker-2", "Three.")))
    merge = pen.merge("speaker-1", "speaker-2")
    anew = said(("speaker-1", "One two. Three."))
    found = effective(anew, pen.layers)
    assert (found.transcript, found.applied) == (anew, (merge.id,))


def test_a_name_of_somebody_who_is_merged_again_waits() -> None:
    pen = Pen(said(("speaker-1", "One."), ("speaker-2", "Two.")))
    undo = pen.undo(pen.merge("speaker-1", "speaker-2").id)
    name = pen.rename("speaker-1", "Anna")
    pen.undo(undo.id)
    found = pen.effective
    assert labels(found.transcript) == ["Speaker 2"]
    assert [(kept.layer, kept.reason) for kept in found.unaligned] == [(name.id, Reason.MERGED_SPEAKER)]


def test_only_what_is_earlier_can_be_undone() -> None:
    pen = Pen(said(("speaker-1", "One.")))
    undo = pen.undo(UUID(int=2))
    pen.rename("speaker-1", "Anna")
    found = pen.effective
    assert labels(found.transcript) == ["Anna"]
    assert [(kept.layer, kept.reason) for kept in found.unaligned] == [(undo.id, Reason.NOTHING_TO_UNDO)]


def test_a_text_that_was_handed_in_is_edited_by_its_words() -> None:
    machine = transcript(("speaker-1", "Good morning, mister Smith."), ("speaker-1", "Oui oui."))
    machine = machine.model_copy(
        update={
            "duration": 0.0,
            "segments": tuple(
                segment.model_copy(update={"start": 0.0, "end": 0.0, "words": ()})
                for segment in machine.segments
            ),
        }
    )
    pen = Pen(machine)
    pen.rename("speaker-1", "Anna")
    first = pen.correct("s1", 0, 1, "Hello")
    pen.correct("s1", 1, 1, "Ms")
    pen.correct("s2", 1, 1, "non.")
    shown = pen.effective.transcript
    assert texts(shown) == ["Hello Ms Smith.", "Oui non."]
    assert labels(shown) == ["Anna"]
    assert all(segment.words == () for segment in shown.segments)
    pen.undo(first.id)
    assert texts(pen.effective.transcript) == ["Good morning, Ms Smith.", "Oui non."]
