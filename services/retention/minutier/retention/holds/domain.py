"""Legal holds: what may not be deleted, for which matter, and since when."""

import re
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from minutier.retention.policies.domain import Facts

MATTER_CHARACTERS = 200
REASON_CHARACTERS = 2000
MOST_LISTED = 1000

_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


@dataclass(frozen=True)
class Search:
    """Recordings of a tenant of which everything holds that is named; with nothing named, all of them.

    ``met_since`` is included, ``met_before`` is not.
    """

    source: str | None = None
    record_class: str | None = None
    label: str | None = None
    met_since: datetime | None = None
    met_before: datetime | None = None

    def __post_init__(self) -> None:
        for moment in (self.met_since, self.met_before):
            if moment is not None and moment.tzinfo is None:
                raise ValueError("give times with their offset from UTC")
        if self.met_since and self.met_before and self.met_since >= self.met_before:
            raise ValueError("met_since is not before met_before: no meeting can be between them")

    def covers(self, facts: Facts) -> bool:
        """What is not known of a recording speaks for covering it."""
        named = (
            self.source is None or facts.source in (None, self.source),
            self.record_class is None or facts.record_class == self.record_class,
            self.label is None or self.label in facts.labels,
            self.met_since is None or facts.met_at is None or facts.met_at >= self.met_since,
            self.met_before is None or facts.met_at is None or facts.met_at < self.met_before,
        )
        return all(named)


@dataclass(frozen=True)
class Release:
    by: str
    at: datetime
    reason: str

    def __post_init__(self) -> None:
        _check("reason", self.reason, REASON_CHARACTERS)


@dataclass(frozen=True)
class Hold:
    """It stands until somebody releases it.

    With a ``search`` it is also for what is taken in, or is classified, later; what it has come to cover it
    covers until its release, whatever else becomes of that. Raises `ValueError` for a text that cannot be.
    """

    id: UUID
    tenant: str
    matter: str
    reason: str
    placed_by: str
    placed_at: datetime
    search: Search | None = None
    release: Release | None = None

    def __post_init__(self) -> None:
        _check("matter", self.matter, MATTER_CHARACTERS)
        _check("reason", self.reason, REASON_CHARACTERS)


def _check(name: str, text: str, characters: int) -> None:
    if not text.strip() or len(text) > characters or _CONTROL.search(text):
        raise ValueError(f"give a {name}: 1 to {characters} characters, without control characters")
