"""Pages of a list, as requests ask for them."""

from collections.abc import Callable
from http import HTTPStatus
from typing import Annotated, TypeVar

from fastapi import Query
from starlette.exceptions import HTTPException

from minutier.query.paging import BadCursor

Limit = Annotated[int, Query(ge=1, le=200)]
After = Annotated[str | None, Query(max_length=200, description="`next` of the page before")]

T = TypeVar("T")


def behind(decode: Callable[[str], T], after: str | None) -> T | None:
    """The place that ``after`` names, if it is given; answers 422 where it names none."""
    try:
        return decode(after) if after else None
    except BadCursor:
        raise HTTPException(
            HTTPStatus.UNPROCESSABLE_ENTITY,
            "'after' is no cursor: give the 'next' of an earlier page, or leave it.",
        ) from None
