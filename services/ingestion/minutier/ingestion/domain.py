"""What makes a recording acceptable, and where in it each sound belongs."""

from dataclasses import dataclass
from uuid import UUID, uuid5

from minutier.schemas.clock import now
from minutier.schemas.events import (
    Announcement,
    Described,
    Ingested,
    RecordingAnnounced,
    RecordingCancelled,
    RecordingDescribed,
    RecordingIngested,
    RecordingRejected,
    Rejected,
    Stage,
    recording_id,
)
from minutier.schemas.references import Link, Location
from minutier.schemas.rejections import RejectionReason
from minutier.shared.objects import UPLOADS

SOURCE = "minutier/ingestion"

# Without any of these there is no transcript.
NEEDED_FOR_TRANSCRIPT = frozenset(
    {Stage.INGESTION, Stage.DIARIZATION, Stage.TRANSCRIPTION, Stage.ATTRIBUTION}
)

_SHORTFALL_SECONDS = 1.0
_SHORTFALL_RATIO = 0.01
_DAMAGED_RATIO = 0.05

# Recorders' time stamps tremble, and a second of overlap is a hiccup; more is another clock.
_JITTER_SECONDS = 0.05
_OVERLAP_SECONDS = 1.0

_SIGNATURES: tuple[tuple[int, bytes], ...] = (
    (4, b"ftyp"),
    (4, b"moov"),
    (4, b"mdat"),
    (4, b"wide"),
    (0, b"\x1a\x45\xdf\xa3"),
    (0, b"OggS"),
    (8, b"WAVE"),
    (0, b"riff"),
    (0, b"fLaC"),
    (0, b"ID3"),
    (0, b"\xff\xfb"),
    (0, b"\xff\xfa"),
    (0, b"\xff\xf3"),
    (0, b"\xff\xf2"),
    (0, b"\xff\xf1"),
    (0, b"\xff\xf9"),
)


@dataclass(frozen=True)
class Limits:
    """What one recording may measure at most: seconds of sound, bytes of file."""

    seconds: float
    size: int

    def narrowed(self, *, seconds: float | None, size: int | None) -> "Limits":
        """The lesser of these and others; ``None`` sets no limit of its own."""
        return Limits(
            seconds=self.seconds if seconds is None else min(self.seconds, seconds),
            size=self.size if size is None else min(self.size, size),
        )


@dataclass(frozen=True)
class Patience:
    """How many seconds after its announcement a recording's media, and its account, may be missing."""

    media: float = 0.0
    account: float = 0.0


@dataclass(frozen=True)
class Taken:
    """What was announced, as it came."""

    sha256: str
    size: int


@dataclass(frozen=True)
class Extent:
    """How far a file's header says that it goes, and how far its packets go; seconds."""

    declared: float | None
    reached: float

    @property
    def cut_short(self) -> bool:
        """Whether the file ends clearly before its header says; never where the header says nothing."""
        if self.declared is None:
            return False
        allowed = max(_SHORTFALL_SECONDS, _SHORTFALL_RATIO * self.declared)
        return self.reached < self.declared - allowed


@dataclass(frozen=True)
class Decoded:
    """What decoding a file to its end has shown; ``duration`` in seconds."""

    duration: float
    extent: Extent
    packets: int
    damaged_packets: int

    @property
    def fault(self) -> RejectionReason | None:
        """Why it is not acceptable; a stray packet that could not be decoded is no reason."""
        if self.extent.cut_short or self.damaged_packets > _DAMAGED_RATIO * self.packets:
            return RejectionReason.CORRUPT
        if self.duration <= 0:
            return RejectionReason.NO_AUDIO
        return None


@dataclass(frozen=True)
class Placement:
    """What to do before a frame's samples are appended: seconds to fill, seconds of them to drop."""

    silence: float = 0.0
    overlap: float = 0.0


class Timeline:
    """Puts frames where their time stamps say, so that a time in the result is a time in the meeting.

    A gap becomes silence and a small overlap is dropped. A clock that starts again goes on from where
    the sound is: what was said is kept. A single stamp that the next one contradicts is disregarded.
    """

    def __init__(self, origin: float) -> None:
        """``origin`` is the time stamp of the meeting's beginning, in seconds."""
        self._origin = origin

    def place(
        self, time: float | None, length: float, following: float | None, *, written: float
    ) -> Placement:
        """For a frame of ``length`` seconds stamped ``time``, after ``written`` seconds of result.

        ``following`` is the next frame's stamp; ``None`` where there is no next frame or no stamp.
        """
        if time is None:
            return Placement()
        ahead = time - self._origin - written
        if abs(ahead) <= _JITTER_SECONDS or self._contradicted(time, length, following, written):
            return Placement()
        if ahead > 0:
            return Placement(silence=ahead)
        if -ahead <= _OVERLAP_SECONDS:
            return Placement(overlap=-ahead)
        self._origin = time - written
        return Placement()

    def _contradicted(self, time: float, length: float, following: float | None, written: float) -> bool:
        if following is None:
            return False
        goes_on = abs(following - time - length) <= _JITTER_SECONDS
        as_before = abs(following - self._origin - written - length) <= _JITTER_SECONDS
        return as_before and not goes_on


