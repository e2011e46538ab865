"""What LiveKit tells of an egress, which is how it calls a recording, and what it comes to here."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from minutier.ingestion.tenants import Tenant
from minutier.schemas.base import ID_CHARACTERS, NAME_CHARACTERS, TITLE_CHARACTERS
from minutier.schemas.events import AnnouncedTrack, Announcement
from minutier.schemas.references import Location

if TYPE_CHECKING:
    from google.protobuf.message import Message
    from livekit.protocol.egress import EgressInfo

SOURCE = "livekit"


@dataclass(frozen=True)
class Result:
    """A file, or a playlist of segments, that an egress has made.

    ``told`` is the key as it was asked for, ``address`` that of the object where it was put, ``bucket``
    the one that was asked for, if any.
    """

    external_id: str
    told: str
    address: str
    bucket: str | None
    started_at: datetime | None
    ended_at: datetime | None

    def location(self, buckets: frozenset[str]) -> Location | None:
        """Where it lies; ``None`` where that is none of ``buckets``, or cannot be told.

        A server's own settings may put a prefix before the key, which only the address has.
        """
        bucket, key = self.bucket, self.told.lstrip("/")
        if self.told.startswith("s3://"):
            bucket, _, key = self.told.removeprefix("s3://").partition("/")
        address = urlsplit(self.address)
        path = unquote(address.path).lstrip("/")
        if bucket is None:
            host = address.hostname or ""
            named = {name for name in buckets if host.startswith(f"{name}.") or path.startswith(f"{name}/")}
            candidates = named or buckets
            bucket = next(iter(candidates)) if len(candidates) == 1 else None
        if bucket not in buckets or not key:
            return None
        path = path.removeprefix(f"{bucket}/")
        return Location(bucket=bucket, key=path if path.endswith(f"/{key}") else key)


def makes_recordings(egress: "EgressInfo") -> bool:
    """Whether files or segments were asked for; a broadcast is none, and what is not told may be."""
    request = _request(egress)
    made = egress.file_results or egress.segment_results
    return bool(made) or request is None or any(True for _ in _outputs(request))


def results(egress: "EgressInfo") -> list[Result]:
    """The recordings that an egress has made; the first has the egress's own id."""
    made = [
        *((file.filename, file.location, file.started_at, file.ended_at) for file in egress.file_results),
        *(
            (playlist.playlist_name, playlist.playlist_location, playlist.started_at, playlist.ended_at)
            for playlist in egress.segment_results
        ),
    ]
    return [
        Result(
            external_id=egress.egress_id if number == 0 else f"{egress.egress_id}/{number + 1}",
            told=told,
            address=address,
            bucket=_asked_bucket(egress, number),
            started_at=_moment(started_at or egress.started_at),
            ended_at=_moment(ended_at or egress.ended_at),
        )
        for number, (told, address, started_at, ended_at) in enumerate(made)
    ]


def announcement(egress: "EgressInfo", result: Result, location: Location, tenant: Tenant) -> Announcement:
    """Of all voices, or of the participant whom the egress was of. Raises `ValidationError`."""
    person = egress.participant.identity if egress.HasField("participant") else ""
    track = (
        AnnouncedTrack(
            participant=person[:NAME_CHARACTERS], external_id=person[:ID_CHARACTERS], location=location
        )
        if person
        else None
    )
    return Announcement(
        source=SOURCE,
        external_id=result.external_id,
        title=egress.room_name[:TITLE_CHARACTERS] or None,
        started_at=result.started_at,
        ended_at=result.ended_at,
        mix=None if track else location,
        tracks=(track,) if track else (),
        metadata=tenant.metadata_of(location),
    )


def _moment(nanoseconds: int) -> datetime | None:
    """Of nanoseconds since 1970, where 0 says that it is not known."""
    try:
        return datetime.fromtimestamp(nanoseconds / 1e9, UTC) if nanoseconds > 0 else None
    except (OverflowError, ValueError):
        return None


def _request(egress: "EgressInfo") -> "Message | None":
    asked = egress.WhichOneof("request")
    return None if asked is None else getattr(egress, asked)


def _outputs(request: "Message") -> Iterator[Any]:
    """The files and segments that a request asks for, in any of the places where requests have them."""
    for field, value in request.ListFields():
        if field.name in {"file", "segments"}:
            yield value
        elif field.name in {"file_outputs", "segment_outputs"}:
            yield from value
        elif field.name == "outputs":
            yield from (output for output in value if output.WhichOneof("config") in {"file", "segments"})


def _asked_bucket(egress: "EgressInfo", number: int) -> str | None:
    """The bucket that the request names for the result of this number, or for all."""
    if (request := _request(egress)) is None:
        return None
    outputs = list(_outputs(request))
    holders = [*outputs[number : number + 1], *outputs[-1:], request]
    stores = [store for holder in holders for store in (holder, getattr(holder, "storage", None))]
    named = (getattr(getattr(store, "s3", None), "bucket", "") for store in stores)
    return next((str(bucket) for bucket in named if bucket), None)
