"""What a legal hold covers is deleted by nobody: the database and the store refuse it."""

import asyncio
import io
from uuid import UUID, uuid4

import psycopg
import pytest
from minio import Minio
from minio.error import S3Error
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlmodel.ext.asyncio.session import AsyncSession

from minutier.compose.embedded import System
from minutier.retention.holds.domain import MOST_LISTED, Search
from minutier.retention.holds.lock import Locker
from minutier.retention.holds.place import UnknownRecordings, place_hold
from minutier.retention.holds.release import ReleasedAlready
from minutier.schemas.events import HoldPlaced, HoldReleased
from minutier.schemas.references import Location
from minutier.shared import objects
from minutier.shared.held import HELD
from minutier.shared.objects import Objects
from minutier.shared.settings import ObjectSettings
from tests.support.retention_holds import GUARDED, hold
from tests.support.retention_office import Office, put_row
from tests.support.retention_policies import TAKEN_IN, facts
from tests.support.wholeness import inside

ROLE = "retention"

# What is deleted without anything being lost of what people said and did.
_TOMBSTONES = {"tombstones": "numbers of what was destroyed, which a hold may take down"}
_WORK = {
    **_TOMBSTONES,
    "cancellations": "says that work is not wanted",
    "erasures": "says since when work is wanted again",
}
LEFT = {
    "ingestion": {
        **_WORK,
        "ends": "waits for a job to be told of",
        "expectations": "waits for a recording that has not come",
        "promised_uploads": "waits for a file that has not come",
        "tellings": "digests of announcements, forgotten once taken in",
    },
    "diarization": _WORK,
    "transcription": _WORK,
    "summarisation": _WORK,
    "attribution": _WORK,
    "query": {
        **_TOMBSTONES,
        "grants": "who may read it, which its owner takes back",
        "queue": "what waits for a stage",
        "webhook_deliveries": "who was told of an event",
    },
    "retention": {
        **_TOMBSTONES,
        "held": "the holds themselves, which the service may not delete",
        "documents": "where documents lie, which are held where they do",
        "erasure_requests": "who asked to be erased, by a reference",
        "purge_items": "what was proposed and destroyed, by numbers",
        "disposals": "the records of what was destroyed, which the service may not delete",
    },
}


@pytest.fixture
def office(engine: AsyncEngine) -> Office:
    return Office(engine, f"t{uuid4().hex[:8]}")


async def refused(office: Office, recording: UUID) -> bool:
    try:
        await office.delete(recording)
    except DBAPIError as error:
        if getattr(error.orig, "sqlstate", None) != HELD:
            raise
        return True
    return False


async def test_what_is_held_is_not_deleted_until_no_hold_is_left(office: Office) -> None:
    recording, other = await office.take_in(), await office.take_in()
    first, second = await office.place(recording), await office.place(recording, other)
    assert await refused(office, recording)
    assert await refused(office, other)
    await office.release(first)
    assert await refused(office, recording)
    await office.release(second)
    assert await office.delete(recording) == 1
    assert await office.delete(other) == 1
    with pytest.raises(ReleasedAlready):
        await office.release(second)


async def test_a_hold_on_what_there_is_not_is_no_hold(office: Office, engine: AsyncEngine) -> None:
    recording = await office.take_in()
    others = await Office(engine, f"{office.tenant}-b").take_in()
    nowhere = uuid4()
    assert await office.place(recording, nowhere, others) == UnknownRecordings((nowhere, others))
    assert not await refused(office, recording)
    with pytest.raises(ValueError, match="list recordings, or give a search"):
        await office.place()
    with pytest.raises(ValueError, match="at most 1000 recordings"):
        await office.place(*(uuid4() for _ in range(MOST_LISTED + 1)))


async def test_a_search_is_also_for_what_comes_later(office: Office) -> None:
    old = await office.take_in()
    placed = await office.place(search=Search(source="livekit", met_before=TAKEN_IN))
    late = await office.take_in()
    elsewhere = await office.take_in(facts(tenant=office.tenant, source="jitsi"))
    afterwards = await office.take_in(facts(tenant=office.tenant, met_at=TAKEN_IN))
    assert await refused(office, old)
    assert await refused(office, late)
    assert not await refused(office, elsewhere)
    assert not await refused(office, afterwards)
    await office.release(placed)
    assert not await refused(office, late)


async def test_a_hold_waits_for_who_deletes_and_is_then_of_nothing(office: Office) -> None:
    recording = await office.take_in()
    async with AsyncSession(office.engine) as session:
        async with session.begin():
            await office.boards.joining(session, office.tenant)
            connection = await session.connection()
            await connection.exec_driver_sql("delete from recordings where id = %s", (recording,))
            placing = asyncio.create_task(office.place(recording))
            await asyncio.sleep(0.3)
            assert not placing.done()
        assert await placing == UnknownRecordings((recording,))


async def test_who_deletes_waits_for_a_hold_and_is_refused(office: Office) -> None:
    recording = await office.take_in()
    async with office.transaction() as transaction:
        holds = await office.boards.joining(transaction.session, office.tenant)
        await place_hold(hold(tenant=office.tenant), [recording], holds=holds)
        deleting = asyncio.create_task(refused(office, recording))
        await asyncio.sleep(0.3)
        assert not deleting.done()
    assert await deleting


