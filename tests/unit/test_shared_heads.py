"""How much of a request is kept before anything is known of it."""

import asyncio

import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from uvicorn.server import ServerState

from minutier.shared.heads import SmallHeads

BEGINNING = b"POST / HTTP/1.1\r\nHost: test\r\nX: "


async def answer(request: Request) -> PlainTextResponse:
    return PlainTextResponse(str(len(request.headers["x"]) + len(await request.body())))


class Wire(asyncio.Transport):
    """What is written to a client."""

    def __init__(self) -> None:
        super().__init__({})
        self.written = b""
        self.closed = False

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.written += data

    def close(self) -> None:
        self.closed = True

    def is_closing(self) -> bool:
        return self.closed

    def pause_reading(self) -> None: ...

    def resume_reading(self) -> None: ...


@pytest.fixture
async def connection() -> SmallHeads:
    app = Starlette(routes=[Route("/", answer, methods=["POST"])])
    config = uvicorn.Config(app, lifespan="off", log_config=None)
    connection = SmallHeads(config, ServerState(), {})
    connection.connection_made(Wire())
    return connection


async def answered(connection: SmallHeads) -> bytes:
    await asyncio.gather(*connection.tasks)
    assert isinstance(connection.transport, Wire)
    return connection.transport.written


@pytest.mark.parametrize(
    "piece", [b"v" * 10_000, b"v\r\nX: " * 2_000], ids=["one field without end", "fields without end"]
)
async def test_a_head_that_never_ends_is_not_kept(connection: SmallHeads, piece: bytes) -> None:
    connection.data_received(BEGINNING)
    for _ in range(7):
        connection.data_received(piece)
    assert connection.transport.is_closing()
    assert (await answered(connection)).startswith(b"HTTP/1.1 400 ")


async def test_what_is_no_request_is_refused_once(connection: SmallHeads) -> None:
    connection.data_received(BEGINNING)
    connection.data_received(b"v" * 60_000)
    connection.data_received(b"\0" * 60_000)
    assert (await answered(connection)).count(b"HTTP/1.1 400 ") == 1


async def test_bodies_and_further_requests_do_not_count(connection: SmallHeads) -> None:
    end = b"\r\nContent-Length: 100000\r\n\r\n" + b"b" * 100_000
    connection.data_received(BEGINNING)
    for _ in range(3):
        connection.data_received(b"v" * 40_000)
        # What ends one request may begin the next.
        connection.data_received(end + BEGINNING)
    written = await answered(connection)
    assert written.startswith(b"HTTP/1.1 200 ")
    assert not connection.transport.is_closing()
