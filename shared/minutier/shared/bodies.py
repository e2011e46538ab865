"""Bodies of requests, which are kept in memory until they are whole."""

from http import HTTPStatus

from fastapi import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send


class SmallBodies:
    """Answers 413 as soon as a body has more than ``limit`` bytes."""

    def __init__(self, app: ASGIApp, *, limit: int) -> None:
        self._app = app
        self._limit = limit

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        received = 0

        async def counted() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            if received > self._limit:
                # FastAPI's own kind: it takes any other that comes of reading for a body that is no JSON.
                raise HTTPException(
                    HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
                    f"The body has more than the {self._limit} bytes that are taken here.",
                )
            return message

        await self._app(scope, counted, send)
