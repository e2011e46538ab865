"""Where announced media is taken from: an object, the files of a playlist, or what a link leads to."""

import asyncio
import shutil
from collections.abc import Sequence
from pathlib import Path

from minutier.ingestion.domain import Taken, is_addressable
from minutier.ingestion.media.addresses import leads_to
from minutier.ingestion.media.fetch import Fetcher
from minutier.ingestion.media.playlists import UnfinishedPlaylist, UnsupportedPlaylist, segments
from minutier.ingestion.tenants import Tenants
from minutier.schemas.references import Link, Location
from minutier.schemas.rejections import RejectionReason
from minutier.shared.errors import ObjectMissing
from minutier.shared.objects import UPLOADS, Objects, ObjectTooLarge, digest

_PLAYLIST_BYTES = 4 * 1024**2


class AnnouncedMedia:
    """Reads only what the tenant may name: an announcement is a request from outside.

    Objects lie in ``buckets``, or in the tenant's own; links lead to its hosts.
    """

    def __init__(
        self, objects: Objects, fetcher: Fetcher, *, tenants: Tenants, buckets: frozenset[str]
    ) -> None:
        self._objects = objects
        self._fetcher = fetcher
        self._tenants = tenants
        self._buckets = buckets

    async def take(
        self, media: Location | Link, into: Path, *, tenant: str, limit: int
    ) -> Taken | RejectionReason:
        if isinstance(media, Link):
            return await self._fetcher.fetch(media.url, into, hosts=self._hosts(tenant), limit=limit)
        if not self.allows(media, tenant=tenant):
            return RejectionReason.FORBIDDEN_LOCATION
        if _is_playlist(media):
            return await self._join(media, into, limit)
        return await self._object(media, into, limit)

    def allows(self, media: Location | Link, *, tenant: str) -> bool:
        if isinstance(media, Link):
            return leads_to(media.url, self._hosts(tenant))
        owner = self._tenants.with_bucket(media.bucket)
        return owner == tenant or (owner is None and media.bucket in self._buckets)

    def _hosts(self, tenant: str) -> frozenset[str]:
        known = self._tenants.get(tenant)
        return known.fetch_hosts if known else frozenset()

    async def _object(self, location: Location, into: Path, limit: int) -> Taken | RejectionReason:
        if not is_addressable(location.key):
            return RejectionReason.NOT_FOUND
        try:
            found = await self._objects.download(location, into, limit=limit)
        except ObjectMissing:
            return RejectionReason.NOT_FOUND
        except ObjectTooLarge:
            return RejectionReason.TOO_LARGE
        return Taken(found.sha256, found.size)

    async def _join(self, playlist: Location, into: Path, limit: int) -> Taken | RejectionReason:
        """All of a playlist's files one after the other; one that is still written is not there yet."""
        found = await self._object(playlist, into, min(limit, _PLAYLIST_BYTES))
        if isinstance(found, RejectionReason):
            return found
        try:
            keys = segments(await asyncio.to_thread(into.read_text), playlist.key)
        except (UnsupportedPlaylist, UnicodeDecodeError):
            return RejectionReason.UNSUPPORTED
        except UnfinishedPlaylist:
            return RejectionReason.NOT_FOUND
        return await self._concatenate(playlist.bucket, keys, into, limit)

    async def _concatenate(
        self, bucket: str, keys: Sequence[str], into: Path, limit: int
    ) -> Taken | RejectionReason:
        size = 0
        piece = into.with_name("segment")
        await asyncio.to_thread(into.write_bytes, b"")
        for key in keys:
            taken = await self._object(Location(bucket=bucket, key=key), piece, limit - size)
            if isinstance(taken, RejectionReason):
                return taken
            size += taken.size
            await asyncio.to_thread(_append, piece, into)
        return Taken(await asyncio.to_thread(digest, into), size)


def _is_playlist(location: Location) -> bool:
    """An upload is one file: its segments would stay when it is removed."""
    return location.bucket != UPLOADS and location.key.endswith(".m3u8")


def _append(piece: Path, whole: Path) -> None:
    with piece.open("rb") as source, whole.open("ab") as target:
        shutil.copyfileobj(source, target)
