"""Steering a recording: cancelling it, and having a stage of it done again."""

from collections.abc import Mapping, Sequence
from enum import StrEnum
from http import HTTPStatus
from typing import Any
from uuid import UUID

from fastapi import APIRouter, Depends
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException

from minutier.query.access.domain import Level, Seen
from minutier.query.access.door import Door
from minutier.query.edits.ports import Editor
from minutier.query.ports import Transactions
from minutier.query.show import Shown, show
from minutier.query.steering.cancel import cancel
from minutier.query.steering.domain import CannotReprocess, Hindrance, NothingRuns
from minutier.query.steering.ports import Media
from minutier.query.steering.reprocess import reprocess
from minutier.query.transcripts.read import Transcripts
from minutier.schemas.events import ModelName, Stage
from minutier.shared.identity.domain import Person, Role
from minutier.shared.identity.gate import Gate
from minutier.shared.offers import DEFAULT
from minutier.shared.problems import Refusal, described


class Repeatable(StrEnum):
    """The stages that can be done again."""

    DIARIZATION = Stage.DIARIZATION.value
    TRANSCRIPTION = Stage.TRANSCRIPTION.value
    ATTRIBUTION = Stage.ATTRIBUTION.value
    SUMMARISATION = Stage.SUMMARISATION.value


class Again(BaseModel):
    """What is to be done again; all that follows from it is then done again too."""

    stage: Repeatable
    model: ModelName | None = Field(None, description="one of those at /api/v1/models, else the default")


def router(
    *,
    gate: Gate,
    door: Door,
    transcripts: Transcripts,
    media: Media,
    transactions: Transactions,
    editor: Editor,
    models: Mapping[Stage, Sequence[str]],
) -> APIRouter:
    """``models`` are those offered beside the default of each stage."""
    api = APIRouter(prefix="/api/v1", tags=["steering"], responses=described(401, 403))
    asking: Any = Depends(gate.person)
    offered = {stage: [DEFAULT, *models.get(Stage(stage.value), ())] for stage in Repeatable}

    async def opened(person: Person, id: UUID) -> Seen:
        """To its owner, and to operators, who keep the pipeline going."""
        return await door.open(person, id, Level.STATUS if Role.OPERATOR in person.roles else Level.OWN)

    @api.get("/models")
    async def list_models(person: Person = asking) -> dict[Repeatable, list[str]]:
        """The stages that can be done again, with the models that may be asked for."""
        return offered

    @api.post("/recordings/{id}/cancel", status_code=HTTPStatus.ACCEPTED, responses=described(404, 409, 422))
    async def cancel_recording(id: UUID, person: Person = asking) -> Shown:
        """Stop all that is done for a recording; what there is of it already stays."""
        try:
            return show(await cancel(await opened(person, id), transactions=transactions))
        except NothingRuns:
            idle = Hindrance.NOTHING_RUNS
            raise Refusal(HTTPStatus.CONFLICT, idle.explanation, idle) from None

    @api.post(
        "/recordings/{id}/reprocess",
        status_code=HTTPStatus.ACCEPTED,
        responses=described(400, 404, 409, 413, 422),
    )
    async def reprocess_recording(id: UUID, again: Again, person: Person = asking) -> Shown:
        """Do a stage again, and all that follows from it; what there is stays until there is better."""
        seen = await opened(person, id)
        if again.model is not None and again.model not in offered[again.stage]:
            raise HTTPException(
                HTTPStatus.UNPROCESSABLE_ENTITY,
                f"'model': for {again.stage} this server offers {', '.join(offered[again.stage])}.",
            )
        try:
            done = await reprocess(
                seen,
                Stage(again.stage.value),
                again.model,
                transcripts=transcripts,
                media=media,
                editor=editor,
            )
        except CannotReprocess as error:
            detail = f"This cannot be done again: {error}"
            raise Refusal(HTTPStatus.CONFLICT, detail, error.hindrance) from None
        return show(done)

    return api
