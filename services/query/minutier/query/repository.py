"""Every SQL statement of the read model."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

from pydantic import TypeAdapter
from sqlalchemy import ColumnElement, Uuid, case, delete, func, text, tuple_, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from minutier.query.access.domain import Grant, Level, Origin, Seen, restricted, see
from minutier.query.destroyed import destroy
from minutier.query.domain import Entry, Fact, recording
from minutier.query.folding import fold
from minutier.query.models import GrantRow, RecordingRow, RegisterRow
from minutier.query.paging import Position, Wanted
from minutier.query.steering import repository as steering
from minutier.query.webhooks.repository import enqueue
from minutier.schemas.clock import now
from minutier.schemas.events import AnyEvent
from minutier.schemas.records import Kind as Disposed
from minutier.shared.errors import Permanent
from minutier.shared.identity.domain import UNKNOWN_TENANT, Person, Role
from minutier.shared.tenants import confine, within

_FACTS: TypeAdapter[dict[UUID, Fact]] = TypeAdapter(dict[UUID, Fact])


async def add(session: AsyncSession, event: AnyEvent, fact: Fact) -> Entry:
    """Add what ``event`` told; the effect depends on neither order nor repetition.

    The transaction is then confined to the recording's tenant. Raises `Permanent` (``another_tenants``) for
    an event about a recording of another tenant.
    """
    tenant = await _tenant_of(session, event)
    await confine(session, tenant, UNKNOWN_TENANT)
    insertion = insert(RecordingRow).values(
        id=event.subject,
        tenant=tenant,
        announced_at=fact.announced_at or fact.at,
        happened_at=fact.announced_at or fact.at,
        facts=_dump({event.id: fact}),
        destroyed=[],
    )
    old, new = RecordingRow, insertion.excluded
    statement = insertion.on_conflict_do_update(
        index_elements=[col(old.id)],
        set_={
            "tenant": new.tenant,
            "announced_at": func.least(col(old.announced_at), new.announced_at),
            "facts": col(old.facts).concat(new.facts),
        },
    ).returning(RecordingRow)
    # A row that the session has met before is the one that was returned now.
    rows = await session.exec(statement, execution_options={"populate_existing": True})
    entry = _entry(rows.scalar_one())
    if (left := destroy(entry, ())) != entry:
        entry = left
        await keep(session, entry)
    else:
        await derive(session, entry)
    await steering.learn(session, entry, fact)
    await enqueue(session, entry, told_by=event.id)
    return entry


async def derive(session: AsyncSession, entry: Entry) -> None:
    """Write what lists are filtered by, who may see it and what it waits for: it follows from the facts."""
    shown = recording(entry)
    await steering.enqueue(session, entry)
    await session.exec(
        update(RecordingRow)
        .where(col(RecordingRow.id) == entry.id)
        .values(
            happened_at=entry.happened_at,
            state=shown.state.value,
            restricted=sorted(kind.value for kind in restricted(entry)),
            title=shown.title,
            found_by="\n".join(fold(text) for text in (shown.title or "", *shown.participants)),
            revision=RecordingRow.revision + 1,
        )
    )
    await session.exec(
        delete(GrantRow).where(
            col(GrantRow.recording_id) == entry.id, col(GrantRow.origin) == Origin.MEETING.value
        )
    )
    if entry.people:
        await session.exec(
            insert(GrantRow).values(
                [
                    {
                        "recording_id": entry.id,
                        "principal": principal,
                        "origin": Origin.MEETING.value,
                        "tenant": entry.tenant,
                        "level": level,
                    }
                    for principal, level in entry.people.items()
                ]
            )
        )


async def keep(session: AsyncSession, entry: Entry) -> None:
    """Write what there is of a recording that is `locked`, and all that follows from it."""
    changed = {"facts": _dump(entry.facts), "destroyed": sorted(entry.destroyed)}
    await session.exec(update(RecordingRow).where(col(RecordingRow.id) == entry.id).values(changed))
    await derive(session, entry)


async def erase(session: AsyncSession, id: UUID) -> int:
    """Remove a recording, and who may see it; how many rows that were."""
    gone = 0
    for statement in (
        delete(GrantRow).where(col(GrantRow.recording_id) == id),
        delete(RecordingRow).where(col(RecordingRow.id) == id),
        delete(RegisterRow).where(col(RegisterRow.id) == id),
    ):
        gone += (await session.exec(statement)).rowcount
    return gone


def _dump(facts: Mapping[UUID, Fact]) -> dict[str, Any]:
    kept: dict[str, Any] = _FACTS.dump_python(dict(facts), mode="json", exclude_defaults=True)
    return kept


async def _tenant_of(session: AsyncSession, event: AnyEvent) -> str:
    insertion = insert(RegisterRow).values(id=event.subject, tenant=event.tenant)
    known = insertion.on_conflict_do_update(
        index_elements=["id"],
        set_={
            "tenant": case(
                (col(RegisterRow.tenant) == UNKNOWN_TENANT, insertion.excluded.tenant),
                else_=col(RegisterRow.tenant),
            )
        },
    ).returning(col(RegisterRow.tenant))
    tenant: str = (await session.exec(known)).scalar_one()
    if event.tenant not in (tenant, UNKNOWN_TENANT):
        raise Permanent("another_tenants")
    return tenant


# The ids of the recordings that somebody may read, for an ``in``; `reader` says who it is.
READABLE = """
    select recording_id from grants
    where tenant = :tenant and principal = any(cast(:principals as text[])) and level >= :level
        and (until is null or until > now())
