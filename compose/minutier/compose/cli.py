"""The command ``minutier``."""

import asyncio
import os
import sys
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from enum import StrEnum
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, Any

import typer

from minutier.compose.connection import (
    Connection,
    StillStarting,
    data_directory,
    elsewhere,
    embedded,
    find,
)
from minutier.compose.directory import DataDirectory, Locked
from minutier.compose.failures import Failure, Interrupted, WrongUsage, explained
from minutier.compose.foreground import until_stopped
from minutier.compose.terminal import console, put, say, write

_START_SECONDS = 120.0

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="Who said what in a meeting, and minutes that cite their evidence.",
    epilog="Exit status: 0 done, 1 failed or rejected, 2 wrong usage, 3 not running or not reachable, "
    "130 interrupted.",
)

DataDir = Annotated[
    Path | None, typer.Option("--data-dir", help="Where everything is kept; also MINUTIER_DATA_DIR.")
]
Json = Annotated[bool, typer.Option("--json", help="One JSON document on stdout, and nothing else there.")]
Id = Annotated[str, typer.Argument(help="A recording's id, or a beginning only it has.")]


class Format(StrEnum):
    TEXT = "text"
    JSON = "json"
    VTT = "vtt"
    SRT = "srt"
    RTTM = "rttm"


@app.command()
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
        api, ingestion = f"{system.url('query')}/api/v1", system.url("ingestion")
        if json_:
            put({"api": api, "ingestion": ingestion, "data": str(directory.path), "seconds": seconds})
        say(
            f"Ready after {seconds:.1f} s. Press ^C to stop.\n"
            f"  API         {api}\n"
            f"  recordings  {ingestion}  for meeting servers\n"
            f"  data        {directory.path}"
        )
        try:
            await asyncio.Event().wait()
        finally:
            say("Stopping.")


@app.command()
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
    from minutier.compose.announce import announce
    from minutier.compose.api import Api
    from minutier.compose.follow import follow

    async with _system(data_dir) as connection, Api(connection.query_url) as api:
        # Each demonstration is a recording of its own.
        identity = {"tenant": "demo", "title": "Demonstration", "external_id": str(uuid4())}
        recording_id = await announce(file, connection, **identity)
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


@app.command()
def ingest(
    files: Annotated[list[Path], typer.Argument(exists=True, dir_okay=False, metavar="FILE...")],
    title: Annotated[str | None, typer.Option(help="What the meeting was called.")] = None,
    language: Annotated[str | None, typer.Option(help="ISO 639 code; detected if not given.")] = None,
    tenant: Annotated[str, typer.Option(help="Whose recording it is.")] = "default",
    watch: Annotated[bool, typer.Option("--watch", help="Follow each until its minutes are there.")] = False,
    data_dir: DataDir = None,
    json_: Json = False,
) -> None:
    """Hand recordings in."""
    details = {"title": title, "language": language, "tenant": tenant}
    asyncio.run(_ingest(files, find(data_dir), details, watch, json_))


async def _ingest(
    files: list[Path], connection: Connection, details: dict[str, Any], watch: bool, json_: bool
) -> None:
    from minutier.compose import render
    from minutier.compose.announce import announce
    from minutier.compose.api import Api
    from minutier.compose.follow import follow

    results: list[dict[str, Any]] = []
    for file in files:
        recording_id = await announce(file, connection, **details)
        results.append({"recording_id": recording_id, "file": str(file)})
        if not json_ and not watch:
            write(recording_id)
    complaints = []
    if watch:
        async with Api(connection.query_url) as api:
            recordings = await follow(api, [result["recording_id"] for result in results])
        for result, recording in zip(results, recordings, strict=True):
            result |= {key: recording[key] for key in ("state", "reason", "explanation")}
            if not json_:
                write(f"{recording['id']} {recording['state']}")
            if recording["state"] != "completed":
                complaints.append(f"{result['file']}: {render.complaint(recording)}")
    if json_:
        put({"recordings": results})
    if complaints:
        raise Failure("\n".join(complaints))


@app.command()
def watch(
    folder: Annotated[Path, typer.Argument(exists=True, file_okay=False)],
    tenant: Annotated[str, typer.Option(help="Whose recordings they are.")] = "default",
    language: Annotated[str | None, typer.Option(help="ISO 639 code; detected if not given.")] = None,
    settle: Annotated[
        float, typer.Option(min=0.0, help="Seconds for which a file must not have changed.")
    ] = 5.0,
    once: Annotated[bool, typer.Option("--once", help="Only what is there; then end.")] = False,
    data_dir: DataDir = None,
    json_: Annotated[
        bool, typer.Option("--json", help="One JSON object a line; with --once, one document.")
    ] = False,
) -> None:
    """Hand in every recording that appears in a folder, until ^C."""
    from minutier.compose.watch import watch

    work = watch(
        folder, tenant=tenant, language=language, settle=settle, once=once, data_dir=data_dir, as_json=json_
    )
    if asyncio.run(until_stopped(work)):
        raise Interrupted("Interrupted. What comes meanwhile is handed in at the next start.")


