"""The use case: what query has of a recording that is purged goes."""

from collections.abc import Collection, Iterable, Set
from typing import Protocol

from sqlmodel.ext.asyncio.session import AsyncSession

from minutier.query import repository
from minutier.query.access import repository as access
from minutier.query.destroyed import destroy
from minutier.query.domain import Entry
from minutier.query.edits import repository as edits
from minutier.query.erasures.erase import erase_person
from minutier.query.ports import Documents
from minutier.query.search.indexing import repository as indexing
from minutier.query.search.indexing.index import Index
from minutier.query.search.passages import Kind as Passages
from minutier.query.steering import repository as steering
from minutier.query.transcripts.read import Transcripts
from minutier.query.webhooks import repository as webhooks
from minutier.schemas.events import PurgeOrdered, Stage
from minutier.schemas.records import Kind, Quantity
from minutier.schemas.retained import kept
from minutier.shared.erasing import INDEX_ENTRIES, OBJECT_VERSIONS, ROWS
from minutier.shared.identity.domain import UNKNOWN_TENANT
from minutier.shared.objects import ARTEFACTS, Erased
from minutier.shared.tenants import confine

_FOUND_BY = {
    Kind.TRANSCRIPT: (Passages.SPEAKER, Passages.WORDS),
    Kind.MINUTES: (Passages.MINUTES,),
}


class Objects(Protocol):
    async def erase(self, bucket: str, prefix: str, *, keeping: Collection[str] = ()) -> Erased: ...


async def erase(
    session: AsyncSession,
    order: PurgeOrdered,
    *,
    objects: Objects,
    documents: Documents,
    transcripts: Transcripts,
    index: Index,
) -> Iterable[Quantity]:
    """Of part of a recording, what shows it or lets it be found, and of the whole all there is.

    Where one person is erased, what shows them or lets them be found.
    """
    await confine(session, order.tenant, UNKNOWN_TENANT)
    kinds = set(Kind) if order.data.whole else set(order.data.kinds)
    # Whoever edits it has ended by then, and nobody does meanwhile.
    entry = await repository.locked(session, order.subject)
    gone = []
    if Kind.TRANSCRIPT in kinds:
        gone.append(await _erase_effective(order, objects))
    if order.data.whole:
        gone += await _erase_whole(session, order)
    elif entry is not None and (instead := order.data.instead) is not None:
        gone += await erase_person(
            session, entry, order, instead, documents=documents, transcripts=transcripts, index=index
        )
    elif entry is not None:
        gone += await _erase_part(session, entry, kinds, index)
    if Kind.ACCESS_LOG in kinds:
        gone.append(Quantity(place=ROWS, count=await access.erase(session, order.subject)))
    return gone


async def _erase_effective(order: PurgeOrdered, objects: Objects) -> Quantity:
    """Transcripts as people read them lie beside those that attribution has made, which may be gone."""
    below = f"{order.tenant}/{order.subject}/{Stage.ATTRIBUTION}/"
    gone = await objects.erase(ARTEFACTS, below, keeping=kept(order.data.instead))
    return Quantity(place=OBJECT_VERSIONS, count=gone.versions, bytes=gone.bytes)


async def _erase_part(
    session: AsyncSession, entry: Entry, kinds: Set[Kind], index: Index
) -> Iterable[Quantity]:
    await repository.keep(session, destroy(entry, kinds))
    passages = [each for kind, found_by in _FOUND_BY.items() if kind in kinds for each in found_by]
    entries = await index.forget(session, entry, passages) if passages else 0
    rows = await edits.erase(session, entry.id) if Kind.TRANSCRIPT in kinds else 0
    return (Quantity(place=INDEX_ENTRIES, count=entries), Quantity(place=ROWS, count=rows))


async def _erase_whole(session: AsyncSession, order: PurgeOrdered) -> Iterable[Quantity]:
    entries = await indexing.erase(session, order.subject)
    rows = await edits.erase(session, order.subject)
    rows += await webhooks.erase(session, order.subject)
    rows += await steering.erase(session, order.subject)
    rows += await repository.erase(session, order.subject)
    return (Quantity(place=INDEX_ENTRIES, count=entries), Quantity(place=ROWS, count=rows))
