"""What a meeting's page says of what is restricted."""

from dataclasses import dataclass

from minutier.query.access.domain import Level, Seen
from minutier.query.audio.domain import media
from minutier.schemas.records import Kind

_SHOWN = frozenset({Kind.MEDIA, Kind.TRANSCRIPT, Kind.MINUTES})


@dataclass(frozen=True)
class Restriction:
    """``withheld`` is what whoever looks does not see; compliance staff are ``asked`` why they want to.

    ``reason`` is what they have said. ``heard`` is the sound alone, where that is all they may have then.
    """

    withheld: frozenset[Kind] = frozenset()
    asked: bool = False
    reason: str | None = None
    heard: bool = False


def restriction(seen: Seen) -> Restriction:
    withheld = seen.withheld & _SHOWN
    ingested = media(seen.entry) if seen.level < Level.READ and Kind.MEDIA in seen.restricted else None
    return Restriction(
        withheld=withheld,
        asked=seen.for_compliance and bool(seen.withheld),
        reason=seen.reason,
        heard=ingested is not None and ingested.audio is not None,
    )
