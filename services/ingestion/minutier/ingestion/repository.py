"""Every SQL statement of ingestion."""

import hashlib
from collections import defaultdict
from collections.abc import AsyncIterator, Collection, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import cast
from uuid import UUID

from sqlalchemy import ARRAY, String, delete, exists, func, literal, or_, tuple_, update
from sqlalchemy.dialects.postgresql import distinct_on, insert
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlalchemy.sql.dml import ReturningInsert
from sqlalchemy.sql.functions import FunctionElement
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from minutier.ingestion.domain import Identity
from minutier.ingestion.models import AnnouncedObject, DisposedObject, Expectation, Recording, Telling
from minutier.schemas.clock import now
from minutier.schemas.events import Ingested, RecordingAnnounced
from minutier.schemas.references import Location
from minutier.schemas.rejections import RejectionReason
from minutier.shared import erasures

# As many people as are ever in one meeting may each tell something of it.
_MOST_TELLINGS = 1000


class Register:
    """The register of recordings."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def holds(self, recording_id: UUID) -> bool:
        """Whether this recording was taken in; one that was rejected may be announced again."""
        async with AsyncSession(self._engine) as session:
            return await is_taken_in(session, recording_id)

    async def is_closed(self, recording_id: UUID) -> bool:
        """Whether nothing more is heard of it, since somebody was erased from it."""
        async with self._engine.connect() as connection:
            return await erasures.stand_for(connection, recording_id)

    async def settle(
        self, session: AsyncSession, event: RecordingAnnounced, outcome: Ingested | RejectionReason
    ) -> bool:
        """In ``session``'s transaction; false where the recording was taken in meanwhile."""
        row = {
            "id": event.subject,
            "tenant": event.tenant,
            "source": event.data.source,
            "external_id": event.data.external_id,
            "announced_at": event.time,
            "settled_at": now(),
            "rejected": None if isinstance(outcome, Ingested) else outcome.value,
        }
        # Not by ON CONFLICT (id): of two at once one would break the other constraint, which says the same.
        first = insert(Recording).values(row).on_conflict_do_nothing().returning(col(Recording.id))
        if (await session.exec(first)).first() is not None:
            return True
        again = (
            update(Recording)
            .where(col(Recording.id) == event.subject, col(Recording.rejected).is_not(None))
            .values({name: row[name] for name in ("announced_at", "settled_at", "rejected")})
            .returning(col(Recording.id))
        )
        return (await session.exec(again)).first() is not None

    async def announced_among(
        self, tenant: str, bucket: str, keys: Collection[str]
    ) -> Mapping[str, frozenset[str]]:
        """The etags under which these objects were announced, or purged; an empty one stands for any."""
        digests = {_digest(bucket, key): key for key in keys}
        disposed = select(DisposedObject.digest, DisposedObject.etag).where(
            col(DisposedObject.tenant) == tenant, col(DisposedObject.digest).in_(digests)
        )
        statement = select(AnnouncedObject.key, AnnouncedObject.etag).where(
            col(AnnouncedObject.tenant) == tenant,
            col(AnnouncedObject.bucket) == bucket,
            col(AnnouncedObject.key).in_(keys),
        )
        etags: dict[str, set[str]] = defaultdict(set)
        async with AsyncSession(self._engine) as session:
            for key, etag in await session.exec(statement):
                etags[key].add(etag)
            for digest, etag in await session.exec(disposed):
                etags[digests[digest]].add(etag)
        return {key: frozenset(found) for key, found in etags.items()}

    async def overdue(self, *, limit: int) -> list[Identity]:
        """Recordings whose end nobody has told of in time, the longest due first."""
        statement = (
            select(Expectation.tenant, Expectation.source, Expectation.external_id)
            .where(col(Expectation.due_at) <= now())
            .order_by(col(Expectation.due_at))
            .limit(limit)
        )
        async with AsyncSession(self._engine) as session:
            return [Identity(*row) for row in await session.exec(statement)]

    @asynccontextmanager
    async def alone(self, work: str) -> AsyncIterator[bool]:
        """Whether nobody else is at ``work``, and will be for as long as the context lasts."""
        key = func.hashtextextended(work, 0)
        # No transaction stays open meanwhile: the work may take longer than one may idle.
        async with self._engine.execution_options(isolation_level="AUTOCOMMIT").connect() as connection:
            mine = bool(await connection.scalar(select(func.pg_try_advisory_lock(key))))
            try:
                yield mine
            finally:
                if mine:
                    await connection.execute(select(func.pg_advisory_unlock(key)))


