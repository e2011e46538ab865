"""Forms: what somebody has written, what of it cannot be, and what comes of sending one.

Fields are called as bodies of the API have them, with dots: ``search.source``. What cannot be is told by
codes, for which the pages have words.
"""

import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta, tzinfo
from http import HTTPStatus
from typing import Any, Self, TypeVar

from fastapi import Depends, Request, Response
from fastapi.responses import RedirectResponse
from pydantic import BaseModel, ValidationError
from starlette.exceptions import HTTPException

from minutier.shared.problems import Refusal

M = TypeVar("M", bound=BaseModel)

_MOST_FIELDS = 100
_FIRST_YEAR, _LAST_YEAR = 1900, 2999
_ID = re.compile(r"\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b")
# Who is to sign in, or asks for what there is not, is told so by a page of its own.
_ELSEWHERE = (HTTPStatus.UNAUTHORIZED, HTTPStatus.NOT_FOUND)

# By what pydantic calls them.
_CODES = {
    "missing": "missing",
    "string_too_short": "missing",
    "too_short": "missing",
    "string_too_long": "too_long",
    "too_long": "too_many",
    "string_pattern_mismatch": "unprintable",
    "uuid_parsing": "not_ids",
    "int_type": "no_number",
    "int_parsing": "no_number",
    "greater_than_equal": "no_number",
    "less_than_equal": "no_number",
}


class Unfit(Exception):
    """Fields that cannot be as they are, by their names, with a code for why."""

    def __init__(self, faults: Mapping[str, str]) -> None:
        super().__init__("a form cannot be taken as it is")
        self.faults = faults


@dataclass(frozen=True)
class Form:
    """What was written into it, by field; ``refusal`` is why nothing came of it, about the ids ``named``."""

    texts: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    faults: Mapping[str, str] = field(default_factory=dict)
    refusal: str | None = None
    named: tuple[str, ...] = ()

    @classmethod
    def of(cls, **texts: str) -> Self:
        return cls({name: (text,) for name, text in texts.items()})

    def text(self, name: str) -> str:
        return self.texts.get(name, ("",))[0]

    def has(self, name: str, value: str) -> bool:
        return value in self.texts.get(name, ())

    def at_fault(self, faults: Mapping[str, str]) -> Self:
        return replace(self, faults=faults)

    def over(self, other: Self) -> Self:
        """As this, with what ``other`` has in fields that this has not."""
        return replace(self, texts={**other.texts, **self.texts})

    def body(self, *names: str) -> dict[str, Any]:
        """These fields as a body of the API has them; what was left empty is not in it."""
        nested: dict[str, Any] = {}
        for name in names:
            if text := self.text(name).strip():
                *path, last = name.split(".")
                inner = nested
                for part in path:
                    inner = inner.setdefault(part, {})
                inner[last] = text
        return nested

    def lines(self, name: str) -> list[str]:
        return [line.strip() for line in self.text(name).split("\n") if line.strip()]

    def words(self, name: str) -> list[str]:
        """What is parted by spaces, lines or commas."""
        return [word for word in re.split(r"[\s,;]+", self.text(name)) if word]

    def day(self, name: str, zone: tzinfo, *, after: int = 0) -> datetime | None:
        """When a day begins for the reader, or one some days later. Raises `Unfit`."""
        text = self.text(name).strip()
        if not text:
            return None
        try:
            day = date.fromisoformat(text)
        except ValueError:
            raise Unfit({name: "no_date"}) from None
        if not _FIRST_YEAR < day.year < _LAST_YEAR:
            raise Unfit({name: "no_date"})
        day += timedelta(days=after)
        return datetime(day.year, day.month, day.day, tzinfo=zone)


def number(text: Any) -> Any:
    """As a program would have sent it; what is no number is left for the body's model to refuse."""
    return int(text) if isinstance(text, str) and re.fullmatch(r"[0-9]{1,9}", text) else text


def understood(model: type[M], body: Mapping[str, Any]) -> M:
    """Raises `Unfit`."""
    try:
        return model.model_validate(body)
    except ValidationError as error:
        faults = {
            ".".join(part for part in fault["loc"] if isinstance(part, str)): _CODES.get(
                fault["type"], "invalid"
            )
            for fault in error.errors(include_input=False, include_url=False)
        }
        raise Unfit(faults) from None


async def _sent(request: Request) -> Form:
    async with request.form(max_fields=_MOST_FIELDS, max_files=0) as form:
        texts: dict[str, tuple[str, ...]] = {}
        for name, value in form.multi_items():
            if isinstance(value, str):
                # Browsers send the ends of lines as two characters.
                texts[name] = (*texts.get(name, ()), value.replace("\r\n", "\n"))
    return Form(texts)


SENT: Any = Depends(_sent)


async def answered(
    form: Form,
    do: Callable[[], Awaitable[str | Response]],
    otherwise: Callable[[Form, HTTPStatus], Awaitable[Response]],
) -> Response:
    """Lead to the path that ``do`` gives; where it refuses, show the form again with all that it had."""
    try:
        done = await do()
        return RedirectResponse(done, HTTPStatus.SEE_OTHER) if isinstance(done, str) else done
    except Unfit as unfit:
        return await otherwise(form.at_fault(unfit.faults), HTTPStatus.UNPROCESSABLE_ENTITY)
    except HTTPException as refused:
        if refused.status_code in _ELSEWHERE:
            raise
        reason = refused.reason if isinstance(refused, Refusal) else "unfit"
        told = replace(form, refusal=reason, named=tuple(_ID.findall(refused.detail)))
        return await otherwise(told, HTTPStatus(refused.status_code))
