"""Reading what there is, and what has come of it."""

import asyncio
from enum import StrEnum
from typing import Annotated

import typer

from minutier.compose.commands.options import DataDir, Id, Json
from minutier.compose.connection import Connection, find
from minutier.compose.terminal import console, put, write


class Format(StrEnum):
    TEXT = "text"
    JSON = "json"
    VTT = "vtt"
    SRT = "srt"
    RTTM = "rttm"


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
