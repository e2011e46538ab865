"""The use case: what a purge eliminates, as its organisation shows it to the archives."""

from collections.abc import AsyncIterator
from datetime import datetime

from minutier.retention.desk import Desks
from minutier.retention.purges.domain import Purge
from minutier.retention.purges.ports import Stock
from minutier.retention.records.ports import Elimination, Row

_PAGE = 100
_UNKNOWN = "?"


def compile_list(purge: Purge, at: datetime, *, desks: Desks, stock: Stock) -> Elimination:
    """Its rows are read as they are asked for; of what is destroyed already there is no title."""
    return Elimination(
        producer=purge.tenant,
        purge_id=purge.id,
        legal_basis=purge.legal_basis,
        visa=purge.visa,
        at=at,
        rows=_rows(purge, desks, stock),
    )


async def _rows(purge: Purge, desks: Desks, stock: Stock) -> AsyncIterator[Row]:
    after = None
    while True:
        async with desks.of(purge.tenant) as desk:
            page = await desk.purges.eliminated(purge.id, limit=_PAGE, after=after)
        for each in page:
            yield Row(
                title=await stock.title(purge.tenant, each.recording_id),
                source=each.source or _UNKNOWN,
                earliest=each.earliest or purge.proposed_at,
                latest=each.latest or purge.proposed_at,
                objects=each.versions,
                bytes=each.bytes,
                legal_basis=purge.legal_basis,
            )
        if len(page) < _PAGE:
            return
        after = page[-1].recording_id
