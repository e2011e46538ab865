"""Who shows recordings is told what is in the intermediate phase: once, in batches, and what ends as well."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from minutier.retention.policies.classify import classify
from minutier.retention.policies.domain import Clock, Kind, Policy, Rule, Told
from minutier.retention.policies.recompute import Recompute
from minutier.retention.policies.repository import Registers
from minutier.retention.policies.set_policy import InForce, set_policy
from minutier.retention.policies.take_facts import take_facts
from minutier.retention.restrictions.repository import Registers as Restrictions
from minutier.retention.restrictions.tell import Telling
from minutier.schemas.clock import now
from minutier.schemas.events import RecordingRestricted
from minutier.shared.delivery import Transaction, begin
from minutier.shared.tenants import within
from tests.support.retention_policies import PERIODS, policy

ROLE = "retention"
DAY = timedelta(days=1)
LONG_AGO = 130 * DAY
# By the default, media is due then and nothing else is; of a policy it is only restricted.
MEDIA = (Kind.MEDIA,)
INTERMEDIATE = {Kind.MEDIA: Rule(Clock.INGESTION, 125, 30)}


class Crash(Exception):
    pass


class Office:
    """A tenant of its own, and what was told of its recordings, in order."""

    def __init__(self, engine: AsyncEngine) -> None:
        self.engine = engine
        self.tenant = f"t{uuid4().hex[:8]}"
        self.registers = Registers(engine, PERIODS)
        self.events: list[RecordingRestricted] = []
        self.crashing = False

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Transaction]:
        async with begin(self.engine, lambda: None) as transaction:
            yield transaction
            if self.crashing and self.told():
                raise Crash
        self.events += [
            event
            for event in transaction.events
            if isinstance(event, RecordingRestricted) and event.tenant == self.tenant
        ]

    async def take_in(self, at: datetime) -> UUID:
        recording_id = uuid4()
        async with self.registers.of(self.tenant) as register:
            told = Told("livekit", None, at, frozenset(Kind))
            await take_facts(recording_id, told, register=register)
        return recording_id

    async def put(self, some: Policy) -> None:
        async with self.registers.of(self.tenant) as register:
            assert await set_policy(some, set_by="officer", register=register) == InForce(some)

    async def recompute(self) -> None:
        await Recompute(self.registers, periods=PERIODS).catch_up()

    async def tell(self) -> None:
        await Telling(self.transaction, Restrictions(self.engine)).catch_up()

    def told(self) -> list[tuple[UUID, tuple[Kind, ...]]]:
        return [(event.subject, tuple(Kind(kind) for kind in event.data.kinds)) for event in self.events]


@pytest.fixture
def office(engine: AsyncEngine) -> Office:
    return Office(engine)


async def test_what_the_clock_says_is_told_once_and_so_is_its_end(office: Office) -> None:
    old, new = await office.take_in(now() - LONG_AGO), await office.take_in(now())
    await office.tell()
    await office.tell()
    assert office.told() == [(old, MEDIA)]
    # A recording goes back to the current phase where a longer rule comes to be for it.
    boards = policy("Boards", {Kind.MEDIA: Rule(Clock.INGESTION, 500)}, tenant=office.tenant, label="board")
    await office.put(boards)
    await office.recompute()
    await office.tell()
    assert len(office.told()) == 1
    async with office.registers.of(office.tenant) as register:
        await classify(old, record_class=None, labels={"board"}, register=register)
    await office.tell()
    assert office.told()[1:] == [(old, ())]
    assert office.events[0].time < office.events[1].time
    await office.put(policy("All", {Kind.MINUTES: Rule(Clock.INGESTION, 1, 400)}, tenant=office.tenant))
    await office.recompute()
    await office.tell()
    assert office.told()[2:] == [(old, (Kind.MINUTES,))]
    assert new not in {recording_id for recording_id, _ in office.told()}


async def test_what_is_due_stays_restricted_and_an_intermediate_phase_is_told_of(office: Office) -> None:
    await office.put(policy("Two phases", INTERMEDIATE, tenant=office.tenant))
    intermediate = await office.take_in(now() - LONG_AGO)
    due = await office.take_in(now() - 160 * DAY)
    current = await office.take_in(now() - 124 * DAY)
    await office.tell()
    assert sorted(office.told()) == sorted([(intermediate, MEDIA), (due, MEDIA)])
    assert current not in {recording_id for recording_id, _ in office.told()}


async def test_nothing_is_told_by_policies_that_are_not_in_force_any_more(office: Office) -> None:
    await office.take_in(now() - LONG_AGO)
    await office.put(policy("Longer", {Kind.MEDIA: Rule(Clock.INGESTION, 500)}, tenant=office.tenant))
    await office.tell()
    assert office.told() == []
    await office.recompute()
    await office.tell()
    assert office.told() == []


async def test_after_a_kill_the_next_round_goes_on_with_what_is_left(office: Office) -> None:
    recordings = {await office.take_in(now() - LONG_AGO) for _ in range(120)}
    office.crashing = True
    with pytest.raises(Crash):
        await office.tell()
    first = len(office.told())
    assert 0 < first < len(recordings)
    office.crashing = False
    await office.tell()
    assert len(office.told()) == len(recordings)
    assert set(office.told()) == {(recording_id, MEDIA) for recording_id in recordings}


async def test_of_several_replicas_one_tells(office: Office) -> None:
    recordings = [await office.take_in(now() - LONG_AGO) for _ in range(70)]
    await asyncio.gather(*(office.tell() for _ in range(3)))
    await office.tell()
    assert sorted(office.told()) == sorted((recording_id, MEDIA) for recording_id in recordings)


async def test_what_is_to_be_told_is_found_by_indexes(office: Office) -> None:
    async with within(office.engine, office.tenant) as session:
        connection = await session.connection()
        await connection.execute(text("set local enable_seqscan = off"))
        for condition, index in (
            ("not told and restricted_at <= now()", "schedules_begun"),
            ("told and (restricted_at is null or restricted_at > now())", "schedules_ended"),
        ):
            asked = f"explain select recording_id from schedules where tenant = :tenant and {condition}"
            plan = await connection.execute(text(asked), {"tenant": office.tenant})
            assert any(index in line for (line,) in plan)