"""


def reader(person: Person) -> dict[str, object]:
    """What `READABLE` is given."""
    return {"tenant": person.tenant, "principals": list(person.principals), "level": int(Level.READ)}


class Recordings:
    """The read model, read; every call is one short transaction, confined to who asks."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def find(self, person: Person, id: UUID, *, reason: str | None = None) -> Seen | None:
        """The recording, where ``person`` may know that it exists; with a ``reason``, as in `see`."""
        async with within(self._engine, person.tenant) as session:
            row = await session.get(RecordingRow, id)
            if row is None:
                return None
            given = await self._given(session, person, [id])
        seen = _seen(row, person, given, reason)
        return seen if seen.level > Level.NONE else None

    async def page(
        self, person: Person, wanted: Wanted, *, limit: int, after: Position | None
    ) -> Sequence[Seen]:
        """At most ``limit``, newest first, beginning behind ``after``."""
        statement = (
            select(RecordingRow)
            .where(RecordingRow.tenant == person.tenant, *_conditions(wanted))
            .order_by(col(RecordingRow.happened_at).desc(), col(RecordingRow.id).desc())
            .limit(limit)
        )
        if after is not None:
            place = tuple_(col(RecordingRow.happened_at), col(RecordingRow.id))
            statement = statement.where(place < (after.moment, after.id))
        # Whoever sees only states may not learn from a filter what they do not see.
        by_content = bool(wanted.title or wanted.participant)
        if by_content or not person.roles:
            readable = text(READABLE).bindparams(**reader(person)).columns(recording_id=Uuid)
            statement = statement.where(col(RecordingRow.id).in_(readable))
        if by_content or Role.COMPLIANCE not in person.roles:
            hidden = col(RecordingRow.restricted).contains([Disposed.TRANSCRIPT.value])
            statement = statement.where(~hidden)
        async with within(self._engine, person.tenant) as session:
            rows = list(await session.exec(statement))
            given = await self._given(session, person, [row.id for row in rows])
        return [_seen(row, person, given, None) for row in rows]

    async def _given(
        self, session: AsyncSession, person: Person, ids: Sequence[UUID]
    ) -> dict[UUID, list[Grant]]:
        statement = select(GrantRow).where(
            GrantRow.tenant == person.tenant,
            col(GrantRow.recording_id).in_(ids),
            col(GrantRow.principal).in_(person.principals),
        )
        given: dict[UUID, list[Grant]] = {}
        for row in await session.exec(statement):
            grant = Grant(row.principal, Level(row.level), row.until)
            given.setdefault(row.recording_id, []).append(grant)
        return given


async def locked(session: AsyncSession, id: UUID) -> Entry | None:
    """The recording, which nobody else changes before the transaction ends."""
    row = await session.get(RecordingRow, id, with_for_update=True)
    return _entry(row) if row else None


@asynccontextmanager
async def everywhere(engine: AsyncEngine) -> AsyncIterator[AsyncSession]:
    """One transaction that sees what is of any tenant."""
    async with AsyncSession(engine, expire_on_commit=False) as session, session.begin():
        tenants = list(await session.exec(select(col(RegisterRow.tenant)).distinct()))
        await confine(session, *tenants)
        yield session


async def underived(engine: AsyncEngine, *, limit: int) -> dict[UUID, str]:
    """Recordings, with their tenants, whose facts were kept by an earlier version; at most ``limit``."""
    async with everywhere(engine) as session:
        statement = select(col(RecordingRow.id), col(RecordingRow.tenant)).where(RecordingRow.revision == 0)
        return dict(list(await session.exec(statement.limit(limit))))


def _conditions(wanted: Wanted) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if wanted.state is not None:
        conditions.append(col(RecordingRow.state) == wanted.state.value)
    # The title is the first line, and what is looked for there has none.
    lines = col(RecordingRow.found_by)
    if wanted.title is not None:
        conditions.append(func.split_part(lines, "\n", 1).contains(fold(wanted.title), autoescape=True))
    if wanted.participant is not None:
        names = func.substr(lines, func.strpos(lines.concat("\n"), "\n"))
        conditions.append(names.contains(fold(wanted.participant), autoescape=True))
    if wanted.since is not None:
        conditions.append(col(RecordingRow.happened_at) >= wanted.since)
    if wanted.before is not None:
        conditions.append(col(RecordingRow.happened_at) < wanted.before)
    return conditions


def _seen(row: RecordingRow, person: Person, given: dict[UUID, list[Grant]], reason: str | None) -> Seen:
    grants = given.get(row.id, [])
    return see(person, _entry(row), grants, revision=row.revision, now=now(), reason=reason)


def _entry(row: RecordingRow) -> Entry:
    return Entry(
        row.id,
        row.tenant,
        row.announced_at,
        _FACTS.validate_python(row.facts),
        frozenset(map(Disposed, row.destroyed)),
    )
