"""Handing recordings in."""

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from minutier.compose.commands.options import DataDir, Json, Owner, Participants
from minutier.compose.connection import Connection, find
from minutier.compose.failures import Failure, Interrupted
from minutier.compose.foreground import until_stopped
from minutier.compose.terminal import put, write

if TYPE_CHECKING:
    from minutier.compose.announce import Details


def ingest(
    files: Annotated[list[Path], typer.Argument(exists=True, dir_okay=False, metavar="FILE...")],
    title: Annotated[str | None, typer.Option(help="What the meeting was called.")] = None,
    language: Annotated[str | None, typer.Option(help="ISO 639 code; detected if not given.")] = None,
    tenant: Annotated[str, typer.Option(help="Whose recording it is.")] = "default",
    owner: Owner = None,
    participant: Participants = None,
    watch: Annotated[bool, typer.Option("--watch", help="Follow each until its minutes are there.")] = False,
    data_dir: DataDir = None,
    json_: Json = False,
) -> None:
    """Hand recordings in."""
    from minutier.compose.announce import Details

    details = Details(tenant, title, language, owner, tuple(participant or ()))
    asyncio.run(_ingest(files, find(data_dir), details, watch, json_))


async def _ingest(
    files: list[Path], connection: Connection, details: "Details", watch: bool, json_: bool
) -> None:
    from minutier.compose import render
    from minutier.compose.announce import announce
    from minutier.compose.follow import follow

    results: list[dict[str, Any]] = []
    for file in files:
        recording_id = await announce(file, connection, details)
        results.append({"recording_id": recording_id, "file": str(file)})
        if not json_ and not watch:
            write(recording_id)
    complaints = []
    if watch:
        async with connection.api(details.tenant) as api:
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


def watch(
    folder: Annotated[Path, typer.Argument(exists=True, file_okay=False)],
    tenant: Annotated[str, typer.Option(help="Whose recordings they are.")] = "default",
    language: Annotated[str | None, typer.Option(help="ISO 639 code; detected if not given.")] = None,
    owner: Owner = None,
    participant: Participants = None,
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
    from minutier.compose.announce import Details
    from minutier.compose.watch import watch

    details = Details(tenant, None, language, owner, tuple(participant or ()))
    work = watch(folder, details, settle=settle, once=once, data_dir=data_dir, as_json=json_)
    if asyncio.run(until_stopped(work)):
        raise Interrupted("Interrupted. What comes meanwhile is handed in at the next start.")
