"""What is destroyed, as two compliance officers: one proposes, another approves."""

import asyncio
import json
from collections.abc import AsyncIterator
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from minutier.compose.commands.named import resolved, search
from minutier.compose.commands.options import (
    Class,
    DataDir,
    Json,
    Label,
    MetBefore,
    MetSince,
    Source,
    Tenant,
)
from minutier.compose.connection import Connection, find_of
from minutier.compose.failures import WrongUsage
from minutier.compose.people import APPROVER, COMPLIANCE
from minutier.compose.terminal import console, put, say, write

if TYPE_CHECKING:
    from minutier.compose.purges import Purges

_POLL_SECONDS = 1.0
# What the service takes at a time.
_MOST_RECORDS, _MOST_BYTES = 20, 48 * 1024
_UNCOUNTED, _OVER = "counting", ("completed", "withdrawn")


class Kind(StrEnum):
    MEDIA = "media"
    TRANSCRIPT = "transcript"
    MINUTES = "minutes"
    ACCESS_LOG = "access_log"


class Officer(StrEnum):
    PROPOSER = COMPLIANCE.subject
    APPROVER = APPROVER.subject


PurgeId = Annotated[str, typer.Argument(metavar="PURGE", help="A purge's id, or a beginning only it has.")]
As = Annotated[
    Officer, typer.Option("--as", help="Who of the embedded system's people; a token elsewhere says it.")
]


def propose(
    recordings: Annotated[
        list[str] | None, typer.Argument(metavar="RECORDING...", help="Ids, or beginnings only they have.")
    ] = None,
    expired: Annotated[bool, typer.Option("--expired", help="All whose time is over.")] = False,
    reason: Annotated[str | None, typer.Option(help="Why; for compliance staff alone.")] = None,
    legal_basis: Annotated[str | None, typer.Option(help="By which right, in one line.")] = None,
    kind: Annotated[
        list[Kind] | None, typer.Option(help="What of them; repeatable. All of it if not given.")
    ] = None,
    source: Source = None,
    class_: Class = None,
    label: Label = None,
    met_since: MetSince = None,
    met_before: MetBefore = None,
    tenant: Tenant = None,
    data_dir: DataDir = None,
    json_: Json = False,
) -> None:
    """Propose to destroy recordings: those named, those that fit, or what has expired."""
    wanted = search(source, class_, label, met_since, met_before)
    if bool(recordings) + bool(wanted) + expired != 1:
        raise WrongUsage("Say what it is for: recordings, what they have in common, or --expired.")
    if not expired and (reason is None or legal_basis is None):
        raise WrongUsage("Say why, and by which right: --reason and --legal-basis.")
    asked: dict[str, Any] = {"cause": "expiry" if expired else "query" if wanted else "list"}
    if not expired:
        asked |= {"reason": reason, "legal_basis": legal_basis}
    if kind:
        asked["kinds"] = [each.value for each in kind]
    if wanted:
        asked["search"] = wanted
    asyncio.run(_propose(find_of(data_dir, tenant, "retention"), tenant, asked, recordings or [], json_))


async def _propose(
    connection: Connection, tenant: str | None, asked: dict[str, Any], recordings: list[str], json_: bool
) -> None:
    if recordings:
        asked["recordings"] = [await resolved(connection, tenant, each) for each in recordings]
    async with connection.purges(tenant, person=Officer.PROPOSER) as service:
        proposed = await service.propose(asked)
    if json_:
        put({"purges": proposed})
        return
    for purge in proposed:
        write(
            f"Done. The purge {purge['id']} is proposed. 'minutier retention preview' shows what it is for."
        )


def preview(purge: PurgeId, tenant: Tenant = None, data_dir: DataDir = None, json_: Json = False) -> None:
    """All that a purge would destroy, and the digest by which it is approved."""
    asyncio.run(_preview(find_of(data_dir, tenant, "retention"), tenant, purge, json_))


async def _preview(connection: Connection, tenant: str | None, id: str, json_: bool) -> None:
    from minutier.compose import render

    async with connection.purges(tenant, person=Officer.PROPOSER) as service:
        full = await service.resolve(id)
        with console(stderr=True).status("Counting") as shown:
            while (found := await service.purge(full))["state"] == _UNCOUNTED:
                shown.update(f"Counting: {render.progress_of(found)}")
                await asyncio.sleep(_POLL_SECONDS)
        items = await service.items(full)
    if json_:
        put({**found, "items": items})
    else:
        render.preview(console(), found, items)


def approve(
    purge: PurgeId,
    inventory: Annotated[str, typer.Option(help="The digest that the preview shows.")],
    visa: Annotated[str | None, typer.Option(help="The archives' reference, for a public body.")] = None,
    as_: As = Officer.APPROVER,
    tenant: Tenant = None,
    data_dir: DataDir = None,
    json_: Json = False,
) -> None:
    """Approve what was counted, as somebody else than who proposed it."""
    asyncio.run(_approve(find_of(data_dir, tenant, "retention"), tenant, as_, purge, inventory, visa, json_))


