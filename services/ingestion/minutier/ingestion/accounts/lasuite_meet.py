"""La Suite Meet's account of a meeting: the ``…-metadata.json`` of its metadata collector.

It listens to each participant with a voice activity detector. It writes chat messages down as well: those
are not read into anything.
"""

from datetime import datetime
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, FailFast, Field, ValidationError

from minutier.ingestion.accounts.domain import (
    Account,
    Talk,
    UnreadableAccount,
    display_name,
    seconds_since_1970,
)

# More than fifty people tell of in eight hours.
_MOST = 500_000


class _Read(BaseModel):
    model_config = ConfigDict(extra="ignore", hide_input_in_errors=True)


class _Event(_Read):
    participant_id: str = ""
    type: str
    timestamp: datetime | None = None


class _Participant(_Read):
    id: str = Field(alias="participantId")
    name: str | None = None


class _File(_Read):
    # Without the first fault ending it, a file of nothing else would fill the memory with their descriptions.
    events: Annotated[list[_Event], FailFast()] = Field(max_length=_MOST)
    participants: Annotated[list[_Participant], FailFast()] = Field(max_length=_MOST)


def read(file: Path) -> Account:
    """Raises `UnreadableAccount`.

    Speech ends with its ``speech_end`` or with the participant's disconnection, else with the last event.
    A start that follows a start takes its place: how long they spoke before it was not told.
    """
    try:
        told = _File.model_validate_json(file.read_bytes())
        events = sorted(
            (seconds_since_1970(event.timestamp), event.type, event.participant_id)
            for event in told.events
            if event.timestamp is not None and event.participant_id
        )
    except (ValidationError, OverflowError):
        raise UnreadableAccount("not an account of La Suite Meet's") from None
    since: dict[str, float] = {}
    talks: list[Talk] = []
    for at, kind, participant in events:
        if kind == "speech_start":
            since[participant] = at
        elif kind in {"speech_end", "participant_disconnected"} and participant in since:
            talks.append(Talk(participant, since.pop(participant), at))
        elif kind == "participant_connected":
            since.pop(participant, None)
    if events:
        talks += [Talk(participant, start, events[-1][0]) for participant, start in since.items()]
    names = {each.id: name for each in told.participants if (name := display_name(each.name or ""))}
    return Account(names=names, talks=tuple(talks))
