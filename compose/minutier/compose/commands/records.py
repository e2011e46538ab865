"""Getting what proves that something was destroyed; `minutier verify` checks it without any system."""

import asyncio
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from minutier.compose.commands.options import DataDir, Json, Tenant
from minutier.compose.connection import Connection, find_of
from minutier.compose.failures import WrongUsage
from minutier.compose.terminal import console, put, write


class Language(StrEnum):
    FRENCH = "fr"
    ENGLISH = "en"


Out = Annotated[Path, typer.Option("--out", dir_okay=False, metavar="FILE", help="Where it is put.")]


def records(tenant: Tenant = None, data_dir: DataDir = None, json_: Json = False) -> None:
    """What was destroyed, by which right and when."""
    asyncio.run(_records(find_of(data_dir, tenant, "retention"), tenant, json_))


async def _records(connection: Connection, tenant: str | None, json_: bool) -> None:
    from minutier.compose import render

    async with connection.records(tenant) as service:
        found = await service.records()
    if json_:
        put({"records": found})
    else:
        render.records(console(), found)


def record(
    id: Annotated[str, typer.Argument(metavar="RECORD", help="A record's id, or a beginning only it has.")],
    out: Out,
    pdf: Annotated[bool, typer.Option("--pdf", help="For people to read; it proves nothing.")] = False,
    language: Annotated[Language | None, typer.Option(help="Of the PDF; English if not given.")] = None,
    tenant: Tenant = None,
    data_dir: DataDir = None,
    json_: Json = False,
) -> None:
    """A record with the proof that the log has it."""
    if language and not pdf:
        raise WrongUsage("--language is for --pdf: what is signed is in no language.")
    asyncio.run(
        _record(
            find_of(data_dir, tenant, "retention"), tenant, id, out, pdf, language or Language.ENGLISH, json_
        )
    )


async def _record(
    connection: Connection,
    tenant: str | None,
    id: str,
    out: Path,
    pdf: bool,
    language: Language,
    json_: bool,
) -> None:
    async with connection.records(tenant) as service:
        full = await service.resolve(id)
        if pdf:
            await service.fetch(f"{full}.pdf", out, language=language)
        else:
            await service.fetch(full, out)
    _done(out, json_)


def head(out: Out, tenant: Tenant = None, data_dir: DataDir = None, json_: Json = False) -> None:
    """The signed head over all records: kept elsewhere, it tells later whether one of them is gone."""
    asyncio.run(_fetch(find_of(data_dir, tenant, "retention"), tenant, "head", out, json_))


def export(out: Out, tenant: Tenant = None, data_dir: DataDir = None, json_: Json = False) -> None:
    """All records and the head that covers them, a line each."""
    asyncio.run(_fetch(find_of(data_dir, tenant, "retention"), tenant, "export", out, json_))


def key(out: Out, tenant: Tenant = None, data_dir: DataDir = None, json_: Json = False) -> None:
    """The public key that records are checked with."""
    asyncio.run(_fetch(find_of(data_dir, tenant, "retention"), tenant, "key", out, json_))


async def _fetch(connection: Connection, tenant: str | None, path: str, out: Path, json_: bool) -> None:
    async with connection.records(tenant) as service:
        await service.fetch(path, out)
    _done(out, json_)


def _done(out: Path, json_: bool) -> None:
    if json_:
        put({"file": str(out)})
    else:
        write(f"Done. It is in {out}.")
