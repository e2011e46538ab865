"""Handing in every recording that appears in a folder."""

import asyncio
import os
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from minutier.compose.announce import SOURCE, Details, announce
from minutier.compose.client import NotFound
from minutier.compose.connection import find
from minutier.compose.failures import Failure, WrongUsage
from minutier.compose.terminal import put, say, write
from minutier.schemas.events import recording_id
from minutier.schemas.media import SUFFIXES
from minutier.shared.objects import digest

# What changes on a share of another machine is not always told of.
_LOOK_SECONDS = 10.0
_RETRY_SECONDS = 1.0
_RETRY_LIMIT_SECONDS = 60.0

Stamp = tuple[int, int]
HandIn = Callable[[Path], Awaitable[str]]
Tell = Callable[[str, Path], None]


class Settling:
    """Tells the files that are whole: nothing has been written to them for ``seconds``."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._seen: dict[Path, tuple[Stamp, float]] = {}
        self._done: dict[Path, Stamp] = {}

    def whole(self, found: Mapping[Path, Stamp], at: float) -> list[Path]:
        """Those of ``found`` that are whole at the time ``at``, and not done as they are."""
        seen = {}
        for path, stamp in found.items():
            before, since = self._seen.get(path, (stamp, at))
            seen[path] = (stamp, since if stamp == before else at)
        self._seen = seen
        self._done = {path: stamp for path, stamp in self._done.items() if found.get(path) == stamp}
        return [path for path in self._waiting if at >= self._seen[path][1] + self._seconds]

    def done(self, path: Path) -> None:
        """A file is not to be told again before it changes."""
        self._done[path] = self._seen[path][0]

    def postpone(self, path: Path, until: float) -> None:
        """A file is to be told again no sooner than ``until``."""
        self._seen[path] = (self._seen[path][0], until - self._seconds)

    @property
    def next(self) -> float | None:
        """When the next file will be whole; ``None`` where all are done."""
        return min((self._seen[path][1] + self._seconds for path in self._waiting), default=None)

    @property
    def _waiting(self) -> list[Path]:
        return [path for path, (stamp, _) in self._seen.items() if self._done.get(path) != stamp]


async def watch(
    folder: Path,
    details: Details,
    *,
    settle: float,
    once: bool,
    data_dir: Path | None,
    as_json: bool,
) -> None:
    """Hand in what is in ``folder`` and what comes, until cancelled; with ``once``, only what is there.

    With ``once`` it raises what `announce` raises.
    """
    results = []

    async def hand_in(file: Path) -> str:
        return await _hand_in(file, data_dir, details)

    def tell(recording: str, file: Path) -> None:
        result = {"recording_id": recording, "file": str(file)}
        if as_json and once:
            results.append(result)
        elif as_json:
            put(result)
        else:
            write(f"{recording} {file}")

    await hand_in_all(folder, hand_in, tell, settle=settle, once=once)
    if as_json:
        put({"recordings": results})


async def hand_in_all(folder: Path, hand_in: HandIn, tell: Tell, *, settle: float, once: bool) -> None:
    """As `watch`, with any way to hand a file in.

    A server that is away is tried again after a growing delay, and a file that cannot be read after a
    minute; with ``once`` either is a `Failure`, of which the second lets the other files through.
    """
    settling = Settling(settle)
    unreadable = 0
    delay = _RETRY_SECONDS

    async def hand_in_one(file: Path) -> None:
        nonlocal unreadable
        try:
            recording = await hand_in(file)
        except FileNotFoundError:
            # It was moved away.
            pass
        except OSError as error:
            say(f"{file}: {error.strerror}.")
            if not once:
                settling.postpone(file, time.monotonic() + _RETRY_LIMIT_SECONDS)
                return
            unreadable += 1
        else:
            tell(recording, file)
        settling.done(file)

    async with _changes(folder) as changed:
        while True:
            changed.clear()
            try:
                for file in settling.whole(await asyncio.to_thread(recordings_in, folder), time.monotonic()):
                    await hand_in_one(file)
                    delay = _RETRY_SECONDS
            except Failure as failure:
                if once or isinstance(failure, WrongUsage):
                    raise
                say(f"{failure} Trying again in {delay:.0f} s.")
                await asyncio.sleep(delay)
                delay = min(2 * delay, _RETRY_LIMIT_SECONDS)
                continue
            if once and settling.next is None:
                break
            pause = _LOOK_SECONDS if settling.next is None else settling.next - time.monotonic()
            with suppress(TimeoutError):
                await asyncio.wait_for(changed.wait(), min(max(pause, 0.0), _LOOK_SECONDS))
    if unreadable:
        raise Failure(f"{unreadable} of the files could not be read. Allow it, and run the command again.")


def recordings_in(folder: Path) -> dict[Path, Stamp]:
    """The recordings in this folder alone, oldest first, each with its size and its time of change.

    What is empty, hidden, or unfinished by its suffix is passed over. Raises `Failure`.
    """
    found: dict[Path, Stamp] = {}
    try:
        entries = list(os.scandir(folder))
    except OSError as error:
        raise Failure(f"{folder}: {error.strerror}.") from None
    for entry in entries:
        path = folder / entry.name
        if path.suffix.lower() in SUFFIXES and not entry.name.startswith("."):
            with suppress(OSError):
                state = entry.stat()
                if entry.is_file() and state.st_size > 0:
                    found[path] = (state.st_size, state.st_mtime_ns)
    return dict(sorted(found.items(), key=lambda item: (item[1][1], item[0])))


async def _hand_in(file: Path, data_dir: Path | None, details: Details) -> str:
    """The recording's id; one that is known is not sent again. Raises `Failure` or `OSError`."""
    connection = find(data_dir)
    external_id = await asyncio.to_thread(digest, file)
    known = str(recording_id(details.tenant, SOURCE, external_id))
    async with connection.api(details.tenant) as api:
        with suppress(NotFound):
            await api.recording(known)
            return known
    return await announce(file, connection, details, external_id=external_id)


@asynccontextmanager
async def _changes(folder: Path) -> AsyncIterator[asyncio.Event]:
    """Is set whenever something changes in the folder, where the system tells of it."""
    changed = asyncio.Event()

    async def note() -> None:
        from watchfiles import awatch

        # Where no more can be watched, or the folder goes, it is still looked into now and then.
        with suppress(OSError, RuntimeError):
            async for _ in awatch(folder, recursive=False, watch_filter=None):
                changed.set()

    noting = asyncio.create_task(note())
    try:
        yield changed
    finally:
        noting.cancel()
        await asyncio.gather(noting, return_exceptions=True)
