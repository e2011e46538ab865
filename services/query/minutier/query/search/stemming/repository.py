"""Every SQL statement about the forms of words."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence

from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

from minutier.query.folding import fold
from minutier.query.search.lexemes import Stem, Stems, stem
from minutier.query.search.stemming.languages import STEMMERS
from minutier.shared.tenants import run

_SPOKEN = text("""
    insert into languages (tenant, language) values (:tenant, :language) on conflict do nothing
""")

# In a language that has no stemmer there are no lexemes.
_STEMS = """
    select language, word, ts_lexize(stemmer, word), ts_lexize(stemmer, folded)
    from ({languages}) as spoken (language)
    left join (
        select language, cast(stemmer as regdictionary)
        from unnest(cast(:languages as text[]), cast(:stemmers as text[])) as given (language, stemmer)
    ) as stemmers (language, stemmer) using (language)
    cross join unnest(cast(:words as text[]), cast(:folded as text[])) as given (word, folded)
"""
_IN_ONE = text(_STEMS.format(languages="select cast(:language as text)"))
_IN_ALL = text(_STEMS.format(languages="select language from languages where tenant = :tenant"))
_STEMMERS: Mapping[str, Sequence[str]] = {
    "languages": list(STEMMERS),
    "stemmers": [f"pg_catalog.{stemmer}_stem" for stemmer in STEMMERS.values()],
}


async def spoken(session: AsyncSession, tenant: str, language: str) -> None:
    """Have it among those that recordings of a tenant are in."""
    await run(session, _SPOKEN, {"tenant": tenant, "language": language})


async def stems(session: AsyncSession, language: str, words: Collection[str]) -> Stems:
    """What ``words`` come to in this language."""
    given = {"language": language, "words": list(words), "folded": [fold(word) for word in words]}
    rows = await run(session, _IN_ONE, {**_STEMMERS, **given})
    return {word: _stem(word, of_word, of_folded) for _, word, of_word, of_folded in rows}


async def stems_of(session: AsyncSession, tenant: str, words: Collection[str]) -> Mapping[str, Stems]:
    """What ``words`` come to, by language, in each that recordings of the tenant are in."""
    given = {"tenant": tenant, "words": list(words), "folded": [fold(word) for word in words]}
    found: dict[str, dict[str, Stem]] = defaultdict(dict)
    for language, word, of_word, of_folded in await run(session, _IN_ALL, {**_STEMMERS, **given}):
        found[language][word] = _stem(word, of_word, of_folded)
    return found


def _stem(word: str, of_word: Collection[str] | None, of_folded: Collection[str] | None) -> Stem:
    if of_word is None or of_folded is None:
        return stem(fold(word), [fold(word)])
    return stem(fold(word), [fold(one) for one in (*of_word, *of_folded)], stop=not of_word)
