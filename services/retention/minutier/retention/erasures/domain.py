"""Requests of persons to be erased (GDPR, article 17), and what becomes of each; pure, as a domain is."""

from calendar import monthrange
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from minutier.retention.purges.domain import check_line

REFERENCE_CHARACTERS = 100
EXPLANATION_CHARACTERS = 2000
LEGAL_BASIS = "GDPR, article 17(1)"


class Ground(StrEnum):
    """Why somebody need not be erased, by the letters of article 17(3)."""

    EXPRESSION = "expression"
    LEGAL_OBLIGATION = "legal_obligation"
    PUBLIC_HEALTH = "public_health"
    ARCHIVING = "archiving"
    LEGAL_CLAIMS = "legal_claims"

    @property
    def letter(self) -> str:
        return "abcde"[list(Ground).index(self)]


class State(StrEnum):
    """How far a request is: one whose purge came to nothing is `RECEIVED` once more."""

    RECEIVED = "received"
    PROPOSED = "proposed"
    COMPLETED = "completed"
    REFUSED = "refused"


@dataclass(frozen=True)
class Refusal:
    """Raises `ValueError` for an explanation that cannot be."""

    by: str
    at: datetime
    ground: Ground
    explanation: str

    def __post_init__(self) -> None:
        if not self.explanation.strip() or len(self.explanation) > EXPLANATION_CHARACTERS:
            raise ValueError(f"explain the refusal: 1 to {EXPLANATION_CHARACTERS} characters")


@dataclass(frozen=True)
class Request:
    """One person of one recording wants to be erased.

    ``reference`` is how the organisation files the request, and no name. ``purge_id`` is the last purge
    that was proposed for it. Raises `ValueError` for a reference that cannot be.
    """

    id: UUID
    tenant: str
    recording_id: UUID
    reference: str
    received_on: date
    registered_by: str
    registered_at: datetime
    state: State = State.RECEIVED
    purge_id: UUID | None = None
    refusal: Refusal | None = None
    completed_at: datetime | None = None

    def __post_init__(self) -> None:
        check_line("reference", self.reference, REFERENCE_CHARACTERS)

    @property
    def due_on(self) -> date:
        """The last day of the month that article 12(3) gives (Regulation 1182/71, article 3)."""
        return a_month_after(self.received_on)


def a_month_after(day: date) -> date:
    """The same day of the next month, or that month's last where it has no such day."""
    year, month = (day.year + 1, 1) if day.month == 12 else (day.year, day.month + 1)
    return date(year, month, min(day.day, monthrange(year, month)[1]))
