"""Purges, as the command line sees them."""

from collections.abc import Mapping, Sequence
from typing import Any

from minutier.compose.client import Client, full_id

Purge = dict[str, Any]


class Purges(Client):
    """A client of the part of retention's HTTP API that destroys something."""

    SERVICE = "retention"
    LISTS = "'minutier retention status' and 'minutier list'"

    async def propose(self, asked: Mapping[str, Any]) -> list[Purge]:
        """One purge, or of what has expired one for each policy."""
        found: list[Purge] = self._read(await self._send("POST", "purges", json=dict(asked)))["items"]
        return found

    async def purges(self) -> list[Purge]:
        """The last that was proposed first."""
        return await self._items("purges", page=100)

    async def purge(self, purge_id: str) -> Purge:
        return await self._document(f"purges/{purge_id}")

    async def items(self, purge_id: str) -> Sequence[dict[str, Any]]:
        """Every recording in it, with what is to be destroyed."""
        return await self._items(f"purges/{purge_id}/items")

    async def approve(self, purge_id: str, inventory: str, visa: str | None) -> Purge:
        """Of what has this digest."""
        asked = {"inventory": inventory, "visa": visa}
        return self._read(await self._send("POST", f"purges/{purge_id}/approval", json=asked))

    async def withdraw(self, purge_id: str) -> Purge:
        return self._read(await self._send("POST", f"purges/{purge_id}/withdrawal"))

    async def reapply(
        self, *, records: Sequence[Mapping[str, Any]] | None = None, after: int = 0
    ) -> dict[str, Any]:
        """Of the records given, or of a part of the service's own log from ``after`` on."""
        asked = {"after": after} if records is None else {"records": list(records)}
        return self._read(await self._send("POST", "reapplications", json=asked))

    async def resolve(self, id: str) -> str:
        """A purge's id from any beginning that only one has; raises `NotFound` or `Ambiguous`."""
        return full_id(id) or self._only(id, (purge["id"] for purge in await self.purges()), "purge")
