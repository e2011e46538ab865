"""Who has read what, and when: kept for those who own a recording, and for compliance."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID


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
    whom which level was given: none where it was taken back.
    """

    id: int
    at: datetime
    person_id: str
    person_name: str
    action: Action
    recording_id: UUID | None
    detail: dict[str, Any] = field(default_factory=dict)
