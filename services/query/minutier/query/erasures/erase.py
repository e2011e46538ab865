"""The use cases: one person is erased from what query has of a recording, and then what is left is shown."""

from collections.abc import Iterable
from dataclasses import replace

from sqlmodel.ext.asyncio.session import AsyncSession

from minutier.query import repository
from minutier.query.destroyed import destroy
from minutier.query.domain import Entry, Erasure, Fact, Kind
from minutier.query.edits import repository as edits
from minutier.query.edits.left import left
from minutier.query.ports import Documents
from minutier.query.project import described
from minutier.query.search.indexing.index import Index, document_of
from minutier.query.transcripts.read import Transcripts
from minutier.schemas.documents import ErasureDocument
from minutier.schemas.events import Instead, PurgeCompleted, PurgeOrdered
from minutier.schemas.records import Quantity
from minutier.shared.erasing import INDEX_ENTRIES, ROWS


async def erase_person(
    session: AsyncSession,
    entry: Entry,
    order: PurgeOrdered,
    instead: Instead,
    *,
    documents: Documents,
    transcripts: Transcripts,
    index: Index,
) -> Iterable[Quantity]:
    """What is shown, found and laid over it is what is ``instead``; the recording is locked.

    Raises `minutier.shared.errors.Permanent` where what is instead is gone.
    """
    plan = await documents.load(ErasureDocument, instead.plan)
    fact = Fact(
        Kind.ERASING,
        order.time,
        erasure=Erasure(
            order.data.purge_id,
            instead=instead.model_dump(mode="json", exclude={"plan"}, exclude_none=True),
            participants=plan.participants,
        ),
        **(await described(instead.recording, documents) if instead.recording else {}),
    )
    entry = await _tell(session, entry, order, fact)
    layers = await edits.of(session, entry)
    machine = (await transcripts.under(entry, ())).machine
    stay = left(layers, plan, machine)
    rows = await edits.leave(session, entry, stay)
    transcript = (await transcripts.under(entry, stay)).transcript
    # They may have been told already.
    minutes = await document_of(entry.minutes, documents)
    passages = await index.replace(session, entry, transcript, minutes)
    return (Quantity(place=INDEX_ENTRIES, count=passages), Quantity(place=ROWS, count=rows))


async def complete(session: AsyncSession, entry: Entry, event: PurgeCompleted) -> Entry:
    """What was made in place of media is heard; the recording, as it is then, is locked."""
    made = {
        each.of: each.ref.model_dump(mode="json", exclude_none=True) for each in event.data.made if each.of
    }
    done = Fact(Kind.ERASED, event.time, erasure=Erasure(event.data.purge_id, made=made))
    return await _tell(session, entry, event, done)


async def _tell(
    session: AsyncSession, entry: Entry, event: PurgeOrdered | PurgeCompleted, fact: Fact
) -> Entry:
    told = destroy(replace(entry, facts={**entry.facts, event.id: fact}), ())
    await repository.keep(session, told)
    return told
