"""Every SQL statement that writes what is searched, within a transaction that is confined to its tenant."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import CursorResult, TextClause, text
from sqlmodel import select
from sqlmodel.ext.asyncio.session import AsyncSession

from minutier.query.folding import fold
from minutier.query.models import RecordingRow
from minutier.query.search.lexemes import Stem, Stems, belonging
from minutier.query.search.passages import Kind, Passage

# Those that PostgreSQL has stemmers for, by ISO 639; words of any other are found as they are written.
_STEMMERS = {
    "ar": "arabic",
    "ca": "catalan",
    "da": "danish",
    "de": "german",
    "el": "greek",
    "en": "english",
    "es": "spanish",
    "eu": "basque",
    "fi": "finnish",
    "fr": "french",
    "ga": "irish",
    "hi": "hindi",
    "hu": "hungarian",
    "hy": "armenian",
    "id": "indonesian",
    "it": "italian",
    "lt": "lithuanian",
    "nb": "norwegian",
    "ne": "nepali",
    "nl": "dutch",
    "nn": "norwegian",
    "no": "norwegian",
    "pt": "portuguese",
    "ro": "romanian",
    "ru": "russian",
    "sr": "serbian",
    "sv": "swedish",
    "ta": "tamil",
    "tr": "turkish",
    "yi": "yiddish",
}

# Before anything tells the language.
UNKNOWN_LANGUAGE = "und"

_ROWS_AT_ONCE = 1000

# PostgreSQL takes 1 MiB of lexemes a row; each takes its letters and, at most, so many bytes beside.
_MOST_LEXEME_BYTES = 1_000_000
_BYTES_BESIDE = 4

_STEMS = text("""
    select a.language, a.word, ts_lexize(a.stemmer, a.word), ts_lexize(a.stemmer, a.folded)
    from (
        select language, word, folded, cast(stemmer as regdictionary) as stemmer
        from unnest(
            cast(:languages as text[]), cast(:stemmers as text[]), cast(:words as text[]),
            cast(:folded as text[])
        ) as given (language, stemmer, word, folded)
    ) as a
""")

_OPEN = text("""
    insert into searched (recording_id, tenant, happened_at, language, rules)
    select id, tenant, happened_at, :language, :rules from recordings where id = :id and tenant = :tenant
    on conflict (recording_id) do update set happened_at = excluded.happened_at
    returning language
""")

_KEPT = text("""
    select kind, number, text, segment, "start", "end", speaker, clock from passages
    where recording_id = :id and tenant = :tenant and kind = any(cast(:kinds as smallint[]))
""")

_REMOVE = text("""
    delete from passages
    using unnest(cast(:kinds as smallint[]), cast(:numbers as integer[])) as gone (kind, number)
    where recording_id = :id and tenant = :tenant
        and passages.kind = gone.kind and passages.number = gone.number
""")

_ADD = text("""
    insert into passages
        (recording_id, tenant, kind, number, segment, "start", "end", speaker, text, clock, lexemes)
    select
        :id, :tenant, kind, number, segment, "start", "end", speaker, text, clock, cast(lexemes as tsvector)
    from unnest(
        cast(:kinds as smallint[]), cast(:numbers as integer[]), cast(:segments as text[]),
        cast(:starts as double precision[]), cast(:ends as double precision[]), cast(:speakers as text[]),
        cast(:texts as text[]), cast(:clocks as bytea[]), cast(:lexemes as text[])
    ) as given (kind, number, segment, "start", "end", speaker, text, clock, lexemes)
""")

# An item of the minutes is where the segment is that it cites.
_PLACE_MINUTES = text("""
    update passages set "start" = cited."start", "end" = cited."end"
    from (
        select distinct on (segment) segment, "start", "end" from passages
        where recording_id = :id and tenant = :tenant and kind = :words order by segment, number
    ) as cited
    where recording_id = :id and tenant = :tenant and kind = :minutes and passages.segment = cited.segment
        and (passages."start", passages."end") is distinct from (cited."start", cited."end")
""")

_SUM_UP = text("""
    update searched set
        language = :language, duration = coalesce(:duration, duration),
        passages = sum.passages, lexemes = sum.lexemes, rules = greatest(rules, :rules)
    from (
        select
            (select count(*) from passages where recording_id = :id and tenant = :tenant) as passages,
            array_to_tsvector(cast(:marks as text[]) || array(
                select lexeme from (
                    select lexeme, sum(octet_length(lexeme) + :beside) over (order by lexeme) as bytes from (
                        select distinct lexeme from passages, unnest(lexemes)
                        where recording_id = :id and tenant = :tenant
                    ) as each
                ) as counted where bytes <= :most
            )) as lexemes
    ) as sum
    where recording_id = :id and tenant = :tenant
