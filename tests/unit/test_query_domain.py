from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta
from itertools import permutations
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from minutier.query.access.domain import Level
from minutier.query.domain import Entry, Fact, Recording, StageState, State, recording
from minutier.query.project import project
from minutier.schemas.documents import Part, Participant, Person, RecordingDocument
from minutier.schemas.events import AnyEvent, Stage
from minutier.schemas.references import ObjectRef
from tests.support import query_events as told
from tests.support.query_events import RECORDING, START, Documents

DOCUMENTS = Documents()
PIPELINE = told.pipeline(DOCUMENTS)

# What follows from a request ten seconds after the announcement.
REDONE: list[AnyEvent] = [
    told.transcribed(seconds=20),
    told.attributed(seconds=21),
    told.written(seconds=22),
]


async def facts_of(events: Iterable[AnyEvent]) -> list[tuple[UUID, Fact]]:
    facts = [(event.id, await project(event, documents=DOCUMENTS)) for event in events]
    return [(told_by, fact) for told_by, fact in facts if fact is not None]


def entry_of(facts: Iterable[tuple[UUID, Fact]]) -> Entry:
    entry = Entry(RECORDING, "acme", START)
    for told_by, fact in facts:
        entry = replace(entry, facts={**entry.facts, told_by: fact})
    return entry


async def shown(*events: AnyEvent) -> Recording:
    return recording(entry_of(await facts_of(events)))


def states(shown: Recording) -> dict[str, str]:
    return {name: stage.state.value for name, stage in shown.stages.items()}


async def test_a_recording_that_has_minutes_is_completed() -> None:
    complete = await shown(*PIPELINE)
    assert complete.state is State.COMPLETED
    assert complete.title == "Weekly"
    assert complete.source == "livekit"
    assert complete.duration == 30.0
    assert complete.language == "en"
    assert complete.total_seconds == 6.0
    assert [stage.seconds for stage in complete.stages.values()] == [1.0, 2.0, 3.0, 0.5, 0.25]


async def test_a_stage_runs_once_all_it_needs_is_there() -> None:
    expected = [
        ("announced", "running waiting waiting waiting waiting"),
        ("processing", "done running running waiting waiting"),
        ("processing", "done done running waiting waiting"),
        ("processing", "done done done running waiting"),
        ("processing", "done done done done running"),
        ("completed", "done done done done done"),
    ]
    seen = [await shown(*PIPELINE[: count + 1]) for count in range(len(PIPELINE))]
    assert [(one.state.value, " ".join(states(one).values())) for one in seen] == expected


async def test_a_recording_with_tracks_is_told_apart_as_any_other() -> None:
    events: list[AnyEvent] = [told.announced(), told.ingested(by_track=True), told.transcribed()]
    waiting = await shown(*events)
    assert states(waiting)["diarization"] == "running"
    assert states(waiting)["attribution"] == "waiting"
    whole = await shown(*events, told.diarized(), told.attributed(), told.written())
    assert whole.state is State.COMPLETED


async def test_a_text_has_only_to_be_summarised() -> None:
    waiting = await shown(told.received())
    assert waiting.state is State.PROCESSING
    assert " ".join(states(waiting).values()) == "done skipped skipped skipped running"
    done = await shown(told.received(), told.written())
    assert done.state is State.COMPLETED
    assert (done.title, done.source, done.language, done.duration) == (None, "summary-api", "fr", None)
    assert done.total_seconds == 5.0
    failed = await shown(told.received(), told.failed("summarisation"))
    assert (failed.state, failed.reason) == (State.FAILED, "worker_died")


@pytest.mark.parametrize("beginning", [PIPELINE, [told.received(), told.written()]])
async def test_who_asked_and_could_not_be_told_does_not_fail_what_is_there(
    beginning: list[AnyEvent],
) -> None:
    before = await shown(*beginning)
    after = await shown(*beginning, told.job_completed(), told.failed("ingestion", "callback_refused"))
    assert after == before
    assert after.state is State.COMPLETED


async def test_what_is_written_anew_after_an_edit_changes_neither_state_nor_duration() -> None:
    before = await shown(*PIPELINE)
    assert await shown(*PIPELINE, told.edited(seconds=3600)) == before
    assert await shown(*PIPELINE, told.edited(seconds=3600), told.written(seconds=3601)) == before


