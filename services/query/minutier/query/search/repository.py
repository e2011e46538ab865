"""Every SQL statement of search."""

from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from functools import lru_cache
from uuid import UUID

from sqlalchemy import TextClause, cast, text, tuple_
from sqlalchemy.dialects.postgresql import TSQUERY
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from minutier.query.database import run, within
from minutier.query.identity.domain import Person
from minutier.query.models import RecordingRow
from minutier.query.paging import Position
from minutier.query.repository import readable
from minutier.query.search.highlight import Places
from minutier.query.search.lexemes import Asked, Stems, belonging, whole
from minutier.query.search.models import SearchedRow
from minutier.query.search.passages import Kind, Passage
from minutier.query.search.ports import Candidate, Head, Hit
from minutier.query.search.stemming.languages import UNKNOWN_LANGUAGE
from minutier.query.search.stemming.repository import languages, stems

_ROWS_AT_ONCE = 1000

# PostgreSQL takes 1 MiB of lexemes a row; each takes its letters and, at most, so many bytes beside.
_MOST_LEXEME_BYTES = 1_000_000
_BYTES_BESIDE = 4

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


# Estimates are good only for what is asked for, and compiling takes longer than the answer may.
_PLAN = text(
    "select set_config('plan_cache_mode', 'force_custom_plan', true), set_config('jit', 'off', true)"
)

# What is found in a title says more than what somebody happened to say.
_WEIGHTS = {Kind.TITLE: 4.0, Kind.SPEAKER: 2.0, Kind.MINUTES: 1.5, Kind.WORDS: 1.0}

# How many passages of a recording are shown, and how a passage's number is told from its kind.
_BEST = 3
_NUMBER = 2**32 - 1

# Having more of the terms in one passage counts most, then how often and how close together they are.
_RANK = """
    with hit as (
        select
            recording_id, kind, number, terms,
            {mask} as mask,
            bit_count(({mask})::bit(32)) as held,
            weight * ts_rank_cd(lexemes, ranked, 1) as rank
        from unnest(cast(:ids as uuid[]), cast(:spoken as text[])) as candidate (id, language)
        join unnest(
            cast(:languages as text[]), cast(:any as tsquery[]), cast(:ranked as tsquery[]),
            cast(:terms as integer[]), {arrays}
        ) as asked (language, anything, ranked, terms, {columns}) using (language)
        join passages on recording_id = candidate.id and tenant = :tenant
        join unnest(cast(:kinds as smallint[]), cast(:weights as double precision[]))
            as weighed (kind, weight) using (kind)
        where lexemes @@ anything
    )
    select
        recording_id,
        cast(max(held) + ln(1 + sum(rank)) as double precision),
        count(*),
        (array_agg((kind::bigint << 32) | number order by held desc, rank desc, kind, number))[1 : :best]
    from hit group by recording_id, terms having bit_or(mask) = (1::bigint << terms) - 1
"""

_HEADS = text("""
    select recordings.id, recordings.title, recordings.happened_at, searched.duration, searched.language
    from recordings join searched on recording_id = id
    where recordings.tenant = :tenant and searched.tenant = :tenant and id = any(cast(:ids as uuid[]))
""")

_PASSAGES = text("""
    select
        recording_id,
        (
            select jsonb_object_agg(lexeme, positions) from unnest(lexemes)
            where positions is not null
                and (lexeme = any(cast(:lexemes as text[])) or lexeme ^@ any(cast(:prefixes as text[])))
        ),
        kind, number, text, segment, "start", "end", speaker, clock
    from unnest(cast(:ids as uuid[]), cast(:kinds as smallint[]), cast(:numbers as integer[]))
        with ordinality as wanted (recording_id, kind, number, place)
    join passages using (recording_id, kind, number)
    where tenant = :tenant
    order by place
""")


@lru_cache
def _rank(terms: int) -> TextClause:
    """The statement for at most so many terms."""
    return text(
        _RANK.format(
            mask=" | ".join(f"(lexemes @@ term{n})::int::bigint << {n}" for n in range(terms)),
            arrays=", ".join(f"cast(:term{n} as tsquery[])" for n in range(terms)),
            columns=", ".join(f"term{n}" for n in range(terms)),
        )
    )


async def title(session: AsyncSession, tenant: str, id: UUID) -> str | None:
    """What the recording is called."""
    statement = select(RecordingRow.title).where(RecordingRow.tenant == tenant, RecordingRow.id == id)
    return (await session.exec(statement)).one()


async def open_index(session: AsyncSession, tenant: str, id: UUID, *, rules: int) -> str:
    """Have a recording searched, ``rules`` being those of what there is of it if it was not; its language."""
    given = {"id": id, "tenant": tenant, "language": UNKNOWN_LANGUAGE, "rules": rules}
    language: str = (await run(session, _OPEN, given)).scalar_one()
    return language


