"""Reading meeting servers' accounts in a child process: they are files from outside."""

from pathlib import Path

from minutier.ingestion.accounts import bigbluebutton, lasuite_meet, livekit
from minutier.ingestion.accounts.domain import Account, UnreadableAccount
from minutier.schemas.events import MetadataKind
from minutier.shared.worker import Report, Worker, WorkerDied, WorkerTimedOut

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
        try:
            return await self._worker.run(read, kind, file, limit_seconds=_LIMIT_SECONDS)
        except (WorkerDied, WorkerTimedOut):
            raise UnreadableAccount("reading it does not end") from None


def read(kind: MetadataKind, file: Path, *, report: Report) -> Account:
    """Raises `UnreadableAccount`; nothing is reported."""
    return _READ[kind](file)
