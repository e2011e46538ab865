"""Work that is done in rounds, as long as a service runs: what it finds to do, its rows or servers tell.

So after a kill, or beside another replica, the next round just goes on.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from typing import NoReturn

import structlog

log = structlog.get_logger(__name__)


async def repeat(work: Callable[[], Awaitable[object]], *, named: str, seconds: float) -> NoReturn:
    """Until cancelled, ``seconds`` after each round the next; a failure is seen, and ends its own alone."""
    while True:
        try:
            await work()
        except Exception as error:
            log.warning("round failed", work=named, exc_info=error)
        await asyncio.sleep(seconds)


async def for_each(tenants: Iterable[str], work: Callable[[str], Awaitable[object]], *, named: str) -> None:
    """One after the other; a tenant for whom it fails keeps no other from it."""
    for tenant in tenants:
        try:
            await work(tenant)
        except Exception as error:
            log.warning("round failed for a tenant", work=named, tenant=tenant, exc_info=error)
