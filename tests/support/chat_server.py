"""A small OpenAI-compatible server on the loopback interface, which can misbehave in many ways."""

import json
import re
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

KEY = "a-secret-key"

Reply = dict[str, Any] | str


@dataclass(frozen=True)
class Asked:
    """One request: what it asks for, and its two messages."""

    form: str
    role: str
    request: str
    body: dict[str, Any]
    authorization: str | None

    @property
    def ids(self) -> list[str]:
        """The passages that are shown, each once."""
        return list(dict.fromkeys(re.findall(r"^\[(s\d+)\]", self.request, re.MULTILINE)))


@dataclass
class ChatServer:
    """``say`` has what is answered to a form, as an object or as text; a form without one is written well.

    ``statuses`` are used up before anything is answered; ``formats`` and ``parameters`` that are not
    understood give 400; ``stall_seconds`` pass before an answer; ``breaks_off`` sends half of it.
    """

    say: dict[str, Callable[[Asked], Reply]] = field(default_factory=dict)
    statuses: list[tuple[int, dict[str, str]]] = field(default_factory=list)
    formats: tuple[str, ...] = ("json_schema", "json_object", "text")
    refused: tuple[str, ...] = ()
    stall_seconds: float = 0.0
    breaks_off: bool = False
    raw: bytes | None = None
    asked: list[Asked] = field(default_factory=list)
    most_at_a_time: int = 0
    url: str = ""
    close: Callable[[], None] = lambda: None
    _at_a_time: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _closing: threading.Event = field(default_factory=threading.Event)

    def forms(self) -> list[str]:
        return [asked.form for asked in self.asked]

    def answer(self, asked: Asked) -> tuple[int, dict[str, str], bytes]:
        with self._lock:
            self.asked.append(asked)
            if self.statuses:
                status, headers = self.statuses.pop(0)
                return status, headers, b'{"error": {"message": "no"}}'
            self._at_a_time += 1
            self.most_at_a_time = max(self.most_at_a_time, self._at_a_time)
        try:
            self._closing.wait(self.stall_seconds)
            return self._answered(asked)
        finally:
            with self._lock:
                self._at_a_time -= 1

    def _answered(self, asked: Asked) -> tuple[int, dict[str, str], bytes]:
        if self.raw is not None:
            return 200, {}, self.raw
        for parameter in self.refused:
            if parameter in asked.body:
                error = {"message": "unsupported", "param": parameter, "code": "unsupported_parameter"}
                return 400, {}, json.dumps({"error": error}).encode()
        if asked.body.get("response_format", {"type": "text"})["type"] not in self.formats:
            return 400, {}, b'{"error": {"message": "response_format is not supported"}}'
        said = self.say.get(asked.form, written_well)(asked)
        content = said if isinstance(said, str) else json.dumps(said)
        message = {"role": "assistant", "content": content}
        completion = {"id": "1", "object": "chat.completion", "created": int(time.time()), "model": "fake"}
        choices = [{"index": 0, "finish_reason": "stop", "message": message}]
        return 200, {}, json.dumps({**completion, "choices": choices}).encode()


def written_well(asked: Asked) -> Reply:
    """What a model that does as it is told answers: it repeats what was said."""
    match asked.form:
        case "facts":
            return {"facts": [_fact(*passage) for passage in _passages(asked.request)]}
        case "outline":
            numbers = [int(number) for number in re.findall(r"^(\d+)\. ", asked.request, re.MULTILINE)]
            first = re.findall(r"^\d+\. (\w+ \w+)", asked.request, re.MULTILINE)
            return {"topics": [{"title": first[0], "facts": numbers}]}
        case "text":
            facts = re.findall(r"^- (.*) \[(.*)\]$", asked.request, re.MULTILINE)
            sentences = [{"text": text, "cites": cites.split(", ")} for text, cites in facts]
            return {"summary": sentences[:3], "topics": [{"topic": 1, **sentences[0]}]}
        case _:
            numbers = [int(number) for number in re.findall(r"^(\d+)\. ", asked.request, re.MULTILINE)]
            return {"verdicts": [{"claim": number, "supported": True} for number in numbers]}


def _passages(request: str) -> list[tuple[str, str, str]]:
    return re.findall(r"^\[(s\d+)\] (.*?): (.*)$", request, re.MULTILINE)


def _fact(id: str, speaker: str, text: str) -> dict[str, Any]:
    fact = {"kind": "point", "text": text, "cites": [id], "who": None, "what": None, "due": None}
    if "decided" in text or "décidé" in text:
        return {**fact, "kind": "decision"}
    if text.endswith("?"):
        return {**fact, "kind": "question"}
    if " will " in text:
        return {**fact, "kind": "action", "who": speaker, "what": text.partition(" will ")[2].rstrip(".")}
    return fact


@contextmanager
def serving(given: ChatServer | None = None) -> Iterator[ChatServer]:
    chat = given or ChatServer()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            status, headers, answer = 404, dict[str, str](), b"{}"
            if self.path == "/v1/chat/completions":
                status, headers, answer = chat.answer(_asked(body, self.headers.get("Authorization")))
            try:
                self.send_response(status)
                for name, value in {"Content-Type": "application/json", **headers}.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer[: len(answer) // 2] if chat.breaks_off else answer)
            except ConnectionError:
                # Whoever asked has stopped waiting.
                pass

        def log_message(self, format: str, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    chat.url = f"http://127.0.0.1:{server.server_address[1]}/v1"

    def close() -> None:
        chat._closing.set()
        server.shutdown()
        server.server_close()
        thread.join()

    chat.close = close
    try:
        yield chat
    finally:
        chat.close()


def _asked(body: dict[str, Any], authorization: str | None) -> Asked:
    role, request = (message["content"] for message in body["messages"])
    form = body.get("response_format", {}).get("json_schema", {}).get("name")
    if form is None:
        # The form is described in words: by the names of its fields.
        marks = {"facts": '"Fact"', "outline": '"Heading"', "text": '"Paragraph"', "verdicts": '"Verdict"'}
        form = next(name for name, mark in marks.items() if mark in role) if '"$defs"' in role else "unknown"
    return Asked(form, role, request, body, authorization)
