"""Systems for tests: each begins with a copy of a data directory that was made once in this process.

Making one has PostgreSQL write its catalogues, and every service its tables: two thirds of a start.
"""

import asyncio
import atexit
import shutil
import subprocess
import tempfile
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from minutier.compose import embedded
from minutier.compose.embedded import System
from minutier.compose.provision import SERVICES

_made: list[Path] = []


@asynccontextmanager
async def running(
    services: Sequence[str] = SERVICES, *, environment: Mapping[str, str] | None = None
) -> AsyncIterator[System]:
    """As `embedded.running` without a data directory."""
    if not _made:
        _made.append(await _make())
    directory = _directory()
    try:
        await asyncio.to_thread(_copy, _made[0], directory)
        async with embedded.running(directory, services, environment=environment) as system:
            yield system
    finally:
        shutil.rmtree(directory, ignore_errors=True)


async def _make() -> Path:
    directory = _directory()
    atexit.register(shutil.rmtree, directory, ignore_errors=True)
    async with embedded.running(directory, services=[]):
        pass
    # Whoever begins with a copy looks for ports of its own, and has logs of its own.
    (directory / "state.json").unlink(missing_ok=True)
    shutil.rmtree(directory / "logs")
    return directory


def _directory() -> Path:
    return Path(tempfile.mkdtemp(prefix="minutier-"))


def _copy(made: Path, into: Path) -> None:
    """Whose its files are, and who may read them, is copied as well."""
    subprocess.run(["cp", "-a", "--reflink=auto", f"{made}/.", str(into)], check=True)
