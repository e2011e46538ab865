"""Announcing each recording once, on the real Postgres."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from datetime import timedelta
from itertools import permutations
from typing import Any, cast
from uuid import UUID, uuid4

import psycopg
import pytest
from pydantic import PostgresDsn
from sqlalchemy.ext.asyncio import AsyncEngine

from minutier.compose.embedded import System
from minutier.ingestion import repository
from minutier.ingestion.announce import Announcer, announce, give_up
from minutier.ingestion.domain import Identity
from minutier.ingestion.jobs.domain import JOB_SOURCE, Job, own_recording
from minutier.ingestion.jobs.take import JobTaker
from minutier.ingestion.repository import Register
from minutier.schemas.clock import now
from minutier.schemas.codec import decode
from minutier.schemas.documents import Part, Person
from minutier.schemas.events import AnnouncedTrack, Announcement, Ingested, JobKind, RecordingAnnounced
from minutier.schemas.references import Location
from minutier.schemas.rejections import RejectionReason
from minutier.shared import database
from minutier.shared.delivery import Transaction, begin
from minutier.shared.objects import UPLOADS
from minutier.shared.settings import DatabaseSettings
from tests.support.ingestion_fakes import taken_in

_TABLES = ("outbox", "recordings", "announced_objects", "expectations", "tellings", "jobs", "erasures")
ANNOUNCED = f"{RecordingAnnounced.TYPE}.%"


class Desk:
    """Where recordings are announced and settled; nothing leaves the outbox."""

    def __init__(self, engine: AsyncEngine, url: str) -> None:
        self._engine = engine
        self._url = url
        self.register = Register(engine)
        self.announcer = Announcer(self.transaction)

    def transaction(self) -> AbstractAsyncContextManager[Transaction]:
        return begin(self._engine, lambda: None)

    def announcements(self) -> list[RecordingAnnounced]:
        """In order, as often as they were made."""
        with psycopg.connect(self._url) as connection:
            bodies = connection.execute(
                "select body from outbox where subject like %s order by position", [ANNOUNCED]
            )
            events = [decode(body) for (body,) in bodies]
        return [event for event in events if isinstance(event, RecordingAnnounced)]

    def published(self) -> list[UUID]:
        """The recordings that were announced, in order, as often as they were."""
        return [event.subject for event in self.announcements()]

    def erase_somebody(self, recording: UUID) -> None:
        with psycopg.connect(self._url) as connection:
            connection.execute("insert into erasures values (%s, %s, now())", (recording, uuid4()))

    def waited_for(self) -> list[UUID]:
        """The recordings that jobs wait for."""
        with psycopg.connect(self._url) as connection:
            rows = connection.execute("select recording_id from jobs").fetchall()
            return [recording for (recording,) in rows]

    async def settle(self, identity: Identity, rejected: RejectionReason | None = None) -> None:
        data = Announcement(
            source=identity.source,
            external_id=identity.external_id,
            mix=Location(bucket="visio", key="settled"),
        )
        event = RecordingAnnounced.of(
            identity.recording_id, tenant=identity.tenant, source="minutier/tests", data=data
        )
        outcome: Ingested | RejectionReason = rejected or taken_in(event)
        async with self.transaction() as transaction:
            assert await self.register.settle(transaction.session, event, outcome)


@pytest.fixture
async def desk(system: System) -> AsyncIterator[Desk]:
    url = system.database_url("ingestion")
    engine = database.connect(DatabaseSettings(url=PostgresDsn(url)))
    plain = url.replace("+psycopg", "")
    with psycopg.connect(plain) as connection:
        for table in _TABLES:
            connection.execute(f"delete from {table}")
    yield Desk(engine, plain)
    await engine.dispose()


def told(source: str, id: str, key: str = "a.mp4", **more: Any) -> Announcement:
    return Announcement(source=source, external_id=id, **({"mix": Location(bucket="visio", key=key)} | more))


def tracks(*keys: str) -> tuple[AnnouncedTrack, ...]:
    return tuple(AnnouncedTrack(participant=key, location=Location(bucket="visio", key=key)) for key in keys)


async def test_of_many_who_tell_of_one_object_at_once_one_announces_it(desk: Desk) -> None:
    outcomes = await asyncio.gather(
        *(desk.announcer.announce("acme", told("livekit", "EG_one")) for _ in range(5)),
        *(desk.announcer.announce("acme", told("bucket", "b1"), etag="e1") for _ in range(5)),
        *(desk.announcer.announce("acme", told("summary", "s1")) for _ in range(5)),
    )
    assert [outcome.new for outcome in outcomes].count(True) == 1
    (recording,) = desk.published()
    assert {outcome.recording_id for outcome in outcomes} == {recording}


@pytest.mark.parametrize("order", list(permutations(["webhook", "notification", "reconciler"])))
async def test_the_order_in_which_they_tell_does_not_matter(desk: Desk, order: tuple[str, ...]) -> None:
    found = {
        "webhook": (told("livekit", "EG_one"), None),
        "notification": (told("bucket", "b1"), "e1"),
        "reconciler": (told("bucket", "b1"), "e1"),
    }
    for who in (*order, *order):
        announcement, etag = found[who]
        await desk.announcer.announce("acme", announcement, etag=etag)
    assert len(desk.published()) == 1
    assert await desk.register.announced_among("acme", "visio", ["a.mp4", "b.mp4"]) == {
        "a.mp4": frozenset({"e1"})
    }


async def test_another_etag_is_another_object_and_another_tenant_another_recording(desk: Desk) -> None:
    await desk.announcer.announce("acme", told("bucket", "b1"), etag="e1")
    assert (await desk.announcer.announce("acme", told("bucket", "b2"), etag="e2")).new
    assert (await desk.announcer.announce("globex", told("bucket", "b1"), etag="e1")).new
    assert len(set(desk.published())) == 3


async def test_where_a_sources_ids_are_recordings_another_id_is_one_written_in_the_same_place(
    desk: Desk,
) -> None:
    async def livekit(name: str) -> bool:
        async with desk.transaction() as transaction:
            announcement = told("livekit", name)
            return (await announce(transaction, "acme", announcement, ids_are_recordings=True)).new

    assert (await livekit("EG_monday"), await livekit("EG_monday")) == (True, False)
    assert (await livekit("EG_tuesday"), await livekit("EG_tuesday")) == (True, False)
    assert not (await desk.announcer.announce("acme", told("bucket", "b2"), etag="e2")).new
    assert await desk.register.announced_among("acme", "visio", ["a.mp4"]) == {"a.mp4": frozenset({"e2"})}
    # Jobs are not: whoever asks twice for one recording has asked for the same.
    assert (await desk.announcer.announce("acme", told("job", "j1", "b.mp4"))).new
    assert not (await desk.announcer.announce("acme", told("job", "j2", "b.mp4"))).new


async def test_what_is_several_objects_is_known_only_where_all_of_it_is(desk: Desk) -> None:
    await desk.announcer.announce("acme", told("bucket", "b1", "anna.ogg"), etag="e1")
    meeting = told("jibri", "m1", mix=None, tracks=tracks("anna.ogg", "bo.ogg"))
    assert (await desk.announcer.announce("acme", meeting)).new
    assert not (await desk.announcer.announce("acme", told("bucket", "b2", "bo.ogg"), etag="e2")).new
    await desk.settle(Identity("acme", "jibri", "m1"))
    assert not (await desk.announcer.announce("acme", meeting)).new


async def test_an_object_that_is_told_of_twice_in_one_announcement_is_one(desk: Desk) -> None:
    versions = (Location(bucket="visio", key="a.ogg", version_id=version) for version in ("1", "2"))
    twice = tuple(AnnouncedTrack(participant="anna", location=location) for location in versions)
    assert (await desk.announcer.announce("acme", told("jibri", "m1", mix=None, tracks=twice))).new
    assert not (await desk.announcer.announce("acme", told("bucket", "b1", "a.ogg"), etag="e1")).new


async def test_announcements_that_share_objects_do_not_wait_for_each_other(desk: Desk) -> None:
    keys = [f"{number}.ogg" for number in range(6)]
    await asyncio.gather(
        *(
            desk.announcer.announce("acme", told(source, "m1", mix=None, tracks=tracks(*order)))
            for source in ("jibri", "bigbluebutton")
            for order in (keys, keys[::-1], keys[3:] + keys[:3])
        )
    )
    assert len(set(desk.published())) == 1


async def test_what_was_rejected_is_announced_again_as_the_recording_that_it_was(desk: Desk) -> None:
    egress = Identity("acme", "livekit", "EG_one")
    await desk.announcer.announce("acme", told("livekit", "EG_one"))
    await desk.settle(egress, RejectionReason.NOT_FOUND)
    again = await desk.announcer.announce("acme", told("bucket", "b1"), etag="e1")
    assert (again.new, again.recording_id) == (True, egress.recording_id)
    await desk.settle(egress)
    assert not (await desk.announcer.announce("acme", told("bucket", "b1"), etag="e1")).new
    assert desk.published() == [egress.recording_id] * 2


def owned_by(name: str) -> tuple[Person, ...]:
    return (Person(part=Part.OWNER, email=f"{name}@example.org"),)


@pytest.mark.parametrize("taken_in", [False, True], ids=["waiting", "taken in"])
async def test_who_comes_later_and_names_people_is_heard_once(desk: Desk, taken_in: bool) -> None:
    first = Identity("acme", "bucket", "b1")
    await desk.announcer.announce("acme", told("bucket", "b1"), etag="e1")
    if taken_in:
        await desk.settle(first)
    for job in ("j1", "j2"):
        outcome = await desk.announcer.announce("acme", told("job", job, people=owned_by("ana")))
        assert (outcome.new, outcome.recording_id) == (False, first.recording_id)
    await desk.announcer.announce("acme", told("bucket", "b1"), etag="e1")
    await desk.announcer.announce("acme", told("job", "j3", people=owned_by("bo")))
    announced = desk.announcements()
    assert [event.subject for event in announced] == [first.recording_id] * 3
    assert {(event.data.source, event.data.external_id) for event in announced} == {("bucket", "b1")}
    assert [event.data.people for event in announced] == [(), owned_by("ana"), owned_by("bo")]
    # What was cancelled before it was taken in does not go on for whoever comes late.
    assert (announced[1].wanted_since < announced[1].time) is not taken_in


async def test_nobody_is_heard_once_somebody_was_erased_from_it(desk: Desk) -> None:
    await desk.announcer.announce("acme", told("bucket", "b1"), etag="e1")
    recording = Identity("acme", "bucket", "b1")
    await desk.settle(recording)
    desk.erase_somebody(recording.recording_id)
    ada = Person(part=Part.OWNER, email="ada@example.org")
    later = await desk.announcer.announce("acme", told("livekit", "EG_one", people=(ada,), title="Ada"))
    assert (later.recording_id, later.new) == (recording.recording_id, False)
    assert desk.published() == [recording.recording_id]


@pytest.mark.parametrize("erased", [False, True])
async def test_a_job_does_not_have_taken_in_again_what_somebody_was_erased_from(
    desk: Desk, erased: bool
) -> None:
    await desk.announcer.announce("acme", told("bucket", "b1", language="fr"), etag="e1")
    recording = Identity("acme", "bucket", "b1")
    await desk.settle(recording)
    if erased:
        desk.erase_somebody(recording.recording_id)
    name = uuid4()
    own = own_recording("acme", name)
    job = Job(name, "acme", JobKind.TRANSCRIPT, own, user_sub="sub", base_url="")
    taker = JobTaker(desk.transaction, cast(Any, None))
    await taker.transcribe(job, told(JOB_SOURCE, str(name), language="en"))
    assert desk.published() == [recording.recording_id, *([] if erased else [own])]
    (waits_for,) = desk.waited_for()
    assert waits_for == (recording.recording_id if erased else own)


async def test_a_title_and_an_account_are_news_too_where_there_was_none(desk: Desk) -> None:
    account = {"kind": "livekit", "location": {"bucket": "visio", "key": "account"}}
    await desk.announcer.announce("acme", told("bucket", "b1"), etag="e1")
    await desk.announcer.announce("acme", told("livekit", "EG_one", title="Weekly"))
    await desk.announcer.announce("acme", told("reconciler", "r1", metadata=account))
    assert [(event.data.title, bool(event.data.metadata)) for event in desk.announcements()] == [
        (None, False),
        ("Weekly", False),
        (None, True),
    ]
    await desk.announcer.announce("acme", told("bucket", "b2", "b.mp4", metadata=account), etag="e2")
    await desk.announcer.announce("acme", told("livekit", "EG_two", "b.mp4", metadata=account))
    assert len(desk.published()) == 4


async def test_an_upload_that_was_taken_in_is_nobodys_who_sends_another_under_its_id(desk: Desk) -> None:
    def sent(owner: str, key: str) -> Announcement:
        return told("jibri", "m1", mix=Location(bucket=UPLOADS, key=key), people=owned_by(owner))

    await desk.announcer.announce("acme", sent("ana", "one"))
    await desk.settle(Identity("acme", "jibri", "m1"))
    assert not (await desk.announcer.announce("acme", sent("mallory", "two"))).new
    assert [event.data.people for event in desk.announcements()] == [owned_by("ana")]


async def test_another_tenant_tells_of_another_recording(desk: Desk) -> None:
    await desk.announcer.announce("acme", told("bucket", "b1"), etag="e1")
    assert (await desk.announcer.announce("globex", told("job", "j1", people=owned_by("eve")))).new
    assert len({event.subject for event in desk.announcements()}) == 2


async def test_what_is_told_of_one_recording_is_bounded(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(repository, "_MOST_TELLINGS", 3)
    for number in range(6):
        await desk.announcer.announce("acme", told("job", f"j{number}", people=owned_by(f"o{number}")))
    assert len(desk.published()) == 3


async def test_what_was_told_before_a_rejection_may_be_told_again_after_it(desk: Desk) -> None:
    egress, ana = Identity("acme", "livekit", "EG_one"), told("job", "j1", people=owned_by("ana"))
    await desk.announcer.announce("acme", told("livekit", "EG_one"))
    await desk.announcer.announce("acme", ana)
    await desk.settle(egress, RejectionReason.NOT_FOUND)
    assert (await desk.announcer.announce("acme", told("bucket", "b1"), etag="e1")).new
    await desk.settle(egress)
    await desk.announcer.announce("acme", ana)
    assert [bool(event.data.people) for event in desk.announcements()] == [False, True, False, True]


async def test_an_end_is_told_of_once_whatever_it_was(desk: Desk) -> None:
    failed, made = (Identity("acme", "livekit", name) for name in ("EG_failed", "EG_made"))

    async def fail(identity: Identity) -> bool:
        async with desk.transaction() as transaction:
            return await give_up(transaction, identity, RejectionReason.NOT_RECORDED)

    async def begin_(identity: Identity) -> None:
        async with desk.transaction() as transaction:
            await repository.expect(transaction.session, identity, due_at=now() - timedelta(hours=1))

    await asyncio.gather(begin_(failed), begin_(made), begin_(failed))
    assert set(await desk.register.overdue(limit=10)) == {failed, made}
    assert len(await desk.register.overdue(limit=1)) == 1
    assert sorted(await asyncio.gather(*(fail(failed) for _ in range(4)))) == [False, False, False, True]
    await desk.announcer.announce("acme", told("livekit", "EG_made"))
    assert not await fail(made)
    await asyncio.gather(begin_(failed), begin_(made))
    assert await desk.register.overdue(limit=10) == []
    assert (await desk.announcer.announce("acme", told("livekit", "EG_failed", "late.mp4"))).new


async def test_a_recording_that_another_way_has_brought_is_not_given_up(desk: Desk) -> None:
    identity = Identity("acme", "livekit", str(uuid4()))
    await desk.settle(identity)
    async with desk.transaction() as transaction:
        assert not await give_up(transaction, identity, RejectionReason.NOT_FOUND)
    assert await desk.register.holds(identity.recording_id)


async def test_one_of_several_is_at_a_work_at_a_time(desk: Desk) -> None:
    alone = desk.register.alone
    async with alone("compare") as first, alone("compare") as second, alone("another") as third:
        assert (first, second, third) == (True, False, True)
    async with desk.register.alone("compare") as again:
        assert again