@app.command()
def status(data_dir: DataDir = None, json_: Json = False) -> None:
    """Services, backlog per consumer, dead letters, and what is in flight."""
    asyncio.run(_status(find(data_dir), json_))


async def _status(connection: Connection, json_: bool) -> None:
    from dataclasses import asdict

    from minutier.compose import render
    from minutier.compose.api import FINAL, Api
    from minutier.compose.backlog import backlog

    waiting = await backlog(connection.nats)
    async with Api(connection.query_url) as api:
        in_flight = [found for found in await api.recordings() if found["state"] not in FINAL]
    processes = connection.state.processes if connection.state else {}
    document = {
        "processes": {name: asdict(process) for name, process in processes.items()},
        **asdict(waiting),
        "in_flight": in_flight,
    }
    if json_:
        put(document)
    else:
        render.status(console(), document)


@app.command(name="list")
def list_(
    tenant: Annotated[str | None, typer.Option(help="Only this tenant's.")] = None,
    data_dir: DataDir = None,
    json_: Json = False,
) -> None:
    """All recordings."""
    asyncio.run(_list(find(data_dir), tenant, json_))


async def _list(connection: Connection, tenant: str | None, json_: bool) -> None:
    from minutier.compose import render
    from minutier.compose.api import Api

    async with Api(connection.query_url) as api:
        items = await api.recordings(tenant)
    if json_:
        put({"recordings": items})
    else:
        render.recordings(console(), items)


@app.command()
def transcript(
    id: Id,
    format: Annotated[Format, typer.Option(help="How it is written.")] = Format.TEXT,
    data_dir: DataDir = None,
    json_: Json = False,
) -> None:
    """Who said what."""
    asyncio.run(_transcript(find(data_dir), id, Format.JSON if json_ else format))


async def _transcript(connection: Connection, id: str, format: Format) -> None:
    from minutier.compose.api import Api

    async with Api(connection.query_url) as api:
        write(await api.rendered_transcript(await api.resolve(id), format))


@app.command()
def minutes(id: Id, data_dir: DataDir = None, json_: Json = False) -> None:
    """What was said in short, with the times it rests on."""
    asyncio.run(_minutes(find(data_dir), id, json_))


async def _minutes(connection: Connection, id: str, json_: bool) -> None:
    from minutier.compose import render
    from minutier.compose.api import Api

    async with Api(connection.query_url) as api:
        full = await api.resolve(id)
        document = await api.minutes(full)
        if json_:
            put(document)
        else:
            render.minutes(console(), document, await api.transcript(full))


@app.command()
def reconcile(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only tell what would be done.")] = False,
    data_dir: DataDir = None,
    json_: Json = False,
) -> None:
    """Announce what lies in the buckets unannounced, and give up what never came."""
    from minutier.compose.reconcile import reconcile

    asyncio.run(reconcile(data_dir, dry_run=dry_run, as_json=json_))


@app.command()
def name(
    id: Id,
    speaker: Annotated[str, typer.Argument(help="A label of the transcript, such as 'Speaker 2', or an id.")],
    given: Annotated[str | None, typer.Argument(metavar="NAME", help="Who it is.")] = None,
    clear: Annotated[bool, typer.Option("--clear", help="Take back what was said by hand.")] = False,
    data_dir: DataDir = None,
    json_: Json = False,
) -> None:
    """Say who a speaker is; the transcript and the minutes are written anew."""
    if clear == (given is not None):
        raise WrongUsage("Give either a name or --clear.")
    asyncio.run(_name(find(data_dir), id, speaker, given, json_))


async def _name(connection: Connection, id: str, speaker: str, given: str | None, json_: bool) -> None:
    from minutier.compose.api import Api
    from minutier.compose.name import name_speaker

    async with Api(connection.query_url) as api:
        recording = await name_speaker(api, id, speaker, given)
    if json_:
        put(recording)
    else:
        write("Done. The transcript and the minutes are being written anew.")


def main() -> None:
    """The entry point: every failure is a message that says what to do, and a status."""
    try:
        app()
    except Exception as error:
        if os.environ.get("MINUTIER_DEBUG"):
            raise
        failure = explained(error)
        say(str(failure))
        sys.exit(failure.status)


def sample() -> Path:
    """The conversation in pyannote.audio's wheel; found without importing it, which would load torch."""
    namespace = find_spec("pyannote")
    for folder in (namespace.submodule_search_locations if namespace else None) or []:
        found = Path(folder) / "audio" / "sample" / "sample.wav"
        if found.exists():
            return found
    raise WrongUsage("The sample is not installed. Give a recording with --file.")
