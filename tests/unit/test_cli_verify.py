"""`minutier verify`, as somebody runs it who has nothing but the files and the public key."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from minutier.compose import cli
from minutier.compose.failures import Status
from minutier.schemas.records import SignedHead
from minutier.shared.proofs.issue import written
from tests.support.contracts import EXAMPLES
from tests.support.proofs import KEY, Log, key_of, write_log

LOG = Log.of(6)
HEAVY = ("alembic", "faststream", "httpx", "minio", "nats", "numpy", "opentelemetry", "psycopg", "sqlalchemy")


class Run:
    """One call in this process: its status, and what it printed."""

    def __init__(
        self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *arguments: str | Path
    ) -> None:
        monkeypatch.setattr(sys, "argv", ["minutier", "verify", *map(str, arguments)])
        self.status: str | int | None = 0
        try:
            cli.main()
        except SystemExit as ending:
            self.status = ending.code
        self.out, self.err = capsys.readouterr()

    @property
    def document(self) -> Any:
        return json.loads(self.out)

    @property
    def reasons(self) -> list[str]:
        return [finding["reason"] for finding in self.document["findings"]]


class Desk:
    """The files that somebody has been given."""

    def __init__(
        self, path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        self.path, self._monkeypatch, self._capsys = path, monkeypatch, capsys
        monkeypatch.setenv("MINUTIER_DATA_DIR", str(path / "data"))
        self.key = self.put("key.pub.pem", KEY.public.pem())

    def put(self, name: str, content: bytes) -> Path:
        (self.path / name).write_bytes(content)
        return self.path / name

    def proof(self, index: int = 2, size: int | None = None) -> Path:
        return self.put("record.json", written(LOG.proof(index, size)))

    def log(self, lines: list[bytes]) -> Path:
        return write_log(self.path / "log.jsonl", lines)

    def head(self, head: SignedHead) -> Path:
        return self.put(f"head-{head.head.tree_size}.json", written(head))

    def verify(self, file: Path, *arguments: str | Path) -> Run:
        return Run(self._monkeypatch, self._capsys, file, "--key", self.key, *arguments)

    def run(self, *arguments: str | Path) -> Run:
        return Run(self._monkeypatch, self._capsys, *arguments)


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Desk:
    return Desk(tmp_path, monkeypatch, capsys)


def alone(folder: Path, *arguments: str | Path) -> "subprocess.CompletedProcess[str]":
    """In a process of its own with no environment, in an empty folder."""
    empty = folder / "empty"
    empty.mkdir(exist_ok=True)
    command = [sys.executable, "-m", "minutier.compose", "verify", *map(str, arguments)]
    return subprocess.run(command, env={}, cwd=empty, capture_output=True, text=True, timeout=60, check=False)


def test_a_record_is_proven_with_the_public_key_alone(desk: Desk) -> None:
    head = desk.head(LOG.head())
    done = alone(desk.path, desk.proof(), "--key", desk.key, "--head", head, "--json")
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout)["verdict"] == "proven"
    assert list((desk.path / "empty").iterdir()) == []


def test_a_changed_record_is_found_without_a_traceback(desk: Desk) -> None:
    changed = written(LOG.proof(2)).replace(b'"count":37', b'"count":36')
    done = alone(desk.path, desk.put("record.json", changed), "--key", desk.key)
    assert (done.returncode, done.stdout) == (Status.FAILED, "")
    assert done.stderr.startswith("Not proven:\nEntry 2 was changed after it was signed")
    assert "Traceback" not in done.stderr


def test_nothing_is_imported_that_needs_a_system(desk: Desk) -> None:
    script = f"""
import sys
from minutier.compose import cli
sys.argv = ["minutier", "verify", {str(desk.proof())!r}, "--key", {str(desk.key)!r}]
try:
    cli.main()
except SystemExit:
    pass
print([name for name in {HEAVY} if name in sys.modules])
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"


def test_what_was_destroyed_and_by_which_right_is_shown(desk: Desk) -> None:
    run = desk.verify(desk.proof())
    assert (run.status, run.err) == (0, "")
    for told in ("entry 2", "media, transcript", "37 rows", "GDPR art. 5(1)(e)", "AD75-2026-118", "Default"):
        assert told in run.out


def test_the_document_holds_the_record_and_the_head(desk: Desk) -> None:
    document = desk.verify(desk.proof(), "--json").document
    assert document["record"]["index"] == 2
    assert document["head"]["tree_size"] == 6
    assert document["findings"] == []


def test_a_proof_may_be_laid_out_otherwise(desk: Desk) -> None:
    document = json.loads(written(LOG.proof(2)))
    for text in (json.dumps(document, indent=2), json.dumps(dict(reversed(document.items())))):
        assert desk.verify(desk.put("record.json", text.encode())).status == 0


def test_a_log_is_proven_by_the_head_at_its_end(desk: Desk) -> None:
    run = desk.verify(desk.log(LOG.lines()))
    assert (run.status, run.err) == (0, "")
    assert "6 entries" in run.out
    assert desk.verify(desk.log(LOG.lines()), "--json").document == {
        "verdict": "proven",
        "tenant": "default",
        "entries": 6,
        "covered": 6,
        "findings": [],
        "more": 0,
    }


