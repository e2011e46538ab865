"""Which edits stay where one person is erased: what others said reads as before, and nothing is theirs."""

from collections.abc import Collection

from hypothesis import assume, given
from hypothesis import strategies as st

from minutier.query.edits.domain import Correction, Effective, Merge, Renaming, Undo, effective
from minutier.query.edits.left import left
from tests.support.query_edits import Pen, edited, texts, transcripts
from tests.support.query_erasures import plan_of, without

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
