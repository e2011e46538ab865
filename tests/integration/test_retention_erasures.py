"""One person's erasure from the request to the proof, over the real servers; services answer as told."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from nats.js import JetStreamContext
from sqlalchemy.ext.asyncio import AsyncEngine

from minutier.compose.embedded import System
from minutier.retention.erasures.domain import Ground, Refusal, Request
from minutier.retention.erasures.domain import State as Asked
from minutier.retention.erasures.propose import (
    Choice,
    DecidedAlready,
    Held,
    NoRecording,
    NoTranscript,
    UnknownVoices,
    propose,
    refuse,
    register,
    who_speaks,
)
from minutier.retention.purges.approve import withdraw
from minutier.retention.purges.domain import Item, ItemState, Purge, Reason, State
from minutier.retention.purges.reapplications.reapply import Reapplied, reapply
from minutier.schemas.documents import (
    DiarizationDocument,
    Document,
    ErasureDocument,
    RecordingDocument,
    TranscriptDocument,
    TranscriptionDocument,
)
from minutier.schemas.events import (
    AnyEvent,
    Attributed,
    Diarized,
    Made,
    MinutesWritten,
    RecordingIngested,
    SpeechDiarized,
    SpeechTranscribed,
    Stage,
    Transcribed,
    TranscriptAttributed,
    Written,
)
from minutier.schemas.records import Cause, Overlap, SignedRecord
from minutier.schemas.references import ObjectRef
from minutier.shared.errors import Permanent
from minutier.shared.objects import RECORDINGS, Objects, client
from tests.support.erasures import ANNA, BENOIT, TALK, digest, documents, meeting
from tests.support.retention_purges import GRACE, LONG_AGO, PROPOSER, Office

ROLE = "retention"


@dataclass(frozen=True)
class Meeting:
    """A recording with all its documents, as the services have told of them."""

    id: UUID
    audio: ObjectRef
    minutes: ObjectRef


class Desk(Office):
    """An office that is asked to erase persons."""

    async def meet(self) -> Meeting:
        recording = await self.take_in()
        made = documents(recordings=[meeting("Anna", "Benoît", title="Budget")])

        async def store(document: Document | None, stage: Stage, version: str) -> ObjectRef:
            assert document is not None
            own = document.model_copy(update={"recording_id": recording})
            return await self.documents.store(own, tenant=self.tenant, stage=stage, version=version)

        sound = await self.objects.write(
            RECORDINGS, f"{self.tenant}/{recording}/mix.flac", b"sound", "audio/flac"
        )
        assert made.ingested is not None
        ingested = made.ingested.model_copy(
            update={
                "recording": await store(made.recordings[0], Stage.INGESTION, "a"),
                "audio": sound,
            }
        )
        minutes = await store(made.transcript, Stage.SUMMARISATION, "a")
        figures = {"processing_seconds": 1, "real_time_factor": 1, "speech_seconds": 1}
        turns = await store(made.turns, Stage.DIARIZATION, "a")
        words = await store(made.transcription, Stage.TRANSCRIPTION, "a")
        diarized = Diarized.model_validate({**figures, "turns": turns, "speakers": 3, "overlap_seconds": 1})
        transcribed = Transcribed.model_validate(
            {
                **figures,
                "transcription": words,
                "language": "en",
                "language_probability": 1,
                "words": 1,
                "doubtful_segments": 0,
                "transcribed_seconds": 1,
            }
        )
        written = Written(
            minutes=minutes,
            engine="extractive",
            fell_back=False,
            items=1,
            dropped_claims=0,
            processing_seconds=1,
        )
        for event in (
            self.told(RecordingIngested, recording, ingested),
            self.told(SpeechDiarized, recording, diarized),
            self.told(SpeechTranscribed, recording, transcribed),
            self.told(MinutesWritten, recording, written),
        ):
            await self.note(event)
        await self.attribute(recording, made.transcript)
        return Meeting(recording, sound, minutes)

    def told(self, kind: type[AnyEvent], recording: UUID, data: object) -> AnyEvent:
        return kind.of(recording, tenant=self.tenant, source="minutier/test", data=data)

    async def note(self, event: AnyEvent) -> None:
        async with self.desk() as desk:
            await desk.shelf.note(event)

    async def attribute(self, recording: UUID, transcript: TranscriptDocument) -> None:
        """Another transcript is made than there was."""
        own = transcript.model_copy(update={"recording_id": recording})
        ref = await self.documents.store(
            own, tenant=self.tenant, stage=Stage.ATTRIBUTION, version=uuid4().hex
        )
        data = Attributed(
            transcript=ref,
            language="en",
            duration=60,
            speakers=3,
            segments=4,
            words=9,
            unknown_words=0,
            processing_seconds=1,
        )
        await self.note(self.told(TranscriptAttributed, recording, data))

    async def ask(self, recording: UUID) -> Request:
        async with self.desk() as desk:
            return await register(
                recording,
                "DPO-2026-7",
                LONG_AGO.date(),
                by=PROPOSER,
                at=self.now,
                register=desk.register,
                requests=desk.requests,
            )

    async def request(self, request: Request) -> Request:
        async with self.desk() as desk:
            found = await desk.requests.find(request.id)
        assert found is not None
        return found

    async def put_forward(
        self, request: Request, voices: Collection[str] = (BENOIT,), overlap: Overlap = Overlap.MUTE
    ) -> Purge:
        async with self.desk() as desk:
            purge = await propose(
                await desk.requests.find(request.id, locked=True) or request,
                Choice(voices, overlap, PROPOSER, self.now),
                register=desk.register,
                requests=desk.requests,
                purges=desk.purges,
                shelf=desk.shelf,
                store=self.documents,
            )
        assert isinstance(purge, Purge)
        return purge

    async def ordered_for(self, meeting: Meeting) -> tuple[Purge, Item]:
        """A purge of one person that was proposed, counted, approved, and ordered after the time of grace."""
        purge = await self.put_forward(await self.ask(meeting.id))
        await self.go_on()
        await self.approve(purge)
        await self.wait(GRACE)
        return await self.find(purge), await self.item(purge, meeting.id)

    async def make(self, meeting: Meeting, name: str = "silent") -> list[Made]:
        """What ingestion and summarisation would make."""
        sound = await self.objects.write(
            RECORDINGS, f"{self.tenant}/{meeting.id}/{name}.flac", b"quiet", "audio/flac"
        )
        document = RecordingDocument(recording_id=meeting.id)
        minutes = await self.documents.store(
            document, tenant=self.tenant, stage=Stage.SUMMARISATION, version=name
        )
        return [Made(ref=sound, of=meeting.audio.sha256), Made(ref=minutes)]


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
