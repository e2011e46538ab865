"""Running the system."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated

import typer

from minutier.compose.commands.options import DataDir, Json
from minutier.compose.connection import Connection, StillStarting, data_directory, elsewhere, embedded
from minutier.compose.directory import DataDirectory, Locked
from minutier.compose.failures import Failure, Interrupted, WrongUsage
from minutier.compose.foreground import until_stopped
from minutier.compose.terminal import console, put, say

_START_SECONDS = 120.0


def up(data_dir: DataDir = None, json_: Json = False) -> None:
    """Start everything and stay until ^C."""
    asyncio.run(until_stopped(_up(data_dir, json_)))


async def _up(data_dir: Path | None, json_: bool) -> None:
    from minutier.compose.embedded import running

    directory = data_directory(data_dir)
    started = time.monotonic()
    say("Starting Minutier.")
    async with running(directory.path) as system:
        seconds = time.monotonic() - started
        pages, compliance = f"{system.url('query')}/", f"{system.url('retention')}/"
        ingestion = system.url("ingestion")
        api = f"{pages}api/v1"
        if json_:
            told = {"pages": pages, "compliance": compliance, "api": api, "ingestion": ingestion}
            put({**told, "data": str(directory.path), "seconds": seconds})
        say(
            f"Ready after {seconds:.1f} s. Press ^C to stop.\n"
            f"  pages       {pages}  for anybody on this machine, without a password\n"
            f"  compliance  {compliance}  the pages of compliance staff\n"
            f"  API         {api}\n"
            f"  recordings  {ingestion}  for meeting servers\n"
            f"  data        {directory.path}"
        )
        try:
            await asyncio.Event().wait()
        finally:
            say("Stopping.")


def demo(
    file: Annotated[
        Path | None, typer.Option("--file", exists=True, dir_okay=False, help="Another recording.")
    ] = None,
    data_dir: DataDir = None,
    json_: Json = False,
) -> None:
    """Take one recording from announcement to minutes, and show both."""
    if asyncio.run(until_stopped(_demo(file or sample(), data_dir, json_))):
        raise Interrupted("Interrupted. What was begun continues at the next start.")


async def _demo(file: Path, data_dir: Path | None, json_: bool) -> None:
    from uuid import uuid4

    from minutier.compose import render
    from minutier.compose.announce import Details, announce
    from minutier.compose.follow import follow
    from minutier.compose.people import TENANT

    async with _system(data_dir) as connection, connection.api() as api:
        # Each demonstration is a recording of its own.
        details = Details(TENANT, title="Demonstration")
        recording_id = await announce(file, connection, details, external_id=str(uuid4()))
        (recording,) = await follow(api, [recording_id])
        if recording["state"] != "completed":
            raise Failure(render.complaint(recording))
        transcript = await api.transcript(recording_id)
        minutes = await api.minutes(recording_id)
        if json_:
            put(render.demonstration(recording, transcript, minutes))
        else:
            terminal = console()
            render.transcript(terminal, transcript)
            terminal.print()
            render.minutes(terminal, minutes, transcript)
        if connection.directory is not None:
            say(f"The data lies in {connection.directory.path}")


@asynccontextmanager
async def _system(data_dir: Path | None) -> AsyncIterator[Connection]:
    """The one that runs, which may still be starting; else one that is started for as long as it is used."""
    if (named := elsewhere()) is not None:
        yield named
        return
    directory = data_directory(data_dir)
    async with AsyncExitStack() as stack:
        if not directory.locked_by:
            from minutier.compose.embedded import running

            say("Starting the servers and the services.")
            # Another command may have been quicker: then that one's is used.
            with suppress(Locked):
                await stack.enter_async_context(running(directory.path))
        yield await _started(directory)


async def _started(directory: DataDirectory) -> Connection:
    deadline = time.monotonic() + _START_SECONDS
    while True:
        try:
            return embedded(directory)
        except StillStarting:
            if time.monotonic() > deadline:
                raise
        await asyncio.sleep(0.5)


def sample() -> Path:
    """The conversation in pyannote.audio's wheel; found without importing it, which would load torch."""
    namespace = find_spec("pyannote")
    for folder in (namespace.submodule_search_locations if namespace else None) or []:
        found = Path(folder) / "audio" / "sample" / "sample.wav"
        if found.exists():
            return found
    raise WrongUsage("The sample is not installed. Give a recording with --file.")