async def kept(
    session: AsyncSession, tenant: str, id: UUID, kinds: Collection[Kind]
) -> dict[tuple[Kind, int], Passage]:
    """The passages of these ``kinds``, by kind and number."""
    given = {"id": id, "tenant": tenant, "kinds": [int(kind) for kind in kinds]}
    rows = await run(session, _KEPT, given)
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
        await run(session, _REMOVE, recording | keys)
    for start in range(0, len(new), _ROWS_AT_ONCE):
        rows = new[start : start + _ROWS_AT_ONCE]
        await run(
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
    await run(session, _PLACE_MINUTES, recording | {"words": int(Kind.WORDS), "minutes": int(Kind.MINUTES)})
    await run(
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


class Archive:
    """What is searched; every look at it is one transaction, confined to who asks."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    @asynccontextmanager
    async def open(self, person: Person) -> AsyncIterator["Reading"]:
        """What ``person`` may read, as it is now."""
        async with within(self._engine, person.tenant) as session:
            await run(session, _PLAN, {})
            yield Reading(session, person)


class Reading:
    """One look at what somebody may read."""

    def __init__(self, session: AsyncSession, person: Person) -> None:
        self._session = session
        self._person = person

    async def stems(self, words: Collection[str]) -> Mapping[str, Stems]:
        """What ``words`` come to, by language, in each that recordings of the tenant are in."""
        return await stems(self._session, await languages(self._session, self._person.tenant), words)

    async def candidates(
        self,
        asked: Sequence[Asked],
        *,
        since: datetime | None,
        before: datetime | None,
        last: Position | None,
        inclusive: bool,
        limit: int,
    ) -> Sequence[Candidate]:
        """At most ``limit``, newest first, from behind ``last`` on, or from ``last`` on."""
        if not asked:
            return ()
        place = tuple_(col(SearchedRow.happened_at), col(SearchedRow.recording_id))
        statement = (
            select(
                SearchedRow.recording_id, SearchedRow.happened_at, SearchedRow.language, SearchedRow.passages
            )
            .where(
                SearchedRow.tenant == self._person.tenant,
                col(SearchedRow.lexemes).bool_op("@@")(cast(whole(self._person.tenant, asked), TSQUERY)),
                col(SearchedRow.recording_id).in_(readable(self._person)),
            )
            .order_by(col(SearchedRow.happened_at).desc(), col(SearchedRow.recording_id).desc())
            .limit(limit)
        )
        if since is not None:
            statement = statement.where(col(SearchedRow.happened_at) >= since)
        if before is not None:
            statement = statement.where(col(SearchedRow.happened_at) < before)
        if last is not None:
            bound = (last.moment, last.id)
            statement = statement.where(place <= bound if inclusive else place < bound)
        return [Candidate(*row) for row in await self._session.exec(statement)]

    async def rank(self, candidates: Sequence[Candidate], asked: Sequence[Asked]) -> Sequence[Hit]:
        """Those of the candidates that are hits."""
        most = max(len(one.terms) for one in asked)
        given: dict[str, object] = {
            "tenant": self._person.tenant,
            "ids": [candidate.id for candidate in candidates],
            "spoken": [candidate.language for candidate in candidates],
            "languages": [one.language for one in asked],
            "any": [" | ".join(one.terms) for one in asked],
            "ranked": [one.ranked for one in asked],
            "terms": [len(one.terms) for one in asked],
            "kinds": [int(kind) for kind in _WEIGHTS],
            "weights": list(_WEIGHTS.values()),
            "best": _BEST,
            **{
                f"term{n}": [one.terms[n] if n < len(one.terms) else "" for one in asked] for n in range(most)
            },
        }
        return [
            Hit(found, score, matches, tuple((Kind(key >> 32), key & _NUMBER) for key in best))
            for found, score, matches, best in await run(self._session, _rank(most), given)
        ]

    async def heads(self, ids: Collection[UUID]) -> Mapping[UUID, Head]:
        given = {"tenant": self._person.tenant, "ids": list(ids)}
        return {row[0]: Head(*row) for row in await run(self._session, _HEADS, given)}

    async def passages(
        self, hits: Sequence[Hit], asked: Sequence[Asked]
    ) -> Mapping[UUID, Sequence[tuple[Passage, Places]]]:
        """The best passages of each, best first, and where in them there is what was asked for."""
        keys = [(hit.id, kind, number) for hit in hits for kind, number in hit.best]
        choices = [choice for one in asked for term in one.sought for choice in term.choices]
        given = {
            "tenant": self._person.tenant,
            "ids": [key[0] for key in keys],
            "kinds": [int(kind) for _, kind, _ in keys],
            "numbers": [number for _, _, number in keys],
            "lexemes": [lexeme for choice in choices if not choice.prefix for lexeme in choice.lexemes],
            "prefixes": [lexeme for choice in choices if choice.prefix for lexeme in choice.lexemes],
        }
        found: dict[UUID, list[tuple[Passage, Places]]] = {hit.id: [] for hit in hits}
        for recording_id, places, kind, *rest in await run(self._session, _PASSAGES, given):
            found[recording_id].append((Passage(Kind(kind), *rest), places or {}))
        return found
