"""Speech to text as OpenAI's API has it: a file goes in, and its transcript comes back."""

import asyncio
import re
from collections import Counter
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Annotated, Any, Protocol, TypeVar

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import JSONResponse, PlainTextResponse
from fastapi.routing import APIRoute
from pydantic import BaseModel, TypeAdapter, ValidationError
from starlette.exceptions import HTTPException

from minutier.ingestion.access import Access
from minutier.ingestion.gone import EXPLANATION, gone
from minutier.ingestion.hand_in import HandIn
from minutier.ingestion.people import Email
from minutier.ingestion.sources import languages, multipart
from minutier.ingestion.sources.forms import Forms
from minutier.ingestion.sources.multipart import Form
from minutier.ingestion.speech.formats import (
    PLAIN,
    DiarizedTranscription,
    Granularity,
    ResponseFormat,
    Transcription,
    VerboseTranscription,
    diarized,
    transcription,
    verbose,
)
from minutier.ingestion.speech.transcribe import Outcomes, Unfinished, begin, finish
from minutier.schemas.documents import TranscriptDocument
from minutier.schemas.events import RecordingCancelled, RecordingRejected, StageFailed, TranscriptAttributed
from minutier.schemas.references import ObjectRef
from minutier.schemas.rejections import RejectionReason
from minutier.shared.errors import Purged
from minutier.shared.problems import described, problem

T = TypeVar("T")

_RETRY_SECONDS = 30
# As nginx calls it: nobody reads this answer.
_CLIENT_CLOSED_REQUEST = 499

_STATUS = {
    RejectionReason.TOO_LARGE: HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    RejectionReason.TOO_LONG: HTTPStatus.UNPROCESSABLE_ENTITY,
    RejectionReason.NO_AUDIO: HTTPStatus.UNPROCESSABLE_ENTITY,
    RejectionReason.CORRUPT: HTTPStatus.UNPROCESSABLE_ENTITY,
    RejectionReason.UNSUPPORTED: HTTPStatus.UNPROCESSABLE_ENTITY,
}

_EMAIL: TypeAdapter[str] = TypeAdapter(Email)
_NOT_STREAMED = "^([Ff]alse|)$"

_FORM = multipart.described(
    {
        "file": multipart.FILE | {"minLength": 1},
        "model": {"description": "any; the server's own is used"},
        "owner": _EMAIL.json_schema() | {"description": "whose recording it is, by e-mail"},
        "language": {
            "type": "string",
            "pattern": languages.PATTERN,
            "description": "ISO 639 code; detected if not given",
        },
        "response_format": {"enum": list(ResponseFormat), "default": ResponseFormat.JSON},
        "timestamp_granularities[]": {"type": "array", "items": {"enum": list(Granularity)}},
        "stream": {"type": "string", "pattern": _NOT_STREAMED},
        **{
            name: {"description": "accepted, and without effect"}
            for name in ("prompt", "temperature", "chunking_strategy")
        },
    },
    required=["file"],
)


class Documents(Protocol):
    async def load(self, kind: type[TranscriptDocument], ref: ObjectRef) -> TranscriptDocument: ...


@dataclass(frozen=True)
class Asked:
    """What a form asks for; ``file`` is where it was written."""

    file: Path
    language: str | None
    owner: str | None
    format: ResponseFormat
    granularities: frozenset[Granularity]