""")


async def stems(session: AsyncSession, words: Mapping[str, Collection[str]]) -> dict[str, Stems]:
    """By language, what each of its words comes to."""
    found: dict[str, dict[str, Stem]] = {language: {} for language in words}
    asked: list[tuple[str, str]] = []
    for language, those in words.items():
        if language in _STEMMERS:
            asked += [(language, word) for word in those]
        else:
            found[language] = {word: Stem(frozenset({fold(word)})) for word in those}
    if asked:
        given = {
            "languages": [language for language, _ in asked],
            "stemmers": [f"pg_catalog.{_STEMMERS[language]}_stem" for language, _ in asked],
            "words": [word for _, word in asked],
            "folded": [fold(word) for _, word in asked],
        }
        for language, word, of_word, of_folded in await _run(session, _STEMS, given):
            lexemes = {fold(stem) for stem in (*(of_word or ()), *(of_folded or ()))}
            found[language][word] = Stem(frozenset(lexemes), stop=not of_word)
    return dict(found)


async def title(session: AsyncSession, tenant: str, id: UUID) -> str | None:
    """What the recording is called."""
    statement = select(RecordingRow.title).where(RecordingRow.tenant == tenant, RecordingRow.id == id)
    return (await session.exec(statement)).one()


async def open_index(session: AsyncSession, tenant: str, id: UUID, *, rules: int) -> str:
    """Have a recording searched, ``rules`` being those of what there is of it if it was not; its language."""
    given = {"id": id, "tenant": tenant, "language": UNKNOWN_LANGUAGE, "rules": rules}
    language: str = (await _run(session, _OPEN, given)).scalar_one()
    return language


async def kept(
    session: AsyncSession, tenant: str, id: UUID, kinds: Collection[Kind]
) -> dict[tuple[Kind, int], Passage]:
    """The passages of these ``kinds``, by kind and number."""
    given = {"id": id, "tenant": tenant, "kinds": [int(kind) for kind in kinds]}
    rows = await _run(session, _KEPT, given)
    return {(Kind(kind), number): Passage(Kind(kind), number, *rest) for kind, number, *rest in rows}


async def replace(
    session: AsyncSession,
    tenant: str,
    id: UUID,
    *,
    gone: Collection[tuple[Kind, int]],
    new: Sequence[tuple[Passage, str]],
) -> None:
    """Remove passages, and add others, each with its ``tsvector``."""
    recording = {"id": id, "tenant": tenant}
    if gone:
        keys = {"kinds": [int(kind) for kind, _ in gone], "numbers": [number for _, number in gone]}
        await _run(session, _REMOVE, recording | keys)
    for start in range(0, len(new), _ROWS_AT_ONCE):
        rows = new[start : start + _ROWS_AT_ONCE]
        await _run(
            session,
            _ADD,
            recording
            | {
                "kinds": [int(passage.kind) for passage, _ in rows],
                "numbers": [passage.number for passage, _ in rows],
                "segments": [passage.segment for passage, _ in rows],
                "starts": [passage.start for passage, _ in rows],
                "ends": [passage.end for passage, _ in rows],
                "speakers": [passage.speaker for passage, _ in rows],
                "texts": [passage.text for passage, _ in rows],
                "clocks": [passage.clock for passage, _ in rows],
                "lexemes": [lexemes for _, lexemes in rows],
            },
        )


async def sum_up(
    session: AsyncSession, tenant: str, id: UUID, *, language: str, duration: float | None, rules: int
) -> None:
    """Have the recording found by what its passages hold now."""
    recording = {"id": id, "tenant": tenant}
    await _run(session, _PLACE_MINUTES, recording | {"words": int(Kind.WORDS), "minutes": int(Kind.MINUTES)})
    await _run(
        session,
        _SUM_UP,
        recording
        | {
            "language": language,
            "duration": duration,
            "rules": rules,
            "marks": list(belonging(tenant, language)),
            "beside": _BYTES_BESIDE,
            "most": _MOST_LEXEME_BYTES,
        },
    )


async def _run(
    session: AsyncSession, statement: TextClause, given: Mapping[str, object]
) -> CursorResult[*tuple[Any, ...]]:
    return await (await session.connection()).execute(statement, given)
