"""Watching a folder, with any way to hand a file in."""

import asyncio
import json
import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from minutier.compose import cli, watch
from minutier.compose.failures import Failure, Status, WrongUsage
from minutier.compose.watch import Settling, Stamp, hand_in_all, recordings_in

A, B = Path("a.wav"), Path("b.wav")


class Away(Failure):
    status = Status.UNREACHABLE


class Desk:
    """Takes files in by what they hold; first it raises each of ``failures``."""

    def __init__(self, *failures: Exception) -> None:
        self.failures = list(failures)
        self.taken: list[tuple[str, bytes]] = []
        self.told: list[tuple[str, Path]] = []
        self.changed = asyncio.Event()

    async def hand_in(self, file: Path) -> str:
        if self.failures:
            raise self.failures.pop(0)
        self.taken.append((file.name, file.read_bytes()))
        return f"id of {file.name}"

    def tell(self, recording: str, file: Path) -> None:
        self.told.append((recording, file))
        self.changed.set()

    async def until(self, condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(60):
            while not condition():
                self.changed.clear()
                await self.changed.wait()

    async def once(self, folder: Path) -> None:
        await hand_in_all(folder, self.hand_in, self.tell, settle=0.0, once=True)

    @asynccontextmanager
    async def watching(self, folder: Path, *, settle: float = 0.01) -> AsyncIterator[None]:
        work = asyncio.create_task(hand_in_all(folder, self.hand_in, self.tell, settle=settle, once=False))
        try:
            yield
        finally:
            work.cancel()
            await asyncio.gather(work, return_exceptions=True)


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watch, "_RETRY_SECONDS", 0.01)
    monkeypatch.setattr(watch, "_RETRY_LIMIT_SECONDS", 0.02)
    monkeypatch.setattr(watch, "_LOOK_SECONDS", 0.2)


@given(st.lists(st.tuples(st.floats(0.1, 5.0), st.integers(0, 2)), min_size=1), st.floats(0.1, 10.0))
def test_a_file_is_told_once_it_has_stayed_as_it_is_for_the_time(
    looks: list[tuple[float, int]], seconds: float
) -> None:
    settling = Settling(seconds)
    at = 0.0
    changed, last, told = 0.0, None, None
    for pause, size in looks:
        at += pause
        stamp = (size, 0)
        changed = changed if stamp == last else at
        last = stamp
        expected = [A] if told != stamp and at >= changed + seconds else []
        assert settling.whole({A: stamp}, at) == expected
        if expected:
            settling.done(A)
            told = stamp
        elif told != stamp:
            told = None
            assert settling.next == pytest.approx(changed + seconds)


def test_each_file_settles_for_itself_and_what_has_gone_is_forgotten() -> None:
    settling = Settling(5.0)
    stamp: Stamp = (1, 1)
    assert settling.whole({A: stamp}, 0.0) == []
    assert settling.whole({A: stamp, B: stamp}, 5.0) == [A]
    settling.done(A)
    assert settling.next == 10.0
    assert settling.whole({B: stamp}, 10.0) == [B]
    settling.done(B)
    assert settling.next is None
    assert settling.whole({A: stamp, B: stamp}, 11.0) == []
    assert settling.whole({A: stamp, B: stamp}, 16.0) == [A]


def test_what_is_postponed_waits_until_then() -> None:
    settling = Settling(5.0)
    settling.whole({A: (1, 1)}, 0.0)
    settling.postpone(A, 60.0)
    assert settling.next == 60.0
    assert settling.whole({A: (1, 1)}, 59.0) == []
    assert settling.whole({A: (1, 1)}, 60.0) == [A]


def test_only_recordings_of_this_folder_that_are_there_are_seen(tmp_path: Path) -> None:
    for name in ("new.MP4", "old.wav", "notes.txt", "film.mp4.part", "x.crdownload", "y.tmp", ".z.wav"):
        (tmp_path / name).write_bytes(b"x")
    (tmp_path / "empty.wav").touch()
    (tmp_path / "folder.wav").mkdir()
    (tmp_path / "folder.wav" / "below.wav").write_bytes(b"x")
    (tmp_path / "gone.wav").symlink_to(tmp_path / "nothing")
    os.utime(tmp_path / "old.wav", (0, 0))
    assert list(recordings_in(tmp_path)) == [tmp_path / "old.wav", tmp_path / "new.MP4"]


