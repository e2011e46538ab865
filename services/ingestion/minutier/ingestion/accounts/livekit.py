"""LiveKit's active speakers, written down as they change.

LiveKit's server keeps no such file: whoever is in the room has its ``SpeakersChanged`` signals, each of which
names those whose state has changed. The file is these signals in protojson, one a line or in one array, with
the time of each and who the speakers are::

    {"timestamp": "2025-01-31T09:00:01.250Z",
     "speakers": [{"sid": "PA_1", "identity": "ada", "name": "Ada", "level": 0.5, "active": true}]}

``timestamp`` is ISO 8601, UTC where it has no zone, or nanoseconds since 1970. ``active`` is left out where
it is false, as protojson does, and says that they have stopped. ``sid`` is who they are where there is no
``identity``. The last ``name`` counts.
"""

from collections.abc import Iterator
from datetime import datetime
from operator import itemgetter
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, FailFast, StrictInt, TypeAdapter

from minutier.ingestion.accounts.domain import (
    Account,
    Talk,
    UnreadableAccount,
    display_name,
    seconds_since_1970,
)


class _Read(BaseModel):
    model_config = ConfigDict(extra="ignore", hide_input_in_errors=True)


class _Speaker(_Read):
    sid: str = ""
    identity: str = ""
    name: str = ""
    active: bool = False


class _Update(_Read):
    timestamp: StrictInt | str
    speakers: Annotated[list[_Speaker], FailFast()] = []

    @property
    def at(self) -> float:
        """Seconds since 1970. Raises `ValueError`, `OverflowError`."""
        if isinstance(self.timestamp, int) or self.timestamp.isdecimal():
            return int(self.timestamp) / 1e9
        return seconds_since_1970(datetime.fromisoformat(self.timestamp))


_UPDATES = TypeAdapter(Annotated[list[_Update], FailFast()])


def read(file: Path) -> Account:
    """Raises `UnreadableAccount`. Who still speaks at the last update, stops there."""
    last = float("-inf")
    changes: list[tuple[float, str, str, bool]] = []
    try:
        for update in _updates(file):
            last = max(last, update.at)
            changes += [
                (update.at, each.identity or each.sid, each.name, each.active) for each in update.speakers
            ]
    # What pydantic raises, and what is not UTF-8, is a ValueError.
    except (ValueError, OverflowError):
        raise UnreadableAccount("not a list of LiveKit's active speakers") from None
    names: dict[str, str] = {}
    since: dict[str, float] = {}
    talks: list[Talk] = []
    for at, participant, told, active in sorted(changes, key=itemgetter(0)):
        if name := display_name(told):
            names[participant] = name
        if active:
            since.setdefault(participant, at)
        elif participant in since:
            talks.append(Talk(participant, since.pop(participant), at))
    talks += [Talk(participant, start, last) for participant, start in since.items()]
    return Account(names=names, talks=tuple(talks))


def _updates(file: Path) -> Iterator[_Update]:
    with file.open("rb") as stream:
        if stream.read(1) == b"[":
            yield from _UPDATES.validate_json(b"[" + stream.read())
            return
        stream.seek(0)
        for line in stream:
            if line.strip():
                yield _Update.model_validate_json(line)
