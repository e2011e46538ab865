"""What is exported."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from minutier.schemas.documents import MinutesDocument, TranscriptDocument

Language = Literal["fr", "en"]


@dataclass(frozen=True)
class Exported:
    """A transcript as its readers see it, and what is known around it.

    ``happened_at`` is shown in the time zone it has. ``language`` is that of the headings, not of what
    was said.
    """

    transcript: TranscriptDocument
    minutes: MinutesDocument | None = None
    title: str | None = None
    happened_at: datetime | None = None
    language: Language = "en"