async def test_minutes_that_were_asked_for_last_count_whichever_were_written_last() -> None:
    by_a_slow_model, edited = told.written(seconds=600, asked=5), told.written(seconds=300, asked=60)
    for order in permutations([told.written(seconds=6), by_a_slow_model, edited]):
        entry = entry_of(await facts_of(order))
        assert entry.minutes == entry.facts[edited.id]


async def test_a_rejection_says_why_and_nothing_will_run() -> None:
    refused = await shown(told.announced(), told.rejected())
    assert refused.state is State.REJECTED
    assert refused.reason == "no_audio"
    assert refused.explanation is not None
    assert states(refused)["ingestion"] == "failed"
    assert set(states(refused).values()) == {"failed", "skipped"}


async def test_a_recording_may_be_announced_again_after_it_was_rejected() -> None:
    again: list[AnyEvent] = [told.announced(), told.rejected(1), told.announced(60)]
    assert (await shown(*again)).state is State.ANNOUNCED
    assert (await shown(*again, told.rejected(61, announced=60))).state is State.REJECTED
    assert (await shown(*again, told.ingested())).state is State.PROCESSING


async def test_a_clock_that_runs_ahead_makes_no_rejection_obsolete() -> None:
    assert (await shown(told.announced(5), told.rejected(1, announced=5))).state is State.REJECTED


@pytest.mark.parametrize("stage", ["diarization", "transcription", "attribution", "summarisation"])
async def test_a_stage_that_gave_up_fails_the_recording_until_a_replay_succeeds(stage: str) -> None:
    number = ["diarization", "transcription", "attribution", "summarisation"].index(stage) + 2
    broken = [*PIPELINE[:number], told.failed(stage)]
    seen = await shown(*broken)
    assert seen.state is State.FAILED
    assert seen.stages[stage].state is StageState.FAILED
    assert seen.reason == "worker_died"
    assert seen.explanation is not None
    assert "10 times" in seen.explanation
    assert (await shown(*broken, *PIPELINE[number:])).state is State.COMPLETED


@pytest.mark.parametrize("reason", ["not_json", "unknown_type", "unknown_version", "invalid"])
async def test_a_message_nobody_can_read_is_explained(reason: str) -> None:
    seen = await shown(told.failed("ingestion", reason, tenant="unknown"))
    assert seen.state is State.FAILED
    assert seen.reason == reason
    assert "message" in (seen.explanation or "")


async def test_what_does_not_concern_the_recording_does_not_fail_it() -> None:
    elsewhere: list[AnyEvent] = [
        told.failed("retention"),
        told.failed("query"),
        told.job_completed(),
    ]
    assert await facts_of(elsewhere) == []


async def test_a_recording_that_was_cancelled_stays_so_whatever_comes_late() -> None:
    cancelled = [*PIPELINE[:3], told.cancelled(4)]
    seen = await shown(*cancelled)
    assert seen.state is State.CANCELLED
    assert " ".join(states(seen).values()) == "done done skipped skipped skipped"
    late = [event.model_copy(update={"wantedsince": told.START}) for event in PIPELINE[3:]]
    after = await shown(*cancelled, *late)
    assert after.state is State.CANCELLED
    assert " ".join(states(after).values()) == "done done done done done"


async def test_what_was_cancelled_goes_on_when_it_is_asked_for_or_announced_again() -> None:
    cancelled = [*PIPELINE[:3], told.cancelled(4)]
    again = await shown(*cancelled, told.requested(Stage.TRANSCRIPTION))
    assert again.state is State.PROCESSING
    assert " ".join(states(again).values()) == "done done running waiting waiting"
    assert (await shown(*cancelled, told.requested(Stage.TRANSCRIPTION), *REDONE)).state is State.COMPLETED
    unheard: list[AnyEvent] = [told.announced(), told.cancelled(1), told.announced(60)]
    assert (await shown(*unheard)).state is State.ANNOUNCED


@pytest.mark.parametrize(
    ("stage", "expected"),
    [
        (Stage.DIARIZATION, "done running done waiting waiting"),
        (Stage.TRANSCRIPTION, "done done running waiting waiting"),
        (Stage.ATTRIBUTION, "done done done running waiting"),
        (Stage.SUMMARISATION, "done done done done running"),
    ],
)
async def test_a_stage_that_is_done_again_and_all_that_follow_run_again(stage: Stage, expected: str) -> None:
    entry = entry_of(await facts_of([*PIPELINE, told.requested(stage)]))
    seen = recording(entry)
    assert seen.state is State.PROCESSING
    assert " ".join(states(seen).values()) == expected
    assert entry.transcript is not None
    assert entry.minutes is not None


