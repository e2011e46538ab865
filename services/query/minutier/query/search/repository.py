"""Every SQL statement that looks into the index."""

from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from functools import lru_cache
from typing import Any
from uuid import UUID

from sqlalchemy import CursorResult, TextClause, text
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlmodel.ext.asyncio.session import AsyncSession

from minutier.query.access.log import Action
from minutier.query.access.repository import write
from minutier.query.paging import Position
from minutier.query.repository import READABLE, reader
from minutier.query.search.domain import Question
from minutier.query.search.highlight import Places
from minutier.query.search.lexemes import Asked, Stems, whole
from minutier.query.search.passages import Kind, Passage
from minutier.query.search.ports import Candidate, Hit
from minutier.query.search.stemming.repository import stems_of
from minutier.shared.identity.domain import Person
from minutier.shared.tenants import run, within

# What is asked for decides how it is best found, and compiling takes longer than the answer may. Reading all
# rows is never best, though PostgreSQL thinks that a look into a recording's lexemes costs next to nothing.
_PLAN = {"plan_cache_mode": "force_custom_plan", "jit": "off", "enable_seqscan": "off"}

# In order, and by the index on lexemes alone; then it is for the planner whether it is shorter to ask of one
# after the other whether it may be read, or of all of them at once.
_READABLE_MATCHES = f"""
    select * from (
        select recording_id, happened_at, duration, language, passages from searched
        where tenant = :tenant and lexemes @@ cast(:whole as tsquery) and not hidden and {{when}} {{bounds}}
        order by happened_at desc, recording_id desc offset 0
    ) as matching
    where recording_id in ({READABLE})
    order by happened_at desc, recording_id desc limit :limit
"""

# Where most recordings have a word, looking at the newest spares putting all of them in order; the others are
# looked at where these are not enough.
_NEW = 1000
_CANDIDATES = f"""
    with horizon as materialized (
        select coalesce(
            (
                select happened_at from (
                    select id as recording_id, happened_at from recordings where tenant = :tenant
                ) as known
                where true {{bounds}} order by happened_at desc, recording_id desc offset {_NEW} limit 1
            ),
            '-infinity'
        ) as at
    ),
    new as materialized (
        {_READABLE_MATCHES.replace("{when}", "happened_at >= (select at from horizon)")}
    ),
    old as (
        {
    _READABLE_MATCHES.replace(
        "{when}",
        "happened_at < (select at from horizon) and (select count(*) from new) < :limit",
    )
}
    )
    select
        id, title, first.happened_at, first.duration, first.language, first.passages,
        'minutes' = any(restricted)
    from (
        select * from (select * from new union all select * from old) as found
        order by happened_at desc, recording_id desc limit :limit
    ) as first
    join recordings on id = recording_id
    order by first.happened_at desc, recording_id desc
"""
_SINCE = "and happened_at >= :since"
_BEFORE = "and happened_at < :before"
_BEHIND = "and (happened_at, recording_id) < (:moment, :last)"
_FROM = "and (happened_at, recording_id) <= (:moment, :last)"

# What is found in a title says more than what somebody happened to say.
_WEIGHTS = {Kind.TITLE: 4.0, Kind.SPEAKER: 2.0, Kind.MINUTES: 1.5, Kind.WORDS: 1.0}

# How many passages of a recording are shown.
_BEST = 3

# Each passage and which of the terms it has. By "offset 0" that is worked out once, and sorts are small.
# Whose the recordings are was asked before, and the policy asks again: a third time takes a while.
_HELD = """
    select passages.*, asked.terms, asked.ranked, {mask} as mask
    from unnest(cast(:ids as uuid[]), cast(:spoken as text[]), cast(:without_minutes as boolean[]))
        as found (id, language, without_minutes)
    join unnest(
        cast(:languages as text[]), cast(:ranked as tsquery[]), cast(:terms as integer[]), {arrays}
    ) as asked (language, ranked, terms, {columns}) using (language)
    join passages on recording_id = id and not (without_minutes and kind = :minutes)
    offset 0
"""
_RANK = "(cast(:weights as double precision[]))[kind + 1] * ts_rank(lexemes, ranked, 1)"

# Having more of the terms in one passage counts most, then how often there are any. How close together they
# are need not count in passages as short as these, and takes four times as long.
_RANKED = f"""
    select recording_id, cast(max(bit_count(mask::bit(32))) + ln(1 + sum(rank)) as double precision), count(*)
    from (
        select recording_id, terms, mask, {_RANK} as rank from ({_HELD}) as held where mask <> 0 offset 0
    ) as ranked
    group by recording_id having bit_or(mask) = (1::bigint << min(terms)) - 1
"""

