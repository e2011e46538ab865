"""Every SQL statement about layers."""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any
from uuid import UUID

from pydantic import TypeAdapter
from sqlalchemy import delete, update
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from minutier.query import repository
from minutier.query.domain import Entry
from minutier.query.edits.domain import AnyLayer, Correction, Merge, Renaming, Undo
from minutier.query.edits.models import LayerRow
from minutier.query.edits.ports import Index
from minutier.query.webhooks.domain import Topic
from minutier.query.webhooks.repository import tell
from minutier.schemas.documents import TranscriptDocument
from minutier.schemas.events import AnyEvent
from minutier.shared import tombstones
from minutier.shared.delivery import Transaction
from minutier.shared.tenants import confine, within

_KINDS: dict[str, type[AnyLayer]] = {
    "correct": Correction,
    "rename": Renaming,
    "merge": Merge,
    "undo": Undo,
}
_ADAPTERS: dict[str, TypeAdapter[Any]] = {kind: TypeAdapter(layer) for kind, layer in _KINDS.items()}


class Layers:
    """Layers, read; every call is one short transaction."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def of(self, entry: Entry) -> tuple[AnyLayer, ...]:
        """All that were laid over a recording's transcript, the earliest first."""
        async with within(self._engine, entry.tenant) as session:
            return await _layers(session, entry.tenant, entry.id)


class Editing:
    """A transaction that holds the recording's row, so that nobody else edits it."""

    def __init__(
        self, transaction: Transaction, entry: Entry, layers: Sequence[AnyLayer], index: Index
    ) -> None:
        self.entry = entry
        self.layers = layers
        self._transaction = transaction
        self._index = index

    async def lay(self, layer: AnyLayer) -> None:
        """Keep another layer, for good."""
        self._transaction.session.add(
            LayerRow(
                id=layer.id,
                tenant=self.entry.tenant,
                recording_id=self.entry.id,
                at=layer.at,
                kind=_kind(layer),
                content=_content(layer),
            )
        )
        await self._transaction.session.flush()
        await tell(self._transaction.session, self.entry, Topic.TRANSCRIPT_EDITED)

    async def index(self, transcript: TranscriptDocument) -> None:
        """Have search find what ``transcript`` says."""
        await self._index.reindex(self._transaction.session, self.entry.tenant, self.entry.id, transcript)

    def publish(self, event: AnyEvent) -> None:
        """Have an event sent, once the transaction has ended well."""
        self._transaction.publish(event)


class Editor:
    """Opens recordings to be edited, by one at a time."""

    def __init__(
        self, transactions: Callable[[], AbstractAsyncContextManager[Transaction]], index: Index
    ) -> None:
        self._transactions = transactions
        self._index = index

    @asynccontextmanager
    async def __call__(self, tenant: str, id: UUID) -> AsyncIterator[Editing]:
        """Raises `LookupError` where there is no recording of the tenant with this id, and `Purged`."""
        async with self._transactions() as transaction:
            await tombstones.heed(await transaction.session.connection(), id)
            await confine(transaction.session, tenant)
            entry = await repository.locked(transaction.session, id)
            if entry is None:
                raise LookupError
            yield await self.within(transaction, entry)

    async def within(self, transaction: Transaction, entry: Entry) -> Editing:
        """In a transaction that holds the row of ``entry`` already."""
        layers = await _layers(transaction.session, entry.tenant, entry.id)
        return Editing(transaction, entry, layers, self._index)


async def erase(session: AsyncSession, recording_id: UUID) -> int:
    """Remove all layers over a recording's transcript; how many."""
    gone = delete(LayerRow).where(col(LayerRow.recording_id) == recording_id)
    return (await session.exec(gone)).rowcount


async def leave(session: AsyncSession, entry: Entry, layers: Sequence[AnyLayer]) -> int:
    """Remove all layers over a recording's transcript but these, which may be laid otherwise; how many."""
    gone = delete(LayerRow).where(
        col(LayerRow.recording_id) == entry.id, col(LayerRow.id).not_in([layer.id for layer in layers])
    )
    count = (await session.exec(gone)).rowcount
    laid = {layer.id: layer for layer in await of(session, entry)}
    for layer in layers:
        if layer != laid.get(layer.id):
            changed = update(LayerRow).where(col(LayerRow.id) == layer.id).values(content=_content(layer))
            await session.exec(changed)
    return count


async def of(session: AsyncSession, entry: Entry) -> tuple[AnyLayer, ...]:
    """All layers over a recording's transcript, the earliest first."""
    return await _layers(session, entry.tenant, entry.id)


def _kind(layer: AnyLayer) -> str:
    return next(kind for kind, known in _KINDS.items() if isinstance(layer, known))


def _content(layer: AnyLayer) -> dict[str, Any]:
    content: dict[str, Any] = _ADAPTERS[_kind(layer)].dump_python(layer, mode="json")
    return content


async def _layers(session: AsyncSession, tenant: str, id: UUID) -> tuple[AnyLayer, ...]:
    statement = (
        select(LayerRow)
        .where(LayerRow.tenant == tenant, LayerRow.recording_id == id)
        .order_by(col(LayerRow.at), col(LayerRow.id))
    )
    return tuple(_ADAPTERS[row.kind].validate_python(row.content) for row in await session.exec(statement))