async def test_what_was_wanted_before_does_not_do_a_stage_again() -> None:
    again = [*PIPELINE, told.requested(Stage.TRANSCRIPTION)]
    older = [event.model_copy(update={"wantedsince": told.START}) for event in REDONE]
    assert (await shown(*again, *older)).state is State.PROCESSING
    asked = told.requested(Stage.TRANSCRIPTION).time
    newer = [event.model_copy(update={"wantedsince": asked}) for event in REDONE]
    assert (await shown(*again, *newer)).state is State.COMPLETED


async def test_doing_a_stage_again_may_fail_and_another_try_may_succeed() -> None:
    broken = [
        *PIPELINE,
        told.requested(Stage.TRANSCRIPTION),
        told.failed("transcription", "unknown_model", 11),
    ]
    entry = entry_of(await facts_of(broken))
    seen = recording(entry)
    assert (seen.state, seen.reason) == (State.FAILED, "unknown_model")
    assert "does not offer" in (seen.explanation or "")
    assert entry.transcript is not None
    again = await shown(*broken, told.requested(Stage.TRANSCRIPTION, 12))
    assert (again.state, again.reason) == (State.PROCESSING, None)


async def test_minutes_of_a_text_are_made_again() -> None:
    seen = await shown(told.received(), told.written(), told.requested(Stage.SUMMARISATION))
    assert " ".join(states(seen).values()) == "done skipped skipped skipped running"


HISTORIES = [
    PIPELINE,
    [told.announced(), told.rejected(), told.announced(60), told.rejected(61, announced=60)],
    [*PIPELINE, told.failed("transcription", seconds=2), told.failed("attribution")],
    [told.failed("ingestion", "invalid", tenant="unknown"), *PIPELINE[:3], told.failed("transcription")],
    [*PIPELINE, told.attributed(seconds=60), told.written(seconds=61), told.written(seconds=62)],
    [told.received(), told.failed("summarisation"), told.written()],
    [*PIPELINE[:2], told.cancelled(2), *PIPELINE[2:]],
    [*PIPELINE[:3], told.cancelled(4), told.requested(Stage.TRANSCRIPTION), *REDONE],
    [*PIPELINE, told.requested(Stage.DIARIZATION), told.failed("diarization", "unknown_model", 11)],
    [*PIPELINE, told.requested(Stage.SUMMARISATION), told.cancelled(11), told.written(seconds=12)],
    [told.announced(), told.rejected(), told.cancelled(2), told.announced(60)],
    [*PIPELINE[:3], told.cancelled(4), told.announced(60), told.described(seconds=61)],
]


@given(data=st.data())
@pytest.mark.parametrize("history", HISTORIES)
async def test_neither_order_nor_repetition_matters(history: list[AnyEvent], data: st.DataObject) -> None:
    facts = await facts_of(history)
    repeated = data.draw(st.lists(st.sampled_from(facts), max_size=6))
    shuffled = data.draw(st.permutations([*facts, *repeated]))
    assert recording(entry_of(shuffled)) == recording(entry_of(facts))


@given(data=st.data())
@pytest.mark.parametrize("history", HISTORIES)
async def test_whatever_arrived_so_far_can_be_shown(history: list[AnyEvent], data: st.DataObject) -> None:
    facts = await facts_of(history)
    some = data.draw(st.lists(st.sampled_from(facts), unique_by=lambda told_by: told_by[0]))
    seen = recording(entry_of(some))
    assert (seen.total_seconds is not None) == (seen.state is State.COMPLETED)
    assert (seen.reason is not None) == (seen.state in (State.REJECTED, State.FAILED))


async def test_a_title_comes_from_its_document_alone() -> None:
    ((_, fact),) = await facts_of([told.announced()])
    assert "Secret" not in repr(fact)


async def test_a_recording_whose_document_is_gone_is_shown_without_a_title() -> None:
    assert (await shown(told.ingested())).title is None


async def test_the_newest_of_two_tells_and_a_tie_is_settled_the_same_way_everywhere() -> None:
    older, newer = told.ingested(), told.ingested()
    longer = newer.data.model_copy(update={"duration": 60.0})
    newer = newer.model_copy(update={"time": newer.time + timedelta(seconds=1), "data": longer})
    assert (await shown(newer, older)).duration == 60.0
    tied = newer.model_copy(update={"time": older.time})
    assert await shown(tied, older) == await shown(older, tied)