async def is_taken_in(session: AsyncSession, recording_id: UUID) -> bool:
    statement = select(Recording.id).where(Recording.id == recording_id, col(Recording.rejected).is_(None))
    return (await session.exec(statement)).first() is not None


@dataclass(frozen=True)
class Claim:
    """The recording that an object was announced to be, ``since`` when.

    One that was ``rejected`` may be announced again.
    """

    identity: Identity
    taken_in: bool
    rejected: bool
    since: datetime = field(compare=False)
    has_metadata: bool = field(compare=False)

    def is_anothers(self, identity: Identity) -> bool:
        """Whether the same source has told of another recording."""
        return self.identity.source == identity.source and self.identity != identity


async def claims_of(
    session: AsyncSession, tenant: str, locations: Collection[Location], *, etag: str | None
) -> list[Claim | None]:
    """Which recording each object is; whoever else announces one waits for this transaction.

    Two etags that are both known and differ are two objects. An etag that nobody knew is kept.
    """
    objects = _objects(locations)
    if not objects:
        return []
    # In one order, so that of two announcements that share objects neither waits for the other; and in a
    # statement of its own, since the next sees what was committed before it began.
    names = [f"{tenant}/{bucket}/{key}" for bucket, key in objects]
    await session.exec(select(func.pg_advisory_xact_lock(func.hashtextextended(_each(names), 0))))
    statement = (
        select(AnnouncedObject, Expectation, Recording)
        .join(Expectation, col(Expectation.recording_id) == col(AnnouncedObject.recording_id))
        .join(Recording, col(Recording.id) == col(AnnouncedObject.recording_id), isouter=True)
        .where(
            col(AnnouncedObject.tenant) == tenant,
            tuple_(col(AnnouncedObject.bucket), col(AnnouncedObject.key)).in_(objects),
            *([col(AnnouncedObject.etag).in_(["", etag])] if etag else []),
        )
        .ext(distinct_on(col(AnnouncedObject.bucket), col(AnnouncedObject.key)))
        .order_by(
            AnnouncedObject.bucket,
            AnnouncedObject.key,
            (col(AnnouncedObject.etag) == etag).desc(),
            col(AnnouncedObject.announced_at).desc(),
        )
    )
    found = {}
    # A recording that is not settled yet has no row.
    for announced, expected, recording in cast(
        "Iterable[tuple[AnnouncedObject, Expectation, Recording | None]]", await session.exec(statement)
    ):
        if etag:
            announced.etag = etag
        found[announced.bucket, announced.key] = Claim(
            Identity(tenant, expected.source, expected.external_id),
            taken_in=recording is not None and recording.rejected is None,
            rejected=recording is not None and recording.rejected is not None,
            since=announced.announced_at,
            has_metadata=announced.has_metadata,
        )
    return [found.get(object_) for object_ in objects]


async def are_disposed_of(
    session: AsyncSession,
    tenant: str,
    locations: Collection[Location],
    *,
    etag: str | None,
    but_of: str | None,
) -> bool:
    """Whether any of these objects was a recording that is purged; ask after `claims_of`.

    What ``but_of`` had announced is not counted.
    """
    digests = [_digest(bucket, key) for bucket, key in _objects(locations)]
    statement = select(DisposedObject.digest).where(
        col(DisposedObject.tenant) == tenant,
        col(DisposedObject.digest).in_(digests),
        *([col(DisposedObject.etag).in_(["", etag])] if etag else []),
        *([col(DisposedObject.source) != but_of] if but_of else []),
    )
    return bool(digests) and (await session.exec(statement)).first() is not None


async def claim(
    session: AsyncSession,
    locations: Collection[Location],
    identity: Identity,
    *,
    etag: str | None,
    language: str | None,
    has_metadata: bool,
) -> bool:
    """Note which recording the objects are, after `claims_of` has said whose they were, and that its end was
    told of; false where it was taken in.
    """
    objects = _objects(locations)
    row = {
        "tenant": identity.tenant,
        "bucket": _each(bucket for bucket, _ in objects),
        "key": _each(key for _, key in objects),
        "etag": etag or "",
        "recording_id": identity.recording_id,
        "source": identity.source,
        "language": language,
        "has_metadata": has_metadata,
        "announced_at": now(),
    }
    object_ = ["tenant", "bucket", "key", "etag"]
    written = insert(AnnouncedObject).values(row)
    claimed = written.on_conflict_do_update(
        index_elements=object_,
        set_={name: written.excluded[name] for name in row if name not in object_},
        # Of one that is held it stays that it was this object.
        where=or_(
            col(AnnouncedObject.recording_id) == written.excluded.recording_id,
            ~func.retention.is_held(col(AnnouncedObject.recording_id)),
        ),
    )
    taken_in = exists().where(col(Recording.id) == identity.recording_id, col(Recording.rejected).is_(None))
    statement = select(~taken_in).add_cte(claimed.cte("claimed"), _ended(identity).cte("ended"))
    return bool((await session.exec(statement)).one())


