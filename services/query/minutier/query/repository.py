"""Every SQL statement of query."""

from collections.abc import Sequence
from uuid import UUID

from pydantic import TypeAdapter
from sqlalchemy import case, func, tuple_
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from minutier.query.domain import Entry, Fact
from minutier.query.models import RecordingRow
from minutier.query.paging import Position
from minutier.schemas.events import AnyEvent

# What is told of a message that could not be read knows no tenant; any other event does.
_UNKNOWN_TENANT = "unknown"

_FACTS: TypeAdapter[dict[UUID, Fact]] = TypeAdapter(dict[UUID, Fact])


async def add(session: AsyncSession, event: AnyEvent, fact: Fact) -> None:
    """Add what ``event`` told, in one statement whose effect depends on neither order nor repetition."""
    insertion = insert(RecordingRow).values(
        id=event.subject,
        tenant=event.tenant,
        announced_at=fact.announced_at or fact.at,
        facts=_FACTS.dump_python({event.id: fact}, mode="json", exclude_defaults=True),
    )
    old, new = RecordingRow, insertion.excluded
    statement = insertion.on_conflict_do_update(
        index_elements=[col(old.id)],
        set_={
            "tenant": case(
                (col(old.tenant) == _UNKNOWN_TENANT, new.tenant),
                (new.tenant == _UNKNOWN_TENANT, col(old.tenant)),
                else_=func.least(col(old.tenant), new.tenant),
            ),
            "announced_at": func.least(col(old.announced_at), new.announced_at),
            "facts": col(old.facts).concat(new.facts),
        },
    )
    await session.exec(statement)


class Recordings:
    """The read model, read; every call is one short transaction."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def find(self, id: UUID) -> Entry | None:
        async with AsyncSession(self._engine) as session:
            row = await session.get(RecordingRow, id)
            return _entry(row) if row else None

    async def page(self, *, tenant: str | None, limit: int, after: Position | None) -> Sequence[Entry]:
        """At most ``limit``, newest first, beginning behind ``after``."""
        place = tuple_(col(RecordingRow.announced_at), col(RecordingRow.id))
        statement = (
            select(RecordingRow)
            .order_by(col(RecordingRow.announced_at).desc(), col(RecordingRow.id).desc())
            .limit(limit)
        )
        if tenant is not None:
            statement = statement.where(RecordingRow.tenant == tenant)
        if after is not None:
            statement = statement.where(place < (after.announced_at, after.id))
        async with AsyncSession(self._engine) as session:
            return [_entry(row) for row in await session.exec(statement)]


def _entry(row: RecordingRow) -> Entry:
    return Entry(row.id, row.tenant, row.announced_at, _FACTS.validate_python(row.facts))
