"""Every event becomes a fact of the read model."""

from minutier.query import repository
from minutier.query.ports import Documents, Signals
from minutier.query.project import project
from minutier.schemas.events import EVENTS, AnyEvent
from minutier.shared.delivery import Work
from minutier.shared.service import Service


def subscribe(service: Service, *, documents: Documents, signals: Signals) -> None:
    async def on_event(event: AnyEvent, work: Work) -> None:
        fact = await project(event, documents=documents)
        if fact is None:
            return
        async with work.transaction() as transaction:
            await repository.add(transaction.session, event, fact)
        await signals.tell(event.subject)

    for kind in EVENTS:
        service.on(kind)(on_event)
