"""Laying an edit, for every endpoint that does: what cannot be is answered, and what was done is told."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http import HTTPStatus

from fastapi import Request

from minutier.query.access.domain import Seen
from minutier.query.edits.asked import Asked, Refusal, Refused
from minutier.query.edits.domain import AnyLayer
from minutier.query.edits.edit import edit
from minutier.query.edits.ports import Editor
from minutier.query.ports import Signals
from minutier.query.transcripts.absence import explained
from minutier.query.transcripts.read import Reading, Transcripts
from minutier.shared import problems
from minutier.shared.etags import expect
from minutier.shared.identity.domain import Person

_CONFLICTS = (
    Refusal.SAME_SPEAKER,
    Refusal.UNDONE_ALREADY,
    Refusal.TOO_MANY,
    Refusal.PERSON_BEING_ERASED,
)


class Laying:
    def __init__(self, *, transcripts: Transcripts, editor: Editor, signals: Signals) -> None:
        self._transcripts = transcripts
        self._editor = editor
        self._signals = signals

    async def lay(
        self, request: Request, seen: Seen, asked: Asked, person: Person
    ) -> tuple[AnyLayer, Reading]:
        """The layer, and how the transcript reads then. Answers 404, 409 or 412 where there is none."""
        with explained(seen.entry), _refused():
            made = await edit(
                seen.entry,
                asked,
                person,
                transcripts=self._transcripts,
                editor=self._editor,
                expect=partial(expect, request),
            )
        await self._signals.tell(seen.entry.id)
        return made


@contextmanager
def _refused() -> Iterator[None]:
    try:
        yield
    except Refused as error:
        status = HTTPStatus.CONFLICT if error.refusal in _CONFLICTS else HTTPStatus.NOT_FOUND
        raise problems.Refusal(status, error.refusal.explanation, error.refusal) from None
