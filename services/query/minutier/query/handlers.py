"""Every event becomes a fact of the read model, and is found; edits are carried over to what is made anew."""

from minutier.query import repository
from minutier.query.domain import Kind
from minutier.query.edits.edit import carry_over
from minutier.query.edits.repository import Editor
from minutier.query.erasures.erase import complete
from minutier.query.ports import Documents, Signals
from minutier.query.project import project
from minutier.query.search.indexing.index import Index, document_of
from minutier.query.transcripts.read import Transcripts
from minutier.query.webhooks import repository as webhooks
from minutier.query.webhooks.domain import Topic
from minutier.schemas.choreography import SUBSCRIPTIONS
from minutier.schemas.events import OF_PURGES, AnyEvent, PurgeCompleted
from minutier.shared.delivery import Work
from minutier.shared.service import Service
from minutier.shared.tenants import confine

_TRANSCRIPTS = (Kind.ATTRIBUTED, Kind.RECEIVED)


def subscribe(
    service: Service,
    *,
    documents: Documents,
    signals: Signals,
    transcripts: Transcripts,
    editor: Editor,
    index: Index,
) -> None:
    async def on_event(event: AnyEvent, work: Work) -> None:
        fact = await project(event, documents=documents)
        if fact is None:
            return
        document = await document_of(fact, documents)
        async with work.transaction() as transaction:
            entry = await repository.add(transaction.session, event, fact)
            await index.follow(transaction.session, entry, fact, document)
            if fact.kind in _TRANSCRIPTS and entry.erased_at is None:
                await carry_over(await editor.within(transaction, entry), transcripts=transcripts)
        await signals.tell(event.subject)

    for kind in SUBSCRIPTIONS[service.name]:
        if kind not in OF_PURGES:
            service.on(kind)(on_event)

    @service.on(PurgeCompleted)
    async def on_purged(event: PurgeCompleted, work: Work) -> None:
        async with work.transaction() as transaction:
            await confine(transaction.session, event.tenant)
            entry = await repository.locked(transaction.session, event.subject)
            if entry is not None and event.data.instead is not None:
                entry = await complete(transaction.session, entry, event)
                await carry_over(await editor.within(transaction, entry), transcripts=transcripts)
                await webhooks.tell(transaction.session, entry, Topic.TRANSCRIPT_EDITED)
        # Whoever watches it sees that there is less of it, or nothing.
        await signals.tell(event.subject)
