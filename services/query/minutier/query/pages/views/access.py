"""Who may read a recording, and who has."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from minutier.query.access.domain import REASON, Level, Origin, Share
from minutier.query.access.log import Access, Action
from minutier.shared.pages.phrases import Format


@dataclass(frozen=True)
class Given:
    """``path`` is where to take it back, at the API; there is none for what comes from the meeting."""

    whom: str
    name: str
    level: Level
    until: datetime | None
    path: str | None


@dataclass(frozen=True)
class Read:
    """What people are called they may choose at their provider; ``person_id`` nobody chooses.

    ``format`` is an export's; what was searched for is not shown here. ``restricted`` tells that compliance
    staff read it so, and ``reason``, for them alone, why.
    """

    at: datetime
    person: str
    person_id: str
    action: Action
    recording_id: UUID | None
    format: str | None
    restricted: bool = False
    reason: str | None = None


@dataclass(frozen=True)
class Day:
    """``at`` is one of its moments."""

    at: datetime
    reads: tuple[Read, ...]


def given(shares: Iterable[Share]) -> tuple[Given, ...]:
    return tuple(_given(share) for share in shares)


def _given(share: Share) -> Given:
    kind, _, name = share.principal.partition(":")
    whom = "person" if kind == "email" else kind
    return Given(
        whom=whom,
        name=name,
        level=share.level,
        until=share.until,
        path=f"{whom}/{name}" if share.origin is Origin.SHARE and whom != "subject" else None,
    )


def days(found: Iterable[Access], format: Format) -> tuple[Day, ...]:
    """``found``, newest first, by the reader's day."""
    days: list[list[Read]] = []
    for access in found:
        read = Read(
            at=access.at,
            person=access.person_name,
            person_id=access.person_id,
            action=access.action,
            recording_id=access.recording_id,
            format=access.detail.get("format") if access.action is Action.EXPORT else None,
            restricted=access.restricted,
            reason=access.detail.get(REASON),
        )
        if days and format.local(days[-1][0].at).date() == format.local(read.at).date():
            days[-1].append(read)
        else:
            days.append([read])
    return tuple(Day(each[0].at, tuple(each)) for each in days)
