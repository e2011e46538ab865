"""A small HTTP server that answers as a service does, such as query."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Protocol, TypeVar
from urllib.parse import parse_qs, unquote, urlsplit

STAGES = ("ingestion", "diarization", "transcription", "attribution", "summarisation")


class Answers(Protocol):
    """What a service answers a request with: status, media type and body."""

    url: str

    def answer(self, target: str, body: bytes, method: str, token: str) -> tuple[int, str, str]: ...


Service = TypeVar("Service", bound=Answers)


def recording(id: str, *, state: str = "completed", **fields: Any) -> dict[str, Any]:
    stage = {"state": "done" if state == "completed" else "waiting", "seconds": 1.0, "reason": None}
    return {
        "id": id,
        "tenant": "default",
        "title": "Weekly",
        "source": "command-line",
        "state": state,
        "duration": 30.0,
        "language": "en",
        "announced_at": "2026-01-01T00:00:00Z",
        "reason": None,
        "explanation": None,
        "stages": dict.fromkeys(STAGES, stage),
        "total_seconds": 5.0,
        **fields,
    }


@dataclass
class QueryApi:
    """What it answers with."""

    recordings: list[dict[str, Any]] = field(default_factory=list)
    transcript: dict[str, Any] = field(default_factory=dict)
    minutes: dict[str, Any] = field(default_factory=dict)
    page: int = 2
    named: list[tuple[str, Any]] = field(default_factory=list)
    steered: list[tuple[str, Any]] = field(default_factory=list)
    refuses: str | None = None
    # Who is answered, and what anybody else is told.
    tokens: set[str] | None = None
    forbids: str | None = None
    # What is to be read by a reason alone, and the reasons that were given.
    restricted: set[str] = field(default_factory=set)
    reasons: list[str] = field(default_factory=list)
    reason: str | None = None
    shares: dict[str, Any] = field(default_factory=dict)
    url: str = ""

    def answer(
        self, target: str, body: bytes = b"", method: str = "GET", token: str | None = None
    ) -> tuple[int, str, str]:
        if self.tokens is not None and token not in self.tokens:
            return problem(401, "The token is not accepted: it has expired. Get a new one.")
        if self.forbids:
            return problem(403, self.forbids)
        parts = urlsplit(target)
        query = {key: values[0] for key, values in parse_qs(parts.query).items()}
        path = parts.path.removeprefix("/api/v1/recordings").strip("/").split("/")
        if path == [""]:
            start = int(query.get("after", 0))
            following = start + self.page
            cursor = str(following) if following < len(self.recordings) else None
            return json_answer({"items": self.recordings[start:following], "next": cursor})
        found = next((item for item in self.recordings if item["id"] == path[0]), None)
        if found is None:
            return 404, "application/json", "{}"
        if found["id"] in self.restricted and path[1:]:
            if self.reason is None:
                told = {"detail": "This is restricted.", "reason": "reason_needed"}
                return 403, "application/problem+json", json.dumps(told)
            self.reasons.append(unquote(self.reason))
        match path[1:]:
            case []:
                return json_answer(found)
            case ["transcript"] if query.get("format") == "json":
                return json_answer(self.transcript)
            case ["transcript"]:
                return 200, "text/plain", f"as {query.get('format')}"
            case ["minutes"]:
                return json_answer(self.minutes)
            case ["speakers", _] if self.refuses:
                return problem(422, self.refuses)
            case ["shares"]:
                return json_answer([{"name": unquote(name), **given} for name, given in self.shares.items()])
            case ["shares", whom, name] if method == "DELETE":
                shared = self.shares.pop(f"{whom}/{name}", None)
                return (204, "", "") if shared else problem(404, "This recording is not shared so.")
            case ["shares", whom, name]:
                self.shares[f"{whom}/{name}"] = json.loads(body)
                return 204, "", ""
            case ["owner"]:
                self.shares["owner"] = json.loads(body)
                return 204, "", ""
            case ["cancel" | "reprocess", *_] if self.refuses:
                return problem(409, self.refuses)
            case ["cancel" | "reprocess" as asked]:
                self.steered.append((asked, json.loads(body) if body else None))
                return json_answer({**found, "state": "cancelled" if asked == "cancel" else "processing"})
            case ["speakers", speaker]:
                self.named.append((speaker, json.loads(body)))
                return json_answer(found)
            case _:
                return 200, "text/event-stream", f"event: state\ndata: {json.dumps(found)}\n\n"


def json_answer(document: Any) -> tuple[int, str, str]:
    return 200, "application/json", json.dumps(document)


def problem(status: int, detail: str) -> tuple[int, str, str]:
    return status, "application/problem+json", json.dumps({"detail": detail})


@contextmanager
def serving(api: Service) -> Iterator[Service]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            given = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            token = self.headers.get("Authorization", "").removeprefix("Bearer ")
            if isinstance(api, QueryApi):
                api.reason = self.headers.get("Minutier-Reason")
            status, kind, body = api.answer(self.path, given, self.command, token)
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body.encode())))
            self.end_headers()
            self.wfile.write(body.encode())

        do_PUT = do_POST = do_DELETE = do_GET

        def log_message(self, format: str, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    api.url = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        yield api
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
