"""What a recording's facts come to where one person is erased, in whatever order they are told."""

from datetime import timedelta
from itertools import permutations
from typing import Any
from uuid import UUID, uuid4

from hypothesis import given
from hypothesis import strategies as st

from minutier.query.audio.domain import media
from minutier.query.destroyed import destroy
from minutier.query.domain import Entry, Erasure, Fact, Kind, State, recording
from minutier.query.erasures.domain import without_persons
from minutier.schemas.events import Ingested, IngestedTrack
from minutier.schemas.references import ObjectRef
from tests.support.query_events import RECORDING, START

PURGES = [UUID(int=number) for number in (1, 2)]
DESCRIBED: dict[str, Any] = {
    "title": "Budget with Zoë",
    "names": ("Ann", "Zoë"),
    "people": {"email:z@x.org": 2},
}
INSTEAD: dict[str, Any] = {"title": None, "names": ("Ann",), "people": {"email:a@x.org": 2}}


def ref(of: str) -> Any:
    made = ObjectRef(bucket="recordings", key=of, sha256=of * 64, size=1)
    return made.model_dump(mode="json", exclude_none=True)


def at(seconds: float) -> Any:
    return START + timedelta(seconds=seconds)


def ingested(seconds: float = 1) -> Fact:
    tracks = [
        IngestedTrack(participant_id=f"p{number}", audio=ref(of), offset=0, duration=30)
        for number, of in enumerate("bc", 1)
    ]
    data = Ingested(
        recording=ref("0"),
        source="livekit",
        announced_at=START,
        duration=30,
        audio=ref("a"),
        tracks=tuple(tracks),
        processing_seconds=1,
    )
    kept = data.model_dump(mode="json", exclude_none=True)
    return Fact(Kind.INGESTED, at(seconds), ingested=kept, **DESCRIBED)


def ordered(seconds: float, purge: int = 0) -> Fact:
    """``instead`` has other documents in each purge, and a repeated order the same."""
    instead = {name: ref(str(purge + 4)) for name in ("transcript", "recording", "turns", "transcription")}
    erasure = Erasure(PURGES[purge], instead=instead, participants=(f"p{2 - purge}",))
    return Fact(Kind.ERASING, at(seconds), erasure=erasure, **INSTEAD)


def completed(seconds: float, purge: int = 0) -> Fact:
    made = {"a": "d", "b": "e"} if purge == 0 else {"d": "f", "e": "9"}
    done = Erasure(PURGES[purge], made={of * 64: ref(by) for of, by in made.items()})
    return Fact(Kind.ERASED, at(seconds), erasure=done)


MOMENTS = st.integers(0, 40).map(at)
TOLD = st.one_of(
    st.integers(0, 40).map(ingested),
    st.builds(ordered, st.integers(10, 30), st.integers(0, 1)),
    st.builds(completed, st.integers(20, 40), st.integers(0, 1)),
    st.builds(
        Fact,
        st.sampled_from([kind for kind in Kind if kind not in (Kind.ERASING, Kind.ERASED, Kind.INGESTED)]),
        MOMENTS,
        document=st.sampled_from("012").map(ref),
        asked_at=st.none() | MOMENTS,
        wanted_since=st.none() | MOMENTS,
        title=st.just("Budget with Zoë"),
        names=st.just(("Zoë",)),
        people=st.just({"email:z@x.org": 2}),
    ),
)


@given(st.dictionaries(st.uuids(), TOLD, max_size=10), st.data())
def test_neither_order_nor_repetition_matters(facts: dict[UUID, Fact], data: st.DataObject) -> None:
    whole = destroy(Entry(RECORDING, "acme", START, facts), ())
    entry = Entry(RECORDING, "acme", START)
    told = data.draw(st.permutations([*facts, *list(facts)[:2]]))
    for told_by in told:
        entry = destroy(Entry(RECORDING, "acme", START, {**entry.facts, told_by: facts[told_by]}), ())
    assert entry == whole == without_persons(whole)
    if whole.erased_at is None:
        return
    assert "Zoë" not in repr(whole)
    for fact in whole.facts.values():
        moments = (fact.at, fact.wanted, fact.asked_at or fact.at)
        if fact.kind in (Kind.WRITTEN, Kind.EDITED) and max(moments) < whole.erased_at:
            assert fact.document is None


