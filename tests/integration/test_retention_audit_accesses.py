"""What goes from query's access log with a purge is accounted for, and nothing else is, whoever says so."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import psycopg
import pytest
from psycopg.types.json import Jsonb
from sqlalchemy.ext.asyncio import AsyncEngine

from minutier.compose.embedded import System
from minutier.retention.audit.accesses import Accesses, anchor_accesses, verify_accesses
from minutier.retention.audit.repository import AuditLogs
from minutier.retention.records.repository import Logs
from minutier.schemas.records import Kind
from tests.support.proofs import KEY
from tests.support.retention_records import draft
from tests.support.wholeness import inside

ROLE = "retention"
LONG_AGO = datetime.now(UTC) - timedelta(hours=1)


class Readers:
    """Who reads recordings of a tenant, and what is done about that afterwards."""

    def __init__(self, system: System, engine: AsyncEngine, administrator: psycopg.Connection) -> None:
        self.tenant = f"t{uuid4().hex[:8]}"
        self.logs = AuditLogs(engine)
        self._records = Logs(engine, KEY)
        self._administrator = administrator
        self._query = system.database_url("query").replace("+psycopg", "")

    def read(
        self, recording: UUID | None = None, *, shown: tuple[UUID, ...] = (), at: datetime = LONG_AGO
    ) -> int:
        """The row's id."""
        detail = {"query": "budget", "recordings": list(map(str, shown))} if shown else {}
        return self._one(
            """
            insert into query.access_log
                (tenant, recording_id, person_id, person_name, action, detail, at, added_at)
            values (%s, %s, 'acme/a', 'Anna', 'transcript', %s, %s, %s) returning id
            """,
            [self.tenant, recording, Jsonb(detail), at, at],
        )

    async def anchor(self) -> None:
        async with self.logs.of(self.tenant) as log:
            assert await anchor_accesses(log)

    async def accesses(self) -> Accesses:
        return await verify_accesses(self.logs, self.tenant)

    def order(self, recording: UUID, state: str = "ordered") -> None:
        self._administrator.execute(
            """
            with purge as (
                insert into retention.purges
                    (id, tenant, cause, state, legal_basis, reason, needs_visa, proposed_by, proposed_at)
                values (gen_random_uuid(), %(tenant)s, 'list', 'executing', 'A law', '', false, 'a', now())
                returning id
            )
            insert into retention.purge_items (purge_id, recording_id, tenant, kinds, whole, state)
            select id, %(recording)s, %(tenant)s, '{access_log}', false, %(state)s from purge
            """,
            {"tenant": self.tenant, "recording": recording, "state": state},
        )

    def erase(self, recording: UUID) -> None:
        """As query does that was ordered to."""
        with psycopg.connect(self._query) as connection:
            connection.execute("select set_config('minutier.tenants', %s, false)", [self.tenant])
            connection.execute("select query.erase_accesses(%s)", [recording])

    async def prove(self, recording: UUID, *kinds: Kind) -> None:
        """That the purge of the recording has come to its end."""
        async with self._records.of(self.tenant) as log:
            await log.append(
                draft(recording_id=recording, purge_id=uuid4(), kinds=kinds or (Kind.ACCESS_LOG,))
            )
        self._administrator.execute(
            "update retention.purge_items set state = 'destroyed', ended_at = now() where recording_id = %s",
            [recording],
        )

    def forge(self, id: int, *recordings: UUID) -> None:
        """Take a row away, and say that it went with these, as a superuser who knows how that is said."""
        self._administrator.execute(
            """
            with gone as (
                delete from query.access_log as read where id = %s
                returning id, tenant, query.digest_access(read) as digest
            )
            insert into query.erased_accesses select id, tenant, %s, digest from gone
            """,
            [id, list(recordings)],
        )

    def run(self, statement: str, *given: object) -> None:
        self._administrator.execute(statement.encode(), given)

    def _one(self, statement: str, given: list[object]) -> int:
        found = self._administrator.execute(statement.encode(), given).fetchone()
        assert found
        return int(str(found[0]))


@pytest.fixture
def readers(system: System, engine: AsyncEngine) -> Iterator[Readers]:
    with psycopg.connect(inside(system), autocommit=True) as administrator:
        yield Readers(system, engine, administrator)


