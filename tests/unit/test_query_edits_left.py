"""Which edits stay where one person is erased: what others said reads as before, and nothing is theirs."""

from collections.abc import Collection

from hypothesis import assume, given
from hypothesis import strategies as st

from minutier.query.edits.domain import Correction, Effective, Merge, Renaming, Undo, effective
from minutier.query.edits.left import left
from tests.support.query_edits import Pen, edited, texts, transcripts
from tests.support.query_erasures import plan_of, without
from tests.support.query_events import transcript

PLAIN = edited(st.one_of(transcripts(plain=True), texts()))
TOGETHER = edited(transcripts())


def persons(pen: Pen, data: st.DataObject) -> Collection[str]:
    """All voices of somebody, as people have said which are one person's; others are left."""
    shown = [speaker.id for speaker in pen.effective.transcript.speakers]
    assume(len(shown) > 1)
    now = {segment.id: segment.speaker for segment in pen.effective.transcript.segments}
    whose = {segment.speaker: now[segment.id] for segment in pen.machine.segments if segment.id in now}
    # Of who says nothing nobody sees with whom they were merged.
    assume({speaker.id for speaker in pen.machine.speakers} <= {*whose, *shown})
    person = data.draw(st.sampled_from(shown))
    return {person, *(voice for voice, of in whose.items() if of == person)}


def others(read: Effective, speakers: Collection[str]) -> list[object]:
    return [segment for segment in read.transcript.segments if segment.speaker not in speakers]


def named(read: Effective, speakers: Collection[str]) -> list[tuple[str, str, float]]:
    return [
        (each.id, each.label, each.speech_seconds)
        for each in read.transcript.speakers
        if each.id not in speakers
    ]


def check(pen: Pen, speakers: Collection[str]) -> None:
    machine = without(pen.machine, speakers)
    plan = plan_of(pen.machine, speakers)
    stay = left(pen.layers, plan, machine)
    before, after = pen.effective, effective(machine, stay)
    assert others(after, ()) == others(before, speakers)
    assert named(after, ()) == named(before, speakers)
    for layer in stay:
        match layer:
            case Correction(passage=where):
                assert where.segment not in plan.segments
            case Renaming(voice=who):
                assert who.speaker not in speakers
            case Merge(voice=who, into=into):
                assert not {who.speaker, into.speaker} & set(speakers)
            case Undo(of=of):
                assert of in {other.id for other in stay}
    assert set(map(repr, stay)) <= set(map(repr, pen.layers))
    assert left(stay, plan, machine) == stay


@given(PLAIN, st.data())
def test_what_others_said_reads_as_before(pen: Pen, data: st.DataObject) -> None:
    check(pen, persons(pen, data))


@given(TOGETHER, st.data())
def test_also_where_they_talk_at_once(pen: Pen, data: st.DataObject) -> None:
    assume(not any(isinstance(layer, Undo) for layer in pen.layers))
    check(pen, persons(pen, data))


SAID = (("speaker-1", "We begin now."), ("speaker-2", "I want more."), ("speaker-1", "Then we vote."))
TWO = {"speaker-1": "Speaker 1", "speaker-2": "Speaker 2"}
# What another model made of it: who was the second is the first, and there was another segment before.
EARLIER = transcript(("speaker-2", "We begin now."), ("speaker-1", "I want more."), labels=TWO)


def test_edits_of_an_earlier_transcript_go_and_stay_by_when_they_were_made() -> None:
    machine = transcript(*SAID, labels=TWO)
    pen = Pen(EARLIER)
    theirs = [pen.rename("speaker-1", "Zoe"), pen.correct("s2", 2, 2, "less.")]
    others_ = [pen.rename("speaker-2", "Ann"), pen.correct("s1", 2, 2, "later.")]
    before = effective(machine, pen.layers)
    assert [each.label for each in before.transcript.speakers] == ["Ann", "Zoe"]
    stay = left(pen.layers, plan_of(machine, {"speaker-2"}), without(machine, {"speaker-2"}))
    assert [layer.id for layer in stay] == [layer.id for layer in others_]
    assert not {layer.id for layer in theirs} & {layer.id for layer in stay}
    assert others(effective(without(machine, {"speaker-2"}), stay), ()) == others(before, {"speaker-2"})
    named_anew = stay[0]
    assert isinstance(named_anew, Renaming)
    assert named_anew.voice.speaker == "speaker-1"


def test_what_was_taken_back_goes_with_its_undo() -> None:
    machine = transcript(*SAID, labels=TWO)
    pen = Pen(machine)
    pen.undo(pen.undo(pen.rename("speaker-2", "Zoe").id).id)
    pen.undo(pen.correct("s2", 0, 2, "Zoe wants more.").id)
    kept = [pen.undo(pen.correct("s3", 2, 2, "rest.").id), *pen.layers[-2:-1]]
    stay = left(pen.layers, plan_of(machine, {"speaker-2"}), without(machine, {"speaker-2"}))
    assert {layer.id for layer in stay} == {layer.id for layer in kept}


def test_who_is_merged_with_the_one_who_goes_is_themselves_again() -> None:
    machine = transcript(*SAID, labels=TWO)
    pen = Pen(machine)
    pen.merge("speaker-1", "speaker-2")
    assert left(pen.layers, plan_of(machine, {"speaker-2"}), without(machine, {"speaker-2"})) == ()
