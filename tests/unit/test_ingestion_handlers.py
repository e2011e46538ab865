"""What becomes of an announcement that another one has overtaken while it was taken in."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, cast
from uuid import UUID

import pytest

from minutier.ingestion import handlers
from minutier.ingestion.domain import Patience
from minutier.schemas.events import (
    AnyEvent,
    Ingested,
    RecordingAnnounced,
    RecordingDescribed,
    RecordingIngested,
    Stage,
)
from minutier.schemas.references import Location
from minutier.schemas.rejections import RejectionReason
from minutier.shared.objects import UPLOADS
from minutier.shared.worker import Report, ignore
from tests.support.ingestion_fakes import LIMITS, Lengths, Shelf, Stream, Told, announced

Handler = Callable[[Any, Any], Awaitable[None]]

VISIO = Location(bucket="visio", key="rec/a.mp4")


class Subscriptions:
    def __init__(self) -> None:
        self.handlers: dict[type[AnyEvent], Handler] = {}

    def on(self, event: type[AnyEvent], **_: Any) -> Callable[[Handler], Handler]:
        def register(handler: Handler) -> Handler:
            self.handlers[event] = handler
            return handler

        return register


class Overtaken:
    """A register that has nothing when it is asked, and the recording when it is to be settled."""

    def __init__(self, *, overtaken: bool, closed: bool = False) -> None:
        self._overtaken = overtaken
        self._closed = closed

    async def holds(self, recording_id: UUID) -> bool:
        return False

    async def is_closed(self, recording_id: UUID) -> bool:
        return self._closed

    async def settle(self, _: None, event: RecordingAnnounced, outcome: Ingested | RejectionReason) -> bool:
        return not self._overtaken


class Work:
    """One transaction that ends well, as the delivery has it."""

    is_last_attempt = False
    session = None

    def __init__(self) -> None:
        self.published: list[AnyEvent] | None = None
        self._events: list[AnyEvent] = []

    def report(self, stage: Stage) -> Report:
        return ignore

    def publish(self, event: AnyEvent) -> None:
        self._events.append(event)

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator["Work"]:
        assert self.published is None
        self._events = []
        yield self
        self.published = self._events


@pytest.mark.parametrize(
    ("overtaken", "people", "closed", "told"),
    [
        (False, True, False, RecordingIngested),
        (True, True, False, RecordingDescribed),
        (True, False, False, None),
        (True, True, True, None),
    ],
)
async def test_what_was_taken_in_meanwhile_is_told_more_of(
    tmp_path: Path, overtaken: bool, people: bool, closed: bool, told: type[AnyEvent] | None
) -> None:
    """Unless somebody was erased from it, whom that would name again."""
    named = [{"part": "owner", "email": "ana@example.org"}] if people else []
    event = announced(mix=VISIO, people=named)
    shelf, stream, service, work = Shelf({}), Stream(event), Subscriptions(), Work()
    shelf.objects = {("visio", VISIO.key): b"60", (UPLOADS, "other"): b"1"}
    handlers.subscribe(
        cast(Any, service),
        register=cast(Any, Overtaken(overtaken=overtaken, closed=closed)),
        media=shelf,
        accounts=Told(None),
        store=cast(Any, shelf),
        normaliser=Lengths(),
        announcements=stream,
        limits_of=lambda _: LIMITS,
        owner_of=lambda _: None,
        patience=Patience(),
        workspace=tmp_path,
    )
    await service.handlers[RecordingAnnounced](event, work)
    assert [type(each) for each in work.published or []] == ([told] if told else [])
    # What tells of it has it removed; where nothing does, it goes at once.
    assert stream.events == ([event] if told else [])
