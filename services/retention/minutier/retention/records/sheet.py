"""A sheet of facts and tables for people, as PDF: archived for long (PDF/A-2a), and for those who listen."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from minutier.shared.documents import pdf
from minutier.shared.pages.preferences import Language

TEMPLATE = Path(__file__).with_name("sheet.typ")

_STANDARDS = ("a-2a", "ua-1")


@dataclass(frozen=True)
class Fact:
    """``exact`` is a digest, a signature or an id, to be compared character by character."""

    name: str
    value: str
    exact: bool = False


@dataclass(frozen=True)
class Table:
    """Of each column its head, its part of the width, and whether it has numbers or what is exact."""

    heads: Sequence[str]
    widths: Sequence[float]
    rows: Sequence[Sequence[str]]
    numbers: Sequence[int] = ()
    exact: Sequence[int] = ()


@dataclass(frozen=True)
class Section:
    heading: str | None
    facts: Sequence[Fact] = ()
    table: Table | None = None
    lead: str | None = None


@dataclass(frozen=True)
class Sheet:
    """Every text is one line without control characters, and none of it is markup."""

    title: str
    lead: str
    date: datetime
    language: Language
    page: str
    sections: Sequence[Section]
    wide: bool = False


def render(sheet: Sheet) -> bytes:
    """Raises `Unrenderable`."""
    return pdf.render(TEMPLATE, data_of(sheet), _STANDARDS)


def data_of(sheet: Sheet) -> str:
    """What the template shows, as JSON."""
    day = sheet.date.astimezone(UTC)
    return json.dumps({**asdict(sheet), "date": [day.year, day.month, day.day]})


def moment(at: datetime, language: Language, pattern: str) -> str:
    from babel.dates import format_datetime

    return str(format_datetime(at.astimezone(UTC), pattern, locale=language.value))


def number(value: float, language: Language) -> str:
    from babel.numbers import format_decimal

    return str(format_decimal(value, locale=language.value))
