"""What `minutier retention` fetches proves itself to somebody who has nothing but the public key."""

import asyncio
import json
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from minutier.compose.embedded import System
from minutier.compose.failures import Status
from minutier.retention.records.repository import Logs
from minutier.shared import database
from minutier.shared.proofs.signing import SigningKey
from minutier.shared.settings import DatabaseSettings
from tests.support.command import Run, calling
from tests.support.proofs import TENANT
from tests.support.retention_records import draft
from tests.support.systems import running


@pytest.fixture(scope="module")
async def system() -> AsyncIterator[System]:
    async with running(services=["retention"]) as system:
        yield system


@pytest.fixture(scope="module")
async def ids(system: System) -> list[UUID]:
    engine = database.connect(DatabaseSettings(url=system.database_url("retention")))
    async with Logs(engine, SigningKey.read(system.directory.signing_key)).of(TENANT) as log:
        entries = await log.append_all([draft(number) for number in range(5)])
    await engine.dispose()
    return [entry.record.id for entry in entries]


class Desk:
    """Somebody who fetches files, and somebody elsewhere who checks them."""

    def __init__(self, system: System, path: Path) -> None:
        self.system, self.path = system, path

    async def fetch(self, *arguments: str) -> Run:
        given: tuple[str | Path, ...]
        given = ("retention", *arguments, "--data-dir", self.system.directory.path)
        return await asyncio.to_thread(Run, *given)

    async def fetched(self, name: str, *arguments: str) -> Path:
        out = self.path / name
        run = await self.fetch(*arguments, "--out", str(out))
        assert (run.status, run.out) == (0, f"Done. It is in {out}.\n"), run.err
        return out

    def verify(self, file: Path, head: Path) -> tuple[int, Any]:
        """In a process of its own with no environment, in an empty folder; the files are all that it has."""
        empty = self.path / "empty"
        empty.mkdir(exist_ok=True)
        key = self.path / "key.pub.pem"
        key.write_bytes(self.system.directory.public_key.read_bytes())
        command = [sys.executable, "-m", "minutier.compose", "verify", str(file)]
        done = subprocess.run(
            [*command, "--head", str(head), "--key", str(key), "--json"],
            env={},
            cwd=empty,
            capture_output=True,
            timeout=60,
            check=False,
        )
        found = json.loads(done.stdout)
        return done.returncode, [finding["reason"] for finding in found["findings"]]


@pytest.fixture
def desk(
    system: System, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Desk:
    calling(monkeypatch, capsys)
    monkeypatch.setenv("COLUMNS", "200")
    return Desk(system, tmp_path)


async def test_a_record_that_was_fetched_is_proven_by_a_head_that_was_kept(
    desk: Desk, ids: list[UUID]
) -> None:
    head = await desk.fetched("head.json", "head")
    file = await desk.fetched("record.json", "record", str(ids[2])[:35])
    assert desk.verify(file, head) == (0, [])
    key = await desk.fetched("fetched.pub.pem", "key")
    assert key.read_bytes() == desk.system.directory.public_key.read_bytes()
    file.write_bytes(file.read_bytes().replace(b'"count":37', b'"count":36'))
    status, reasons = desk.verify(file, head)
    assert (status, "bad_signature" in reasons) == (Status.FAILED, True)


async def test_a_record_is_fetched_to_be_read(desk: Desk, ids: list[UUID]) -> None:
    file = await desk.fetched("record.pdf", "record", str(ids[2]), "--pdf", "--language", "fr")
    assert file.read_bytes().startswith(b"%PDF-")


async def test_of_a_log_that_was_fetched_what_is_missing_is_found(desk: Desk, ids: list[UUID]) -> None:
    head = await desk.fetched("head.json", "head")
    file = await desk.fetched("log.jsonl", "export")
    lines = file.read_bytes().splitlines(keepends=True)
    assert (len(lines), desk.verify(file, head)) == (len(ids) + 1, (0, []))
    file.write_bytes(b"".join(lines[:2] + lines[3:]))
    assert desk.verify(file, head) == (Status.FAILED, ["entries_missing"])
    file.write_bytes(b"".join(lines[:3]))
    assert desk.verify(file, head) == (Status.FAILED, ["tail_cut"])
    changed = lines[1].replace(b'"count":37', b'"count":36')
    file.write_bytes(b"".join([lines[0], changed, *lines[2:]]))
    assert desk.verify(file, head) == (Status.FAILED, ["bad_signature"])


async def test_records_are_listed(desk: Desk, ids: list[UUID]) -> None:
    found = json.loads((await desk.fetch("records", "--json")).out)["records"]
    assert [each["id"] for each in found] == [str(each) for each in reversed(ids)]
    rows = (await desk.fetch("records")).out.splitlines()
    assert len(rows) == len(ids) + 1
    for told in ("media, transcript", "expiry", "GDPR art. 5(1)(e)", "AD75-2026-118"):
        assert told in rows[1]


@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        (("record", str(UUID(int=5))), Status.FAILED, "no such disposal record"),
        (("record", "zz"), Status.FAILED, "minutier retention records"),
        (("record", str(UUID(int=5)), "--language", "fr"), Status.USAGE, "--pdf"),
    ],
)
async def test_what_there_is_not_leaves_no_file(
    desk: Desk, ids: list[UUID], arguments: tuple[str, ...], status: Status, said: str
) -> None:
    run = await desk.fetch(*arguments, "--out", str(desk.path / "file"))
    assert (run.status, said in run.err, list(desk.path.iterdir())) == (status, True, [])


async def test_a_place_that_cannot_be_written_is_named(desk: Desk, ids: list[UUID]) -> None:
    out = desk.path / "nowhere" / "head.json"
    run = await desk.fetch("head", "--out", str(out))
    assert (run.status, run.err) == (Status.FAILED, f"{out} cannot be written: No such file or directory.\n")
