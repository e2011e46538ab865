"""The use case: a recording is announced, once, whoever tells of it and however often."""

from collections.abc import Callable, Iterable
from contextlib import AbstractAsyncContextManager

from minutier.ingestion import repository
from minutier.ingestion.domain import SOURCE, Announced, Identity, never_came
from minutier.ingestion.repository import Claim
from minutier.schemas.events import Announcement, RecordingAnnounced
from minutier.schemas.references import Location
from minutier.schemas.rejections import RejectionReason
from minutier.shared.delivery import Transaction
from minutier.shared.objects import UPLOADS

Transactions = Callable[[], AbstractAsyncContextManager[Transaction]]


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

    async def give_up(self, identity: Identity, reason: RejectionReason) -> bool:
        """As `give_up`, in a transaction of its own."""
        async with self._transactions() as transaction:
            return await give_up(transaction, identity, reason)


async def announce(
    transaction: Transaction,
    tenant: str,
    announcement: Announcement,
    *,
    etag: str | None = None,
    ids_are_recordings: bool = False,
) -> Announced:
    """Announce a recording, unless it has been: under its id, or as the same object under another's.

    A webhook, a bucket notification and the reconciler may all tell of one object, in any order; its
    bucket, its key, and its ``etag`` where it is known, say that it is one. Where a source's
    ``ids_are_recordings``, it has written an object twice that it tells of under two. What was rejected
    may be announced again, as the recording that it was.
    """
    session = transaction.session
    identity = Identity(tenant, announcement.source, announcement.external_id)
    locations = _lasting_locations(announcement)
    standing = _standing(await repository.claims_of(session, tenant, locations, etag=etag))
    if standing is None or (ids_are_recordings and standing.is_anothers(identity)):
        new = await repository.claim(
            session,
            locations,
            identity,
            etag=etag,
            language=announcement.language,
            has_metadata=announcement.metadata is not None,
        )
        if not new:
            return Announced(identity.recording_id, new=False)
    else:
        await repository.end(session, identity)
        if standing.rejected_as is None:
            return Announced(standing.recording_id, new=False)
        identity = standing.rejected_as
        announcement = announcement.model_copy(
            update={"source": identity.source, "external_id": identity.external_id}
        )
    transaction.publish(
        RecordingAnnounced.of(identity.recording_id, tenant=tenant, source=SOURCE, data=announcement)
    )
    return Announced(identity.recording_id, new=True)


def _standing(claims: Iterable[Claim | None]) -> Claim | None:
    """The claim of the recording that every object is already; ``None`` where they are not one."""
    found = set(claims)
    return found.pop() if len(found) == 1 else None


async def give_up(transaction: Transaction, identity: Identity, reason: RejectionReason) -> bool:
    """Tell that a recording was begun and will not come; false where its end was told of before."""
    if not await repository.end(transaction.session, identity):
        return False
    if not await repository.reject(transaction.session, identity, reason):
        return False
    transaction.publish(never_came(identity, reason))
    return True


def _lasting_locations(announcement: Announcement) -> list[Location]:
    """Where media stays; an upload serves one announcement, and links tell of no object."""
    media = (announcement.mix, *(track.location for track in announcement.tracks))
    return [where for where in media if isinstance(where, Location) and where.bucket != UPLOADS]