def test_every_table_with_recordings_is_guarded_or_loses_nothing(system: System) -> None:
    with psycopg.connect(inside(system)) as connection:
        columns = connection.execute("""
            select table_schema, table_name from information_schema.columns
            where column_name = 'recording_id' and table_schema not in ('pg_catalog', 'information_schema')
        """).fetchall()
        triggers = connection.execute("""
            select nspname, relname from pg_trigger
            join pg_class on pg_class.oid = tgrelid join pg_namespace on pg_namespace.oid = relnamespace
            where tgname = 'keep_held' and tgenabled = 'O'
        """).fetchall()
    guarded = {(schema, table) for schema, tables in GUARDED.items() for table in tables}
    left = {(schema, table) for schema, tables in LEFT.items() for table in tables}
    assert set(triggers) == guarded
    # The relay's and the inbox's rows are gone once they have served.
    assert {row for row in columns if row[1] not in ("outbox", "inbox")} <= guarded | left


@pytest.mark.parametrize(
    ("schema", "table"), [(schema, table) for schema, tables in GUARDED.items() for table in tables]
)
async def test_no_service_deletes_what_is_held(
    system: System, office: Office, schema: str, table: str
) -> None:
    """Rows that the administrator has put there, with whatever their columns take."""
    held, free = await office.take_in(), await office.take_in()
    await office.place(held)
    column = GUARDED[schema][table]
    if schema != "retention":
        with psycopg.connect(inside(system)) as connection:
            for recording in (held, free):
                put_row(connection, schema, table, column, recording, office.tenant)
    service = system.database_url(schema).replace("+psycopg", "")
    with psycopg.connect(service) as connection:
        connection.execute("select set_config('minutier.tenants', %s, false)", [office.tenant])
        connection.commit()
        statement = f"delete from {schema}.{table} where {column} = %s"
        if (schema, table) == ("query", "access_log"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(statement, [held])
            return
        # Of some it is only known at the end whether others take the place of what is deleted.
        with pytest.raises(psycopg.Error) as caught, connection.transaction():
            connection.execute(statement, [held])
        assert caught.value.sqlstate == HELD
        assert connection.execute(statement, [free]).rowcount >= 1


async def test_the_store_keeps_every_version_of_what_is_held(system: System, office: Office) -> None:
    store = objects.client(system.objects)
    recording, other = await office.take_in(), await office.take_in()
    kept = [
        put_object(store, bucket, f"{office.tenant}/{recording}/{name}", body)
        for bucket in ("recordings", "artefacts")
        for name, body in (("a", b"1"), ("a", b"2"), ("b", b"1"))
    ]
    free = put_object(store, "recordings", f"{office.tenant}/{other}/a", b"1")
    placed = await office.place(recording)
    locker = Locker(office.transaction, office.boards, Objects(system.objects))
    await locker.catch_up()
    for version in kept:
        assert not removed(store, *version)
    assert removed(store, *free)
    # What is added later is held once it was told of.
    late = put_object(store, "artefacts", f"{office.tenant}/{recording}/c", b"1")
    async with office.transaction() as transaction:
        await (await office.boards.joining(transaction.session, office.tenant)).renew(recording)
    await locker.catch_up()
    assert not removed(store, *late)
    await office.release(placed)
    await locker.catch_up()
    assert all(removed(store, *version) for version in [*kept, late])
    told = [event.TYPE for event in office.events if event.subject == recording]
    assert told == [HoldPlaced.TYPE, HoldReleased.TYPE]


async def test_where_the_store_fails_what_is_left_follows(system: System, office: Office) -> None:
    store = objects.client(system.objects)
    recordings = [await office.take_in() for _ in range(2)]
    kept = [
        put_object(store, "recordings", f"{office.tenant}/{recording}/{name}", b"1")
        for recording in recordings
        for name in "ab"
    ]
    await office.place(*recordings)
    failing = Locker(office.transaction, office.boards, Failing(system.objects, after=3))
    with pytest.raises(ConnectionError):
        await failing.catch_up()
    assert [event.TYPE for event in office.events if event.tenant == office.tenant] == [HoldPlaced.TYPE]
    await Locker(office.transaction, office.boards, Objects(system.objects)).catch_up()
    assert not any(removed(store, *version) for version in kept)
    assert len([event for event in office.events if event.tenant == office.tenant]) == 2


class Failing(Objects):
    """A store that goes away."""

    def __init__(self, settings: ObjectSettings, *, after: int) -> None:
        super().__init__(settings)
        self._left = after

    async def set_hold(self, location: Location, held: bool) -> None:
        self._left -= 1
        if self._left < 0:
            raise ConnectionError
        await super().set_hold(location, held)


def put_object(store: Minio, bucket: str, key: str, body: bytes) -> tuple[str, str, str | None]:
    return bucket, key, store.put_object(bucket, key, io.BytesIO(body), len(body)).version_id


def removed(store: Minio, bucket: str, key: str, version: str | None) -> bool:
    try:
        store.remove_object(bucket, key, version)
    except S3Error as error:
        if error.code != "AccessDenied":
            raise
        return False
    return True
