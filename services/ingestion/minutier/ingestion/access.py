"""Who asks, and whether they may: bearer keys, rates, and the size of what is sent."""

import asyncio
import hmac
import math
import time
from collections.abc import AsyncIterator
from http import HTTPStatus
from typing import Annotated

from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from limits import RateLimitItemPerMinute
from limits.aio.storage import MemoryStorage
from limits.aio.strategies import MovingWindowRateLimiter
from pydantic import SecretStr
from starlette.exceptions import HTTPException

from minutier.ingestion.tenants import Tenant, Tenants

_BEARER = HTTPBearer(auto_error=False, scheme_name="key")
Credentials = Annotated[HTTPAuthorizationCredentials | None, Depends(_BEARER)]

# What has come of a body is kept meanwhile, and the client may be gone without a word.
_SILENCE_SECONDS = 60.0
_CHALLENGE = {"WWW-Authenticate": "Bearer"}


class Access:
    """The door of every endpoint. A rate is that of one process: several let through as many times more."""

    def __init__(self, tenants: Tenants, *, operator_key: SecretStr | None) -> None:
        self.tenants = tenants
        self._operator_key = operator_key
        self._rates = MovingWindowRateLimiter(MemoryStorage())

    async def tenant(self, request: Request, credentials: Credentials) -> str:
        """The name of who asks, by bearer key; answers 401, and 429 as `admit` does.

        A request counts once.
        """
        if (known := getattr(request.state, "tenant", None)) is not None:
            return str(known)
        name = self.tenants.with_key(credentials.credentials) if credentials else None
        if name is None:
            raise HTTPException(
                HTTPStatus.UNAUTHORIZED, "Send the tenant's key as 'Authorization: Bearer …'.", _CHALLENGE
            )
        await self.admit(name)
        request.state.tenant = name
        return name

    async def enter(self, request: Request) -> None:
        """As `tenant`, for what happens before a route's parameters are read."""
        await self.tenant(request, await _BEARER(request))

    async def operator(self, credentials: Credentials) -> None:
        """Answers 401 to all but the operator."""
        expected = self._operator_key.get_secret_value() if self._operator_key else None
        given = credentials.credentials if credentials else ""
        if expected is None or not hmac.compare_digest(expected.encode(), given.encode()):
            raise HTTPException(
                HTTPStatus.UNAUTHORIZED,
                "Send MINUTIER_INGESTION_OPERATOR_KEY as 'Authorization: Bearer …'.",
                _CHALLENGE,
            )

    async def admit(self, name: str) -> None:
        """Count a request of a tenant who has proved themself; answers 429 where they are too many."""
        rate = RateLimitItemPerMinute(self.settings_of(name).requests_per_minute)
        if not await self._rates.hit(rate, name):
            window = await self._rates.get_window_stats(rate, name)
            seconds = max(1, math.ceil(window.reset_time - time.time()))
            raise HTTPException(
                HTTPStatus.TOO_MANY_REQUESTS,
                "Too many requests. Ask again later, or have requests_per_minute raised.",
                {"Retry-After": str(seconds)},
            )

    def settings_of(self, name: str) -> Tenant:
        return self.tenants[name]


async def arriving(
    request: Request, *, limit: int, silence: float = _SILENCE_SECONDS
) -> AsyncIterator[bytes]:
    """A body as it comes.

    Answers 413 as soon as there are more than ``limit`` bytes, and 408 where nothing comes for ``silence``
    seconds.
    """
    received = 0
    stream = aiter(request.stream())
    while True:
        try:
            async with asyncio.timeout(silence):
                chunk = await anext(stream)
        except StopAsyncIteration:
            return
        except TimeoutError:
            raise HTTPException(
                HTTPStatus.REQUEST_TIMEOUT, "Nothing more of the body came. Send it again, whole."
            ) from None
        received += len(chunk)
        if received > limit:
            raise HTTPException(
                HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
                f"The body has more than the {limit} bytes that are taken here.",
            )
        yield chunk


async def body_of(request: Request, *, limit: int) -> bytes:
    """The whole of a small body; answers as `arriving` does."""
    return b"".join([chunk async for chunk in arriving(request, limit=limit)])
