"""The use case: a recording is announced, once, whoever tells of it and however often."""

from collections.abc import Callable, Iterable
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from uuid import UUID, uuid5

from sqlmodel.ext.asyncio.session import AsyncSession

from minutier.ingestion import repository
from minutier.ingestion.domain import SOURCE, Announced, Identity, names_something, never_came
from minutier.ingestion.repository import Claim
from minutier.schemas.events import Announcement, RecordingAnnounced
from minutier.schemas.references import Location
from minutier.schemas.rejections import RejectionReason
from minutier.shared import erasures, tombstones
from minutier.shared.delivery import Transaction
from minutier.shared.errors import Purged
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
    may be announced again, as the recording that it was. Who comes later and names people, or the meeting,
    is heard too. Raises `Purged`, before anything is written, where the recording was.
    """
    session = transaction.session
    identity = Identity(tenant, announcement.source, announcement.external_id)
    locations = _lasting_locations(announcement)
    standing = _standing(await repository.claims_of(session, tenant, locations, etag=etag))
    wanted_since = None
    if standing is None or (ids_are_recordings and standing.is_anothers(identity)):
        if await repository.are_disposed_of(
            session,
            tenant,
            locations,
            etag=etag,
            but_of=announcement.source if ids_are_recordings else None,
        ):
            raise Purged
        await heed_purges(session, identity.recording_id)
        new = await repository.claim(
            session,
            locations,
            identity,
            etag=etag,
            language=announcement.language,
            has_metadata=announcement.metadata is not None,
        )
        heard = new
    else:
        await heed_purges(session, standing.identity.recording_id)
        await repository.end(session, identity)
        identity, new = standing.identity, standing.rejected
        announcement = announcement.model_copy(
            update={"source": identity.source, "external_id": identity.external_id}
        )
        heard = new or (_adds(announcement, standing) and not await _is_closed(session, identity))
        # Whoever has cancelled it meanwhile does not want it because somebody comes late.
        wanted_since = None if new or standing.taken_in else standing.since
    if not heard or not await _is_news(session, identity, announcement, anew=new):
        return Announced(identity.recording_id, new=False)
    transaction.publish(
        RecordingAnnounced.of(
            identity.recording_id,
            tenant=tenant,
            source=SOURCE,
            data=announcement,
            wanted_since=wanted_since,
        )
    )
    return Announced(identity.recording_id, new=new)


def _adds(announcement: Announcement, standing: Claim) -> bool:
    """Whether it may know more than who announced the recording."""
    unaccounted = announcement.metadata is not None and not standing.has_metadata
    return names_something(announcement) or unaccounted


async def _is_closed(session: AsyncSession, identity: Identity) -> bool:
    """Whether nothing more is heard of it: somebody was erased from it, whom that would name again."""
    return await erasures.stand_for(await session.connection(), identity.recording_id)


async def _is_news(
    session: AsyncSession, identity: Identity, announcement: Announcement, *, anew: bool
) -> bool:
    """Whether nobody has told the same of the recording, since it was announced ``anew``."""
    recording = identity.recording_id
    if anew:
        await repository.forget_told(session, recording)
    digest = uuid5(recording, announcement.model_dump_json())
    return await repository.tell(session, recording, digest)


def _standing(claims: Iterable[Claim | None]) -> Claim | None:
    """The claim of the recording that every object is already; ``None`` where they are not one."""
    found = set(claims)
    return found.pop() if len(found) == 1 else None


async def expect(transaction: Transaction, identity: Identity, *, due_at: datetime) -> None:
    """Somebody is to tell of this recording's end, unless somebody has. Raises `Purged`."""
    await heed_purges(transaction.session, identity.recording_id)
    await repository.expect(transaction.session, identity, due_at=due_at)


async def give_up(transaction: Transaction, identity: Identity, reason: RejectionReason) -> bool:
    """Tell that a recording was begun and will not come; false where its end was told of before.

    Raises `Purged`.
    """
    await heed_purges(transaction.session, identity.recording_id)
    if not await repository.end(transaction.session, identity):
        return False
    if not await repository.reject(transaction.session, identity, reason):
        return False
    transaction.publish(never_came(identity, reason))
    return True


async def heed_purges(session: AsyncSession, recording_id: UUID) -> None:
    """What is purged when the transaction has ended was not before. Raises `Purged` where it is."""
    await tombstones.heed(await session.connection(), recording_id)


def _lasting_locations(announcement: Announcement) -> list[Location]:
    """Where media stays; an upload serves one announcement, and links tell of no object."""
    media = (announcement.mix, *(track.location for track in announcement.tracks))
    return [where for where in media if isinstance(where, Location) and where.bucket != UPLOADS]
