"""A tenant's servers on the loopback interface: its webhook and its Docs, which may fail for a while."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from uuid import uuid4

WEBHOOK_PATH = "/webhook/"
DOCS_PATH = "/api/v1.0/documents/create-for-owner/"


@dataclass(frozen=True)
class Request:
    headers: Message
    body: dict[str, Any]

    @property
    def authorization(self) -> str | None:
        return self.headers["Authorization"]


@dataclass
class Receiver:
    """``failing`` is how many of the next requests to a path are answered with 503; of any, the next
    ``breaks_off`` are not answered.

    ``accepted`` has the others by path, which are answered with ``status``, ``headers`` and ``answer``, or
    with an id of their own.
    """

    url: str = ""
    failing: dict[str, int] = field(default_factory=dict)
    accepted: dict[str, list[Request]] = field(default_factory=dict)
    breaks_off: int = 0
    status: int = 201
    headers: dict[str, str] = field(default_factory=dict)
    answer: bytes | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def take(self, path: str, request: Request) -> int | None:
        with self._lock:
            if self.breaks_off > 0:
                self.breaks_off -= 1
                return None
            if self.failing.get(path, 0) > 0:
                self.failing[path] -= 1
                return 503
            self.accepted.setdefault(path, []).append(request)
            return self.status

    def results(self, job_id: str) -> list[Request]:
        """What the webhook accepted about one job."""
        return [told for told in self.accepted.get(WEBHOOK_PATH, []) if told.body["job_id"] == job_id]

    def documents(self, sub: str) -> list[Request]:
        """What Docs made for one owner."""
        return [made for made in self.accepted.get(DOCS_PATH, []) if made.body["sub"] == sub]


@contextmanager
def receiving() -> Iterator[Receiver]:
    receiver = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            status = receiver.take(self.path, Request(self.headers, body))
            if status is None:
                return
            answer = receiver.answer
            if answer is None:
                answer = json.dumps({"id": str(uuid4())}).encode()
            self.send_response(status)
            for name, value in receiver.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            # Whoever asked may have read enough.
            with suppress(ConnectionError):
                self.wfile.write(answer)

        def log_message(self, format: str, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    receiver.url = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        yield receiver
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
