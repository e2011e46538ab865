"""From what somebody names at the terminal to what services know it by."""

from datetime import datetime

from minutier.compose.connection import Connection
from minutier.compose.failures import WrongUsage


def begins(day: datetime | None) -> str | None:
    """The moment at which it does, where the command is."""
    return None if day is None else day.astimezone().isoformat()


def search(
    source: str | None,
    class_: str | None,
    label: str | None,
    met_since: datetime | None,
    met_before: datetime | None,
) -> dict[str, str]:
    """What recordings are to have in common, as services know it; empty where nothing was named."""
    named = {
        "source": source,
        "record_class": class_,
        "label": label,
        "met_since": begins(met_since),
        "met_before": begins(met_before),
    }
    return {name: value for name, value in named.items() if value is not None}


async def resolved(connection: Connection, tenant: str | None, id: str) -> str:
    """A recording's id; query, which knows all of them, is asked only of one that was cut."""
    from minutier.compose.client import full_id

    if (found := full_id(id)) is not None:
        return found
    if connection.directory is None and "query" not in connection.urls:
        raise WrongUsage(
            "Give the whole id of the recording, or set MINUTIER_QUERY_URL for it to be found by."
        )
    async with connection.api(tenant) as api:
        return await api.resolve(id)
