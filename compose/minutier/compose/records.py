"""Disposal records and the files that prove them, as the command line gets them."""

from pathlib import Path
from typing import Any

import httpx

from minutier.compose.client import Client, Unreachable, full_id
from minutier.compose.failures import Failure

# A document for people is made while one waits.
_SECONDS = httpx.Timeout(10.0, read=150.0)


class Records(Client):
    """A client of the part of retention's HTTP API that proves what was destroyed."""

    SERVICE = "retention"
    LISTS = "'minutier retention records'"

    async def records(self) -> list[dict[str, Any]]:
        """In short, the last first."""
        return await self._items("records")

    async def resolve(self, id: str) -> str:
        """A record's id from any beginning that only one has; raises `NotFound` or `Ambiguous`."""
        return full_id(id) or self._only(id, (record["id"] for record in await self.records()), "record")

    async def fetch(self, path: str, into: Path, **parameters: str) -> None:
        """A file, piece by piece; where it does not come whole, nothing is left of it."""
        partial = into.with_name(f".{into.name}.partial")
        try:
            await self._stream(path, partial, parameters)
            partial.replace(into)
        except OSError as error:
            raise Failure(f"{into} cannot be written: {error.strerror}.") from None
        finally:
            partial.unlink(missing_ok=True)

    async def _stream(self, path: str, into: Path, parameters: dict[str, str]) -> None:
        try:
            async with self._client.stream(
                "GET", f"records/{path}", params=parameters, timeout=_SECONDS
            ) as response:
                if response.is_error:
                    await response.aread()
                    self._checked(response)
                with into.open("wb") as file:
                    async for part in response.aiter_bytes():
                        file.write(part)
        except httpx.HTTPError:
            raise Unreachable(self.SERVICE, self._url) from None
