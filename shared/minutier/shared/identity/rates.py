"""How often somebody may ask, in one process: several let through as many times more."""

import math
import time
from collections import OrderedDict
from http import HTTPStatus

from fastapi import Request
from limits import RateLimitItemPerMinute
from limits.aio.storage import MemoryStorage
from limits.aio.strategies import SlidingWindowCounterRateLimiter
from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from minutier.shared.identity.client import network
from minutier.shared.identity.domain import Person

# Counted at a time; who asked the longest ago is forgotten for others, and begins anew.
_MOST_COUNTED = 5000


class Rate:
    """So many a minute, by whoever is named.

    The window slides by two counters: however many somebody asks for, they take the same memory.
    """

    def __init__(self, name: str, most: int) -> None:
        self.name = name
        self.most = most
        self._item = RateLimitItemPerMinute(most)
        self._storage = MemoryStorage()
        self._limiter = SlidingWindowCounterRateLimiter(self._storage)
        self._counted: OrderedDict[str, None] = OrderedDict()

    async def count(self, whom: str) -> bool:
        """Whether they may do it once more, which is then counted."""
        self._counted[whom] = None
        self._counted.move_to_end(whom)
        if len(self._counted) > _MOST_COUNTED:
            forgotten, _ = self._counted.popitem(last=False)
            await self._limiter.clear(self._item, forgotten)
        return await self._limiter.hit(self._item, whom)

    async def left(self, whom: str) -> tuple[int, int]:
        """How many more there may be now, and the seconds until there may be another."""
        stats = await self._limiter.get_window_stats(self._item, whom)
        return stats.remaining, max(1, math.ceil(stats.reset_time - time.time()))


class Rates:
    """Requests of a person, those of them that cost much, and failures to show who one is."""

    def __init__(self, *, requests: int, searches: int, failures: int) -> None:
        self._requests = Rate("requests", requests)
        self._searches = Rate("searches", searches)
        self._failures = Rate("failures", failures)

    async def admit(self, request: Request, person: Person) -> None:
        """Count a request; answers 429 where they are too many."""
        await self._count(request, self._requests, _name(person))

    async def admit_search(self, request: Request, person: Person) -> None:
        """Count one that costs much besides."""
        await self._count(request, self._searches, _name(person))

    async def failed(self, request: Request) -> None:
        """Count a failure of the client's address; answers 429 where they are too many.

        Those who show who they are are let in all the same: an address may be a whole organisation's.
        """
        await self._count(request, self._failures, network(request))

    async def _count(self, request: Request, rate: Rate, whom: str) -> None:
        admitted = await rate.count(whom)
        remaining, seconds = await rate.left(whom)
        told: dict[Rate, tuple[int, int]] = request.scope.setdefault("state", {}).setdefault("rates", {})
        told[rate] = (remaining, seconds)
        if not admitted:
            raise HTTPException(
                HTTPStatus.TOO_MANY_REQUESTS,
                f"There may be {rate.most} {rate.name} a minute. Ask again in {seconds} seconds.",
                {"Retry-After": str(seconds)},
            )


class RateFields:
    """Tells those who ask how often they still may (the IETF's draft of RateLimit header fields)."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        state = scope.setdefault("state", {})

        async def told(message: Message) -> None:
            if message["type"] == "http.response.start" and (rates := state.get("rates")):
                headers = MutableHeaders(scope=message)
                headers["RateLimit-Policy"] = ", ".join(f'"{rate.name}";q={rate.most};w=60' for rate in rates)
                headers["RateLimit"] = ", ".join(
                    f'"{rate.name}";r={remaining};t={seconds}' for rate, (remaining, seconds) in rates.items()
                )
            await send(message)

        await self._app(scope, receive, told)


def _name(person: Person) -> str:
    return f"{person.tenant}/{person.id}"
