"""The comparison of buckets with the register, which the ingestion service makes for the operator."""

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from minutier.compose.connection import find
from minutier.compose.failures import Failure, Status, WrongUsage
from minutier.compose.terminal import put, say, write

# A bucket may hold a great many objects, which are listed a page at a time.
_SECONDS = httpx.Timeout(10.0, read=1800.0)


class Unreachable(Failure):
    """The ingestion service does not answer."""

    status = Status.UNREACHABLE

    def __init__(self, url: str) -> None:
        super().__init__(f"The ingestion service at {url} does not answer. See 'minutier status'.")


@dataclass(frozen=True)
class Ingestion:
    """Where the ingestion service is, and how the operator is let in."""

    url: str
    key: str = field(repr=False)


async def reconcile(data_dir: Path | None, *, dry_run: bool, as_json: bool) -> None:
    """Have it made, and tell what came of it. Raises `Failure`."""
    found = await _compared(_ingestion(data_dir), dry_run=dry_run)
    if as_json:
        put(found)
        return
    for recording in found["announced"]:
        write(f"{recording} {'not announced yet' if dry_run else 'announced'}")
    for recording in found["missing"]:
        write(f"{recording} {'long due' if dry_run else 'given up'}")
    for bucket in found["unreadable"]:
        say(f"There is no bucket {bucket}, which MINUTIER_INGESTION_TENANTS names.")
    say(f"{found['seen']} objects seen.{' Nothing was changed.' if dry_run else ''}")


def _ingestion(data_dir: Path | None) -> Ingestion:
    """The one that the environment names, else the embedded one."""
    url = os.environ.get("MINUTIER_INGESTION_URL")
    if url:
        key = os.environ.get("MINUTIER_INGESTION_OPERATOR_KEY")
        if not key:
            raise WrongUsage("Set MINUTIER_INGESTION_OPERATOR_KEY to the key that the service has.")
        return Ingestion(url.rstrip("/"), key)
    connection = find(data_dir, "ingestion")
    if connection.directory is None:
        raise WrongUsage("Set MINUTIER_INGESTION_URL to the address of the ingestion service.")
    return Ingestion(connection.url("ingestion"), connection.directory.credentials(()).operator_key)


async def _compared(ingestion: Ingestion, *, dry_run: bool) -> dict[str, Any]:
    headers = {"Authorization": f"Bearer {ingestion.key}"}
    try:
        async with httpx.AsyncClient(timeout=_SECONDS, trust_env=False, headers=headers) as client:
            response = await client.post(f"{ingestion.url}/reconcile", params={"dry_run": dry_run})
    except (httpx.HTTPError, httpx.InvalidURL):
        raise Unreachable(ingestion.url) from None
    if response.status_code == httpx.codes.UNAUTHORIZED:
        raise WrongUsage(
            f"The ingestion service at {ingestion.url} has another MINUTIER_INGESTION_OPERATOR_KEY, or none. "
            "Set both to the same."
        )
    try:
        found: dict[str, Any] = response.json()
        if response.status_code == httpx.codes.NOT_FOUND:
            raise ValueError
        if response.is_error:
            raise Failure(f"The ingestion service could not do it: {found['detail']}")
        return {name: found[name] for name in ("seen", "announced", "missing", "unreadable", "dry_run")}
    except (ValueError, KeyError, TypeError):
        raise Failure(f"{ingestion.url} is no ingestion service of Minutier.") from None
