"""Moments that others name, as every clock here can write them and PostgreSQL can keep them."""

from datetime import UTC, datetime
from typing import Annotated, Any

from pydantic import AfterValidator, AwareDatetime, BeforeValidator

_FIRST, _LAST = datetime(1900, 1, 1, tzinfo=UTC), datetime(3000, 1, 1, tzinfo=UTC)


def in_utc(moment: datetime) -> datetime:
    """The same moment. Raises `ValueError` outside the years that can be shown in any time zone.

    An offset may be longer than those that PostgreSQL reads.
    """
    if not _FIRST <= moment < _LAST:
        raise ValueError("give a moment of the years 1900 to 2999")
    return moment.astimezone(UTC)


def _written_out(value: Any) -> Any:
    # Numbers would be taken for seconds since 1970, which the document does not say.
    if isinstance(value, (int, float)) or (isinstance(value, str) and "-" not in value[1:]):
        raise ValueError("write a moment as RFC 3339 has it, such as 2030-12-31T09:00:00Z")
    return value


Moment = Annotated[AwareDatetime, BeforeValidator(_written_out), AfterValidator(in_utc)]
