"""What the object store's client does where the store does not answer as it should."""

import socketserver
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import urllib3
from pydantic import SecretStr

from minutier.schemas.references import Location, ObjectRef
from minutier.shared.objects import Objects
from minutier.shared.settings import ObjectSettings

LOCATION = Location(bucket="uploads", key="a")


def connected(port: int) -> Objects:
    return Objects(
        ObjectSettings(
            endpoint=f"127.0.0.1:{port}", access_key="a", secret_key=SecretStr("s"), timeout_seconds=0.1
        )
    )


@contextmanager
def serving(server: socketserver.TCPServer) -> Iterator[int]:
    thread = threading.Thread(target=server.serve_forever, args=[0.01], daemon=True)
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        server.server_close()


class Answers(BaseHTTPRequestHandler):
    """Answers with each of the server's statuses in turn, and with the last one from then on."""

    protocol_version = "HTTP/1.1"
    statuses: list[int]
    seen: int
    stall: bool = False

    def do_GET(self) -> None:
        cls = type(self)
        status = cls.statuses[min(cls.seen, len(cls.statuses) - 1)]
        cls.seen += 1
        body = b"bytes" if status == 200 else b""
        self.send_response(status)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body[:2])
        if cls.stall:
            time.sleep(0.5)
        self.wfile.write(body[2:])

    do_PUT = do_GET

    def log_message(self, format: str, *arguments: object) -> None:
        pass


def answering(*statuses: int, stall: bool = False) -> type[Answers]:
    return type("Answering", (Answers,), {"statuses": list(statuses), "seen": 0, "stall": stall})


async def test_a_passing_fault_is_tried_again(tmp_path: Path) -> None:
    answers = answering(503, 500, 200)
    with serving(ThreadingHTTPServer(("127.0.0.1", 0), answers)) as port:
        taken = await connected(port).download(LOCATION, tmp_path / "file")
    assert (taken.size, answers.seen) == (5, 3)


async def test_a_fault_that_stays_is_raised_after_a_few_tries(tmp_path: Path) -> None:
    answers = answering(503)
    with (
        serving(ThreadingHTTPServer(("127.0.0.1", 0), answers)) as port,
        pytest.raises(urllib3.exceptions.MaxRetryError),
    ):
        await connected(port).download(LOCATION, tmp_path / "file")
    assert answers.seen == 4


async def test_a_store_that_accepts_and_says_nothing_is_given_up(tmp_path: Path) -> None:
    class Silent(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            time.sleep(1)

    with (
        serving(socketserver.ThreadingTCPServer(("127.0.0.1", 0), Silent)) as port,
        pytest.raises(urllib3.exceptions.MaxRetryError),
    ):
        await connected(port).download(LOCATION, tmp_path / "file")


async def test_a_store_that_stops_in_the_middle_is_given_up(tmp_path: Path) -> None:
    with serving(ThreadingHTTPServer(("127.0.0.1", 0), answering(200, stall=True))) as port:
        with pytest.raises(urllib3.exceptions.ReadTimeoutError):
            await connected(port).download(LOCATION, tmp_path / "file")
        ref = ObjectRef(bucket="a" * 3, key="a", sha256="0" * 64, size=5)
        with pytest.raises(urllib3.exceptions.ReadTimeoutError):
            await connected(port).read(ref)


async def test_a_store_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with serving(ThreadingHTTPServer(("127.0.0.1", 0), answering(200))) as port:
        pass
    with pytest.raises(urllib3.exceptions.MaxRetryError):
        await connected(port).download(LOCATION, tmp_path / "file")
