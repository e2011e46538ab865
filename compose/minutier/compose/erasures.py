"""Requests of persons to be erased, as the command line sees them."""

from collections.abc import Sequence
from typing import Any

from minutier.compose.client import Client, full_id

Request = dict[str, Any]


class Erasures(Client):
    """A client of the part of retention's HTTP API that erases one person."""

    SERVICE = "retention"
    LISTS = "'minutier retention erasures' and 'minutier list'"

    async def requests(self) -> list[Request]:
        """The last that was registered first."""
        return await self._items("erasures")

    async def request(self, request_id: str) -> Request:
        return await self._document(f"erasures/{request_id}")

    async def register(self, recording_id: str, reference: str, received_on: str) -> Request:
        """Received on a day as ISO 8601 has it."""
        asked = {"recording_id": recording_id, "reference": reference, "received_on": received_on}
        return self._read(await self._send("POST", "erasures", json=asked))

    async def voices(self, recording_id: str) -> list[dict[str, Any]]:
        """Who speaks; that somebody has looked is written to the audit log."""
        found: list[dict[str, Any]] = (await self._document(f"recordings/{recording_id}/voices"))["items"]
        return found

    async def propose(self, request_id: str, voices: Sequence[str], overlap: str) -> Request:
        asked = {"voices": list(voices), "overlap": overlap}
        return self._read(await self._send("POST", f"erasures/{request_id}/proposal", json=asked))

    async def refuse(self, request_id: str, ground: str, explanation: str) -> Request:
        asked = {"ground": ground, "explanation": explanation}
        return self._read(await self._send("POST", f"erasures/{request_id}/refusal", json=asked))

    async def resolve(self, id: str) -> str:
        """A request's id from any beginning that only one has; raises `NotFound` or `Ambiguous`."""
        return full_id(id) or self._only(id, (request["id"] for request in await self.requests()), "request")
