"""Setting right what nobody told of, or told wrongly."""

import asyncio
from typing import TYPE_CHECKING, Annotated

import typer

from minutier.compose.commands.options import DataDir, Id, Json, Tenant
from minutier.compose.connection import reading
from minutier.compose.failures import WrongUsage
from minutier.compose.terminal import put, write

if TYPE_CHECKING:
    from minutier.compose.api import Api


def reconcile(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only tell what would be done.")] = False,
    data_dir: DataDir = None,
    json_: Json = False,
) -> None:
    """Announce what lies in the buckets unannounced, and give up what never came."""
    from minutier.compose.reconcile import reconcile

    asyncio.run(reconcile(data_dir, dry_run=dry_run, as_json=json_))


def name(
    id: Id,
    speaker: Annotated[str, typer.Argument(help="A label of the transcript, such as 'Speaker 2', or an id.")],
    given: Annotated[str | None, typer.Argument(metavar="NAME", help="Who it is.")] = None,
    clear: Annotated[bool, typer.Option("--clear", help="Take back what was said by hand.")] = False,
    tenant: Tenant = None,
    data_dir: DataDir = None,
    json_: Json = False,
) -> None:
    """Say who a speaker is; the minutes are written anew."""
    if clear == (given is not None):
        raise WrongUsage("Give either a name or --clear.")
    asyncio.run(_name(reading(data_dir, tenant), id, speaker, given, json_))


async def _name(client: "Api", id: str, speaker: str, given: str | None, json_: bool) -> None:
    from minutier.compose.name import name_speaker

    async with client as api:
        recording = await name_speaker(api, id, speaker, given)
    if json_:
        put(recording)
    else:
        write("Done. The transcript says so, and the minutes are being written anew.")