async def test_what_went_with_a_purge_has_a_record(readers: Readers) -> None:
    purged, other = uuid4(), uuid4()
    for recording in (purged, other, purged):
        readers.read(recording)
    readers.read(shown=(purged, other))
    readers.read(shown=(other,))
    await readers.anchor()
    assert await readers.accesses() == Accesses(5)
    readers.order(purged)
    readers.erase(purged)
    assert await readers.accesses() == Accesses(2, open=3)
    await readers.prove(purged)
    assert await readers.accesses() == Accesses(2, purged=3)
    # What a search has shown besides is a row of its own, which is anchored in its turn.
    readers.run("update query.access_log set added_at = %s where tenant = %s", LONG_AGO, readers.tenant)
    await readers.anchor()
    assert await readers.accesses() == Accesses(3, purged=3)


async def test_what_a_hold_has_stopped_is_told_apart(readers: Readers) -> None:
    recording = uuid4()
    readers.read(recording)
    await readers.anchor()
    readers.order(recording)
    readers.erase(recording)
    readers.run("update retention.purge_items set state = 'stopped' where recording_id = %s", recording)
    assert await readers.accesses() == Accesses(open=1)


async def test_a_record_of_something_else_accounts_for_no_reads(readers: Readers) -> None:
    recording = uuid4()
    last = readers.read(recording)
    await readers.anchor()
    readers.forge(last, recording)
    await readers.prove(recording, Kind.MEDIA)
    assert await readers.accesses() == Accesses(changed=(last,))


async def test_what_is_said_to_have_gone_with_another_recording_is_found(readers: Readers) -> None:
    """Also where that was purged, and query has said as much of it before."""
    purged, other = uuid4(), uuid4()
    readers.read(purged)
    taken = readers.read(other)
    last = readers.read(other)
    await readers.anchor()
    readers.order(purged)
    readers.erase(purged)
    await readers.prove(purged)
    readers.forge(taken, purged)
    assert await readers.accesses() == Accesses(changed=(last,))


async def test_what_was_read_after_a_purge_did_not_go_with_it(readers: Readers) -> None:
    recording = uuid4()
    readers.read(recording)
    readers.order(recording)
    readers.erase(recording)
    await readers.prove(recording)
    taken = readers.read(recording)
    await readers.anchor()
    assert await readers.accesses() == Accesses(1, purged=1)
    readers.forge(taken, recording)
    assert await readers.accesses() == Accesses(changed=(taken,))
    # Where it is destroyed once more, it has.
    await readers.prove(recording)
    assert await readers.accesses() == Accesses(purged=2)


@pytest.mark.parametrize(
    "change",
    [
        "delete from query.access_log where tenant = %s and recording_id is not null",
        "update query.access_log set person_id = 'acme/x' where tenant = %s",
        "update query.access_log set salt = gen_random_uuid() where tenant = %s",
        "update query.erased_accesses set digest = '' where tenant = %s",
        "update query.erased_accesses set id = id + 1000000 where tenant = %s",
        "delete from query.erased_accesses where tenant = %s",
        "insert into query.access_log (id, tenant, person_id, person_name, action, detail) "
        "overriding system value select id, tenant, '', '', '', '{}' "
        "from query.erased_accesses where tenant = %s",
    ],
)
async def test_what_a_superuser_changed_beside_a_purge_is_found(readers: Readers, change: str) -> None:
    """What an earlier version could not tell, once something of a range was purged."""
    purged, other = uuid4(), uuid4()
    readers.read(purged)
    last = readers.read(other)
    await readers.anchor()
    readers.order(purged)
    readers.erase(purged)
    await readers.prove(purged)
    assert await readers.accesses() == Accesses(1, purged=1)
    readers.run(change, readers.tenant)
    assert await readers.accesses() == Accesses(changed=(last,))


async def test_query_s_role_says_nothing_of_what_was_erased(system: System) -> None:
    with psycopg.connect(system.database_url("query").replace("+psycopg", "")) as connection:
        for statement in (
            "insert into query.erased_accesses values (1, 'acme', '{}', '')",
            "update query.erased_accesses set digest = ''",
            "delete from query.erased_accesses",
            "truncate query.erased_accesses",
        ):
            with pytest.raises(psycopg.errors.InsufficientPrivilege), connection.transaction():
                connection.execute(statement.encode())
