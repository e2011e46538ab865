"""The command `reconcile`, against a service that answers as ingestion does."""

import json
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar

import pytest

from minutier.compose import cli
from minutier.compose.directory import DataDirectory, ProcessState, State
from minutier.compose.failures import Status

KEY = "the-key-of-the-operator"
FOUND = {"seen": 7, "announced": ["a1"], "missing": ["m1"], "unreadable": ["never-made"], "dry_run": False}


class Ingestion(BaseHTTPRequestHandler):
    """Answers whoever has the key; ``answer`` is what it says to them."""

    asked: ClassVar[list[str]] = []
    answer: ClassVar[tuple[int, Any]] = (200, FOUND)
    key: ClassVar[str] = KEY

    def do_POST(self) -> None:
        self.asked.append(self.path)
        let_in = self.headers["Authorization"] == f"Bearer {self.key}"
        status, document = self.answer if let_in else (401, {"detail": "Send the key."})
        self.send_response(status)
        self.end_headers()
        self.wfile.write(json.dumps(document).encode())

    def log_message(self, format: str, *args: Any) -> None:
        pass


@pytest.fixture
def port() -> Iterator[int]:
    Ingestion.asked, Ingestion.answer, Ingestion.key = [], (200, FOUND), KEY
    server = ThreadingHTTPServer(("127.0.0.1", 0), Ingestion)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    yield server.server_address[1]
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def elsewhere(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MINUTIER_INGESTION_URL", f"http://127.0.0.1:{port}/")
    monkeypatch.setenv("MINUTIER_INGESTION_OPERATOR_KEY", KEY)


def minutier(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> object:
    """The status that the command ends with."""
    monkeypatch.setattr(sys, "argv", ["minutier", "reconcile", *arguments])
    try:
        cli.main()
    except SystemExit as ending:
        return ending.code
    return 0


@pytest.mark.usefixtures("elsewhere")
def test_what_was_done_is_told(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    assert minutier(monkeypatch) == 0
    told = capsys.readouterr()
    assert told.out == "a1 announced\nm1 given up\n"
    assert "7 objects" in told.err
    assert "never-made" in told.err
    assert minutier(monkeypatch, "--json") == 0
    assert json.loads(capsys.readouterr().out) == FOUND
    assert Ingestion.asked == ["/reconcile?dry_run=false"] * 2


@pytest.mark.usefixtures("elsewhere")
def test_a_dry_run_says_so(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    assert minutier(monkeypatch, "--dry-run") == 0
    assert "Nothing was changed" in capsys.readouterr().err
    assert Ingestion.asked == ["/reconcile?dry_run=true"]


def test_the_embedded_service_is_asked_with_the_key_of_its_directory(
    port: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    directory = DataDirectory(tmp_path)
    with directory.lock():
        Ingestion.key = directory.credentials(()).operator_key
        running = ProcessState("running", 1, {"http": port}, 0)
        directory.write_state(State(1, "now", True, {"query": running, "ingestion": running}))
        assert minutier(monkeypatch, "--data-dir", str(tmp_path)) == 0
        directory.write_state(State(1, "now", True, {"query": running}))
        assert minutier(monkeypatch, "--data-dir", str(tmp_path)) == Status.UNREACHABLE


def test_what_is_wrong_is_told_with_what_to_do(
    port: int, elsewhere: None, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    Ingestion.key = "another-key-of-somebody"
    assert minutier(monkeypatch) == Status.USAGE
    assert "has another MINUTIER_INGESTION_OPERATOR_KEY" in capsys.readouterr().err
    Ingestion.key, Ingestion.answer = KEY, (503, {"detail": "The store does not answer."})
    assert minutier(monkeypatch) == Status.FAILED
    assert "The store does not answer." in capsys.readouterr().err
    for answer in ((200, {"another": "service"}), (404, {"detail": "Not Found"})):
        Ingestion.answer = answer
        assert minutier(monkeypatch) == Status.FAILED
        assert "is no ingestion service" in capsys.readouterr().err
    monkeypatch.setenv("MINUTIER_INGESTION_URL", "http://127.0.0.1:1")
    assert minutier(monkeypatch) == Status.UNREACHABLE
    monkeypatch.delenv("MINUTIER_INGESTION_OPERATOR_KEY")
    assert minutier(monkeypatch) == Status.USAGE
    assert "MINUTIER_INGESTION_OPERATOR_KEY" in capsys.readouterr().err
    monkeypatch.delenv("MINUTIER_INGESTION_URL")
    monkeypatch.setenv("MINUTIER_QUERY_URL", "http://127.0.0.1:1")
    assert minutier(monkeypatch) == Status.USAGE
    assert "MINUTIER_INGESTION_URL" in capsys.readouterr().err