def entry_of(*facts: Fact) -> Entry:
    return destroy(Entry(RECORDING, "acme", START, {uuid4(): fact for fact in facts}), ())


def pipeline() -> list[Fact]:
    return [
        Fact(Kind.ANNOUNCED, at(0), people={"email:z@x.org": 2}),
        ingested(1),
        Fact(Kind.DESCRIBED, at(2), **DESCRIBED),
        Fact(Kind.DIARIZED, at(3), document=ref("1")),
        Fact(Kind.TRANSCRIBED, at(3), document=ref("1")),
        Fact(Kind.ATTRIBUTED, at(4), document=ref("1")),
        Fact(Kind.ATTRIBUTED, at(5), document=ref("2")),
        Fact(Kind.WRITTEN, at(6), document=ref("3")),
    ]


def test_what_is_instead_takes_every_place() -> None:
    entry = entry_of(*pipeline(), ordered(10))
    assert entry.transcript
    assert entry.transcript.document == ref("4")
    assert [fact.document for fact in entry.told(Kind.ATTRIBUTED)] == [None, ref("4")]
    shown = recording(entry)
    assert (shown.title, shown.participants, dict(entry.people)) == (None, ("Ann",), {"email:a@x.org": 2})
    assert (shown.state, shown.erased_at, shown.being_erased) == (State.COMPLETED, at(10), True)
    assert entry.minutes
    assert entry.minutes.document is None


def test_a_text_is_its_own_transcript_also_then() -> None:
    text = Fact(Kind.RECEIVED, at(1), document=ref("1"), title="Zoë")
    entry = entry_of(text, Fact(Kind.WRITTEN, at(3), document=ref("3")), ordered(10))
    assert entry.transcript
    assert entry.transcript.document == ref("4")
    assert recording(entry).title is None


def test_nothing_is_heard_before_it_is_made_and_then_what_was_made() -> None:
    under_way = entry_of(*pipeline(), ordered(10))
    assert media(under_way) is None
    done = media(entry_of(*under_way.facts.values(), completed(20)))
    assert done
    assert done.audio
    assert done.audio.key == "d"
    assert [(track.participant_id, track.audio.key) for track in done.tracks] == [("p1", "e")]
    assert done.recording.key == "4"


def test_of_two_who_are_erased_one_after_the_other_neither_is_heard() -> None:
    facts = [*pipeline(), ordered(10), completed(20), ordered(21, purge=1)]
    assert media(entry_of(*facts)) is None
    last = entry_of(*facts, completed(30, purge=1))
    done = media(last)
    assert done
    assert done.audio
    assert (done.audio.key, done.tracks) == ("f", ())
    assert last.transcript
    assert last.transcript.document == ref("5")


def test_media_in_whose_place_nothing_was_made_is_gone() -> None:
    nothing = Fact(Kind.ERASED, at(20), erasure=Erasure(PURGES[0]))
    assert media(entry_of(*pipeline(), ordered(10), nothing)) is None


def test_an_order_that_is_repeated_is_under_way_until_its_purge_is_done() -> None:
    again = [*pipeline(), ordered(10), ordered(15)]
    assert entry_of(*again).being_erased
    done = entry_of(*again, completed(20))
    assert (done.being_erased, done.erased_at) == (False, at(15))
    assert entry_of(*again, completed(20), ordered(25, purge=1)).being_erased


def test_minutes_that_were_asked_for_since_are_shown_and_no_others() -> None:
    new = Fact(Kind.WRITTEN, at(12), asked_at=at(10), document=ref("7"))
    late = Fact(Kind.WRITTEN, at(30), asked_at=at(5), document=ref("8"))
    joined_late = Fact(Kind.WRITTEN, at(30), asked_at=at(11), wanted_since=at(0), document=ref("8"))
    for facts in permutations([new, late, joined_late]):
        entry = entry_of(*pipeline(), ordered(10), *facts)
        assert entry.minutes
        assert entry.minutes.document == ref("7")


def test_work_that_was_stopped_is_not_waited_for() -> None:
    again = Fact(Kind.REQUESTED, at(8), stage="diarization")
    assert recording(entry_of(*pipeline(), again)).state is State.PROCESSING
    assert recording(entry_of(*pipeline(), again, ordered(10))).state is State.COMPLETED
    without_minutes = recording(entry_of(*pipeline()[:-1], ordered(10)))
    assert without_minutes.state is State.COMPLETED
