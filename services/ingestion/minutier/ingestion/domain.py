"""What makes a recording acceptable."""

from dataclasses import dataclass

# A player of such a file stops this much before what its header promises; more is a cut recording.
_SHORTFALL_SECONDS = 2.0
_SHORTFALL_RATIO = 0.05
_DAMAGED_RATIO = 0.05

_SIGNATURES: tuple[tuple[int, bytes], ...] = (
    (4, b"ftyp"),
    (4, b"moov"),
    (4, b"mdat"),
    (0, b"\x1a\x45\xdf\xa3"),
    (0, b"OggS"),
    (0, b"RIFF"),
    (0, b"RF64"),
    (0, b"fLaC"),
    (0, b"ID3"),
    (0, b"\xff\xfb"),
    (0, b"\xff\xf3"),
    (0, b"\xff\xf2"),
)


@dataclass(frozen=True)
class Limits:
    """What one recording may measure at most: seconds of sound, bytes of file."""

    seconds: float
    size: int


@dataclass(frozen=True)
class Decoded:
    """What decoding a file to its end has shown; times in seconds."""

    duration: float
    declared_duration: float | None
    packets: int
    damaged_packets: int

    @property
    def cut_short(self) -> bool:
        """Whether the file holds clearly less than its header says."""
        if self.declared_duration is None:
            return False
        allowed = max(_SHORTFALL_SECONDS, _SHORTFALL_RATIO * self.declared_duration)
        return self.duration < self.declared_duration - allowed

    @property
    def damaged(self) -> bool:
        """Whether more than a stray packet could not be decoded, or none could."""
        return self.duration <= 0 or self.damaged_packets > _DAMAGED_RATIO * self.packets


def looks_like_media(head: bytes) -> bool:
    """Whether a file's first bytes are those of a supported container, so that it is worth mending."""
    return not head or any(head[at : at + len(mark)] == mark for at, mark in _SIGNATURES)
