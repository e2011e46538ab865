"""Reading what there is, and what has come of it."""

import asyncio
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from minutier.compose.commands.options import DataDir, Id, Json, Tenant
from minutier.compose.connection import find, reading
from minutier.compose.terminal import console, put, write

if TYPE_CHECKING:
    from minutier.compose.api import Api

Reason = Annotated[
    str | None,
    typer.Option(help="Why compliance staff read what is restricted; the access log keeps it."),
]


class Format(StrEnum):
    TEXT = "text"
    JSON = "json"
    VTT = "vtt"
    SRT = "srt"
    RTTM = "rttm"


def status(tenant: Tenant = None, data_dir: DataDir = None, json_: Json = False) -> None:
    """Services, backlog per consumer, dead letters, and what of a tenant's is in flight."""
    asyncio.run(_status(data_dir, tenant, json_))


async def _status(data_dir: Path | None, tenant: str | None, json_: bool) -> None:
    from dataclasses import asdict

    from minutier.compose import render
    from minutier.compose.api import FINAL
    from minutier.compose.backlog import backlog

    connection = find(data_dir)
    async with reading(data_dir, tenant) as api:
        waiting = await backlog(connection.nats)
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


def list_(tenant: Tenant = None, data_dir: DataDir = None, json_: Json = False) -> None:
    """All recordings of a tenant."""
    asyncio.run(_list(data_dir, tenant, json_))


async def _list(data_dir: Path | None, tenant: str | None, json_: bool) -> None:
    from minutier.compose import render

    async with reading(data_dir, tenant) as api:
        items = await api.recordings()
    if json_:
        put({"recordings": items})
    else:
        render.recordings(console(), items)


def transcript(
    id: Id,
    format: Annotated[Format, typer.Option(help="How it is written.")] = Format.TEXT,
    reason: Reason = None,
    tenant: Tenant = None,
    data_dir: DataDir = None,
    json_: Json = False,
) -> None:
    """Who said what."""
    client = reading(data_dir, tenant, reason=reason)
    asyncio.run(_transcript(client, id, Format.JSON if json_ else format))


async def _transcript(client: "Api", id: str, format: Format) -> None:
    async with client as api:
        write(await api.rendered_transcript(await api.resolve(id), format))


def minutes(
    id: Id, reason: Reason = None, tenant: Tenant = None, data_dir: DataDir = None, json_: Json = False
) -> None:
    """What was said in short, with the times it rests on."""
    asyncio.run(_minutes(reading(data_dir, tenant, reason=reason), id, json_))


async def _minutes(client: "Api", id: str, json_: bool) -> None:
    from minutier.compose import render

    async with client as api:
        full = await api.resolve(id)
        document = await api.minutes(full)
        if json_:
            put(document)
        else:
            render.minutes(console(), document, await api.transcript(full))