class _SaidAsOpenAI(APIRoute):
    """Puts what went wrong where OpenAI's clients look for it too: of the rest they show the status alone."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()

        async def answered(request: Request) -> Response:
            try:
                return await handle(request)
            except HTTPException as error:
                said = {"message": error.detail}
                return problem(error.status_code, error.detail, error.headers, error=said)
            except Purged:
                return gone(error={"message": EXPLANATION})

        return answered


def router(
    access: Access,
    forms: Forms,
    *,
    hand_in: HandIn,
    outcomes: Outcomes,
    documents: Documents,
    wait_seconds: float,
    requests: int,
) -> APIRouter:
    """At most ``requests`` of a tenant are under way at once, each for at most ``wait_seconds`` after its
    upload.
    """
    places = Places(requests)

    async def speech_to_text(request: Request, tenant: Annotated[str, Depends(access.tenant)]) -> Response:
        """Transcribe a file, and tell who said what; the answer comes when all of it is done."""
        with places.taken(tenant):
            async with forms.sent(request, tenant) as form:
                asked = asked_in(form)
                begun = await begin(asked.file, tenant, asked.language, owner=asked.owner, hand_in=hand_in)
            outcome = await _unless_hung_up(request, finish(begun, outcomes=outcomes, seconds=wait_seconds))
        match outcome:
            case TranscriptAttributed():
                transcript = await documents.load(TranscriptDocument, outcome.data.transcript)
                # Hours of speech take a while, in which others want to be answered.
                return await asyncio.to_thread(answer, transcript, asked)
            case RecordingRejected(data=rejected):
                status = _STATUS.get(rejected.reason, HTTPStatus.INTERNAL_SERVER_ERROR)
                raise HTTPException(status, rejected.reason.explanation)
            case StageFailed(data=failed):
                raise HTTPException(
                    HTTPStatus.INTERNAL_SERVER_ERROR,
                    f"The recording {outcome.subject} has no transcript: {failed.stage} gave up "
                    f"({failed.reason}). It is kept; ask the operator to have it done again.",
                )
            case RecordingCancelled():
                raise HTTPException(
                    HTTPStatus.CONFLICT, f"The recording {outcome.subject} was cancelled by somebody."
                )
            case Unfinished(recording_id):
                raise HTTPException(
                    HTTPStatus.GATEWAY_TIMEOUT,
                    f"The recording {recording_id} is still being worked on. Send the same file again to go "
                    "on waiting for it.",
                )
            case None:
                return Response(status_code=_CLIENT_CLOSED_REQUEST)

    routes = APIRouter(tags=["speech"], route_class=_SaidAsOpenAI)
    for path in ("/v1/audio/transcriptions", "/audio/transcriptions"):
        routes.post(
            path,
            response_model=None,
            openapi_extra=_FORM,
            responses={
                200: {
                    "model": Transcription | VerboseTranscription | DiarizedTranscription,
                    "content": {"text/plain": {"schema": {"type": "string"}}},
                },
                **described(410, 500, 504),
            },
        )(speech_to_text)
    return routes


def asked_in(form: Form) -> Asked:
    """What a form asks for; answers 422 where that is nothing that can be given."""
    files = form.files.get("file", ())
    if len(files) != 1 or files[0].path.stat().st_size == 0:
        raise _unprocessable("Send the recording as the form's one 'file', which is not empty.")
    if not re.fullmatch(_NOT_STREAMED, _field(form, "stream", default="")):
        raise _unprocessable("'stream' is 'false', or left out: the answer comes when all of it is done.")
    return Asked(
        file=files[0].path,
        language=_language(_field(form, "language", default="")),
        owner=_owner(form),
        format=_format(_field(form, "response_format", default=ResponseFormat.JSON)),
        granularities=_granularities(form),
    )


def answer(transcript: TranscriptDocument, asked: Asked) -> Response:
    """A transcript in the format that was asked for."""
    document: BaseModel
    match asked.format:
        case ResponseFormat.JSON:
            document = transcription(transcript)
        case ResponseFormat.VERBOSE_JSON:
            document = verbose(transcript, asked.granularities)
        case ResponseFormat.DIARIZED_JSON:
            document = diarized(transcript, asked.granularities)
        case plain:
            return PlainTextResponse(PLAIN[plain](transcript))
    return JSONResponse(document.model_dump(exclude_none=True))


class Places:
    """As many requests of a tenant as are let in at once; nobody takes the places of others."""

    def __init__(self, number: int) -> None:
        self._number = number
        self._taken: Counter[str] = Counter()

    @contextmanager
    def taken(self, tenant: str) -> Iterator[None]:
        """Answers 429 where every place of the tenant's is taken."""
        if self._taken[tenant] >= self._number:
            raise HTTPException(
                HTTPStatus.TOO_MANY_REQUESTS,
                "As many of your files as may be are being transcribed. Send this one later.",
                {"Retry-After": str(_RETRY_SECONDS)},
            )
        self._taken[tenant] += 1
        try:
            yield
        finally:
            self._taken[tenant] -= 1


async def _unless_hung_up(request: Request, work: Coroutine[Any, Any, T]) -> T | None:
    """What ``work`` comes to; ``None``, and no more work, once the client has hung up."""
    working, listening = asyncio.create_task(work), asyncio.create_task(_hung_up(request))
    try:
        await asyncio.wait({working, listening}, return_when=asyncio.FIRST_COMPLETED)
        return working.result() if working.done() else None
    finally:
        working.cancel()
        listening.cancel()
        await asyncio.gather(working, listening, return_exceptions=True)


async def _hung_up(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass


def _field(form: Form, name: str, *, default: str) -> str:
    return next(iter(form.fields.get(name, ())), default)


def _format(named: str) -> ResponseFormat:
    try:
        return ResponseFormat(named)
    except ValueError:
        raise _unprocessable(f"'response_format' is one of {', '.join(ResponseFormat)}.") from None


def _granularities(form: Form) -> frozenset[Granularity]:
    named = [
        value
        for name in ("timestamp_granularities[]", "timestamp_granularities")
        for value in form.fields.get(name, ())
    ]
    try:
        return frozenset(map(Granularity, named)) or frozenset({Granularity.SEGMENT})
    except ValueError:
        raise _unprocessable(f"'timestamp_granularities' are {' and '.join(Granularity)}.") from None


def _language(named: str) -> str | None:
    if not re.fullmatch(languages.PATTERN, named):
        raise _unprocessable("'language' is a code such as 'fr'.")
    return languages.primary(named)


def _owner(form: Form) -> str | None:
    try:
        return _EMAIL.validate_python(_field(form, "owner", default="")) if "owner" in form.fields else None
    except ValidationError:
        raise _unprocessable("'owner' is an e-mail address, or left out.") from None


def _unprocessable(detail: str) -> HTTPException:
    return HTTPException(HTTPStatus.UNPROCESSABLE_ENTITY, detail)
