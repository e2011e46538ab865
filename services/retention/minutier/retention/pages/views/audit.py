"""Who did what, as a page shows it."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from minutier.retention.audit.domain import Entry, Thing
from minutier.shared.pages.phrases import Format

# Where what something was done to is shown.
_PATHS = {
    Thing.RECORDING.value: "/recordings/",
    Thing.HOLD.value: "/holds/",
    Thing.POLICY.value: "/policies/",
    Thing.PURGE.value: "/purges/",
    Thing.ERASURE.value: "/erasures/",
}


@dataclass(frozen=True)
class Named:
    """``path`` is empty where there is no page of it."""

    thing: str
    id: str
    path: str


@dataclass(frozen=True)
class Done:
    entry: Entry
    things: tuple[Named, ...]
    detail: tuple[tuple[str, Any], ...]


@dataclass(frozen=True)
class Day:
    """``at`` is one of its moments."""

    at: datetime
    deeds: tuple[Done, ...]


def days(entries: Iterable[Entry], format: Format) -> tuple[Day, ...]:
    """``entries``, newest first, by the reader's day."""
    days: list[list[Done]] = []
    for entry in entries:
        done = _done(entry)
        if days and format.local(days[-1][0].entry.at).date() == format.local(entry.at).date():
            days[-1].append(done)
        else:
            days.append([done])
    return tuple(Day(each[0].entry.at, tuple(each)) for each in days)


def _done(entry: Entry) -> Done:
    things = tuple(
        Named(thing, str(known), f"{_PATHS[thing]}{known}" if thing in _PATHS else "")
        for thing, known in entry.things.items()
    )
    return Done(entry, things, tuple(entry.detail.items()))
