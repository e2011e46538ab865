"""A tenant that hands recordings in over HTTP, and how it finds out what came of them."""

from typing import Any

import httpx

from minutier.compose.embedded import System
from minutier.compose.people import PARTICIPANT
from tests.support.delivery_service import until

TENANT = "acme"
KEY = "key-of-acme-for-the-tests"
BEARER = {"Authorization": f"Bearer {KEY}"}

_SECONDS = 240


def asking(system: System, tenant: str) -> httpx.AsyncClient:
    """The query service, asked by the local participant, as an operator of ``tenant``."""
    bearer = {"Authorization": f"Bearer {system.token(tenant=tenant, operator=True)}"}
    return httpx.AsyncClient(base_url=system.url("query"), timeout=30, headers=bearer)


async def completed(system: System, id: str, tenant: str = TENANT) -> dict[str, Any]:
    """A recording as its owner sees it, once its minutes are written; fails where it is rejected.

    Where its source names no owner, it is the local participant's from then on.
    """
    shown: dict[str, Any] = {}
    async with asking(system, tenant) as http:

        async def done() -> bool:
            response = await http.get(f"/api/v1/recordings/{id}")
            if response.status_code == 200:
                shown.update(response.json())
            assert shown.get("state") not in {"failed", "rejected"}, shown
            return shown.get("state") == "completed"

        await until(done, _SECONDS)
        given = await http.put(f"/api/v1/recordings/{id}/owner", json={"email": PARTICIPANT.email})
        assert given.status_code in {204, 409}
        await until(done, _SECONDS)
    return shown


async def transcript_of(system: System, id: str, tenant: str = TENANT) -> dict[str, Any]:
    """The transcript document."""
    async with asking(system, tenant) as http:
        response = await http.get(f"/api/v1/recordings/{id}/transcript")
    transcript: dict[str, Any] = response.raise_for_status().json()
    return transcript


def text_of(transcript: dict[str, Any]) -> str:
    return " ".join(segment["text"] for segment in transcript["segments"])
