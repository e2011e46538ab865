"""What tenants send in forms."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from http import HTTPStatus
from pathlib import Path
from tempfile import TemporaryDirectory

from fastapi import Request
from starlette.exceptions import HTTPException

from minutier.ingestion.domain import Limits
from minutier.ingestion.sources.multipart import Form, Sent, receive

# An external id has at most 256 characters, and what tells several recordings of one meeting apart is part.
_ID_CHARACTERS = 200


class Forms:
    """Takes forms with files, as large as a tenant's largest file may be."""

    def __init__(self, *, limits_of: Callable[[str], Limits], workspace: Path) -> None:
        """``limits_of`` a tenant."""
        self._limits_of = limits_of
        self._workspace = workspace

    @asynccontextmanager
    async def sent(self, request: Request, tenant: str) -> AsyncIterator[Form]:
        """The form that a request brings; its files are there until it is answered.

        Answers 413 where it has more bytes than the tenant's largest file, and 422 where it is no form.
        """
        with TemporaryDirectory(dir=self._workspace) as folder:
            yield await receive(request, Path(folder), limit=self._limits_of(tenant).size)


def id_in(form: Form, field: str) -> str:
    """An id of the meeting server's; answers 422 where it cannot be one."""
    value = next(iter(form.fields.get(field, ())), "")
    if not 0 < len(value) <= _ID_CHARACTERS or not value.isprintable():
        raise _missing(f"Send '{field}', of 1 to {_ID_CHARACTERS} characters.")
    return value


def files_in(form: Form, field: str) -> list[Sent]:
    """The files under a name; answers 422 where there are none."""
    if not (files := form.files.get(field)):
        raise _missing(f"Send at least one file as '{field}'.")
    return list(files)


def _missing(detail: str) -> HTTPException:
    return HTTPException(HTTPStatus.UNPROCESSABLE_ENTITY, detail)
