"""The audit log on real servers: one chain for many writers, which nobody changes without its being found."""

import asyncio
import io
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from minio.error import S3Error
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError
from sqlalchemy.ext.asyncio import AsyncEngine

from minutier.compose.embedded import System
from minutier.compose.provision import prepare_database
from minutier.retention.audit.accesses import Accesses, verify_accesses
from minutier.retention.audit.anchor import Anchoring, Anchors, integrity
from minutier.retention.audit.domain import Entry, Head
from minutier.retention.audit.repository import AuditLogs
from minutier.retention.audit.verify import Integrity, State
from minutier.shared import objects
from minutier.shared.objects import AUDIT, Objects
from minutier.shared.proofs.signing import SigningKey
from minutier.shared.tenants import within
from tests.support.retention_audit import chain, deed

ROLE = "retention"
Administrator = psycopg.Connection[tuple[Any, ...]]


class Desk:
    """A tenant of its own, and whoever may write to its database and store."""

    def __init__(self, system: System, engine: AsyncEngine, administrator: Administrator) -> None:
        self.tenant = f"t{uuid4().hex[:8]}"
        self.engine = engine
        self.logs = AuditLogs(engine)
        self.anchors = Anchors(Objects(system.objects), SigningKey.generate())
        self.store = objects.client(system.objects)
        self.administrator = administrator

    async def write(self, *numbers: int) -> list[Entry]:
        written = []
        for number in numbers:
            async with self.logs.of(self.tenant) as log:
                written.append(await log.write(deed(number)))
        return written

    async def anchor(self) -> None:
        class Theirs(AuditLogs):
            async def tenants(logs) -> list[str]:
                return [self.tenant]

        await Anchoring(Theirs(self.engine), self.anchors).catch_up()

    async def integrity(self) -> Integrity:
        return await integrity(self.tenant, logs=self.logs, anchors=self.anchors)

    async def entries(self) -> list[Entry]:
        async with self.logs.of(self.tenant) as log:
            return list(await log.batch(0, 1000))

    def run(self, statement: str, *given: object) -> None:
        """As a superuser, on the tenant's rows."""
        self.administrator.execute(statement.encode() + b" and tenant = %s", [*given, self.tenant])

    def keys(self) -> list[str]:
        return [str(each.object_name) for each in self.store.list_objects(AUDIT, f"{self.tenant}/")]

    def read(self, person: str, *, ago: timedelta = timedelta(hours=1)) -> None:
        """Query's access log has a row more, which was written then."""
        self.administrator.execute(
            "insert into query.access_log (tenant, person_id, person_name, action, detail, at, added_at) "
            "values (%s, %s, %s, 'search', '{}', %s, %s)",
            [self.tenant, person, person, *[datetime.now(UTC) - ago] * 2],
        )


@pytest.fixture
def desk(system: System, engine: AsyncEngine) -> Iterator[Desk]:
    inside = psycopg.conninfo.make_conninfo(system.administrator_url, dbname="minutier")
    with psycopg.connect(inside, autocommit=True, options="-c search_path=retention") as administrator:
        yield Desk(system, engine, administrator)


async def test_what_is_read_back_is_what_was_written(desk: Desk) -> None:
    assert await desk.write(1, 2, 3) == await desk.entries()
    async with desk.logs.of(desk.tenant) as log:
        assert [each.number for each in await log.page(limit=2)] == [3, 2]
        assert [each.number for each in await log.page(limit=2, after=2)] == [1]
    assert await desk.integrity() == Integrity(State.UNANCHORED, 3)
    await desk.anchor()
    assert await desk.integrity() == Integrity(State.WHOLE, 3, 3)


async def test_many_who_write_at_once_leave_no_gap(desk: Desk) -> None:
    async def fail() -> None:
        async with desk.logs.of(desk.tenant) as log:
            await log.write(deed())
            raise KeyError

    await asyncio.gather(
        *(desk.write(*range(5)) for _ in range(8)), *(fail() for _ in range(8)), return_exceptions=True
    )
    entries = await desk.entries()
    assert [entry.number for entry in entries] == list(range(1, 41))
    assert (await desk.integrity()).state is State.UNANCHORED


