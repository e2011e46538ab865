"""Letting others see a recording."""

import asyncio
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Annotated

import typer

from minutier.compose.commands.options import DataDir, Id, Json, Tenant
from minutier.compose.connection import reading
from minutier.compose.failures import WrongUsage
from minutier.compose.terminal import put, write

if TYPE_CHECKING:
    from minutier.compose.api import Api

_EMAIL = typer.Argument(metavar="EMAIL", help="What they sign in with.")


def share(
    id: Id,
    email: Annotated[str | None, _EMAIL] = None,
    group: Annotated[str | None, typer.Option(metavar="NAME", help="A group, instead of a person.")] = None,
    edit: Annotated[bool, typer.Option("--edit", help="Let them correct it as well.")] = False,
    until: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%d"], metavar="DATE", help="The last day, as 2030-12-31."),
    ] = None,
    take_back: Annotated[bool, typer.Option("--take-back", help="Share it no longer.")] = False,
    tenant: Tenant = None,
    data_dir: DataDir = None,
    json_: Json = False,
) -> None:
    """Let a person or a group read a recording that is yours."""
    if (email is None) == (group is None):
        raise WrongUsage("Give either an e-mail address or --group.")
    if take_back and (edit or until):
        raise WrongUsage("What is taken back has no --edit and no --until.")
    whom = ("person", email) if email is not None else ("group", str(group))
    level = None if take_back else "edit" if edit else "read"
    asyncio.run(_share(reading(data_dir, tenant), id, whom, level, until, json_))


async def _share(
    client: "Api", id: str, whom: tuple[str, str], level: str | None, until: datetime | None, json_: bool
) -> None:
    async with client as api:
        full = await api.resolve(id)
        if level is None:
            await api.take_back(full, *whom)
        else:
            # The whole of the day, where the command is.
            await api.share(full, *whom, level, (until + timedelta(days=1)).astimezone() if until else None)
        if json_:
            put({"shares": await api.shares(full)})
    if not json_:
        write("Done. It is shared no longer." if level is None else "Done. It is shared.")


def owner(
    id: Id,
    email: Annotated[str, _EMAIL],
    tenant: Tenant = None,
    data_dir: DataDir = None,
    json_: Json = False,
) -> None:
    """Give a recording that nobody owns to somebody, as an operator."""
    asyncio.run(_owner(reading(data_dir, tenant), id, email, json_))


async def _owner(client: "Api", id: str, email: str, json_: bool) -> None:
    async with client as api:
        full = await api.resolve(id)
        await api.give(full, email)
    if json_:
        put({"recording_id": full, "owner": email})
    else:
        write("Done. It is theirs.")