async def _approve(
    connection: Connection,
    tenant: str | None,
    officer: Officer,
    id: str,
    inventory: str,
    visa: str | None,
    json_: bool,
) -> None:
    async with connection.purges(tenant, person=officer) as service:
        approved = await service.approve(await service.resolve(id), inventory, visa)
    if json_:
        put(approved)
    else:
        write(f"Done. It is executed after {approved['executes_at'][:16].replace('T', ' ')} UTC.")


def withdraw(
    purge: PurgeId,
    as_: As = Officer.PROPOSER,
    tenant: Tenant = None,
    data_dir: DataDir = None,
    json_: Json = False,
) -> None:
    """Take a purge back; what was ordered already goes on to its end."""
    asyncio.run(_withdraw(find_of(data_dir, tenant, "retention"), tenant, as_, purge, json_))


async def _withdraw(
    connection: Connection, tenant: str | None, officer: Officer, id: str, json_: bool
) -> None:
    async with connection.purges(tenant, person=officer) as service:
        withdrawn = await service.withdraw(await service.resolve(id))
    if json_:
        put(withdrawn)
    else:
        write("Done. Nothing more of it is ordered.")


def status_(
    purge: Annotated[
        str | None, typer.Argument(metavar="[PURGE]", help="A purge's id, or a beginning; all if not given.")
    ] = None,
    follow: Annotated[bool, typer.Option("--follow", help="Until it has come to its end.")] = False,
    tenant: Tenant = None,
    data_dir: DataDir = None,
    json_: Json = False,
) -> None:
    """How far purges are, and which services have not answered."""
    if follow and purge is None:
        raise WrongUsage("Say which purge to follow.")
    asyncio.run(_status(find_of(data_dir, tenant, "retention"), tenant, purge, follow, json_))


async def _status(
    connection: Connection, tenant: str | None, id: str | None, follow: bool, json_: bool
) -> None:
    from minutier.compose import render

    async with connection.purges(tenant, person=Officer.PROPOSER) as service:
        if id is None:
            listed = await service.purges()
            if json_:
                put({"purges": listed})
            else:
                render.purges(console(), listed)
            return
        full = await service.resolve(id)
        found = await service.purge(full)
        with console(stderr=True).status("Following") as shown:
            while follow and found["state"] not in _OVER:
                shown.update(f"{found['state']}: {render.progress_of(found)}")
                await asyncio.sleep(_POLL_SECONDS)
                found = await service.purge(full)
    if json_:
        put(found)
    else:
        render.purge(console(), found)
    if found["alarm"]:
        say("A service does not answer. See 'minutier status' and its log.")


def reapply(
    log: Annotated[
        Path | None,
        typer.Option(exists=True, dir_okay=False, help="An exported log; the service's own if not given."),
    ] = None,
    tenant: Tenant = None,
    data_dir: DataDir = None,
    json_: Json = False,
) -> None:
    """Destroy again what a restore has brought back, as the log of disposals says."""
    asyncio.run(_reapply(find_of(data_dir, tenant, "retention"), tenant, log, json_))


async def _reapply(connection: Connection, tenant: str | None, log: Path | None, json_: bool) -> None:
    read, back = 0, 0
    found: list[str] = []
    async with connection.purges(tenant, person=Officer.PROPOSER) as service:
        with console(stderr=True).status("Reading the log") as shown:
            async for part in _own(service) if log is None else _exported(service, log):
                read, back = read + part["read"], back + part["recordings"]
                found += [part["purge"]] if part["purge"] else []
                shown.update(f"Read {read} records; of {back} recordings something has come back")
    if json_:
        put({"read": read, "recordings": back, "purges": found})
    elif not found:
        write(f"Done. Nothing has come back of what {read} records say.")
    else:
        write(f"Done. Of {back} recordings something had come back, and is destroyed again:")
        for purge in found:
            write(f"  {purge}")


async def _own(service: "Purges") -> AsyncIterator[dict[str, Any]]:
    after: int | None = 0
    while after is not None:
        part = await service.reapply(after=after)
        yield part
        after = part["next"]


async def _exported(service: "Purges", log: Path) -> AsyncIterator[dict[str, Any]]:
    """Records in parts that the service takes; the heads among them are for 'minutier verify'."""
    batch: list[dict[str, Any]] = []
    size = 0
    with log.open("rb") as lines:
        for line in lines:
            entry = _entry(line, log)
            if entry is None:
                continue
            if len(batch) == _MOST_RECORDS or (batch and size + len(line) > _MOST_BYTES):
                yield await service.reapply(records=batch)
                batch, size = [], 0
            batch.append(entry)
            size += len(line)
    if batch:
        yield await service.reapply(records=batch)


def _entry(line: bytes, log: Path) -> dict[str, Any] | None:
    try:
        found = json.loads(line) if line.strip() else {}
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise WrongUsage(f"{log} is no exported log: 'minutier retention export' writes one.")
    return found if "record" in found else None
