"""The retention service, as the command line sees it."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from minutier.compose.client import Client, full_id

Hold = dict[str, Any]


class Retention(Client):
    """A client of retention's HTTP API."""

    SERVICE = "retention"
    LISTS = "'minutier list' and 'minutier retention holds'"

    async def policies(self) -> list[dict[str, Any]]:
        """Those in force."""
        found: list[dict[str, Any]] = (await self._document("policies"))["items"]
        return found

    async def set_policy(self, policy_id: str, policy: Mapping[str, Any], version: int) -> dict[str, Any]:
        """Have ``policy`` be in force as this version, which is one more than the last; a new one has 1."""
        asked = {**policy, "version": version}
        return self._read(await self._send("PUT", f"policies/{policy_id}", json=asked))

    async def withdraw_policy(self, policy_id: str, version: int) -> dict[str, Any]:
        """Have a policy decide nothing any more, by its next version."""
        parameters = {"version": str(version)}
        return self._read(await self._send("DELETE", f"policies/{policy_id}", params=parameters))

    async def simulate(
        self,
        policy: Mapping[str, Any],
        *,
        since: datetime | None,
        until: datetime | None,
        replaces: UUID | None,
    ) -> dict[str, Any]:
        """What ``policy`` would make due, from ``since`` to before ``until``, which the service else chooses.

        It is one more policy, or takes the place of the one that it ``replaces``.
        """
        given = {
            "since": since and since.isoformat(),
            "until": until and until.isoformat(),
            "replaces": replaces and str(replaces),
        }
        parameters = {name: value for name, value in given.items() if value}
        return self._read(await self._send("POST", "simulations", params=parameters, json=dict(policy)))

    async def explain(self, recording_id: str) -> dict[str, Any]:
        """How long each kind of a recording is kept, why, and which holds cover it."""
        return await self._document(f"recordings/{recording_id}/retention")

    async def holds(self) -> list[Hold]:
        """The last that was placed first, and those that were released."""
        return await self._items("holds")

    async def place(
        self, matter: str, reason: str, recordings: Sequence[str], search: Mapping[str, str | None] | None
    ) -> Hold:
        """Hold ``recordings``, and those that ``search`` finds; an empty one finds all."""
        asked = {
            "matter": matter,
            "reason": reason,
            "recordings": list(recordings),
            "search": None if search is None else dict(search),
        }
        return self._read(await self._send("POST", "holds", json=asked))

    async def release(self, hold_id: str, reason: str) -> Hold:
        return self._read(await self._send("POST", f"holds/{hold_id}/release", json={"reason": reason}))

    async def resolve_hold(self, id: str) -> str:
        """A hold's id from any beginning that only one has; raises `NotFound` or `Ambiguous`."""
        return full_id(id) or self._only(id, (hold["id"] for hold in await self.holds()), "hold")
