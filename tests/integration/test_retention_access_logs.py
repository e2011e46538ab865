"""An access log is destroyed once its time is over, and is there again as long as the recording is read."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

import psycopg
import pytest
from nats.js import JetStreamContext
from sqlalchemy.ext.asyncio import AsyncEngine

from minutier.compose.embedded import System
from minutier.retention.policies.domain import Kind
from minutier.retention.policies.recompute import recompute_batch
from minutier.retention.policies.schedule import StartReason, schedule
from minutier.retention.policies.set_policy import set_policy
from minutier.retention.purges.domain import ItemState, Purge
from minutier.retention.purges.propose import propose_expired
from minutier.shared.objects import Objects, client
from tests.support.retention_policies import default
from tests.support.retention_purges import GRACE, PROPOSER, START, Office
from tests.support.wholeness import inside

ROLE = "retention"
DAY = timedelta(days=1)


class Readers(Office):
    """Whose recordings are read, which query writes down and erases."""

    def of(self, system: System) -> "Readers":
        self._inside = inside(system)
        self._query = system.database_url("query").replace("+psycopg", "")
        return self

    def read(self, recording: UUID) -> None:
        with psycopg.connect(self._inside) as connection:
            connection.execute(
                "insert into query.access_log (tenant, recording_id, person_id, person_name, action, detail) "
                "values (%s, %s, 'a', 'a', 'transcript', '{}')",
                [self.tenant, recording],
            )

    async def erased(self, recording: UUID, *, erase: bool = True) -> None:
        """By all services, as they were ordered to."""
        with psycopg.connect(self._query) as connection:
            connection.execute("select set_config('minutier.tenants', %s, false)", [self.tenant])
            connection.execute("select query.erase_accesses(%s)", [recording])
        await self.answer(recording, erase=erase)
        await self.go_on()


@pytest.fixture
def office(system: System, engine: AsyncEngine, js: JetStreamContext) -> Readers:
    return Readers(engine, Objects(system.objects), client(system.objects), js).of(system)


async def test_an_access_log_that_was_destroyed_begins_anew(office: Readers) -> None:
    async with office.desk() as desk:
        await desk.register.tenant()
        short = default(office.tenant, version=2, media=400, access_log=90)
        await set_policy(short, set_by=PROPOSER, register=desk.register)
    recording = await office.take_in(at=START - 91 * DAY)
    office.read(recording)
    assert not await proposed(office, START - 2 * DAY)
    (purge,) = await proposed(office, START)
    await office.go_on()
    await office.approve(purge)
    await office.wait(GRACE)
    (order,) = await office.orders(recording)
    assert (order.data.whole, order.data.kinds) == (False, (Kind.ACCESS_LOG,))
    await office.erased(recording, erase=False)
    assert (await office.item(purge, recording)).state is ItemState.DESTROYED
    async with office.desk() as desk:
        await recompute_batch(desk.register)
        facts = await desk.register.find(recording)
        policies = (await desk.register.tenant()).policies
    assert facts
    assert facts.accesses_since
    assert facts.kinds == set(Kind)
    log = schedule(policies, facts)[Kind.ACCESS_LOG]
    assert log.due_at == facts.accesses_since + 90 * DAY
    assert log.term.start.reason is StartReason.ACCESS_LOG_DESTROYED
    assert not await proposed(office, log.due_at - DAY)
    (again,) = await proposed(office, log.due_at)
    assert (await office.item(again, recording)).kinds == {Kind.ACCESS_LOG}


async def test_with_the_whole_goes_what_was_read_since(office: Readers) -> None:
    recording = await office.take_in()
    office.read(recording)
    purge = await office.ordered(recording, kinds=[Kind.ACCESS_LOG])
    assert not (await office.orders(recording))[-1].data.whole
    await office.erased(recording, erase=False)
    assert (await office.item(purge, recording)).state is ItemState.DESTROYED
    office.read(recording)
    purge = await office.ordered(recording)
    order = (await office.orders(recording))[-1]
    assert (order.data.whole, set(order.data.kinds)) == (True, set(Kind))
    await office.erased(recording)
    assert (await office.item(purge, recording)).state is ItemState.DESTROYED


async def proposed(office: Office, at: datetime) -> Sequence[Purge]:
    async with office.desk() as desk:
        return await propose_expired(PROPOSER, at, register=desk.register, purges=desk.purges)
