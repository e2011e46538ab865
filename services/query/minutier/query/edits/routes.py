"""What people change in a transcript, and taking it back."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from http import HTTPStatus
from typing import Annotated, Any, assert_never
from uuid import UUID

from fastapi import APIRouter, Body, Depends, Request, Response
from pydantic import BaseModel, Field

from minutier.query.access.domain import Level
from minutier.query.access.door import Door
from minutier.query.access.log import Action
from minutier.query.access.ports import AccessLog
from minutier.query.access.reasons import Reasons
from minutier.query.edits.asked import Asked, Join, Name, Rename
from minutier.query.edits.domain import AnyLayer, Correction, Merge, Reason, Renaming, Undo
from minutier.query.edits.lay import Laying
from minutier.query.show import Shown, show
from minutier.query.transcripts.absence import explained
from minutier.query.transcripts.read import Reading, Transcripts
from minutier.schemas.documents import SpeakerId
from minutier.schemas.records import Kind
from minutier.shared.etags import PRIVATE, headers
from minutier.shared.identity.domain import Person
from minutier.shared.identity.gate import Gate
from minutier.shared.problems import described


class EditState(StrEnum):
    APPLIED = "applied"
    UNDONE = "undone"
    UNALIGNED = "unaligned"


class Edit(BaseModel):
    """A layer over the transcript, which stays whatever becomes of it.

    `correct` has `segment`, `start` and `end` (seconds), `before` and `text`; `rename` has `speaker` and
    `name`, `merge` `speaker` and `into`, with what the machine calls them; `undo` has `edit`. An
    `unaligned` one does not fit what the machine wrote last, and says why.
    """

    id: UUID
    kind: str
    at: datetime
    author: str = Field(description="what they are called")
    state: EditState
    reason: str | None = None
    explanation: str | None = None
    segment: str | None = Field(None, description="where it was when the edit was made")
    start: float | None = None
    end: float | None = None
    before: str | None = None
    text: str | None = None
    speaker: str | None = None
    label: str | None = None
    name: str | None = None
    into: str | None = None
    into_label: str | None = None
    edit: UUID | None = None


class Edits(BaseModel):
    """All edits of a recording, the earliest first."""

    items: list[Edit]


class Naming(BaseModel):
    """Who a speaker is; ``null`` takes back what was said before."""

    name: Name | None = Field(examples=["Anna"])


class Joining(BaseModel):
    into: SpeakerId = Field(examples=["speaker-2"])


def router(
    *,
    gate: Gate,
    door: Door,
    reasons: Reasons,
    log: AccessLog,
    transcripts: Transcripts,
    laying: Laying,
) -> APIRouter:
    api = APIRouter(
        prefix="/api/v1/recordings/{id}", tags=["edits"], responses=described(401, 403, 404, 410, 422)
    )
    asking: Any = Depends(gate.person)
    saying_why: Any = Depends(reasons)
    refusals = described(400, 409, 412, 413)

    @api.get("/edits", response_model_exclude_none=True)
    async def list_edits(
        id: UUID,
        request: Request,
        response: Response,
        person: Person = asking,
        reason: str | None = saying_why,
    ) -> Edits:
        """Who changed what, and whether it still applies."""
        seen = await door.open(person, id, Level.READ, Kind.TRANSCRIPT, reason=reason)
        with explained(seen.entry):
            reading = await transcripts.read(seen.entry)
        await log.write(person, Action.EDITS, id, **seen.because)
        response.headers.update(headers(request, reading.etag))
        states = _states(reading)
        return Edits(items=[_shown(layer, states) for layer in reading.layers])

    @api.post("/edits", status_code=HTTPStatus.CREATED, response_model_exclude_none=True, responses=refusals)
    async def add_edit(
        id: UUID,
        request: Request,
        response: Response,
        asked: Annotated[Asked, Body()],
        person: Person = asking,
    ) -> Edit:
        """Correct words, rename or merge speakers, or undo an edit; others see it at once.

        The answer has the `ETag` of the transcript as it reads now. With `If-Match`, nothing is changed
        where it reads otherwise than you have seen (412).
        """
        seen = await door.open(person, id, Level.EDIT)
        layer, reading = await laying.lay(request, seen, asked, person)
        response.headers.update({"ETag": reading.etag, **PRIVATE})
        return _shown(layer, _states(reading))

    @api.put("/speakers/{speaker}", status_code=HTTPStatus.ACCEPTED, responses=refusals)
    async def name_speaker(
        id: UUID,
        speaker: SpeakerId,
        naming: Naming,
        request: Request,
        response: Response,
        person: Person = asking,
    ) -> Shown:
        """Say who a speaker of the transcript is. The minutes are then written anew."""
        seen = await door.open(person, id, Level.EDIT)
        asked = Rename(kind="rename", speaker=speaker, name=naming.name)
        _, reading = await laying.lay(request, seen, asked, person)
        response.headers.update({"ETag": reading.etag, **PRIVATE})
        return show(seen)

    @api.post("/speakers/{speaker}/merge", status_code=HTTPStatus.ACCEPTED, responses=refusals)
    async def merge_speakers(
        id: UUID,
        speaker: SpeakerId,
        joining: Joining,
        request: Request,
        response: Response,
        person: Person = asking,
    ) -> Shown:
        """Say that two speakers are one person. The minutes are then written anew."""
        seen = await door.open(person, id, Level.EDIT)
        asked = Join(kind="merge", speaker=speaker, into=joining.into)
        _, reading = await laying.lay(request, seen, asked, person)
        response.headers.update({"ETag": reading.etag, **PRIVATE})
        return show(seen)

    return api


def _states(reading: Reading) -> dict[UUID, tuple[EditState, Reason | None]]:
    """Of the layers that are not undone."""
    found = reading.effective
    applied: dict[UUID, tuple[EditState, Reason | None]] = dict.fromkeys(
        found.applied, (EditState.APPLIED, None)
    )
    return applied | {kept.layer: (EditState.UNALIGNED, kept.reason) for kept in found.unaligned}


def _shown(layer: AnyLayer, states: Mapping[UUID, tuple[EditState, Reason | None]]) -> Edit:
    state, reason = states.get(layer.id, (EditState.UNDONE, None))
    return Edit(
        id=layer.id,
        at=layer.at,
        author=layer.author.name,
        state=state,
        reason=reason,
        explanation=reason and reason.explanation,
        **_content(layer),
    )


def _content(layer: AnyLayer) -> dict[str, Any]:
    match layer:
        case Correction(passage=where):
            place = {"segment": where.segment, "start": where.start, "end": where.end}
            return {"kind": "correct", **place, "before": where.words, "text": layer.text}
        case Renaming(voice=who):
            return {"kind": "rename", "speaker": who.speaker, "label": who.label, "name": layer.name}
        case Merge(voice=who, into=into):
            merged = {"speaker": who.speaker, "label": who.label}
            return {"kind": "merge", **merged, "into": into.speaker, "into_label": into.label}
        case Undo():
            return {"kind": "undo", "edit": layer.of}
    assert_never(layer)
