"""A purge from its proposal to its proof, over the real servers; the services answer as they are told."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from nats.js import JetStreamContext
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from minutier.compose.embedded import System
from minutier.retention.policies.domain import Kind, Told
from minutier.retention.policies.take_facts import take_facts
from minutier.retention.purges.approve import (
    Approval,
    DecidedAlready,
    NotPreviewed,
    OtherInventory,
    SamePerson,
    approve,
    withdraw,
)
from minutier.retention.purges.domain import ItemState, Purge, Reason, State
from minutier.retention.purges.elimination.compile import compile_list
from minutier.retention.purges.ports import Unlistable
from minutier.retention.purges.propose import Wish, propose_expired, propose_list
from minutier.retention.purges.reapplications.reapply import Reapplied, reapply
from minutier.schemas.choreography import erasing
from minutier.schemas.documents import RecordingDocument
from minutier.schemas.events import PurgeOutcome
from minutier.schemas.records import Cause, SignedRecord
from minutier.shared import tombstones
from minutier.shared.objects import ARTEFACTS, RECORDINGS, Objects, client
from tests.support.retention_purges import (
    APPROVER,
    GRACE,
    LONG_AGO,
    PROPOSER,
    REMINDING,
    START,
    Office,
)

ROLE = "retention"


@pytest.fixture
def office(engine: AsyncEngine, system: System, js: JetStreamContext) -> Office:
    return Office(engine, Objects(system.objects), client(system.objects), js)


async def test_what_was_approved_is_ordered_answered_looked_for_and_proven(office: Office) -> None:
    recording, other = await office.take_in(), await office.take_in()
    purge = await office.propose(recording)
    await office.go_on()
    counted = await office.find(purge)
    assert counted.state is State.PREVIEWED
    inventory = (await office.item(purge, recording)).inventory
    assert inventory is not None
    assert len(inventory.versions) == 8
    assert sum(version.marker for version in inventory.versions) == 1
    assert {rows.table for rows in inventory.rows} == {"retention.recordings", "retention.schedules"}
    approved = await office.approve(purge)
    assert approved.executes_at == START + GRACE
    await office.wait(GRACE - timedelta(seconds=1))
    assert not await office.orders(recording)
    await office.wait(timedelta(seconds=1))
    (order,) = await office.orders(recording)
    assert order.data.whole
    assert set(order.data.kinds) == {kind.value for kind in Kind}
    await office.answer(recording)
    await office.go_on()
    assert (await office.item(purge, recording)).state is ItemState.DESTROYED
    assert (await office.find(purge)).state is State.COMPLETED
    assert await office.left(recording) == 0
    assert await office.left(other) == 8
    async with office.desk() as desk:
        assert await desk.register.find(recording) is None
        assert await desk.register.find(other) is not None


async def test_part_of_a_recording_goes_and_the_rest_stays(office: Office) -> None:
    recording = await office.take_in()
    purge = await office.ordered(recording, kinds=[Kind.MEDIA])
    (order,) = await office.orders(recording)
    assert not order.data.whole
    await office.objects.erase(RECORDINGS, f"{office.tenant}/{recording}/")
    await office.answer(recording, erase=False)
    await office.go_on()
    assert (await office.item(purge, recording)).state is ItemState.DESTROYED
    assert await office.left(recording) == 5
    async with office.desk() as desk:
        facts = await desk.register.find(recording)
    assert facts is not None
    assert facts.kinds == frozenset(Kind) - {Kind.MEDIA}


async def test_what_is_due_is_proposed_once_and_by_its_policy(office: Office) -> None:
    due, held = await office.take_in(), await office.take_in()
    await office.take_in(at=START - timedelta(days=1))
    await office.hold(held)
    async with office.desk() as desk:
        (purge,) = await propose_expired(PROPOSER, START, register=desk.register, purges=desk.purges)
    async with office.desk() as desk:
        items = await desk.purges.items(purge.id, limit=10)
        again = await propose_expired(PROPOSER, START, register=desk.register, purges=desk.purges)
    assert [item.recording_id for item in items] == [due]
    assert items[0].whole
    assert items[0].policy is not None
    assert not again


@pytest.mark.parametrize("moment", ["approval", "grace"])
async def test_what_is_held_meanwhile_falls_out(office: Office, moment: str) -> None:
    held, other = await office.take_in(), await office.take_in()
    purge = await office.propose(held, other)
    await office.go_on()
    if moment == "approval":
        await office.hold(held)
    await office.approve(purge)
    if moment == "grace":
        await office.hold(held)
    await office.wait(GRACE)
    item = await office.item(purge, held)
    assert (item.state, item.reason) == (ItemState.DROPPED, Reason.HELD)
    assert (await office.item(purge, other)).state is ItemState.ORDERED
    assert not await office.orders(held)


@pytest.mark.parametrize(("bucket", "key"), [(RECORDINGS, "audio.flac"), (ARTEFACTS, "attribution/2.json")])
async def test_a_version_made_since_makes_it_fall_out(office: Office, bucket: str, key: str) -> None:
    recording = await office.take_in()
    purge = await office.propose(recording)
    await office.go_on()
    await office.approve(purge)
    office.put(bucket, f"{office.tenant}/{recording}/{key}", b"new")
    await office.wait(GRACE)
    item = await office.item(purge, recording)
    assert (item.state, item.reason) == (ItemState.DROPPED, Reason.CHANGED)
    assert (await office.find(purge)).state is State.COMPLETED


async def test_what_is_not_due_any_more_falls_out(office: Office) -> None:
    recording = await office.take_in()
    async with office.desk() as desk:
        (purge,) = await propose_expired(PROPOSER, START, register=desk.register, purges=desk.purges)
    await office.go_on()
    await office.approve(purge)
    # The clock is set back by more than the recording is over its time.
    office.now = START - timedelta(days=300)
    await office.go_on()
    assert (await office.item(purge, recording)).state is ItemState.COUNTED
    async with office.desk() as desk:
        found = await desk.purges.find(purge.id, locked=True)
        assert found is not None
        await desk.purges.keep(replace(found, executes_at=office.now))
    await office.go_on()
    item = await office.item(purge, recording)
    assert (item.state, item.reason) == (ItemState.DROPPED, Reason.NOT_DUE)


async def test_a_hold_in_the_midst_stops_it(office: Office) -> None:
    recording = await office.take_in()
    purge = await office.ordered(recording)
    await office.answer(recording, "ingestion")
    await office.hold(recording)
    await office.answer(recording, "query", outcome=PurgeOutcome.HELD)
    await office.answer(recording, "attribution", outcome=PurgeOutcome.HELD)
    await office.go_on()
    item = await office.item(purge, recording)
    assert (item.state, item.reason) == (ItemState.STOPPED, Reason.HELD)
    assert set(item.answers) == {"ingestion"}


async def test_what_is_held_once_all_have_answered_keeps_its_messages(
    office: Office, js: JetStreamContext
) -> None:
    recording = await office.take_in()
    await js.publish(f"minutier.speech.diarized.v1.{recording}", b"{}", stream="EVENTS")
    purge = await office.ordered(recording)
    await office.answer(recording)
    await office.hold(recording)
    await office.go_on()
    assert (await office.item(purge, recording)).state is ItemState.STOPPED
    subjects = (await js.stream_info("EVENTS", subjects_filter=f"minutier.*.*.*.{recording}")).state.subjects
    assert set(subjects or {}) == {f"minutier.speech.diarized.v1.{recording}"}


async def test_what_is_answered_meanwhile_is_concluded_in_its_turn(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = await office.take_in(), await office.take_in()
    purge = await office.ordered(first, second)
    await office.answer(first)
    raised: list[UUID] = []
    raise_for = tombstones.raise_for

    async def answer_then(engine: AsyncEngine, *recordings: UUID) -> None:
        await raise_for(engine, *recordings)
        raised.extend(recordings)
        if second not in raised:
            await office.answer(second)

    monkeypatch.setattr(tombstones, "raise_for", answer_then)
    await office.go_on()
    assert (await office.find(purge)).state is State.COMPLETED
    assert raised == [first, second]


async def test_a_service_that_does_not_answer_is_asked_again_and_keeps_it_open(office: Office) -> None:
    recording = await office.take_in()
    purge = await office.ordered(recording)
    others = [service for service in erasing() if service != "query"]
    await office.answer(recording, *others)
    await office.wait(REMINDING - timedelta(seconds=1))
    assert len(await office.orders(recording)) == 1
    await office.wait(timedelta(seconds=2))
    first, second = await office.orders(recording)
    assert first.id != second.id
    assert (await office.find(purge)).state is State.EXECUTING
    async with office.desk() as desk:
        assert set(await desk.purges.waiting(purge.id)) == {"query"}
    # It may answer either.
    await office.answer(recording, "query", order=first)
    await office.go_on()
    assert (await office.find(purge)).state is State.COMPLETED


async def test_what_is_left_in_spite_of_all_answers_is_found(office: Office) -> None:
    recording = await office.take_in()
    purge = await office.ordered(recording)
    await office.answer(recording)
    office.put(ARTEFACTS, f"{office.tenant}/{recording}/elsewhere/1.json", b"left")
    await office.go_on()
    item = await office.item(purge, recording)
    assert item.state is ItemState.ORDERED
    first, second = await office.orders(recording)
    # What was said before counts no more.
    await office.answer(recording, order=first)
    assert not (await office.item(purge, recording)).answers
    await office.objects.erase(ARTEFACTS, f"{office.tenant}/{recording}/")
    await office.answer(recording, order=second)
    await office.go_on()
    assert (await office.item(purge, recording)).state is ItemState.DESTROYED


async def test_the_messages_of_a_recording_go_with_it(office: Office, js: JetStreamContext) -> None:
    recording, other = await office.take_in(), await office.take_in()
    for each in (recording, other):
        await js.publish(f"minutier.speech.diarized.v1.{each}", b"{}", stream="EVENTS")
        await js.publish(f"deadletter.query-speech-diarized.{each}", b"{}", stream="DEAD_LETTERS")
    purge = await office.ordered(recording)
    inventory = (await office.item(purge, recording)).inventory
    assert inventory is not None
    assert inventory.messages == {"EVENTS": 1, "DEAD_LETTERS": 1}
    await office.answer(recording)
    await office.go_on()
    for stream in ("EVENTS", "DEAD_LETTERS"):
        subjects = (await js.stream_info(stream, subjects_filter=">")).state.subjects or {}
        assert not [subject for subject in subjects if subject.endswith(str(recording))]
        assert [subject for subject in subjects if subject.endswith(str(other))]


async def test_who_has_proposed_does_not_approve(office: Office) -> None:
    purge = await office.propose(await office.take_in())
    await office.go_on()
    with pytest.raises(SamePerson):
        await office.approve(purge, by=PROPOSER)


async def test_only_what_was_counted_is_approved(office: Office) -> None:
    purge = await office.propose(await office.take_in())
    async with office.desk() as desk:
        with pytest.raises(NotPreviewed):
            await approve(purge.id, Approval(APPROVER, START, "0" * 64), grace=GRACE, purges=desk.purges)
    await office.go_on()
    async with office.desk() as desk:
        with pytest.raises(OtherInventory):
            await approve(purge.id, Approval(APPROVER, START, "0" * 64), grace=GRACE, purges=desk.purges)


async def test_of_two_approvals_at_once_one_counts(office: Office) -> None:
    purge = await office.propose(await office.take_in())
    await office.go_on()
    found = await asyncio.gather(
        *(office.approve(purge, by=f"acme/{name}") for name in ("a", "b")), return_exceptions=True
    )
    assert sum(isinstance(each, Purge) for each in found) == 1
    assert sum(isinstance(each, DecidedAlready) for each in found) == 1


async def test_what_is_withdrawn_is_not_executed(office: Office) -> None:
    recording = await office.take_in()
    purge = await office.propose(recording)
    await office.go_on()
    await office.approve(purge)
    async with office.desk() as desk:
        await withdraw(purge.id, by=PROPOSER, at=office.now, purges=desk.purges)
    await office.wait(GRACE)
    assert not await office.orders(recording)
    assert (await office.find(purge)).state is State.WITHDRAWN
    # Another purge may be for it then.
    await office.propose(recording)


async def test_one_purge_at_a_time_is_for_a_recording(office: Office) -> None:
    recording, unknown = await office.take_in(), uuid4()
    await office.propose(recording)
    wish = Wish("Again.", "GDPR", frozenset(Kind), PROPOSER, START)
    async with office.desk() as desk:
        found = await propose_list(wish, [recording, unknown], register=desk.register, purges=desk.purges)
    assert found == Unlistable(unknown=(unknown,), busy=(recording,))


async def test_two_who_carry_it_out_prove_it_once(office: Office) -> None:
    recordings = [await office.take_in() for _ in range(5)]
    purge = await office.ordered(*recordings)
    for recording in recordings:
        await office.answer(recording)
    await asyncio.gather(*(office.go_on() for _ in range(3)))
    assert (await office.find(purge)).state is State.COMPLETED
    async with office.engine.begin() as connection:
        await connection.execute(
            text("select set_config('minutier.tenants', :tenant, true)"), {"tenant": office.tenant}
        )
        rows = await connection.execute(text("select count(*) from disposals"))
        assert rows.scalar_one() == len(recordings)


async def destroyed(office: Office, *recordings: UUID) -> Purge:
    purge = await office.ordered(*recordings)
    for recording in recordings:
        await office.answer(recording)
    await office.go_on()
    return await office.find(purge)


async def reapplied(office: Office) -> Reapplied:
    async with office.desk() as desk:
        kept = await desk.records.batch(0, 100)
        records = [SignedRecord.model_validate_json(each.entry).record for each in kept]
        return await reapply(
            records, by=PROPOSER, at=office.now, purges=desk.purges, stock=office.stock, shelf=desk.shelf
        )


async def test_what_a_restore_brings_back_is_destroyed_again(office: Office) -> None:
    back, gone = await office.take_in(), await office.take_in()
    saved = await office.saved(back)
    await destroyed(office, back, gone)
    assert await reapplied(office) == Reapplied(0, None)
    await office.restore(saved)
    assert await office.left(back) == len(saved)
    found = await reapplied(office)
    assert (found.recordings, found.purge is not None) == (1, True)
    assert found.purge is not None
    await office.go_on()
    await office.go_on()
    await office.answer(back)
    await office.go_on()
    assert (await office.find(found.purge)).state is State.COMPLETED
    assert await office.left(back) == 0
    async with office.desk() as desk:
        first, again = await desk.records.of_recording(back)
    assert again.record.repeats == first.record.id
    assert again.record.approval == first.record.approval
    assert again.record.cause is Cause.REAPPLICATION


async def test_what_is_held_since_is_not_destroyed_again(office: Office) -> None:
    recording = await office.take_in()
    saved = await office.saved(recording)
    await destroyed(office, recording)
    await office.restore(saved)
    # It was restored into retention as well, or it could not be held.
    async with office.desk() as desk:
        await take_facts(recording, Told("livekit", None, LONG_AGO, frozenset(Kind)), register=desk.register)
    await office.hold(recording)
    found = await reapplied(office)
    assert found.purge is not None
    await office.go_on()
    await office.go_on()
    item = await office.item(found.purge, recording)
    assert (item.state, item.reason) == (ItemState.DROPPED, Reason.HELD)
    assert await office.left(recording) == len(saved)


async def test_what_is_eliminated_is_listed_with_its_title_as_long_as_it_has_one(office: Office) -> None:
    titled, untitled = await office.take_in(), await office.take_in()
    document = RecordingDocument(recording_id=titled, title="Budget 2024")
    office.put(ARTEFACTS, f"{office.tenant}/{titled}/ingestion/2.json", document.model_dump_json().encode())
    purge = await office.propose(titled, untitled)
    await office.go_on()
    listed = compile_list(await office.find(purge), office.now, desks=office.desks, stock=office.stock)
    rows = [row async for row in listed.rows]
    assert {row.title for row in rows} == {"Budget 2024", None}
    assert {row.source for row in rows} == {"livekit"}
    assert {row.earliest for row in rows} == {LONG_AGO}
    assert sorted(row.objects for row in rows) == [8, 9]
    await office.approve(purge)
    await office.wait(GRACE)
    for recording in (titled, untitled):
        await office.answer(recording)
    await office.go_on()
    listed = compile_list(await office.find(purge), office.now, desks=office.desks, stock=office.stock)
    assert [row.title async for row in listed.rows] == [None, None]
