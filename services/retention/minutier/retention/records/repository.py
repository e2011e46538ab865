"""Every SQL statement about the log of disposal records."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from uuid import UUID

from sqlalchemy import Integer, Text, cast, func, text, update
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, insert
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from minutier.retention.records.domain import Draft, Issued, NoKey, issue
from minutier.retention.records.models import DisposalRow, LogRow
from minutier.retention.records.ports import Kept, Listed
from minutier.schemas.records import DisposalProof, SignedHead, SignedRecord
from minutier.shared.proofs.issue import prove, sign_head, written
from minutier.shared.proofs.merkle import Frontier, Node, frontier_nodes, inclusion_nodes, inclusion_path
from minutier.shared.proofs.signing import SigningKey
from minutier.shared.tenants import confine, run, within

_ISSUED = text("""
    select entry from disposals
    where tenant = :tenant and (purge_id, recording_id) in (
        select * from unnest(cast(:purges as uuid[]), cast(:recordings as uuid[]))
    )
""")

# Where an entry has the objects that it names.
_OBJECTS = cast(["record", "objects"], ARRAY(Text))


class Log:
    """One tenant's log, in the transaction of ``session``, which is confined to it."""

    def __init__(self, session: AsyncSession, tenant: str, key: SigningKey | None) -> None:
        self._session = session
        self._tenant = tenant
        self._key = key

    @property
    def tenant(self) -> str:
        return self._tenant

    async def append(self, draft: Draft) -> SignedRecord:
        (entry,) = await self.append_all([draft])
        return entry

    async def append_all(self, drafts: Sequence[Draft]) -> Sequence[SignedRecord]:
        key = self._signing()
        await self._lock()
        found = await self._issued(drafts)
        new = {draft.subject: draft for draft in drafts if draft.subject not in found}
        if new:
            log = await self._tree(await self.size())
            # The database's clock is one for all replicas, and is read when nobody else appends.
            at = (await self._session.exec(select(func.clock_timestamp()))).one().astimezone(UTC)
            issued = await asyncio.to_thread(
                issue, list(new.values()), tenant=self._tenant, log=log, at=at, key=key
            )
            await (await self._session.connection()).execute(insert(DisposalRow), list(map(_row, issued)))
            found |= {_subject(each.entry): each.entry for each in issued}
        return [found[draft.subject] for draft in drafts]

    async def size(self) -> int:
        statement = (
            select(DisposalRow.index)
            .where(DisposalRow.tenant == self._tenant)
            .order_by(col(DisposalRow.index).desc())
            .limit(1)
        )
        last = (await self._session.exec(statement)).one_or_none()
        return 0 if last is None else last + 1

    async def find(self, id: UUID) -> SignedRecord | None:
        statement = select(DisposalRow.entry).where(DisposalRow.tenant == self._tenant, DisposalRow.id == id)
        entry = (await self._session.exec(statement)).one_or_none()
        return None if entry is None else SignedRecord.model_validate_json(entry)

    async def of_recording(self, recording_id: UUID) -> Sequence[SignedRecord]:
        statement = (
            select(DisposalRow.entry)
            .where(DisposalRow.tenant == self._tenant, DisposalRow.recording_id == recording_id)
            .order_by(col(DisposalRow.index))
        )
        return [SignedRecord.model_validate_json(entry) for entry in await self._session.exec(statement)]

    async def page(
        self,
        *,
        limit: int,
        after: int | None = None,
        purge_id: UUID | None = None,
        recording_id: UUID | None = None,
    ) -> Sequence[Listed]:
        entry = cast(col(DisposalRow.entry), JSONB)
        objects = func.jsonb_array_length(entry.op("#>")(_OBJECTS))
        statement = (
            select(entry.op("#-")(_OBJECTS), func.coalesce(objects, 0, type_=Integer))
            .where(DisposalRow.tenant == self._tenant)
            .order_by(col(DisposalRow.index).desc())
            .limit(limit)
        )
        if after is not None:
            statement = statement.where(col(DisposalRow.index) < after)
        if purge_id is not None:
            statement = statement.where(DisposalRow.purge_id == purge_id)
        if recording_id is not None:
            statement = statement.where(DisposalRow.recording_id == recording_id)
        found = await self._session.exec(statement)
        return [Listed(SignedRecord.model_validate(entry).record, count) for entry, count in found]

    async def batch(self, start: int, limit: int) -> Sequence[Kept]:
        statement = (
            select(DisposalRow)
            .where(DisposalRow.tenant == self._tenant, col(DisposalRow.index) >= start)
            .order_by(col(DisposalRow.index))
            .limit(limit)
        )
        return [
            Kept(row.index, row.id, row.recording_id, row.purge_id, row.entry.encode(), tuple(row.nodes))
            for row in await self._session.exec(statement)
        ]

    async def head(self, at: datetime) -> SignedHead:
        key = self._signing()
        return sign_head(self._tenant, await self._tree(await self.size()), at, key)

    async def proof(self, entry: SignedRecord, at: datetime) -> DisposalProof:
        key = self._signing()
        index, size = entry.record.index, await self.size()
        nodes = await self._nodes([*frontier_nodes(size), *inclusion_nodes(index, size)])
        head = sign_head(self._tenant, Frontier.of(size, nodes), at, key)
        return prove(entry, inclusion_path(index, size, nodes), head)

    async def anchored(self) -> int:
        statement = select(LogRow.anchored).where(LogRow.tenant == self._tenant)
        return (await self._session.exec(statement)).one_or_none() or 0

    async def settle(self, size: int) -> None:
        await self._session.exec(
            update(LogRow)
            .where(col(LogRow.tenant) == self._tenant)
            .values(anchored=func.greatest(col(LogRow.anchored), size))
        )

    def _signing(self) -> SigningKey:
        if self._key is None:
            raise NoKey
        return self._key

    async def _lock(self) -> None:
        new = insert(LogRow).values(tenant=self._tenant, anchored=0)
        await self._session.exec(new.on_conflict_do_nothing())
        await self._session.exec(select(LogRow.tenant).where(LogRow.tenant == self._tenant).with_for_update())

    async def _issued(self, drafts: Sequence[Draft]) -> dict[tuple[UUID, UUID], SignedRecord]:
        """The records that there are for them already."""
        given = {
            "tenant": self._tenant,
            "purges": [draft.purge_id for draft in drafts],
            "recordings": [draft.recording_id for draft in drafts],
        }
        found = (await run(self._session, _ISSUED, given)).scalars()
        entries = [SignedRecord.model_validate_json(entry) for entry in found]
        return {_subject(entry): entry for entry in entries}

    async def _tree(self, size: int) -> Frontier:
        """Of the first ``size`` entries."""
        return Frontier.of(size, await self._nodes(frontier_nodes(size)))

    async def _nodes(self, nodes: Iterable[Node]) -> Mapping[Node, bytes]:
        """These, by one statement; each is in the row of the leaf with which it was completed."""
        statement = select(DisposalRow.index, DisposalRow.nodes).where(
            DisposalRow.tenant == self._tenant, col(DisposalRow.index).in_({node.last for node in nodes})
        )
        return {
            Node(last, level): bytes(root)
            for last, roots in await self._session.exec(statement)
            for level, root in enumerate(roots)
        }


class Logs:
    """The log of each tenant, signed with ``key``; without one it can be read, and nothing is issued."""

    def __init__(self, engine: AsyncEngine, key: SigningKey | None) -> None:
        self._engine = engine
        self._key = key

    async def joining(self, session: AsyncSession, tenant: str) -> Log:
        """In a transaction that has begun, which is then confined to ``tenant``."""
        await confine(session, tenant)
        return Log(session, tenant, self._key)

    @asynccontextmanager
    async def of(self, tenant: str) -> AsyncIterator[Log]:
        async with within(self._engine, tenant) as session:
            yield Log(session, tenant, self._key)


def _subject(entry: SignedRecord) -> tuple[UUID, UUID]:
    return entry.record.purge_id, entry.record.recording_id


def _row(issued: Issued) -> dict[str, object]:
    record = issued.entry.record
    return {
        "tenant": record.tenant,
        "index": record.index,
        "id": record.id,
        "recording_id": record.recording_id,
        "purge_id": record.purge_id,
        "entry": written(issued.entry).decode(),
        "nodes": list(issued.nodes),
        "issued_at": record.issued_at,
    }
