"""How long recordings are kept, and what may not be deleted, as compliance staff."""

import asyncio
import json
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated, Any
from uuid import UUID

import typer

from minutier.compose.commands.named import resolved, search
from minutier.compose.commands.options import (
    Class,
    DataDir,
    Day,
    Id,
    Json,
    Label,
    MetBefore,
    MetSince,
    Source,
    Tenant,
)
from minutier.compose.connection import Connection, find_of
from minutier.compose.failures import WrongUsage
from minutier.compose.terminal import console, put, write

retention = typer.Typer(no_args_is_help=True, help="How long recordings are kept, and legal holds.")

Reason = Annotated[str, typer.Option(help="Why; for compliance staff alone.")]


@retention.command()
def policies(tenant: Tenant = None, data_dir: DataDir = None, json_: Json = False) -> None:
    """The policies in force."""
    asyncio.run(_policies(find_of(data_dir, tenant, "retention"), tenant, json_))


async def _policies(connection: Connection, tenant: str | None, json_: bool) -> None:
    from minutier.compose import render

    async with connection.retention(tenant) as service:
        found = await service.policies()
    if json_:
        put({"policies": found})
    else:
        render.policies(console(), found)


@retention.command()
def hold(
    matter: Annotated[str, typer.Option(help="What it is for, such as a case number.")],
    reason: Reason,
    recordings: Annotated[
        list[str] | None, typer.Argument(metavar="RECORDING...", help="Ids, or beginnings only they have.")
    ] = None,
    source: Source = None,
    class_: Class = None,
    label: Label = None,
    met_since: MetSince = None,
    met_before: MetBefore = None,
    everything: Annotated[bool, typer.Option("--everything", help="All of them, whatever they are.")] = False,
    tenant: Tenant = None,
    data_dir: DataDir = None,
    json_: Json = False,
) -> None:
    """Have nothing deleted of what is named, and of what all options that are given fit, now and later."""
    wanted = search(source, class_, label, met_since, met_before)
    if everything and wanted:
        raise WrongUsage("Leave the options that --everything takes the place of.")
    if not (recordings or everything or wanted):
        raise WrongUsage("Say what is held: recordings, what they have in common, or --everything.")
    asked = wanted if everything or wanted else None
    connection = find_of(data_dir, tenant, "retention")
    asyncio.run(_hold(connection, tenant, matter, reason, recordings or [], asked, json_))


async def _hold(
    connection: Connection,
    tenant: str | None,
    matter: str,
    reason: str,
    recordings: list[str],
    search: dict[str, str] | None,
    json_: bool,
) -> None:
    full = [await resolved(connection, tenant, recording) for recording in recordings]
    async with connection.retention(tenant) as service:
        placed = await service.place(matter, reason, full, search)
    if json_:
        put(placed)
    else:
        write(f"Done. The hold {placed['id']} covers {placed['covered']}.")


@retention.command()
def holds(tenant: Tenant = None, data_dir: DataDir = None, json_: Json = False) -> None:
    """Legal holds, those that were released too."""
    asyncio.run(_holds(find_of(data_dir, tenant, "retention"), tenant, json_))


async def _holds(connection: Connection, tenant: str | None, json_: bool) -> None:
    from minutier.compose import render

    async with connection.retention(tenant) as service:
        found = await service.holds()
    if json_:
        put({"holds": found})
    else:
        render.holds(console(), found)


@retention.command()
def release(
    hold: Annotated[str, typer.Argument(help="A hold's id, or a beginning only it has.")],
    reason: Reason,
    tenant: Tenant = None,
    data_dir: DataDir = None,
    json_: Json = False,
) -> None:
    """Release a hold: what no other one covers may be deleted again, by its rules."""
    asyncio.run(_release(find_of(data_dir, tenant, "retention"), tenant, hold, reason, json_))


async def _release(connection: Connection, tenant: str | None, id: str, reason: str, json_: bool) -> None:
    async with connection.retention(tenant) as service:
        released = await service.release(await service.resolve_hold(id), reason)
    if json_:
        put(released)
    else:
        write("Done. The hold is released.")


@retention.command()
def explain(recording: Id, tenant: Tenant = None, data_dir: DataDir = None, json_: Json = False) -> None:
    """How long what is kept of a recording is kept, by which policy, and why."""
    asyncio.run(_explain(find_of(data_dir, tenant, "retention"), tenant, recording, json_))


async def _explain(connection: Connection, tenant: str | None, id: str, json_: bool) -> None:
    from minutier.compose import render

    full = await resolved(connection, tenant, id)
    async with connection.retention(tenant) as service:
        found = await service.explain(full)
    if json_:
        put(found)
    else:
        render.explanation(console(), found)


@retention.command()
def simulate(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="A policy, as JSON.")],
    since: Annotated[
        datetime | None,
        typer.Option(**Day, help="The first day, as 2030-12-31; a year before the last if not given."),
    ] = None,
    until: Annotated[datetime | None, typer.Option(**Day, help="The last day; now if not given.")] = None,
    replaces: Annotated[
        UUID | None, typer.Option(metavar="POLICY", help="The id of the policy that it takes the place of.")
    ] = None,
    tenant: Tenant = None,
    data_dir: DataDir = None,
    json_: Json = False,
) -> None:
    """What a policy would make due in some time, if it were in force; nothing changes."""
    policy = _policy(file)
    begin = since and since.astimezone()
    # The whole of the day, where the command is.
    end = until and (until + timedelta(days=1)).astimezone()
    asyncio.run(
        _simulate(find_of(data_dir, tenant, "retention"), tenant, policy, begin, end, replaces, json_)
    )


async def _simulate(
    connection: Connection,
    tenant: str | None,
    policy: dict[str, Any],
    since: datetime | None,
    until: datetime | None,
    replaces: UUID | None,
    json_: bool,
) -> None:
    from minutier.compose import render

    async with connection.retention(tenant) as service:
        found = await service.simulate(policy, since=since, until=until, replaces=replaces)
    if json_:
        put(found)
    else:
        render.simulation(console(), found)


def _policy(file: Path) -> dict[str, Any]:
    try:
        policy = json.loads(file.read_bytes())
    except ValueError:
        raise WrongUsage(f"{file} is no JSON.") from None
    if not isinstance(policy, dict):
        raise WrongUsage(f"{file} is no policy: it has to be one JSON object.")
    return policy
