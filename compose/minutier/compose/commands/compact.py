"""Writing over what was deleted."""

import asyncio
from typing import TYPE_CHECKING

from minutier.compose.commands.options import DataDir, Json
from minutier.compose.connection import data_directory, embedded
from minutier.compose.terminal import console, put, write

if TYPE_CHECKING:
    from minutier.compose.connection import Connection


def compact(data_dir: DataDir = None, json_: Json = False) -> None:
    """Have the servers write over what was deleted, as after a purge; tables are locked meanwhile."""
    connection = embedded(data_directory(data_dir))
    asyncio.run(_compact(connection, json_))


async def _compact(connection: "Connection", json_: bool) -> None:
    from minutier.compose.compaction import compact as rewrite

    with console(stderr=True).status("Rewriting") as shown:
        await rewrite(connection.servers, report=lambda what: shown.update(f"Rewriting: {what}"))
    if json_:
        put({"compacted": True})
    else:
        write("Done. What was deleted is in no file of the servers any more.")
