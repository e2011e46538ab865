"""What is heard beside a transcript: all voices at once, or, where nobody mixed them, one track at a time."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from minutier.query.audio.domain import Track
from minutier.schemas.documents import TranscriptDocument
from minutier.shared.pages.phrases import clock


@dataclass(frozen=True)
class Choice:
    """A track to listen to, from ``start`` to ``end``, in seconds of the recording.

    ``name`` is nothing where nobody knows it any more; ``number`` is the track's.
    """

    id: str
    number: int
    name: str | None
    start: float
    end: float


@dataclass(frozen=True)
class Sound:
    """There are ``choices`` only where there is no mix. ``heard_on`` is the track of each segment."""

    choices: tuple[Choice, ...] = ()
    heard_on: Mapping[str, str] = field(default_factory=dict)


def sound(tracks: Sequence[Track], machine: TranscriptDocument) -> Sound:
    """Segments are where the ``machine`` heard them, whoever people say has said them."""
    known = {track.id for track in tracks}
    by_speaker = {
        speaker.id: speaker.participant for speaker in machine.speakers if speaker.participant in known
    }
    called = Counter(track.name for track in tracks)
    return Sound(
        choices=tuple(
            Choice(
                id=track.id,
                number=number,
                # Whoever came back has a track for each time.
                name=f"{track.name} · {clock(track.offset)}"
                if track.name and called[track.name] > 1
                else track.name,
                start=track.offset,
                end=round(track.offset + track.duration, 3),
            )
            for number, track in enumerate(tracks, 1)
        ),
        heard_on={
            segment.id: track
            for segment in machine.segments
            if (track := by_speaker.get(segment.speaker)) is not None
        },
    )