async def tell(session: AsyncSession, recording_id: UUID, digest: UUID) -> bool:
    """Note that something was told of a recording; false where it was before, or too much has been."""
    before = select(func.count()).where(Telling.recording_id == recording_id).scalar_subquery()
    told = insert(Telling).from_select(
        ["recording_id", "digest"],
        select(literal(recording_id), literal(digest)).where(before < _MOST_TELLINGS),
    )
    statement = told.on_conflict_do_nothing().returning(col(Telling.digest))
    return (await session.exec(statement)).first() is not None


async def forget_told(session: AsyncSession, recording_id: UUID) -> None:
    """Whatever was told of a recording may be told again."""
    await session.exec(delete(Telling).where(col(Telling.recording_id) == recording_id))


async def erase(session: AsyncSession, recording_id: UUID) -> int:
    """Remove what there is of a recording, and keep by their digests which objects it was; how many rows."""
    digest = func.encode(
        func.sha256(
            func.convert_to(col(AnnouncedObject.bucket).concat("\n").concat(col(AnnouncedObject.key)), "UTF8")
        ),
        "hex",
    )
    theirs = select(
        col(AnnouncedObject.tenant), digest, col(AnnouncedObject.etag), col(AnnouncedObject.source)
    ).where(AnnouncedObject.recording_id == recording_id)
    disposed = insert(DisposedObject).from_select(["tenant", "digest", "etag", "source"], theirs)
    await session.exec(disposed.on_conflict_do_nothing())
    gone = 0
    for statement in (
        delete(Recording).where(col(Recording.id) == recording_id),
        delete(AnnouncedObject).where(col(AnnouncedObject.recording_id) == recording_id),
        delete(Expectation).where(col(Expectation.recording_id) == recording_id),
        delete(Telling).where(col(Telling.recording_id) == recording_id),
    ):
        gone += (await session.exec(statement)).rowcount
    return gone


async def expect(session: AsyncSession, identity: Identity, *, due_at: datetime) -> None:
    """Somebody is to tell of this recording's end, unless somebody has."""
    await session.exec(insert(Expectation).values(_expectation(identity, due_at)).on_conflict_do_nothing())


async def end(session: AsyncSession, identity: Identity) -> bool:
    """This recording's end was told of, by an announcement or otherwise; false where it was before."""
    return (await session.exec(_ended(identity))).first() is not None


async def reject(session: AsyncSession, identity: Identity, reason: RejectionReason) -> bool:
    """In ``session``'s transaction; false where the register has the recording already."""
    at = now()
    statement = (
        insert(Recording)
        .values(
            id=identity.recording_id,
            tenant=identity.tenant,
            source=identity.source,
            external_id=identity.external_id,
            announced_at=at,
            settled_at=at,
            rejected=reason.value,
        )
        .on_conflict_do_nothing()
        .returning(col(Recording.id))
    )
    return (await session.exec(statement)).first() is not None


def _ended(identity: Identity) -> ReturningInsert[tuple[UUID]]:
    return (
        insert(Expectation)
        .values(_expectation(identity, None))
        .on_conflict_do_update(
            index_elements=["recording_id"],
            set_={"due_at": None},
            where=col(Expectation.due_at).is_not(None),
        )
        .returning(col(Expectation.recording_id))
    )


def _digest(bucket: str, key: str) -> str:
    """As `erase` has the database write it."""
    return hashlib.sha256(f"{bucket}\n{key}".encode()).hexdigest()


def _objects(locations: Iterable[Location]) -> list[tuple[str, str]]:
    """Each once, whatever its version, and always in one order."""
    return sorted({(location.bucket, location.key) for location in locations})


def _each(values: Iterable[str]) -> FunctionElement[str]:
    """One row for each."""
    return func.unnest(literal(list(values), ARRAY(String)), type_=String)


def _expectation(identity: Identity, due_at: datetime | None) -> dict[str, object]:
    return {
        "recording_id": identity.recording_id,
        "tenant": identity.tenant,
        "source": identity.source,
        "external_id": identity.external_id,
        "expected_at": now(),
        "due_at": due_at,
    }
