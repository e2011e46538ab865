"""Recordings: which there are, how far each is, and following one."""

from collections.abc import AsyncIterator
from contextlib import aclosing
from http import HTTPStatus
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import BaseModel, TypeAdapter
from sse_starlette import EventSourceResponse, ServerSentEvent
from starlette.exceptions import HTTPException

from minutier.query.access.domain import Level
from minutier.query.access.door import Door
from minutier.query.cursors import After, Limit, behind
from minutier.query.domain import State
from minutier.query.paging import Position, Wanted, cut
from minutier.query.ports import Recordings, Signals
from minutier.query.settings import QuerySettings
from minutier.query.show import Shown, show
from minutier.query.steering.ports import Paces
from minutier.query.watch import Followed, StageProgress, watch
from minutier.schemas.base import NAME_CHARACTERS, TITLE_CHARACTERS
from minutier.shared.etags import etag, headers
from minutier.shared.identity.domain import Person
from minutier.shared.identity.gate import Gate
from minutier.shared.moments import Moment
from minutier.shared.places import Places
from minutier.shared.problems import described

_UPDATES: dict[type, tuple[str, TypeAdapter[Any]]] = {
    Followed: ("state", TypeAdapter(Followed)),
    StageProgress: ("progress", TypeAdapter(StageProgress)),
}
_RETRY_SECONDS = 10
# By one, once many are followed.
_WATCHED = 20


class Page(BaseModel):
    """Recordings, newest first; ``next`` is what to give as ``after`` for those behind."""

    items: list[Shown]
    next: str | None


def router(
    *,
    gate: Gate,
    door: Door,
    recordings: Recordings,
    paces: Paces,
    signals: Signals,
    settings: QuerySettings,
) -> APIRouter:
    api = APIRouter(prefix="/api/v1/recordings", tags=["recordings"], responses=described(401, 403, 422))
    asking: Any = Depends(gate.person)
    watchers = Places(settings.watchers, each=_WATCHED, free=settings.watchers // 2)

    @api.get("")
    async def list_recordings(
        state: State | None = None,
        title: Annotated[str | None, Query(max_length=TITLE_CHARACTERS, description="part of it")] = None,
        participant: Annotated[
            str | None, Query(max_length=NAME_CHARACTERS, description="part of a name of who was there")
        ] = None,
        since: Annotated[Moment | None, Query(description="when it happened, or later")] = None,
        before: Moment | None = None,
        limit: Limit = 50,
        after: After = None,
        person: Person = asking,
    ) -> Page:
        """Recordings that you may see, newest first."""
        position = behind(Position.decode, after)
        wanted = Wanted(state, title, participant, since, before)
        found = await recordings.page(person, wanted, limit=limit + 1, after=position)
        shown, last = cut(found, limit)
        following = last and Position(last.entry.happened_at, last.entry.id).encode()
        return Page(items=[show(seen) for seen in shown], next=following)

    @api.get("/{id}", responses=described(404))
    async def get_recording(id: UUID, request: Request, response: Response, person: Person = asking) -> Shown:
        """How far a recording is."""
        seen = await door.open(person, id, Level.STATUS)
        response.headers.update(headers(request, etag(id, seen.revision, seen.level)))
        return show(seen)

    @api.get(
        "/{id}/progress",
        response_class=EventSourceResponse,
        responses=described(404, 503) | {200: {"content": {"text/event-stream": {}}}},
    )
    async def follow(id: UUID, person: Person = asking) -> EventSourceResponse:
        """Server-sent events until the recording is done.

        `progress` has a stage that runs or waits for its turn: its `fraction` from 0 to 1, its `position`,
        which is how many recordings are before this one in its queue, and the `seconds_left` until all is
        done, which are null where that cannot be told. `state` has a whole recording, first as it is now,
        and all of these in its own `progress`.
        """
        await door.open(person, id, Level.STATUS)
        if not watchers.has_room(person):
            raise HTTPException(
                HTTPStatus.SERVICE_UNAVAILABLE,
                "As many clients follow recordings as this server serves. Ask again later.",
                {"Retry-After": str(_RETRY_SECONDS)},
            )

        async def events() -> AsyncIterator[ServerSentEvent]:
            updates = watch(
                person,
                id,
                recordings=recordings,
                paces=paces,
                signals=signals,
                poll_seconds=settings.poll_seconds,
            )
            # Closed with the client's connection, and not when the garbage is collected.
            with watchers.taken(person):
                async with aclosing(updates):
                    async for update in updates:
                        yield _sse(update)

        return EventSourceResponse(
            events(), ping=settings.heartbeat_seconds, send_timeout=settings.send_seconds
        )

    return api


def _sse(update: Followed | StageProgress) -> ServerSentEvent:
    event, form = _UPDATES[type(update)]
    return ServerSentEvent(form.dump_json(update).decode(), event=event)
