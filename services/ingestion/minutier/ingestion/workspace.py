"""A folder for media while it is checked, that does not outlive its process for long."""

import fcntl
import os
import shutil
from contextlib import suppress
from pathlib import Path
from tempfile import mkdtemp

_PREFIX = "minutier-ingestion-"


class Workspace:
    """A folder of this process alone; those that killed processes left beside it are removed.

    The lock on a folder ends with its process, however that ends.
    """

    def __init__(self, parent: Path) -> None:
        """Raises `OSError` where ``parent`` cannot be written."""
        parent.mkdir(parents=True, exist_ok=True)
        for left in parent.glob(f"{_PREFIX}*"):
            _remove_abandoned(left)
        self.path, self._lock = _locked(parent)

    def remove(self) -> None:
        shutil.rmtree(self.path, ignore_errors=True)
        os.close(self._lock)


def _locked(parent: Path) -> tuple[Path, int]:
    while True:
        path = Path(mkdtemp(prefix=_PREFIX, dir=parent))
        lock = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
        fcntl.flock(lock, fcntl.LOCK_EX)
        # Another process that was starting may have taken it for abandoned before it was locked.
        if path.exists():
            return path, lock
        os.close(lock)


def _remove_abandoned(path: Path) -> None:
    # Gone by now, not ours, or in use.
    with suppress(OSError):
        lock = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(path, ignore_errors=True)
        finally:
            os.close(lock)