async def test_what_is_there_is_handed_in_and_then_it_ends(tmp_path: Path) -> None:
    desk = Desk()
    for file in (A, B):
        (tmp_path / file).write_bytes(file.name.encode())
    await desk.once(tmp_path)
    assert desk.taken == [("a.wav", b"a.wav"), ("b.wav", b"b.wav")]
    assert desk.told == [("id of a.wav", tmp_path / A), ("id of b.wav", tmp_path / B)]


async def test_an_empty_folder_ends_at_once(tmp_path: Path) -> None:
    await Desk().once(tmp_path)


async def test_what_comes_later_is_handed_in_once_and_again_when_it_changes(tmp_path: Path) -> None:
    desk = Desk()
    (tmp_path / A).write_bytes(b"first")
    async with desk.watching(tmp_path):
        await desk.until(lambda: len(desk.told) == 1)
        (tmp_path / B).write_bytes(b"second")
        await desk.until(lambda: len(desk.told) == 2)
        (tmp_path / A).write_bytes(b"changed")
        await desk.until(lambda: len(desk.told) == 3)
    assert desk.taken == [("a.wav", b"first"), ("b.wav", b"second"), ("a.wav", b"changed")]


async def test_a_server_that_is_away_is_waited_for(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    desk = Desk(Away("Not running."), Away("Not running."), Failure("Not answering."))
    (tmp_path / A).write_bytes(b"x")
    async with desk.watching(tmp_path):
        await desk.until(lambda: len(desk.told) == 1)
    assert desk.taken == [("a.wav", b"x")]
    assert capsys.readouterr().err.splitlines() == [
        "Not running. Trying again in 0 s.",
        "Not running. Trying again in 0 s.",
        "Not answering. Trying again in 0 s.",
    ]


async def test_a_file_that_cannot_be_read_keeps_no_other_from_being_handed_in(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    desk = Desk(PermissionError(13, "Permission denied"))
    (tmp_path / A).write_bytes(b"x")
    os.utime(tmp_path / A, (0, 0))
    (tmp_path / B).write_bytes(b"x")
    async with desk.watching(tmp_path):
        await desk.until(lambda: len(desk.told) == 2)
    assert [name for name, _ in desk.taken] == ["b.wav", "a.wav"]
    assert capsys.readouterr().err == f"{tmp_path / A}: Permission denied.\n"


async def test_without_watching_failures_are_told(tmp_path: Path) -> None:
    (tmp_path / A).write_bytes(b"x")
    with pytest.raises(Away):
        await Desk(Away("Not running.")).once(tmp_path)
    desk = Desk(PermissionError(13, "Permission denied"))
    (tmp_path / B).write_bytes(b"x")
    with pytest.raises(Failure, match="1 of the files"):
        await desk.once(tmp_path)
    assert len(desk.taken) == 1


async def test_what_was_moved_away_is_nothing(tmp_path: Path) -> None:
    (tmp_path / A).write_bytes(b"x")
    desk = Desk(FileNotFoundError(2, "No such file"))
    await desk.once(tmp_path)
    assert desk.told == []


async def test_wrong_usage_is_not_waited_for(tmp_path: Path) -> None:
    (tmp_path / A).write_bytes(b"x")
    with pytest.raises(WrongUsage):
        await hand_in_all(tmp_path, Desk(WrongUsage("No.")).hand_in, print, settle=0.0, once=False)


@pytest.mark.parametrize(
    "arguments",
    [
        ["--tenant", "Acme Ltd"],
        ["--language", "French"],
        ["--owner", "Anna"],
        ["--participant", "anna@example.org", "--participant", "Bo"],
        ["--settle", "-1"],
        ["no-such-folder"],
    ],
)
def test_wrong_usage_is_told_before_anything_is_watched(
    arguments: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["minutier", "watch", str(tmp_path), *arguments])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    assert ended.value.code == Status.USAGE
    assert capsys.readouterr().out == ""


def test_an_empty_folder_is_an_empty_document(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["minutier", "watch", str(tmp_path), "--once", "--json"])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    assert ended.value.code == 0
    assert json.loads(capsys.readouterr().out) == {"recordings": []}