_PASSAGES = f"""
    select
        recording_id,
        (
            select jsonb_object_agg(lexeme, positions) from unnest(lexemes)
            where positions is not null
                and (lexeme = any(cast(:lexemes as text[])) or lexeme ^@ any(cast(:prefixes as text[])))
        ),
        kind, number, text, segment, "start", "end", speaker, clock
    from (
        select *, row_number() over (
            partition by recording_id order by bit_count(mask::bit(32)) desc, {_RANK} desc, kind, number
        ) as place
        from ({_HELD}) as held where mask <> 0
    ) as placed
    where place <= :best order by recording_id, place
"""


@lru_cache
def _between(*bounds: str) -> TextClause:
    """`_CANDIDATES` within these bounds."""
    return text(_CANDIDATES.format(bounds=" ".join(bounds)))


@lru_cache
def _with_terms(statement: str, terms: int) -> TextClause:
    """``statement`` for at most so many terms."""
    return text(
        statement.format(
            mask=" | ".join(f"((lexemes @@ term{n})::integer::bigint << {n})" for n in range(terms)),
            arrays=", ".join(f"cast(:term{n} as tsquery[])" for n in range(terms)),
            columns=", ".join(f"term{n}" for n in range(terms)),
        )
    )


class Archive:
    """What is searched; every look at it is one transaction, confined to who asks."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    @asynccontextmanager
    async def open(self, person: Person) -> AsyncIterator["Reading"]:
        """What ``person`` may read, as it is now."""
        async with within(self._engine, person.tenant, settings=_PLAN) as session:
            yield Reading(session, person)


class Reading:
    """One look at what somebody may read."""

    def __init__(self, session: AsyncSession, person: Person) -> None:
        self._session = session
        self._person = person

    async def stems(self, words: Collection[str]) -> Mapping[str, Stems]:
        """What ``words`` come to, by language, in each that recordings of the tenant are in."""
        return await stems_of(self._session, self._person.tenant, words)

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
        given = {"whole": whole(self._person.tenant, asked), "limit": limit, **reader(self._person)}
        bounds = []
        if since is not None:
            bounds.append(_SINCE)
            given["since"] = since
        if before is not None:
            bounds.append(_BEFORE)
            given["before"] = before
        if last is not None:
            bounds.append(_FROM if inclusive else _BEHIND)
            given |= {"moment": last.moment, "last": last.id}
        return [Candidate(*found) for found in await run(self._session, _between(*bounds), given)]

    async def rank(self, candidates: Sequence[Candidate], asked: Sequence[Asked]) -> Sequence[Hit]:
        """Those of the candidates that are hits."""
        known = {candidate.id: candidate for candidate in candidates}
        return [
            Hit(known[recording_id], score, matches)
            for recording_id, score, matches in await self._run(_RANKED, candidates, asked)
        ]

    async def passages(
        self, recordings: Sequence[Candidate], asked: Sequence[Asked]
    ) -> Mapping[UUID, Sequence[tuple[Passage, Places]]]:
        """The best passages of each, best first, and where in them there is what was asked for."""
        found: dict[UUID, list[tuple[Passage, Places]]] = {recording.id: [] for recording in recordings}
        choices = [choice for one in asked for term in one.sought for choice in term.choices]
        given = {
            "lexemes": [lexeme for choice in choices if not choice.prefix for lexeme in choice.lexemes],
            "prefixes": [lexeme for choice in choices if choice.prefix for lexeme in choice.lexemes],
            "best": _BEST,
        }
        for recording_id, places, kind, *rest in await self._run(_PASSAGES, recordings, asked, **given):
            found[recording_id].append((Passage(Kind(kind), *rest), places or {}))
        return found

    async def note(self, question: Question, shown: Sequence[UUID]) -> None:
        """Write into the access log who has asked this, and which recordings they are shown."""
        recordings = [str(recording_id) for recording_id in shown]
        await write(self._session, self._person, Action.SEARCH, query=question.text, recordings=recordings)

    async def _run(
        self, statement: str, recordings: Sequence[Candidate], asked: Sequence[Asked], **given: object
    ) -> CursorResult[*tuple[Any, ...]]:
        """A statement about the passages of recordings, by the language of each."""
        most = max((len(one.terms) for one in asked), default=1)
        given |= {
            "ids": [recording.id for recording in recordings],
            "spoken": [recording.language for recording in recordings],
            "without_minutes": [recording.without_minutes for recording in recordings],
            "minutes": int(Kind.MINUTES),
            "weights": [_WEIGHTS[kind] for kind in Kind],
            "languages": [one.language for one in asked],
            "ranked": [one.ranked for one in asked],
            "terms": [len(one.terms) for one in asked],
        }
        # A question may have fewer terms in one language than in another.
        for n in range(most):
            given[f"term{n}"] = [one.terms[n] if n < len(one.terms) else "" for one in asked]
        return await run(self._session, _with_terms(statement, most), given)
