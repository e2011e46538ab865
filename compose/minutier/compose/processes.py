"""One child process: started so that it cannot outlive its parent, ended for certain."""

import asyncio
import ctypes
import os
import pwd
import signal
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

_PR_SET_PDEATHSIG = 1
# Loaded here: after fork, only calls that need no lock are safe.
_LIBC = ctypes.CDLL(None, use_errno=True)

LOG_LIMIT = 8 * 1024**2


@dataclass(frozen=True)
class Launch:
    """What to execute; ``user`` is whom to become first, ``death_signal`` what the parent's end sends."""

    argv: Sequence[str]
    environment: Mapping[str, str] = field(default_factory=dict)
    user: str | None = None
    directory: Path | None = None
    death_signal: signal.Signals = signal.SIGKILL


async def spawn(launch: Launch, log: Path) -> asyncio.subprocess.Process:
    """Start a process in a session of its own, so that a terminal's ^C reaches only the supervisor.

    Its output is appended to ``log``. Raises `OSError` where it cannot be executed.
    """
    parent = os.getpid()

    def bind_to_parent() -> None:
        _LIBC.prctl(_PR_SET_PDEATHSIG, launch.death_signal)
        # The parent may have died before the line above.
        if os.getppid() != parent:
            os._exit(1)

    environment = {**os.environ, **launch.environment}
    identity: dict[str, Any] = {}
    if launch.user is not None:
        entry = pwd.getpwnam(launch.user)
        identity = {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}
        environment["HOME"] = "/"
    shorten(log)
    descriptor = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    try:
        return await asyncio.create_subprocess_exec(
            *launch.argv,
            env=environment,
            cwd=launch.directory,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=descriptor,
            stderr=descriptor,
            start_new_session=True,
            preexec_fn=bind_to_parent,
            **identity,
        )
    finally:
        os.close(descriptor)


async def end(process: asyncio.subprocess.Process, number: signal.Signals, *, within: float) -> bool:
    """Ask a process to end, and kill it and its children where it has not ``within`` seconds.

    Returns whether it ended by itself.
    """
    with suppress(ProcessLookupError):
        process.send_signal(number)
    try:
        await asyncio.wait_for(process.wait(), within)
    except TimeoutError:
        kill_group(process)
        await process.wait()
        return False
    kill_group(process)
    return True


def kill_group(process: asyncio.subprocess.Process) -> None:
    """Kill whatever is left of the session that the process leads."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)


def shorten(log: Path, *, limit: int = LOG_LIMIT) -> None:
    """Keep one earlier part of a log beside it, so that both stay within ``limit`` bytes.

    The writer holds the file open for appending, so its content is copied and it is emptied.
    """
    with suppress(FileNotFoundError):
        size = log.stat().st_size
        if size <= limit:
            return
        with log.open("rb") as file:
            file.seek(max(0, size - limit))
            tail = file.read(limit)
        earlier = log.with_suffix(".log.1")
        earlier.write_bytes(tail)
        earlier.chmod(0o600)
        os.truncate(log, 0)


def last_lines(log: Path, count: int = 5, *, since: int = 0) -> list[str]:
    """The end of a log, for an error message; of what comes after ``since`` bytes."""
    try:
        with log.open("rb") as file:
            file.seek(0, os.SEEK_END)
            file.seek(max(since, file.tell() - 8192))
            return file.read().decode(errors="replace").splitlines()[-count:]
    except OSError:
        return []
