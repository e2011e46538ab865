"""Every SQL statement that keeps the index."""

from collections.abc import Collection, Sequence
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlmodel.ext.asyncio.session import AsyncSession

from minutier.query.repository import everywhere
from minutier.query.search.lexemes import belonging
from minutier.query.search.passages import Kind, Passage
from minutier.query.search.stemming.languages import UNKNOWN_LANGUAGE
from minutier.query.search.stemming.repository import spoken
from minutier.shared.tenants import run

_ROWS_AT_ONCE = 1000

# PostgreSQL takes 1 MiB of lexemes a row; each takes its letters and, at most, so many bytes beside.
_MOST_LEXEME_BYTES = 1_000_000
_BYTES_BESIDE = 4

_TITLE = text("select title from recordings where tenant = :tenant and id = :id")

_OPEN = text("""
    insert into searched (recording_id, tenant, happened_at, language, rules, hidden)
    select id, tenant, happened_at, :language, :rules, 'transcript' = any(restricted)
    from recordings where id = :id and tenant = :tenant
    on conflict (recording_id) do update set happened_at = excluded.happened_at, hidden = excluded.hidden
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

_REMOVE_KINDS = text("""
    delete from passages
    where recording_id = :id and tenant = :tenant and kind = any(cast(:kinds as smallint[]))
""")

_REMOVE_ALL = text("delete from passages where recording_id = :id")

_CLOSE = text("delete from searched where recording_id = :id")

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


_UNINDEXED = text("""
    select id, recordings.tenant from recordings
    left join searched on recording_id = id
    where (rules is null or rules < :rules) and (cast(:after as uuid) is null or id > :after)
    order by id limit :limit
""")


async def title(session: AsyncSession, tenant: str, id: UUID) -> str | None:
    """What the recording is called."""
    found: str | None = (await run(session, _TITLE, {"tenant": tenant, "id": id})).scalar_one()
    return found


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


async def remove(session: AsyncSession, tenant: str, id: UUID, kinds: Collection[Kind]) -> int:
    """Remove the passages of these ``kinds``; how many there were."""
    given = {"id": id, "tenant": tenant, "kinds": [int(kind) for kind in kinds]}
    return (await run(session, _REMOVE_KINDS, given)).rowcount


async def erase(session: AsyncSession, id: UUID) -> int:
    """Have a recording searched no more; how many entries there were."""
    passages = (await run(session, _REMOVE_ALL, {"id": id})).rowcount
    return passages + (await run(session, _CLOSE, {"id": id})).rowcount


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
    await spoken(session, tenant, language)


async def unindexed(
    engine: AsyncEngine, *, rules: int, limit: int, after: UUID | None
) -> Sequence[tuple[UUID, str]]:
    """Recordings, with their tenants, that are not found by these rules; at most ``limit``, by id."""
    async with everywhere(engine) as session:
        rows = await run(session, _UNINDEXED, {"rules": rules, "limit": limit, "after": after})
        return [(recording_id, tenant) for recording_id, tenant in rows]
