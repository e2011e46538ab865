"""Meetings as a list shows them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, tzinfo
from itertools import groupby
from urllib.parse import urlencode
from uuid import UUID

from minutier.query.access.domain import Level
from minutier.query.domain import Stage, StageState, State
from minutier.query.paging import Wanted
from minutier.query.show import Shown
from minutier.schemas.base import NAME_CHARACTERS
from minutier.schemas.records import Kind
from minutier.shared.pages.phrases import Format

_FIRST_YEAR, _LAST_YEAR = 1900, 2999

_WORK = (StageState.RUNNING, StageState.WAITING)


@dataclass(frozen=True)
class Meeting:
    """``title`` and ``participants`` are nothing where ``hidden``: whoever looks sees only how far it is.

    One that is ``closed`` is restricted as a whole, and so for compliance staff alone.

    One person ``erased_at`` some moment from it may be ``being_erased`` still.

    ``stage`` is the one it is at, ``done`` of ``steps`` are behind it; ``failed`` is the first that gave up.
    """

    id: UUID
    title: str | None
    hidden: bool
    happened_at: datetime
    duration: float | None
    participants: tuple[str, ...]
    language: str | None
    source: str | None
    state: State
    reason: str | None
    stages: Mapping[str, Stage]
    stage: str | None
    failed: str | None
    done: int
    steps: int
    total_seconds: float | None
    access: Level
    closed: bool
    erased_at: datetime | None
    being_erased: bool

    @property
    def under_way(self) -> bool:
        return not self.state.final

    @property
    def readable(self) -> bool:
        return self.access >= Level.READ

    @property
    def may_edit(self) -> bool:
        return self.access >= Level.EDIT

    @property
    def owned(self) -> bool:
        return self.access >= Level.OWN


@dataclass(frozen=True)
class Month:
    """``first`` is the month's first day, where the reader is."""

    first: date
    meetings: tuple[Meeting, ...]


def meeting(shown: Shown) -> Meeting:
    access = Level[shown.access.upper()]
    steps = {name: stage for name, stage in shown.stages.items() if stage.state is not StageState.SKIPPED}
    at = next((name for name, stage in steps.items() if stage.state in _WORK), None)
    return Meeting(
        id=shown.id,
        title=shown.title,
        hidden=access < Level.READ,
        happened_at=shown.happened_at,
        duration=shown.duration,
        participants=shown.participants,
        language=shown.language,
        source=shown.source,
        state=shown.state,
        reason=shown.reason,
        stages=shown.stages,
        stage=at if not shown.state.final else None,
        failed=next((name for name, stage in steps.items() if stage.state is StageState.FAILED), None),
        done=sum(stage.state is StageState.DONE for stage in steps.values()),
        steps=len(steps),
        total_seconds=shown.total_seconds,
        access=access,
        closed=Kind.TRANSCRIPT in shown.restricted,
        erased_at=shown.erased_at,
        being_erased=shown.being_erased,
    )


def months(found: Iterable[Shown], format: Format) -> tuple[Month, ...]:
    """``found``, in their order, by the month in which they were where the reader is."""

    def first(each: Meeting) -> date:
        return format.local(each.happened_at).date().replace(day=1)

    return tuple(
        Month(month, tuple(each)) for month, each in groupby((meeting(shown) for shown in found), key=first)
    )


def address(path: str, **parameters: object) -> str:
    """``path`` with those ``parameters`` that are something."""
    given = {name: str(value) for name, value in parameters.items() if value not in (None, "")}
    return f"{path}?{urlencode(given)}" if given else path


@dataclass(frozen=True)
class Filters:
    """What a form asks a list for; days are the reader's, ``until`` included."""

    state: State | None = None
    participant: str | None = None
    since: date | None = None
    until: date | None = None

    @property
    def used(self) -> bool:
        return self != Filters()

    def wanted(self, zone: tzinfo) -> Wanted:
        return Wanted(
            state=self.state,
            participant=self.participant,
            since=_midnight(self.since, zone),
            before=_midnight(self.until and self.until + timedelta(days=1), zone),
        )


def filters(given: Mapping[str, str]) -> Filters:
    """What is empty or unreadable, as in an address typed by hand, asks for nothing."""
    state, participant = given.get("state", ""), given.get("participant", "").strip()
    return Filters(
        state=State(state) if state in set(State) else None,
        participant=participant[:NAME_CHARACTERS] or None,
        since=_day(given.get("since", "")),
        until=_day(given.get("until", "")),
    )


def _day(text: str) -> date | None:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    # Beyond these, a day's midnight is none of a year that can be written everywhere.
    return day if _FIRST_YEAR <= day.year <= _LAST_YEAR else None


def _midnight(day: date | None, zone: tzinfo) -> datetime | None:
    return datetime.combine(day, time(), zone) if day else None
