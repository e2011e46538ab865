"""The log of disposal records on real servers: no gap and no second record, whoever issues them and dies."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime
from uuid import uuid4

import psycopg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import OperationalError, ProgrammingError
from sqlalchemy.ext.asyncio import AsyncEngine

from minutier.compose.embedded import System
from minutier.compose.provision import prepare_database
from minutier.retention.audit.verify import Integrity, State
from minutier.retention.records.anchor import Heads, anchor
from minutier.retention.records.domain import Draft, NoKey
from minutier.retention.records.repository import Logs
from minutier.retention.records.verify import integrity
from minutier.schemas.records import SignedRecord
from minutier.shared.objects import Objects
from minutier.shared.proofs.findings import Verdict
from minutier.shared.proofs.issue import written
from minutier.shared.proofs.verify import verify_proof
from minutier.shared.tenants import within
from tests.support.proofs import KEY, KEYS
from tests.support.retention_records import draft

ROLE = "retention"


class Desk:
    """A tenant of its own, and a purge."""

    def __init__(self, engine: AsyncEngine) -> None:
        self.tenant = f"t{uuid4().hex[:8]}"
        self.purge_id = uuid4()
        self.engine = engine
        self.logs = Logs(engine, KEY)

    def draft(self, number: int, **changes: object) -> Draft:
        return draft(number, **{"purge_id": self.purge_id, **changes})

    async def append(self, *numbers: int) -> Sequence[SignedRecord]:
        async with self.logs.of(self.tenant) as log:
            return await log.append_all([self.draft(number) for number in numbers])

    async def indices(self) -> list[int]:
        async with self.logs.of(self.tenant) as log:
            return [each.index for each in await log.batch(0, 1000)]


@pytest.fixture
def desk(engine: AsyncEngine) -> Desk:
    return Desk(engine)


async def test_every_record_is_proven_by_the_head_of_all(desk: Desk) -> None:
    entries = [*await desk.append(0), *await desk.append(1, 2, 3, 4), *await desk.append(5, 6)]
    assert [entry.record.index for entry in entries] == list(range(7))
    async with desk.logs.of(desk.tenant) as log:
        for entry in entries:
            found = await log.find(entry.record.id)
            assert found == entry
            proof = await log.proof(entry, datetime.now(UTC))
            assert verify_proof(written(proof), KEYS).verdict is Verdict.PROVEN
            assert proof.head.head.tree_size == 7
        assert [each.entry for each in await log.batch(0, 9)] == [written(entry) for entry in entries]


async def test_records_are_listed_newest_first_without_their_objects(desk: Desk) -> None:
    entries = await desk.append(0, 1, 2)
    other = draft(1, purge_id=uuid4(), objects=())
    async with desk.logs.of(desk.tenant) as log:
        last = await log.append(other)
        assert [each.record.index for each in await log.page(limit=2)] == [3, 2]
        assert [each.record.index for each in await log.page(limit=2, after=2)] == [1, 0]
        (found,) = await log.page(limit=9, purge_id=other.purge_id)
        assert (found.record, found.objects) == (last.record, 0)
        both = await log.page(limit=9, recording_id=other.recording_id)
        assert [(each.record.index, each.objects) for each in both] == [(3, 0), (1, 2)]
        assert both[1].record == entries[1].record.model_copy(update={"objects": ()})
        assert await log.of_recording(other.recording_id) == [entries[1], last]


async def test_a_recording_has_one_record_of_a_purge(desk: Desk) -> None:
    """However often it is asked for, and by whoever goes on after a kill."""
    first = await desk.append(0, 1)
    again = await desk.append(1, 2, 1, 0)
    assert (again[0], again[2], again[3]) == (first[1], first[1], first[0])
    assert await desk.indices() == [0, 1, 2]


async def test_many_who_append_at_once_leave_no_gap(desk: Desk) -> None:
    class Killed(Exception):
        pass

    async def killed(*numbers: int) -> None:
        async with desk.logs.of(desk.tenant) as log:
            await log.append_all([desk.draft(number) for number in numbers])
            raise Killed

    async def append(part: int) -> None:
        for start in range(part * 6, part * 6 + 8, 2):
            # Two of each eight are another's as well.
            await desk.append(start, start + 1)

    outcomes = await asyncio.gather(
        *(append(part) for part in range(5)),
        *(killed(*range(part, part + 7)) for part in range(5)),
        return_exceptions=True,
    )
    assert {type(each) for each in outcomes} == {type(None), Killed}
    assert await desk.indices() == list(range(32))
    async with desk.logs.of(desk.tenant) as log:
        for each in await log.page(limit=50):
            entry = await log.find(each.record.id)
            assert entry is not None
            proof = await log.proof(entry, datetime.now(UTC))
            assert verify_proof(written(proof), KEYS).verdict is Verdict.PROVEN


async def test_a_connection_that_is_killed_leaves_nothing(desk: Desk, system: System) -> None:
    """The next appender neither waits for it nor skips its place."""

    async def killed() -> None:
        async with within(desk.engine, desk.tenant) as session:
            log = await desk.logs.joining(session, desk.tenant)
            await log.append(desk.draft(1))
            pid = (await (await session.connection()).execute(text("select pg_backend_pid()"))).scalar_one()
            with psycopg.connect(system.administrator_url, autocommit=True) as administrator:
                administrator.execute("select pg_terminate_backend(%s)", [pid])
            await log.size()

    await desk.append(0)
    with pytest.raises(OperationalError):
        await killed()
    (entry,) = await desk.append(1)
    assert entry.record.index == 1
    assert await desk.indices() == [0, 1]


async def test_nothing_is_issued_without_a_key(engine: AsyncEngine, desk: Desk) -> None:
    await desk.append(0)
    logs = Logs(engine, None)
    with pytest.raises(NoKey, match="MINUTIER_RETENTION_SIGNING_KEY"):
        async with logs.of(desk.tenant) as log:
            await log.append(desk.draft(1))
    with pytest.raises(NoKey):
        async with logs.of(desk.tenant) as log:
            await log.head(datetime.now(UTC))
    async with logs.of(desk.tenant) as log:
        assert len(await log.page(limit=9)) == 1


async def test_the_service_only_adds(desk: Desk, system: System) -> None:
    await desk.append(0)
    # Whenever it starts, the role is given once more what its tables need.
    await asyncio.to_thread(
        prepare_database,
        system.administrator_url,
        database="minutier",
        passwords=system.credentials.role_passwords,
    )
    for statement in ("delete from disposals", "update disposals set entry = ''", "truncate disposals"):
        with pytest.raises(ProgrammingError, match="permission denied"):
            async with within(desk.engine, desk.tenant) as session:
                await (await session.connection()).execute(text(statement))
    assert await desk.indices() == [0]


async def test_another_tenant_sees_nothing(desk: Desk) -> None:
    (entry,) = await desk.append(0)
    async with desk.logs.of("another") as log:
        assert await log.page(limit=9) == []
        assert await log.find(entry.record.id) is None
        assert await log.of_recording(entry.record.recording_id) == []


async def test_a_record_is_nothing_that_remains_of_a_recording(desk: Desk) -> None:
    (entry,) = await desk.append(0)
    async with within(desk.engine, desk.tenant) as session:
        found = await (await session.connection()).execute(
            text("select place from remains(:ids)"), {"ids": [entry.record.recording_id]}
        )
        assert list(found) == []


async def test_a_tail_that_a_superuser_cut_is_found_by_what_the_store_has(desk: Desk, system: System) -> None:
    await desk.append(0, 1, 2)
    heads = Heads(Objects(system.objects), KEY)
    for _ in range(2):
        await anchor(desk.tenant, logs=desk.logs, heads=heads)
    found = await integrity(desk.tenant, logs=desk.logs, heads=heads)
    assert found == Integrity(State.WHOLE, 3, 3)
    inside = psycopg.conninfo.make_conninfo(system.administrator_url, dbname="minutier")
    with psycopg.connect(inside, autocommit=True) as administrator:
        statement = "delete from retention.disposals where tenant = %s and index = 2"
        administrator.execute(statement, [desk.tenant])
    found = await integrity(desk.tenant, logs=desk.logs, heads=heads)
    assert found == Integrity(State.CUT, 2, 3, 3)
    # The log goes on, under the same key: another entry is where the head has one.
    await desk.append(7)
    found = await integrity(desk.tenant, logs=desk.logs, heads=heads)
    assert (found.state, found.number) == (State.FORKED, 3)
