"""One person's erasure (GDPR, article 17), as compliance staff."""

import asyncio
from datetime import date, datetime
from enum import StrEnum
from typing import Annotated

import typer

from minutier.compose.commands.named import resolved
from minutier.compose.commands.options import DataDir, Day, Id, Json, Tenant
from minutier.compose.connection import Connection, find_of
from minutier.compose.terminal import console, put, write

erase = typer.Typer(
    no_args_is_help=True, help="Erase one person from a recording; what the others said stays."
)


class Overlap(StrEnum):
    MUTE = "mute"
    KEEP = "keep"


class Ground(StrEnum):
    EXPRESSION = "expression"
    LEGAL_OBLIGATION = "legal_obligation"
    PUBLIC_HEALTH = "public_health"
    ARCHIVING = "archiving"
    LEGAL_CLAIMS = "legal_claims"


RequestId = Annotated[
    str, typer.Argument(metavar="REQUEST", help="A request's id, or a beginning only it has.")
]


def erasures(tenant: Tenant = None, data_dir: DataDir = None, json_: Json = False) -> None:
    """Requests of persons to be erased, and how much is left of the month to answer."""
    asyncio.run(_erasures(find_of(data_dir, tenant, "retention"), tenant, json_))


async def _erasures(connection: Connection, tenant: str | None, json_: bool) -> None:
    from minutier.compose import render

    async with connection.erasures(tenant) as service:
        found = await service.requests()
    if json_:
        put({"erasures": found})
    else:
        render.erasures(console(), found)


@erase.command()
def register(
    recording: Id,
    reference: Annotated[str, typer.Option(help="How the organisation files the request; no name.")],
    received: Annotated[
        datetime | None, typer.Option(**Day, help="When they asked, as 2030-12-31; today if not given.")
    ] = None,
    tenant: Tenant = None,
    data_dir: DataDir = None,
    json_: Json = False,
) -> None:
    """Note that somebody asks to be erased from a recording: the month to answer begins."""
    day = received.date() if received else datetime.now().astimezone().date()
    connection = find_of(data_dir, tenant, "retention")
    asyncio.run(_register(connection, tenant, recording, reference, day, json_))


async def _register(
    connection: Connection, tenant: str | None, recording: str, reference: str, day: date, json_: bool
) -> None:
    full = await resolved(connection, tenant, recording)
    async with connection.erasures(tenant) as service:
        request = await service.register(full, reference, day.isoformat())
    if json_:
        put(request)
    else:
        write(f"Done. The request {request['id']} is to be answered by {request['due_on']}.")


@erase.command()
def voices(request: RequestId, tenant: Tenant = None, data_dir: DataDir = None, json_: Json = False) -> None:
    """Who speaks in the recording; that you looked is written to the audit log."""
    asyncio.run(_voices(find_of(data_dir, tenant, "retention"), tenant, request, json_))


async def _voices(connection: Connection, tenant: str | None, id: str, json_: bool) -> None:
    from minutier.compose import render

    async with connection.erasures(tenant) as service:
        request = await service.request(await service.resolve(id))
        found = await service.voices(request["recording_id"])
    if json_:
        put({"voices": found})
    else:
        render.voices(console(), found)


@erase.command()
def propose(
    request: RequestId,
    voice: Annotated[list[str], typer.Option(help="The id of a voice that is theirs; repeatable.")],
    overlap: Annotated[
        Overlap,
        typer.Option(
            help="The sound where others talk as well: mute and nobody is heard there, keep and everybody is."
        ),
    ],
    tenant: Tenant = None,
    data_dir: DataDir = None,
    json_: Json = False,
) -> None:
    """Propose the purge of all that is theirs, which somebody else approves."""
    connection = find_of(data_dir, tenant, "retention")
    asyncio.run(_propose(connection, tenant, request, voice, overlap, json_))


async def _propose(
    connection: Connection, tenant: str | None, id: str, voices: list[str], overlap: Overlap, json_: bool
) -> None:
    async with connection.erasures(tenant) as service:
        request = await service.propose(await service.resolve(id), voices, overlap)
    if json_:
        put(request)
    else:
        write(
            f"Done. The purge {request['purge']} is proposed. 'minutier retention preview' shows what it is "
            "for, and somebody else approves it."
        )


@erase.command()
def refuse(
    request: RequestId,
    ground: Annotated[Ground, typer.Option(help="Of article 17(3), letters a to e in this order.")],
    explanation: Annotated[str, typer.Option(help="Why it applies; for compliance staff alone.")],
    tenant: Tenant = None,
    data_dir: DataDir = None,
    json_: Json = False,
) -> None:
    """Note why somebody is not erased; nobody is written to."""
    connection = find_of(data_dir, tenant, "retention")
    asyncio.run(_refuse(connection, tenant, request, ground, explanation, json_))


async def _refuse(
    connection: Connection, tenant: str | None, id: str, ground: Ground, explanation: str, json_: bool
) -> None:
    async with connection.erasures(tenant) as service:
        request = await service.refuse(await service.resolve(id), ground, explanation)
    if json_:
        put(request)
    else:
        write(f"Done. Tell the person why by {request['due_on']}, and that they may lodge a complaint.")


@erase.command()
def status(request: RequestId, tenant: Tenant = None, data_dir: DataDir = None, json_: Json = False) -> None:
    """How far a request is, and what has become of it."""
    asyncio.run(_status(find_of(data_dir, tenant, "retention"), tenant, request, json_))


async def _status(connection: Connection, tenant: str | None, id: str, json_: bool) -> None:
    from minutier.compose import render

    async with connection.erasures(tenant) as service:
        found = await service.request(await service.resolve(id))
    if json_:
        put(found)
    else:
        render.erasure(console(), found)
