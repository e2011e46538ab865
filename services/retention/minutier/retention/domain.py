"""How long what is kept of a recording may be kept."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID, uuid5

_POLICIES = UUID("4d5c3c39-1f0e-5b0e-8a55-0d1f1b6a7c02")


class Kind(StrEnum):
    """What is kept of a recording; each kind has a period of its own."""

    MEDIA = "media"
    TRANSCRIPT = "transcript"
    MINUTES = "minutes"


@dataclass(frozen=True)
class Policy:
    """Periods in days. A policy never changes: other periods are another policy, with another id."""

    name: str
    media_days: int
    transcript_days: int
    minutes_days: int

    def __post_init__(self) -> None:
        if min(self.media_days, self.transcript_days, self.minutes_days) < 1:
            raise ValueError("a retention period is at least one day")

    @property
    def id(self) -> UUID:
        """The same wherever the same policy is in force, so that replicas need not agree on it first."""
        return uuid5(_POLICIES, f"{self.name}\n{self.media_days} {self.transcript_days} {self.minutes_days}")

    def expiries(self, since: datetime) -> Mapping[Kind, datetime]:
        """When each kind expires that is kept ``since`` then."""
        days = {
            Kind.MEDIA: self.media_days,
            Kind.TRANSCRIPT: self.transcript_days,
            Kind.MINUTES: self.minutes_days,
        }
        return {kind: since + timedelta(days=number) for kind, number in days.items()}
