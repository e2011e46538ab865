"""What somebody may see of a recording, and do with it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum, StrEnum

from minutier.query.destroyed import without
from minutier.query.domain import Entry
from minutier.query.domain import Kind as Told
from minutier.schemas.documents import Part
from minutier.schemas.documents import Person as MeetingPerson
from minutier.schemas.records import Kind
from minutier.shared.identity import domain as identity
from minutier.shared.identity.domain import Person, Role

# Beyond so many people and groups, a recording is to be shared with a group.
MOST_SHARES = 500

# What an entry of the access log calls why somebody read what is restricted.
REASON = "reason"


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
    """A recording, and what whoever asked may do with it; ``revision`` changes whenever that does.

    What is ``restricted`` is for compliance staff, by a ``reason`` that they give. Without one it is withheld
    from them too, and ``entry`` does not tell where it lies.
    """

    entry: Entry
    level: Level
    revision: int
    restricted: frozenset[Kind] = frozenset()
    for_compliance: bool = False
    reason: str | None = None

    @property
    def withheld(self) -> frozenset[Kind]:
        return self.restricted if self.reason is None else frozenset()

    @property
    def because(self) -> Mapping[str, str]:
        """What the access log says besides of who reads it so."""
        return {} if self.reason is None else {REASON: self.reason}


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


def restricted(entry: Entry) -> frozenset[Kind]:
    """What of a recording compliance alone may read now.

    With its transcript all of it is, but for who has read it. What was destroyed is nobody's to read, and
    restricts nothing else any more.
    """
    told = entry.newest(Told.RESTRICTED)
    kinds = frozenset(told.restricted if told else ()) - entry.destroyed
    follow = {Kind.MEDIA, Kind.MINUTES} if Kind.TRANSCRIPT in kinds else set()
    return kinds | follow - entry.destroyed


def see(
    person: Person,
    entry: Entry,
    grants: Iterable[Grant],
    *,
    revision: int,
    now: datetime,
    reason: str | None = None,
) -> Seen:
    """What ``person`` sees of a recording that has these ``grants``: whoever shows it shows this alone.

    ``reason`` is why compliance staff ask, and changes nothing for others.
    """
    level = level_of(person, entry.tenant, grants, now)
    closed = restricted(entry)
    if not closed or level is Level.NONE:
        return Seen(entry, level, revision)
    staff = Role.COMPLIANCE in person.roles
    hidden = Kind.TRANSCRIPT in closed
    if staff and reason is not None:
        return Seen(entry, Level.READ if hidden else level, revision, closed, True, reason)
    if hidden:
        level = Level.STATUS if staff else Level.NONE
    return Seen(without(entry, closed), level, revision, closed, staff)


def level_of(person: Person, tenant: str, grants: Iterable[Grant], now: datetime) -> Level:
    """What ``person`` may do with a recording of ``tenant`` that has these ``grants``, if not restricted."""
    if person.tenant != tenant:
        return Level.NONE
    principals = set(person.principals)
    own = [grant.level for grant in grants if grant.principal in principals and grant.holds(now)]
    return max([*own, Level.STATUS if person.roles & set(Role) else Level.NONE])
