"""What is answered where there is no transcript, or are no minutes, to read."""

from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus

from starlette.exceptions import HTTPException

from minutier.query.domain import Entry, Recording, State, recording
from minutier.query.transcripts.read import Absent, Destroyed
from minutier.shared.errors import Permanent
from minutier.shared.problems import Refusal


@contextmanager
def explained(entry: Entry) -> Iterator[None]:
    """Answers 404, and why, where what is read of ``entry`` is not there or no longer; 410 after a purge."""
    try:
        yield
    except Destroyed as error:
        raise destroyed(error.what) from None
    except Absent as error:
        if entry.being_erased:
            raise being_erased(error.what) from None
        raise HTTPException(HTTPStatus.NOT_FOUND, _explanation(recording(entry), error.what)) from None
    except Permanent as error:
        raise HTTPException(HTTPStatus.NOT_FOUND, f"It can no longer be read ({error.reason}).") from None


def destroyed(what: str) -> Refusal:
    """What is answered of it after a purge has destroyed it."""
    detail = f"The {what} of this recording was destroyed by a purge. Compliance staff have the record of it."
    return Refusal(HTTPStatus.GONE, detail, f"{what}_destroyed")


def being_erased(what: str) -> Refusal:
    """What is answered of it while it is made anew without one person."""
    detail = f"One person is being erased from this recording. Ask for its {what} again once that is done."
    return Refusal(HTTPStatus.NOT_FOUND, detail, "person_being_erased")


def _explanation(found: Recording, document: str) -> str:
    if found.reason is None and found.erased_at is not None:
        return f"This recording has no {document} since one person was erased from it. Do its stage again."
    if found.reason is None:
        return f"This recording has no {document} yet: its state is '{found.state}'."
    ended = "it failed" if found.state is State.FAILED else f"it was {found.state}"
    return f"This recording has no {document}: {ended} ({found.reason}). {found.explanation}"
