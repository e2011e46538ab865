"""One person's erasure from the request to the proof, over the real servers; services answer as told."""

from datetime import timedelta
from uuid import uuid4

import pytest
from nats.js import JetStreamContext
from sqlalchemy.ext.asyncio import AsyncEngine

from minutier.compose.embedded import System
from minutier.retention.erasures.domain import Ground, Refusal
from minutier.retention.erasures.domain import State as Asked
from minutier.retention.erasures.propose import (
    DecidedAlready,
    Held,
    NoRecording,
    NoTranscript,
    UnknownVoices,
    refuse,
    who_speaks,
)
from minutier.retention.purges.approve import withdraw
from minutier.retention.purges.domain import ItemState, Reason, State
from minutier.retention.purges.reapplications.reapply import Reapplied, reapply
from minutier.schemas.documents import (
    DiarizationDocument,
    ErasureDocument,
    RecordingDocument,
    TranscriptDocument,
    TranscriptionDocument,
)
from minutier.schemas.records import Cause, Overlap, SignedRecord
from minutier.shared.errors import Permanent
from minutier.shared.objects import RECORDINGS, Objects, client
from tests.support.erasures import ANNA, BENOIT, TALK, digest, documents
from tests.support.retention_erasures import Desk
from tests.support.retention_purges import GRACE, PROPOSER

ROLE = "retention"


@pytest.fixture
def office(engine: AsyncEngine, system: System, js: JetStreamContext) -> Desk:
    return Desk(engine, Objects(system.objects), client(system.objects), js)


async def test_one_person_is_erased_and_the_others_are_as_they_were(office: Desk) -> None:
    meeting = await office.meet()
    request = await office.ask(meeting.id)
    async with office.desk() as desk:
        voices = await who_speaks(
            meeting.id, register=desk.register, shelf=desk.shelf, store=office.documents
        )
    assert [(voice.id, voice.words) for voice in voices] == [(ANNA, 6), (BENOIT, 11), ("speaker-3", 4)]
    purge = await office.put_forward(request)
    assert (await office.request(request)).state is Asked.PROPOSED
    await office.go_on()
    item = await office.item(purge, meeting.id)
    assert item.person is not None
    assert (item.whole, item.person.words, item.person.overlap) == (False, 11, Overlap.MUTE)
    before = await office.left(meeting.id)
    assert item.inventory is not None
    assert len(item.inventory.versions) == before
    await office.approve(purge)
    await office.wait(GRACE)
    (order,) = await office.orders(meeting.id)
    instead = order.data.instead
    assert instead is not None
    plan = await office.documents.load(ErasureDocument, instead.plan)
    assert (plan.speakers, plan.segments) == ((BENOIT,), ("s2", "s4"))
    await office.answer(meeting.id, made=await office.make(meeting))
    await office.go_on()
    assert (await office.find(purge)).state is State.COMPLETED
    # Audio, minutes, transcript, turns, words and what tells of the meeting; the plan is gone.
    assert await office.left(meeting.id) == 6
    with pytest.raises(Permanent):
        await office.documents.load(ErasureDocument, instead.plan)
    left = await office.documents.load(TranscriptDocument, instead.transcript)
    original = documents().transcript
    assert left.segments == tuple(each for each in original.segments if each.speaker != BENOIT)
    assert instead.turns
    assert instead.transcription
    assert instead.recording
    turns = await office.documents.load(DiarizationDocument, instead.turns)
    assert BENOIT not in {turn.speaker for turn in turns.turns}
    words = await office.documents.load(TranscriptionDocument, instead.transcription)
    assert len(words.segments) == 2
    account = await office.documents.load(RecordingDocument, instead.recording)
    assert account.title == "Budget"
    done = await office.request(request)
    assert (done.state, done.purge_id) == (Asked.COMPLETED, purge.id)


async def test_its_record_says_that_it_was_for_one_person_and_not_whom(office: Desk) -> None:
    meeting = await office.meet()
    purge, _ = await office.ordered_for(meeting)
    await office.answer(meeting.id, made=await office.make(meeting))
    await office.go_on()
    async with office.desk() as desk:
        (entry,) = await desk.records.of_recording(meeting.id)
        known = await desk.register.find(meeting.id)
    record = entry.record
    assert record.purge_id == purge.id
    assert (record.cause, record.whole) == (Cause.ERASURE, False)
    assert record.person is not None
    assert (record.person.speakers, record.person.segments) == ((BENOIT,), 2)
    assert digest("nothing") not in {each.sha256 for each in record.objects}
    assert meeting.audio.sha256 in {each.sha256 for each in record.objects}
    # What is left has its time as before.
    assert known is not None
    assert len(known.kinds) == 4


@pytest.mark.parametrize("way", ["objects", "transcript", "hold"])
async def test_what_has_changed_since_it_was_approved_falls_out(office: Desk, way: str) -> None:
    meeting = await office.meet()
    request = await office.ask(meeting.id)
    purge = await office.put_forward(request)
    await office.go_on()
    await office.approve(purge)
    if way == "objects":
        office.put(RECORDINGS, f"{office.tenant}/{meeting.id}/more.flac", b"more")
    elif way == "transcript":
        await office.attribute(meeting.id, documents(TALK[:3]).transcript)
    else:
        await office.hold(meeting.id)
    await office.wait(GRACE)
    item = await office.item(purge, meeting.id)
    assert item.state is ItemState.DROPPED
    assert item.reason is (Reason.HELD if way == "hold" else Reason.CHANGED)
    assert not await office.orders(meeting.id)
    # It may be proposed anew, once somebody has looked at it again.
    assert (await office.request(request)).state is Asked.RECEIVED


