"""The use case: a recording is announced, once, whoever tells of it and however often."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from uuid import UUID

from minutier.ingestion import repository
from minutier.ingestion.domain import SOURCE
from minutier.schemas.events import Announcement, RecordingAnnounced, recording_id
from minutier.schemas.references import Location
from minutier.shared.delivery import Transaction
from minutier.shared.objects import UPLOADS

Transactions = Callable[[], AbstractAsyncContextManager[Transaction]]


@dataclass(frozen=True)
class Announced:
    """The recording that an announcement is of; ``new`` says that nobody had told of it before."""

    recording_id: UUID
    new: bool


class Announcer:
    """Announces what comes in over HTTP, in one transaction with what is remembered of it."""

    def __init__(self, transactions: Transactions) -> None:
        self._transactions = transactions

    async def announce(
        self, tenant: str, announcement: Announcement, *, etag: str | None = None
    ) -> Announced:
        """As `announce`, in a transaction of its own."""
        async with self._transactions() as transaction:
            return await announce(transaction, tenant, announcement, etag=etag)


async def announce(
    transaction: Transaction, tenant: str, announcement: Announcement, *, etag: str | None = None
) -> Announced:
    """Announce a recording, unless it has been: under its id, or as the same object under another.

    A webhook, a bucket notification and the reconciler may all tell of one object, in any order; its
    bucket, its key, and its ``etag`` where it is known, say that it is one. What was rejected may be
    announced again.
    """
    own_id = recording_id(tenant, announcement.source, announcement.external_id)
    session = transaction.session
    for location in _lasting_locations(announcement):
        claimed_by = await repository.claim_object(
            session,
            tenant,
            location,
            etag=etag,
            recording_id=own_id,
            language=announcement.language,
            has_metadata=announcement.metadata is not None,
        )
        if claimed_by is not None:
            return Announced(claimed_by, new=False)
    if await repository.is_taken_in(session, own_id):
        return Announced(own_id, new=False)
    await repository.fulfil(session, own_id)
    transaction.publish(RecordingAnnounced.of(own_id, tenant=tenant, source=SOURCE, data=announcement))
    return Announced(own_id, new=True)


def _lasting_locations(announcement: Announcement) -> list[Location]:
    """Where media stays; an upload serves one announcement, and links tell of no object."""
    media = (announcement.mix, *(track.location for track in announcement.tracks))
    return [where for where in media if isinstance(where, Location) and where.bucket != UPLOADS]