def test_a_removed_entry_and_a_cut_tail_are_found(desk: Desk) -> None:
    lines = LOG.lines()
    removed = desk.verify(desk.log(lines[:2] + lines[3:]), "--json")
    assert (removed.status, removed.reasons) == (Status.FAILED, ["entries_missing"])
    assert "lacks entry 2" in removed.err
    head = desk.head(LOG.head())
    cut = desk.verify(desk.log([*lines[:4], written(LOG.head(4))]), "--head", head, "--json")
    assert (cut.status, cut.reasons) == (Status.FAILED, ["tail_cut"])
    assert "entries 4 to 5" in cut.err


@pytest.mark.parametrize("position", [0, 1, 300, -2])
def test_a_log_whose_first_line_was_changed_is_a_log_still(desk: Desk, position: int) -> None:
    lines = LOG.lines()
    first = bytearray(lines[0])
    first[position] ^= 1
    run = desk.verify(desk.log([bytes(first), *lines[1:]]), "--json")
    assert run.status == Status.FAILED
    assert run.document["entries"] == 6
    assert [finding["first"] for finding in run.document["findings"]] == [0]


@pytest.mark.parametrize(
    ("size", "reason", "fetch"),
    [(2, "head_older_than_record", "a head that was signed later"), (5, "other_head", "head over 5 entries")],
)
def test_what_the_files_do_not_settle_has_a_status_of_its_own(
    desk: Desk, size: int, reason: str, fetch: str
) -> None:
    run = desk.verify(desk.proof(), "--head", desk.head(LOG.head(size)), "--json")
    assert (run.status, run.document["verdict"], run.reasons) == (Status.UNSETTLED, "open", [reason])
    assert fetch in run.err
    plain = desk.verify(desk.proof(), "--head", desk.head(LOG.head(size)))
    assert "as it was signed" in plain.out
    assert plain.err.startswith("Not settled:\n")


def test_what_was_one_persons_is_not_taken_for_the_whole(desk: Desk) -> None:
    """As the key of the examples has signed it."""
    run = desk.verify(EXAMPLES / "disposal-proof" / "person.json")
    assert run.status == 0
    assert "one person alone, speaker-2: 14 segments, 212 words, 16 turns, 83.5 s of silence" in run.out
    assert "of whom" not in desk.verify(desk.proof()).out


def test_a_log_settles_what_a_proof_does_not(desk: Desk) -> None:
    heads = [argument for size in (2, 5) for argument in ("--head", desk.head(LOG.head(size)))]
    assert desk.verify(desk.log(LOG.lines()), *heads).status == 0


def test_a_log_without_a_head_is_not_settled(desk: Desk) -> None:
    run = desk.verify(desk.log(LOG.lines(head=False)))
    assert run.status == Status.UNSETTLED
    assert "--head" in run.err


def test_findings_that_are_not_listed_are_counted(desk: Desk) -> None:
    run = desk.verify(desk.log([b"{}"] * 103))
    assert run.err.endswith("There are 3 more findings.\n")


def test_the_key_of_the_system_here_is_taken_where_none_is_given(desk: Desk) -> None:
    proof = desk.proof()
    without = desk.run(proof)
    assert without.status == Status.USAGE
    assert "--key" in without.err
    (desk.path / "data").mkdir()
    (desk.path / "data" / "disposal-key.pub.pem").write_bytes(KEY.public.pem())
    assert desk.run(proof).status == 0
    assert desk.run(proof, "--data-dir", desk.path / "elsewhere").status == Status.USAGE


def test_keys_that_signed_before_may_be_given_too(desk: Desk) -> None:
    old = key_of("old")
    proof = desk.put("old.json", written(Log.of(1, old).proof(0)))
    alone_ = desk.verify(proof, "--json")
    assert (alone_.status, alone_.reasons) == (Status.FAILED, ["unknown_key", "unknown_key"])
    assert desk.verify(proof, "--key", desk.put("old.pub.pem", old.public.pem())).status == 0


@pytest.mark.parametrize("option", ["--key", "--head"])
def test_a_file_of_another_kind_is_named(desk: Desk, option: str) -> None:
    other = desk.put("other.txt", b"nonsense")
    run = desk.verify(desk.proof(), option, other)
    assert run.status == (Status.USAGE if option == "--key" else Status.FAILED)
    assert str(other) in run.err


@pytest.mark.parametrize("option", [(), ("--key",), ("--head",)])
def test_a_file_that_there_is_not_is_wrong_usage(desk: Desk, option: tuple[str, ...]) -> None:
    missing = desk.path / "missing"
    run = desk.run(*option, missing) if not option else desk.verify(desk.proof(), *option, missing)
    assert run.status == Status.USAGE
    assert "Traceback" not in run.err


@pytest.mark.parametrize("content", [b"", b"\n", b"nonsense", b"[]", b"\x00\xff", b'{"entry":'])
def test_a_file_that_is_neither_proves_nothing(desk: Desk, content: bytes) -> None:
    run = desk.verify(desk.put("file", content), "--json")
    assert (run.status, run.reasons) == (Status.FAILED, ["malformed"])
