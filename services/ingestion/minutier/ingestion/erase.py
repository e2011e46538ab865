"""The use case: what ingestion has of a recording that is purged goes."""

from collections.abc import Iterable

from sqlmodel.ext.asyncio.session import AsyncSession

from minutier.ingestion import repository
from minutier.ingestion.domain import locations
from minutier.ingestion.jobs import repository as jobs_repository
from minutier.ingestion.ports import Announcements, Uploads
from minutier.ingestion.uploads import repository as uploads_repository
from minutier.schemas.events import AnyEvent, PurgeOrdered, RecordingAnnounced
from minutier.schemas.records import Kind, Quantity
from minutier.shared import outbox
from minutier.shared.erasing import ROWS, STREAM_MESSAGES


async def erase(
    session: AsyncSession, order: PurgeOrdered, *, announcements: Announcements, uploads: Uploads
) -> Iterable[Quantity]:
    """What was uploaded and waits to be taken in goes with the media; the rest with the whole.

    Where one person is erased, what somebody told and may name them goes, taken in or not; and what came of
    the recording is what is there instead.
    """
    instead = order.data.instead
    if not order.data.whole and instead is None and Kind.MEDIA not in order.data.kinds:
        return ()
    # First what the stream has not got yet: from then on it gets no more.
    for event in await outbox.waiting(await session.connection(), order.subject):
        await _discard_uploads(event, uploads)
    messages = 0
    async for held in announcements.of(order.subject):
        await _discard_uploads(held.event, uploads)
        if order.data.whole or instead is not None:
            await announcements.remove(held)
            messages += 1
    if order.data.whole:
        rows = await repository.erase(session, order.subject)
        rows += await jobs_repository.erase(session, order.subject)
    elif instead is not None:
        await announcements.remove_undelivered(order.subject)
        rows = await jobs_repository.replace(session, order.subject, instead.transcript, before=order.time)
    else:
        return ()
    rows += await uploads_repository.forget(session, order.subject)
    return (Quantity(place=STREAM_MESSAGES, count=messages), Quantity(place=ROWS, count=rows))


async def discard(event: AnyEvent, *, announcements: Announcements, uploads: Uploads) -> None:
    """An announcement of what is purged came late: with what was uploaded for it, it goes too."""
    if not isinstance(event, RecordingAnnounced):
        return
    await _discard_uploads(event, uploads)
    async for held in announcements.of(event.subject):
        if held.event.id == event.id:
            await announcements.remove(held)


async def _discard_uploads(event: AnyEvent, uploads: Uploads) -> None:
    if isinstance(event, RecordingAnnounced):
        for location in locations(event):
            await uploads.discard(location)
