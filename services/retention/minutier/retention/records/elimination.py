"""The use case: the elimination list (*bordereau d'élimination*), to which archives give their visa."""

import asyncio
import csv
import io
from collections.abc import AsyncIterator, Callable
from datetime import datetime

from minutier.retention.records.ports import Elimination, Row
from minutier.retention.records.sheet import Fact, Section, Sheet, Table, moment, number
from minutier.retention.records.words import WORDS, Words
from minutier.shared.documents.cells import inert
from minutier.shared.documents.pdf import Unrenderable
from minutier.shared.documents.scripts import breakable
from minutier.shared.pages.preferences import Language
from minutier.shared.rendering import line

# As many are set in half a minute.
MOST_SET = 10_000

_BATCH = 200
_WIDTHS = (2, 4, 1.2, 1.4, 1.4, 0.9, 1.6, 3, 1.2)


async def table(listed: Elimination, language: Language) -> AsyncIterator[bytes]:
    """Comma-separated values (RFC 4180), a part at a time, in memory that does not grow with the list.

    With a byte order mark: without one, Excel reads accents in the code page of the machine. Days are as
    ISO 8601 has them.
    """
    words = WORDS[language]
    written = io.StringIO()
    cells = csv.writer(written)
    cells.writerow(_heads(words))
    yield _taken(written).encode("utf-8-sig")
    count = 0
    async for row in listed.rows:
        cells.writerow([inert(cell) for cell in _cells(row, listed, words, _iso, str)])
        count += 1
        if count % _BATCH == 0:
            yield _taken(written).encode()
    yield _taken(written).encode()


async def sheet(listed: Elimination, language: Language) -> Sheet:
    """For PDF. Raises `Unrenderable` for more rows than `MOST_SET`."""
    words = WORDS[language]
    found: list[tuple[str, ...]] = []
    objects = size = 0
    earliest: datetime | None = None
    latest: datetime | None = None

    def day(at: datetime) -> str:
        return moment(at, language, words.day)

    def count(value: int) -> str:
        return number(value, language)

    async for row in listed.rows:
        if len(found) == MOST_SET:
            raise Unrenderable(f"a PDF has at most {MOST_SET} rows; the list as CSV has all of them")
        found.append(tuple(breakable(cell) for cell in _cells(row, listed, words, day, count)))
        objects, size = objects + row.objects, size + row.bytes
        earliest = min(filter(None, (earliest, row.earliest)))
        latest = max(filter(None, (latest, row.latest)))
        if len(found) % _BATCH == 0:
            # Others go on meanwhile, also where the rows are at hand.
            await asyncio.sleep(0)
    facts = [
        Fact(words.producer, breakable(line(listed.producer))),
        Fact(words.purge, str(listed.purge_id), exact=True),
        Fact(words.legal_basis, breakable(line(listed.legal_basis))),
        Fact(words.visa, breakable(line(listed.visa or "")) or "…" * 12),
        Fact(words.records, count(len(found))),
    ]
    if earliest and latest:
        facts += [Fact(words.earliest, day(earliest)), Fact(words.latest, day(latest))]
    facts += [Fact(words.count, count(objects)), Fact(words.size, count(size))]
    rows = Table(_heads(words), _WIDTHS, found, numbers=(5, 6))
    return Sheet(
        title=words.elimination,
        lead=words.elimination_lead,
        date=listed.at,
        language=language,
        page=words.page,
        sections=(Section(None, facts), Section(words.records, table=rows)),
        wide=True,
    )


def _heads(words: Words) -> tuple[str, ...]:
    dates, volume = (words.earliest, words.latest), (words.count, words.size)
    return words.producer, words.title, words.source, *dates, *volume, words.legal_basis, words.sort


def _cells(
    row: Row,
    listed: Elimination,
    words: Words,
    day: Callable[[datetime], str],
    count: Callable[[int], str],
) -> tuple[str, ...]:
    return (
        line(listed.producer),
        line(row.title or "") or words.untitled,
        line(row.source),
        day(row.earliest),
        day(row.latest),
        count(row.objects),
        count(row.bytes),
        line(row.legal_basis),
        words.sorts[row.sort],
    )


def _iso(at: datetime) -> str:
    return at.date().isoformat()


def _taken(written: io.StringIO) -> str:
    """What was written since it was taken last."""
    text = written.getvalue()
    written.seek(0)
    written.truncate()
    return text
