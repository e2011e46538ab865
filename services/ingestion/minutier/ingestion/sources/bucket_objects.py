"""Which objects of a bucket are recordings, and how one is announced that nobody has told more about."""

import hashlib
from dataclasses import dataclass

from minutier.ingestion.tenants import Tenant
from minutier.schemas.events import Announcement
from minutier.schemas.media import SUFFIXES
from minutier.schemas.references import Location

SOURCE = "bucket"

_TYPES = ("audio/", "video/", "application/ogg")
_SEGMENT_SUFFIXES = (".ts", ".m4s")
_SEGMENT_TYPE = "video/mp2t"
_PLAYLIST_SUFFIX = ".m3u8"


@dataclass(frozen=True)
class BucketObject:
    """An object as its store tells of it, with what the store told."""

    location: Location
    etag: str | None = None
    content_type: str | None = None

    @property
    def is_recording(self) -> bool:
        """By its type where that says something, else by its name; a playlist's segments are none."""
        kind = (self.content_type or "").partition(";")[0].strip().lower()
        if self._name.endswith(("/", *_SEGMENT_SUFFIXES)) or kind == _SEGMENT_TYPE:
            return False
        return self.is_playlist or self._name.endswith(SUFFIXES) or kind.startswith(_TYPES)

    @property
    def is_playlist(self) -> bool:
        """Whether it is written anew with each segment while the meeting goes on."""
        return self._name.endswith(_PLAYLIST_SUFFIX)

    @property
    def _name(self) -> str:
        return self.location.key.lower()

    def announced_for(self, tenant: Tenant) -> Announcement:
        """Under an id that is the object's own, and does not repeat its name."""
        name = f"{self.location.bucket}\n{self.location.key}\n{self.etag or ''}"
        return Announcement(
            source=SOURCE,
            external_id=hashlib.sha256(name.encode()).hexdigest(),
            mix=self.location,
            metadata=tenant.metadata_of(self.location),
        )
