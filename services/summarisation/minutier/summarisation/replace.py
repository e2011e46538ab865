"""The use case: minutes of what is said without one person take the place of all there are."""

from minutier.schemas.events import Made, MinutesWritten, PurgeOrdered
from minutier.schemas.records import Kind
from minutier.shared.erasing import Replaced
from minutier.shared.worker import ignore
from minutier.summarisation.domain import SOURCE
from minutier.summarisation.ports import Artefacts, Writer
from minutier.summarisation.summarise import summarise


async def replace(order: PurgeOrdered, *, artefacts: Artefacts, writer: Writer, fallback: Writer) -> Replaced:
    """They are asked for by the order, and so are those that are shown. Raises as `summarise` does."""
    if order.data.instead is None or Kind.MINUTES not in order.data.kinds:
        return Replaced()
    data = await summarise(
        order.data.instead.transcript,
        tenant=order.tenant,
        asked_at=order.time,
        artefacts=artefacts,
        writer=writer,
        fallback=fallback,
        report=ignore,
    )
    written = MinutesWritten.of(order.subject, tenant=order.tenant, source=SOURCE, data=data)
    return Replaced((Made(ref=data.minutes),), [written])
