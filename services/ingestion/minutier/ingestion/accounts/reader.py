"""Reading meeting servers' accounts in a child process: they are files from outside."""

from collections.abc import Awaitable
from pathlib import Path
from typing import TypeVar

from minutier.ingestion.accounts import bigbluebutton, lasuite_meet, livekit
from minutier.ingestion.accounts.domain import Account, UnreadableAccount
from minutier.schemas.events import MetadataKind
from minutier.shared.worker import Report, Worker, WorkerDied, WorkerTimedOut

T = TypeVar("T")

_LIMIT_SECONDS = 120.0

_READ = {
    MetadataKind.LASUITE_MEET: lasuite_meet.read,
    MetadataKind.BIGBLUEBUTTON: bigbluebutton.read,
    MetadataKind.LIVEKIT: livekit.read,
}


class AccountReader:
    """What takes too long to read, or more memory than there is, is as unreadable as what is damaged."""

    def __init__(self, worker: Worker) -> None:
        self._worker = worker

    async def read(self, kind: MetadataKind, file: Path) -> Account:
        return await _ended(self._worker.run(read, kind, file, limit_seconds=_LIMIT_SECONDS))


class ArchiveReader:
    """As `AccountReader`, of what BigBlueButton's hook sends: whoever sent it waits for the answer."""

    def __init__(self, worker: Worker, *, limit_seconds: float = _LIMIT_SECONDS) -> None:
        self._worker = worker
        self._limit_seconds = limit_seconds

    async def read(self, events: Path, into: Path) -> bigbluebutton.Meeting:
        """What an ``events.xml`` tells, and what is needed of it later in a file of its own."""
        return await _ended(self._worker.run(read_archive, events, into, limit_seconds=self._limit_seconds))


async def _ended(reading: Awaitable[T]) -> T:
    try:
        return await reading
    except (WorkerDied, WorkerTimedOut):
        raise UnreadableAccount("reading it does not end") from None


def read(kind: MetadataKind, file: Path, *, report: Report) -> Account:
    """Raises `UnreadableAccount`; nothing is reported."""
    return _READ[kind](file)


def read_archive(events: Path, into: Path, *, report: Report) -> bigbluebutton.Meeting:
    """Raises `UnreadableAccount`; nothing is reported."""
    meeting = bigbluebutton.read_meeting(events)
    if meeting.account.recorded:
        bigbluebutton.condense(events, into)
    return meeting