async def test_the_service_only_adds(desk: Desk, system: System) -> None:
    await desk.write(1)
    # Whenever it starts, the role is given once more what its tables need.
    await asyncio.to_thread(
        prepare_database,
        system.administrator_url,
        database="minutier",
        passwords=system.credentials.role_passwords,
    )
    for statement in ("delete from audit_log", "update audit_log set actor = ''", "truncate audit_log"):
        with pytest.raises(ProgrammingError, match="permission denied"):
            async with within(desk.engine, desk.tenant) as session:
                await (await session.connection()).execute(text(statement))
    assert len(await desk.entries()) == 1


async def test_another_tenant_sees_and_adds_nothing(desk: Desk, system: System) -> None:
    await desk.write(1)
    (entry,) = chain(deed(2), tenant=desk.tenant, after=(await desk.entries())[0].head)
    async with desk.logs.of("another") as log:
        assert await log.page(limit=10) == []
    with pytest.raises(ProgrammingError, match="row-level security"):
        async with within(desk.engine, "another") as session:
            await (await session.connection()).execute(
                text("insert into audit_log values (:tenant, 2, now(), 'a', 'b', '{}', '{}', :before, 'c')"),
                {"tenant": desk.tenant, "before": entry.previous},
            )


CHANGES = {
    "actor": "actor = 'acme/nobody'",
    "time": "at = at + interval '1 microsecond'",
    "detail": """detail = '{"covered": 9}'""",
    "a number that has no canonical form": """detail = '{"covered": 90071992547409931}'""",
    "an action that there is not": "action = 'nothing'",
    "hash": "hash = repeat('0', 64)",
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
async def test_a_row_that_a_superuser_changed_is_found(desk: Desk, change: str) -> None:
    await desk.write(1, 2, 3)
    await desk.anchor()
    desk.run(f"update audit_log set {change} where number = 2")
    assert await desk.integrity() == Integrity(State.CHANGED, 1, number=2)


async def test_a_tail_that_a_superuser_cut_is_found(desk: Desk) -> None:
    """Also once the chain goes on, and says that it was anchored."""
    await desk.write(1, 2, 3)
    await desk.anchor()
    desk.run("delete from audit_log where number = 3")
    assert await desk.integrity() == Integrity(State.CUT, 2, 3, 3)
    await desk.write(4, 5)
    assert await desk.integrity() == Integrity(State.FORKED, 2, 3, 3)
    await desk.anchor()
    assert (await desk.integrity()).state is State.FORKED


async def test_a_chain_that_a_superuser_wrote_anew_is_found(desk: Desk) -> None:
    *_, before = await desk.write(1, 2, 3)
    await desk.anchor()
    anew = chain(*map(deed, (7, 8, 9)), tenant=desk.tenant)
    for entry in anew:
        desk.run(
            "update audit_log set at = %s, things = %s, detail = %s, previous = %s, hash = %s "
            "where number = %s",
            entry.at,
            psycopg.types.json.Jsonb(entry.things),
            psycopg.types.json.Jsonb(entry.detail),
            entry.previous,
            entry.hash,
            entry.number,
        )
    assert [entry.hash for entry in await desk.entries()] == [entry.hash for entry in anew]
    assert await desk.integrity() == Integrity(State.FORKED, 2, 3, 3)
    desk.store.remove_object(AUDIT, f"{desk.tenant}/000000000003-{before.hash}.json")
    assert await desk.integrity() == Integrity(State.FORKED, 2, 3, 3)


async def test_anchors_stay(desk: Desk) -> None:
    """Neither with the store's password is one deleted, nor does another take its place."""
    (entry,) = await desk.write(1)
    await desk.anchor()
    ((key, version),) = (
        (str(each.object_name), each.version_id)
        for each in desk.store.list_objects(AUDIT, f"{desk.tenant}/", include_version=True)
    )
    with pytest.raises(S3Error, match="AccessDenied"):
        desk.store.remove_object(AUDIT, key, version)
    desk.store.put_object(AUDIT, key, io.BytesIO(b"{}"), 2)
    assert replace(await desk.integrity(), ignored=0) == Integrity(State.WHOLE, 1, entry.number)


async def test_after_a_kill_between_entry_and_anchor_it_goes_on(desk: Desk) -> None:
    (entry,) = await desk.write(1)
    # The anchor was kept, and that it was is not written down.
    await desk.anchors.put(desk.tenant, entry.head)
    await desk.write(2)
    await desk.anchor()
    assert len(desk.keys()) == 2
    await desk.anchor()
    assert len(desk.keys()) == 2
    assert await desk.integrity() == Integrity(State.WHOLE, 2, 2)


async def test_anchors_come_by_their_numbers(desk: Desk) -> None:
    """As many as make the store page, written in another order."""
    heads = [Head(number, f"{number:064x}") for number in range(1, 1041)]
    shuffled = sorted(heads, key=lambda head: head.hash[::-1])
    anchors = replace(desk.anchors, store=Unlocked(desk.anchors.store))
    for start in range(0, len(shuffled), 20):
        await asyncio.gather(*(anchors.put(desk.tenant, head) for head in shuffled[start : start + 20]))
    found = [anchor.number async for anchor in desk.anchors.of(desk.tenant)]
    assert found == [head.number for head in heads]


class Unlocked:
    def __init__(self, store: Any) -> None:
        self._store = store

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    async def locks(self, bucket: str) -> bool:
        return False


async def test_the_access_log_of_query_is_in_the_chain(desk: Desk) -> None:
    for person in ("acme/a", "acme/b"):
        desk.read(person)
    await desk.anchor()
    desk.read("acme/c")
    desk.read("acme/d", ago=timedelta())
    await desk.anchor()
    first, second = (entry.detail for entry in await desk.entries())
    assert (first["after"], first["rows"], second["rows"]) == (0, 2, 1)
    assert second["after"] == first["through"]
    assert await desk.integrity() == Integrity(State.WHOLE, 2, 2)
    assert await verify_accesses(desk.logs, desk.tenant) == Accesses(3)
    desk.run("update query.access_log set person_id = 'acme/x' where person_id = 'acme/b'")
    assert await verify_accesses(desk.logs, desk.tenant) == Accesses(1, changed=(first["through"],))
    desk.run("delete from query.access_log where person_id = 'acme/c'")
    changed = (first["through"], second["through"])
    assert await verify_accesses(desk.logs, desk.tenant) == Accesses(changed=changed)


async def test_an_access_log_is_read_in_parts(desk: Desk) -> None:
    desk.administrator.execute(
        "insert into query.access_log (tenant, person_id, person_name, action, detail, at, added_at) "
        "select %s, 'acme/a', 'a', 'search', '{}', long_ago, long_ago "
        "from (select now() - interval '1 day' as long_ago) as moment, generate_series(1, 10001)",
        [desk.tenant],
    )
    await desk.anchor()
    assert [entry.detail["rows"] for entry in await desk.entries()] == [10_000, 1]
    assert await verify_accesses(desk.logs, desk.tenant) == Accesses(10_001)


async def test_no_other_service_can_ask(system: System) -> None:
    theirs = system.database_url("attribution").replace("+psycopg", "")
    for function in ("prove_accesses('acme', 0, null, 1)", "accesses_erased('acme', 0, 1)"):
        with psycopg.connect(theirs) as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute(f"select query.{function}".encode())


async def test_who_read_what_is_not_told_to_retention(desk: Desk) -> None:
    desk.read("acme/a")
    with pytest.raises(ProgrammingError, match="permission denied"):
        async with within(desk.engine, desk.tenant) as session:
            await (await session.connection()).execute(text("select * from query.access_log"))
    async with desk.logs.of("another") as log:
        found = await log.read_accesses(0)
    assert found is not None
    async with within(desk.engine, "another") as session:
        told = await (await session.connection()).execute(
            text("select rows from query.prove_accesses(:tenant, 0, null, 10)"), {"tenant": desk.tenant}
        )
        assert told.scalar_one() == 0