def a_meeting(*people: Person, **told_of_it: Any) -> ObjectRef:
    return DOCUMENTS.keep(RecordingDocument(recording_id=RECORDING, people=people, **told_of_it))


def by_email(part: Part, name: str) -> Person:
    return Person(part=part, email=f"{name}@example.org")


async def test_whoever_is_named_later_may_read_it_too_in_whatever_order_it_is_told() -> None:
    ana, bo, cy = (by_email(Part.PARTICIPANT, name) for name in ("ana", "bo", "cy"))
    owner = by_email(Part.OWNER, "ana")
    histories: list[AnyEvent] = [
        told.ingested(a_meeting(ana, bo)),
        told.described(a_meeting(owner), 20),
        told.described(a_meeting(cy), 30),
    ]
    for order in permutations(histories):
        assert entry_of(await facts_of(order)).people == {
            "email:ana@example.org": Level.OWN,
            "email:bo@example.org": Level.EDIT,
            "email:cy@example.org": Level.EDIT,
        }


async def test_the_default_owner_has_it_as_long_as_nobody_else_is_said_to() -> None:
    clerk, ana = "email:clerk@example.org", "email:ana@example.org"
    ingested = told.ingested(a_meeting(by_email(Part.PARTICIPANT, "bo"), default_owner="Clerk@example.org"))
    there = told.described(a_meeting(by_email(Part.PARTICIPANT, "ana")))
    owner = told.described(a_meeting(by_email(Part.OWNER, "ana")))
    assert entry_of(await facts_of([ingested, there])).people[clerk] == Level.OWN
    named: list[AnyEvent] = [ingested, there, owner]
    for order in permutations(named):
        people = entry_of(await facts_of(order)).people
        assert (people.get(clerk), people[ana]) == (None, Level.OWN)
    was_there = told.ingested(
        a_meeting(by_email(Part.PARTICIPANT, "clerk"), default_owner="clerk@example.org")
    )
    assert entry_of(await facts_of([was_there])).people == {clerk: Level.OWN}
    assert entry_of(await facts_of([was_there, owner])).people == {ana: Level.OWN, clerk: Level.EDIT}


async def test_announcements_name_people_until_it_is_taken_in() -> None:
    announced: list[AnyEvent] = [told.announced(), told.announced(5)]
    assert "email:owner@example.org" in entry_of(await facts_of(announced)).people
    later = told.described(a_meeting(by_email(Part.PARTICIPANT, "ana")))
    people = entry_of(await facts_of([*announced, told.ingested(a_meeting()), later])).people
    assert people == {"email:ana@example.org": Level.EDIT}


async def test_of_too_many_people_owners_stay_and_those_who_were_told_first() -> None:
    crowds = [
        a_meeting(*(by_email(Part.PARTICIPANT, f"{crowd}{number}") for number in range(900)))
        for crowd in ("a", "b", "c")
    ]
    owner = told.described(a_meeting(by_email(Part.OWNER, "ana")), 60)
    later = [told.described(crowd, 20 + number) for number, crowd in enumerate(crowds)]
    people = entry_of(await facts_of([owner, *reversed(later)])).people
    assert len(people) == 2000
    assert people["email:ana@example.org"] == Level.OWN
    assert sum(principal.startswith("email:a") for principal in people) == 901
    assert sum(principal.startswith("email:b") for principal in people) == 900


async def test_a_title_and_names_that_are_told_later_serve_where_there_are_none() -> None:
    names = tuple(Participant(id=f"p{number}", name=name) for number, name in enumerate(["Anna", "Anna"], 1))
    later = told.described(a_meeting(title="Weekly", started_at=START, participants=names[:1]))
    nameless = await shown(told.ingested(a_meeting()), later)
    assert (nameless.title, nameless.participants, nameless.happened_at) == ("Weekly", ("Anna",), START)
    first = told.ingested(a_meeting(title="Budget", participants=names))
    named = await shown(first, later)
    assert (named.title, named.participants) == ("Budget", ("Anna", "Anna"))


async def test_who_knows_more_of_what_was_cancelled_does_not_have_it_go_on() -> None:
    cancelled = [*PIPELINE[:3], told.cancelled(4)]
    late = told.announced(60)
    assert (await shown(*cancelled, late, told.described(a_meeting(), 61))).state is State.CANCELLED
