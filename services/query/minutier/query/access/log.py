"""Who has read what, and when: kept for those who own a recording, and for compliance."""

from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from minutier.query.access.domain import REASON
from minutier.shared.identity.domain import Person, Role

# What stands in place of a reason for those whom it is not for.
RESTRICTED = "restricted"


class Action(StrEnum):
    """What somebody did."""

    TRANSCRIPT = "transcript"
    MINUTES = "minutes"
    AUDIO = "audio"
    EXPORT = "export"
    SEARCH = "search"
    EDITS = "edits"
    SHARES = "shares"
    ACCESS_LOG = "access_log"


@dataclass(frozen=True)
class Access:
    """``detail`` has the format of an export, or what was searched for and which recordings it showed, or
    whom which level was given: none where it was taken back. It has why compliance staff read what was
    restricted.
    """

    id: int
    at: datetime
    person_id: str
    person_name: str
    action: Action
    recording_id: UUID | None
    detail: dict[str, Any] = field(default_factory=dict)

    @property
    def restricted(self) -> bool:
        """Whether compliance staff did it with what is restricted."""
        return REASON in self.detail or RESTRICTED in self.detail

    def shown_to(self, person: Person) -> "Access":
        """Why compliance staff read something is for them; that they did, for its owner too."""
        if REASON not in self.detail or Role.COMPLIANCE in person.roles:
            return self
        others = {name: value for name, value in self.detail.items() if name != REASON}
        return replace(self, detail={**others, RESTRICTED: True})