@dataclass(frozen=True)
class Announced:
    """The recording that an announcement is of; ``new`` says that nobody had told of it before."""

    recording_id: UUID
    new: bool


@dataclass(frozen=True)
class Held:
    """An announcement that is in the stream, at ``sequence``."""

    sequence: int
    event: RecordingAnnounced

    @property
    def locations(self) -> tuple[Location | Link, ...]:
        """As `locations`."""
        return locations(self.event)


@dataclass(frozen=True)
class Identity:
    """What makes a recording the same, whoever tells of it."""

    tenant: str
    source: str
    external_id: str

    @property
    def recording_id(self) -> UUID:
        return recording_id(self.tenant, self.source, self.external_id)


Settlement = RecordingIngested | RecordingRejected

# What leaves an announcement without use to anybody.
End = RecordingAnnounced | Settlement | RecordingDescribed | RecordingCancelled


def looks_like_media(head: bytes) -> bool:
    """Whether a file's first bytes are those of a supported container, so that it is worth mending."""
    return not head or any(head[at : at + len(mark)] == mark for at, mark in _SIGNATURES)


def is_addressable(key: str) -> bool:
    """Whether a key can be asked for: a web address has no way to say ``.`` or ``..`` as a name."""
    return not {".", ".."} & set(key.split("/"))


def identity(event: RecordingAnnounced) -> UUID:
    """The id that the announced recording has; one announced under another id would take its place."""
    return recording_id(event.tenant, event.data.source, event.data.external_id)


def locations(event: RecordingAnnounced) -> tuple[Location | Link, ...]:
    """Where what was announced lies: the media, and the meeting server's account."""
    data = event.data
    account = data.metadata.location if data.metadata else None
    media = (data.mix, *(track.location for track in data.tracks), account)
    return tuple(location for location in media if location is not None)


def names_something(announcement: Announcement) -> bool:
    """Whether it says who was there, or what the meeting is called."""
    return bool(announcement.people or announcement.title or announcement.participants or announcement.tracks)


def tells_more(announced: RecordingAnnounced) -> bool:
    """Whether it may tell something of a recording that was taken in, whoever announced that.

    An object in a bucket is the recording that it is. A file that was sent over HTTP is whatever its
    sender says: whoever has the tenant's key could say that it is somebody's meeting, and theirs.
    """
    if announced.subject != identity(announced):
        return False
    if announced.source == SOURCE and any(map(_is_upload, locations(announced))):
        return False
    return names_something(announced.data) or announced.data.metadata is not None


def _is_upload(location: Location | Link) -> bool:
    return isinstance(location, Location) and location.bucket == UPLOADS


def settlement(event: RecordingAnnounced, outcome: Ingested | RejectionReason) -> Settlement:
    """What tells how an announcement ended, under an id that follows from the announcement's."""
    if isinstance(outcome, Ingested):
        return RecordingIngested.of(
            event.subject, tenant=event.tenant, source=SOURCE, data=outcome, id=_settlement_id(event)
        )
    data = Rejected(reason=outcome, source=event.data.source, announced_at=event.time)
    return RecordingRejected.of(
        event.subject, tenant=event.tenant, source=SOURCE, data=data, id=_settlement_id(event)
    )


def description(event: RecordingAnnounced, told: Described) -> RecordingDescribed:
    """What tells that an announcement has told more of a recording, under an id that follows from its own."""
    return RecordingDescribed.of(
        event.subject, tenant=event.tenant, source=SOURCE, data=told, id=_description_id(event)
    )


def never_came(identity: Identity, reason: RejectionReason) -> RecordingRejected:
    """What tells that a recording was begun, and that nothing will be announced."""
    data = Rejected(reason=reason, source=identity.source, announced_at=now())
    return RecordingRejected.of(identity.recording_id, tenant=identity.tenant, source=SOURCE, data=data)


def is_over(announced: RecordingAnnounced, by: End) -> bool:
    """Whether nobody needs an announcement any more, given ``by``.

    A recording that was taken in needs no other, unless that has still to tell more of it; one that was
    rejected or cancelled may have been announced again by now. ``by`` may be an announcement of what was
    taken in before.
    """
    if announced.subject != by.subject:
        return False
    if isinstance(by, RecordingCancelled):
        return announced.wanted_since <= by.time
    if isinstance(by, RecordingIngested) and not tells_more(announced):
        return True
    return by.id in (announced.id, _settlement_id(announced), _description_id(announced))


def _settlement_id(announced: RecordingAnnounced) -> UUID:
    return uuid5(announced.id, SOURCE)


def _description_id(announced: RecordingAnnounced) -> UUID:
    return uuid5(announced.id, f"{SOURCE}/description")
