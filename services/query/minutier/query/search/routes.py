"""Searching what was said."""

from http import HTTPStatus
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Response
from pydantic import AwareDatetime, BaseModel, Field

from minutier.query.cursors import behind
from minutier.query.search.domain import QUESTION_CHARACTERS, BadQuestion, parse
from minutier.query.search.ports import Archive
from minutier.query.search.search import After, Found, Result, Shown, search
from minutier.shared.identity.domain import Person
from minutier.shared.identity.gate import Gate
from minutier.shared.problems import Refusal, described


class FoundRecording(BaseModel):
    """``duration`` is in seconds."""

    id: UUID
    title: str | None
    happened_at: AwareDatetime
    duration: float | None
    language: str


class FoundPart(BaseModel):
    """Parts follow one another; ``match`` says that this is what was looked for."""

    text: str
    match: bool


class FoundPassage(BaseModel):
    """A passage, and the part of its text that shows best what was found.

    ``start`` and ``end`` are those of the passage, ``at`` is when what was found begins, in seconds: where
    to jump to. What is of no moment has none of them.
    """

    kind: str = Field(description="`title`, `speaker`, `minutes` or `words`")
    segment: str | None = Field(description="the transcript's, or the first one that the minutes cite")
    start: float | None
    end: float | None
    at: float | None
    speaker: str | None = Field(description="who says it, where somebody does")
    parts: list[FoundPart]
    before: bool = Field(description="whether the passage has more before these parts")
    behind: bool = Field(description="whether it has more behind them")


class FoundGroup(BaseModel):
    """A recording, and of its ``matches`` passages with something of what was looked for the best."""

    recording: FoundRecording
    matches: int
    passages: list[FoundPassage]


class Answer(BaseModel):
    """The best recordings first.

    The newest ones are looked at first, as many as can be compared at once. ``complete`` says that these are
    all; otherwise none before ``since`` were looked at yet. ``found`` is how many of those that were have all
    that was looked for. ``next`` is what to give as ``after`` to go on, among these or before them.
    """

    items: list[FoundGroup]
    found: int
    complete: bool
    since: AwareDatetime | None
    next: str | None


def router(*, gate: Gate, archive: Archive) -> APIRouter:
    api = APIRouter(prefix="/api/v1", tags=["search"], responses=described(401, 403, 422))
    asking: Any = Depends(gate.searcher)

    @api.get("/search")
    async def search_recordings(
        response: Response,
        q: Annotated[
            str,
            Query(
                max_length=QUESTION_CHARACTERS,
                description='words, "words in a row", `begin*`, `speaker:`, `title:`, `after:` and `before:`',
                examples=['budget speaker:Anne after:2026-03 "next year"'],
            ),
        ],
        limit: Annotated[int, Query(ge=1, le=50)] = 10,
        after: Annotated[str | None, Query(max_length=300, description="`next` of the page before")] = None,
        person: Person = asking,
    ) -> Answer:
        """Recordings that you may read, by what was said in them, their titles, speakers and minutes."""
        try:
            question = parse(q)
        except BadQuestion as error:
            raise Refusal(HTTPStatus.UNPROCESSABLE_ENTITY, str(error), error.fault) from None
        place = behind(After.decode, after)
        found = await search(person, question, archive=archive, limit=limit, after=place)
        response.headers["Cache-Control"] = "no-store"
        return _answer(found)

    return api


def _answer(found: Found) -> Answer:
    return Answer(
        items=[_group(result) for result in found.results],
        found=found.found,
        complete=found.since is None,
        since=found.since,
        next=found.after.encode() if found.after else None,
    )


def _group(result: Result) -> FoundGroup:
    return FoundGroup(
        recording=FoundRecording(
            id=result.recording.id,
            title=result.recording.title,
            happened_at=result.recording.happened_at,
            duration=result.recording.duration,
            language=result.recording.language,
        ),
        matches=result.matches,
        passages=[_passage(shown) for shown in result.passages],
    )


def _passage(shown: Shown) -> FoundPassage:
    passage, part = shown.passage, shown.snippet
    return FoundPassage(
        kind=passage.kind.name.lower(),
        segment=passage.segment,
        start=passage.start,
        end=passage.end,
        at=shown.at,
        speaker=passage.speaker,
        parts=[FoundPart(text=one.text, match=one.match) for one in part.parts],
        before=part.start > 0,
        behind=part.end < len(passage.text),
    )
