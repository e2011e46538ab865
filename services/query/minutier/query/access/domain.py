"""What somebody may see of a recording, and do with it."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum, StrEnum

from minutier.query.domain import Entry
from minutier.schemas.documents import Part
from minutier.schemas.documents import Person as MeetingPerson
from minutier.shared.identity import domain as identity
from minutier.shared.identity.domain import Person, Role

# Beyond so many people and groups, a recording is to be shared with a group.
MOST_SHARES = 500


class Level(IntEnum):
    """Each level holds those below it.

    ``STATUS`` shows that a recording exists and how far it is, and nothing of its content; ``EDIT`` lays
    layers over a transcript; ``OWN`` shares, cancels and reprocesses, and sees who has read it.
    """

    NONE = 0
    STATUS = 1
    READ = 2
    EDIT = 3
    OWN = 4


class Origin(StrEnum):
    """Where a grant comes from."""

    MEETING = "meeting"
    SHARE = "share"


@dataclass(frozen=True)
class Grant:
    """``principal`` has ``level``; before ``until``, where there is one."""

    principal: str
    level: Level
    until: datetime | None = None

    def holds(self, now: datetime) -> bool:
        return self.until is None or now < self.until


@dataclass(frozen=True)
class Share(Grant):
    """A grant as its recording's owner sees it; ``given_by`` is a person's id."""

    origin: Origin = Origin.SHARE
    given_by: str | None = None


@dataclass(frozen=True)
class Seen:
    """A recording, and what whoever asked may do with it; ``revision`` changes whenever that does."""

    entry: Entry
    level: Level
    revision: int


_OF_PARTS = {Part.OWNER: Level.OWN, Part.PARTICIPANT: Level.EDIT}


def grants_of(people: Iterable[MeetingPerson]) -> tuple[Grant, ...]:
    """What those who were there have, by all they may be recognised by; the most where several say so."""
    levels: dict[str, Level] = {}
    for each in people:
        recognised = [
            *([identity.subject(each.subject)] if each.subject else []),
            *([identity.email(each.email)] if each.email else []),
        ]
        for principal in recognised:
            levels[principal] = max(levels.get(principal, Level.NONE), _OF_PARTS[each.part])
    return tuple(Grant(principal, level) for principal, level in sorted(levels.items()))


def level_of(person: Person, tenant: str, grants: Iterable[Grant], now: datetime) -> Level:
    """What ``person`` may do with a recording of ``tenant`` that has these ``grants``."""
    if person.tenant != tenant:
        return Level.NONE
    principals = set(person.principals)
    own = [grant.level for grant in grants if grant.principal in principals and grant.holds(now)]
    return max([*own, Level.STATUS if person.roles & set(Role) else Level.NONE])
