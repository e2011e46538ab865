"""Stopping what is done for a recording, and having it done again."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Annotated

import typer

from minutier.compose.commands.options import DataDir, Id, Json, Tenant
from minutier.compose.connection import reading
from minutier.compose.terminal import put, write

if TYPE_CHECKING:
    from minutier.compose.api import Api, Recording


def cancel(id: Id, tenant: Tenant = None, data_dir: DataDir = None, json_: Json = False) -> None:
    """Stop all that is done for a recording; what there is of it already stays."""
    asyncio.run(_steer(reading(data_dir, tenant), id, lambda api, full: api.cancel(full), json_))


def reprocess(
    id: Id,
    stage: Annotated[str, typer.Option(help="diarization, transcription, attribution or summarisation.")],
    model: Annotated[str | None, typer.Option(help="One that the server offers, else its default.")] = None,
    tenant: Tenant = None,
    data_dir: DataDir = None,
    json_: Json = False,
) -> None:
    """Do a stage again, and all that follows from it; what there is stays until there is better."""
    client = reading(data_dir, tenant)
    asyncio.run(_steer(client, id, lambda api, full: api.reprocess(full, stage, model), json_))


async def _steer(
    client: "Api", id: str, ask: "Callable[[Api, str], Awaitable[Recording]]", json_: bool
) -> None:
    async with client as api:
        recording = await ask(api, await api.resolve(id))
    if json_:
        put(recording)
    else:
        write(f"Done. The recording is {recording['state']}.")