async def test_what_a_service_leaves_is_ordered_again(office: Desk) -> None:
    meeting = await office.meet()
    purge, _ = await office.ordered_for(meeting)
    made = await office.make(meeting)
    await office.answer(meeting.id, made=made)
    office.put(RECORDINGS, f"{office.tenant}/{meeting.id}/late.flac", b"late")
    await office.go_on()
    assert len(await office.orders(meeting.id)) == 2
    await office.answer(meeting.id, made=made)
    await office.go_on()
    assert (await office.find(purge)).state is State.COMPLETED
    assert await office.left(meeting.id) == 6


async def test_a_hold_that_comes_while_it_is_done_stops_it(office: Desk) -> None:
    meeting = await office.meet()
    purge, _ = await office.ordered_for(meeting)
    await office.hold(meeting.id)
    await office.answer(meeting.id, made=await office.make(meeting))
    await office.go_on()
    item = await office.item(purge, meeting.id)
    assert (item.state, item.reason) == (ItemState.STOPPED, Reason.HELD)


async def test_the_next_one_is_erased_from_what_the_first_has_left(office: Desk) -> None:
    meeting = await office.meet()
    await office.ordered_for(meeting)
    await office.answer(meeting.id, made=await office.make(meeting))
    await office.go_on()
    second = await office.put_forward(await office.ask(meeting.id), (ANNA,), Overlap.KEEP)
    await office.go_on()
    await office.approve(second)
    await office.wait(GRACE)
    instead = (await office.orders(meeting.id))[-1].data.instead
    assert instead is not None
    left = await office.documents.load(TranscriptDocument, instead.transcript)
    assert [segment.id for segment in left.segments] == ["s3"]
    plan = await office.documents.load(ErasureDocument, instead.plan)
    assert [each.audio.key.endswith("silent.flac") for each in plan.silences] == [True]


async def test_what_a_restore_brings_back_of_them_goes_again(office: Desk) -> None:
    meeting = await office.meet()
    saved = await office.saved(meeting.id)
    await office.ordered_for(meeting)
    await office.answer(meeting.id, made=await office.make(meeting))
    await office.go_on()

    async def again() -> Reapplied:
        async with office.desk() as desk:
            kept = await desk.records.batch(0, 100)
            records = [SignedRecord.model_validate_json(each.entry).record for each in kept]
            return await reapply(
                records, by=PROPOSER, at=office.now, purges=desk.purges, stock=office.stock, shelf=desk.shelf
            )

    assert await again() == Reapplied(0, None)
    await office.restore(saved)
    found = await again()
    assert found.purge is not None
    await office.go_on()
    await office.go_on()
    order = (await office.orders(meeting.id))[-1]
    assert order.data.instead is not None
    left = await office.documents.load(TranscriptDocument, order.data.instead.transcript)
    assert BENOIT not in {segment.speaker for segment in left.segments}
    await office.answer(meeting.id, made=await office.make(meeting, "again"))
    await office.go_on()
    assert (await office.find(found.purge)).state is State.COMPLETED
    assert await office.left(meeting.id) == 6
    assert await again() == Reapplied(0, None)


async def test_a_refusal_has_its_ground_and_is_the_end(office: Desk) -> None:
    meeting = await office.meet()
    request = await office.ask(meeting.id)
    refusal = Refusal(PROPOSER, office.now, Ground.ARCHIVING, "It is to be kept for good.")
    async with office.desk() as desk:
        await refuse(request, refusal, requests=desk.requests)
    refused = await office.request(request)
    assert (refused.state, refused.refusal) == (Asked.REFUSED, refusal)
    with pytest.raises(DecidedAlready):
        await office.put_forward(request)


async def test_whom_a_hold_covers_or_nobody_knows_is_not_put_forward(office: Desk) -> None:
    meeting = await office.meet()
    request = await office.ask(meeting.id)
    with pytest.raises(UnknownVoices):
        await office.put_forward(request, ("speaker-9",))
    await office.hold(meeting.id)
    with pytest.raises(Held):
        await office.put_forward(request)
    silent = await office.take_in()
    with pytest.raises(NoTranscript):
        await office.put_forward(await office.ask(silent))
    with pytest.raises(NoRecording):
        await office.ask(uuid4())


async def test_what_is_withdrawn_may_be_refused(office: Desk) -> None:
    meeting = await office.meet()
    request = await office.ask(meeting.id)
    purge = await office.put_forward(request)
    with pytest.raises(DecidedAlready):
        await office.put_forward(request)
    await office.go_on()
    async with office.desk() as desk:
        await withdraw(purge.id, by=PROPOSER, at=office.now, purges=desk.purges)
    assert (await office.request(request)).state is Asked.RECEIVED


async def test_a_month_is_counted_as_the_law_counts_it(office: Desk) -> None:
    request = await office.ask((await office.meet()).id)
    assert request.due_on - request.received_on in {timedelta(days=days) for days in (28, 29, 30, 31)}
