"""The use case: no recording is lost because nobody told of it, and none that was begun is forgotten."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping
from contextlib import AbstractAsyncContextManager, suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol
from uuid import UUID

import structlog

from minutier.ingestion import ports
from minutier.ingestion.domain import Identity
from minutier.ingestion.sources.bucket_objects import BucketObject
from minutier.ingestion.tenants import Tenant, Tenants
from minutier.schemas.clock import now
from minutier.schemas.references import Location
from minutier.schemas.rejections import RejectionReason
from minutier.shared.errors import ObjectMissing, Purged
from minutier.shared.objects import Listed

log = structlog.get_logger(__name__)

# What one run announces or gives up at most; the next one goes on.
MOST = 1000


class Buckets(Protocol):
    def pages(self, bucket: str) -> AsyncIterator[list[Listed]]:
        """The newest versions in a bucket, a page at a time. Raises `ObjectMissing` where there is none."""
        ...


class Register(Protocol):
    async def announced_among(
        self, tenant: str, bucket: str, keys: Collection[str]
    ) -> Mapping[str, frozenset[str]]:
        """The etags under which these objects were announced, or purged; an empty one stands for any."""
        ...

    async def overdue(self, *, limit: int) -> list[Identity]:
        """Recordings whose end nobody has told of in time, the longest due first."""
        ...


class Announcer(ports.Announcer, Protocol):
    async def give_up(self, identity: Identity, reason: RejectionReason) -> bool:
        """Tell that a recording will not come; false where its end was told of meanwhile. Raises `Purged`."""
        ...


@dataclass(frozen=True)
class Reconciliation:
    """What a comparison of the buckets with the register has shown, and what was done unless it was dry.

    ``seen`` counts the objects that were looked at. ``unreadable`` are buckets that are not there.
    """

    seen: int
    announced: tuple[UUID, ...]
    missing: tuple[UUID, ...]
    unreadable: tuple[str, ...]


async def reconcile(
    *,
    tenants: Tenants,
    buckets: Buckets,
    register: Register,
    announcer: Announcer,
    grace: timedelta,
    dry_run: bool,
) -> Reconciliation:
    """Announce what lies in the tenants' buckets and nobody told of; give up what is long due.

    An object younger than ``grace`` may still be told of by somebody who knows more about it. What
    was announced and rejected is not announced anew: only who announced it can know that it would help.
    What was purged is passed over.
    """
    seen = 0
    announced: list[UUID] = []
    unreadable: list[str] = []
    for name in tenants.names:
        tenant = tenants[name]
        for bucket in sorted(tenant.buckets):
            try:
                async for page in buckets.pages(bucket):
                    seen += len(page)
                    for found in await _unannounced(name, bucket, page, register=register, grace=grace):
                        if len(announced) == MOST:
                            break
                        announced += await _announce(name, tenant, found, announcer, dry_run=dry_run)
            except ObjectMissing:
                unreadable.append(bucket)
    overdue = await register.overdue(limit=MOST)
    missing = [
        identity.recording_id for identity in overdue if dry_run or await _give_up(identity, announcer)
    ]
    return Reconciliation(seen, tuple(announced), tuple(missing), tuple(unreadable))


async def _unannounced(
    tenant: str, bucket: str, page: list[Listed], *, register: Register, grace: timedelta
) -> list[BucketObject]:
    settled_by = now() - grace
    found = [
        BucketObject(Location(bucket=bucket, key=listed.key), etag=listed.etag)
        for listed in page
        if listed.size > 0 and listed.modified <= settled_by
    ]
    recordings = [object_ for object_ in found if object_.is_recording]
    keys = [object_.location.key for object_ in recordings]
    known = await register.announced_among(tenant, bucket, keys) if keys else {}
    return [object_ for object_ in recordings if not _is_among(known.get(object_.location.key), object_.etag)]


def _is_among(etags: Collection[str] | None, etag: str | None) -> bool:
    return etags is not None and (etag is None or not {"", etag}.isdisjoint(etags))


async def _announce(
    name: str, tenant: Tenant, found: BucketObject, announcer: Announcer, *, dry_run: bool
) -> list[UUID]:
    announcement = found.announced_for(tenant)
    if dry_run:
        return [Identity(name, announcement.source, announcement.external_id).recording_id]
    with suppress(Purged):
        outcome = await announcer.announce(name, announcement, etag=found.etag)
        return [outcome.recording_id] if outcome.new else []
    return []


async def _give_up(identity: Identity, announcer: Announcer) -> bool:
    with suppress(Purged):
        return await announcer.give_up(identity, RejectionReason.NOT_FOUND)
    return False


async def keep_reconciling(
    run: Callable[[], Awaitable[Reconciliation]],
    *,
    alone: Callable[[], AbstractAsyncContextManager[bool]],
    every: timedelta,
) -> None:
    """Until cancelled, by one replica at a time; a failure is seen, and the next run comes all the same."""
    while True:
        try:
            async with alone() as mine:
                if mine:
                    found = await run()
                    log.info(
                        "reconciled",
                        seen=found.seen,
                        announced=len(found.announced),
                        missing=len(found.missing),
                        unreadable=found.unreadable,
                    )
        except Exception as error:
            log.warning("not reconciled", exc_info=error)
        await asyncio.sleep(every.total_seconds())
