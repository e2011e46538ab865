"""Every SQL statement about the forms of words."""

from collections.abc import Collection, Sequence

from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

from minutier.query.database import run
from minutier.query.folding import fold
from minutier.query.search.lexemes import Stems, stem
from minutier.query.search.stemming.languages import STEMMERS

_LANGUAGES = text("select language from languages where tenant = :tenant")

_SPOKEN = text("""
    insert into languages (tenant, language) values (:tenant, :language) on conflict do nothing
""")

_STEMS = text("""
    select language, word, ts_lexize(stemmer, word), ts_lexize(stemmer, folded)
    from (
        select language, cast(stemmer as regdictionary) as stemmer
        from unnest(cast(:languages as text[]), cast(:stemmers as text[])) as given (language, stemmer)
    ) as stemmers
    cross join unnest(cast(:words as text[]), cast(:folded as text[])) as given (word, folded)
""")


async def languages(session: AsyncSession, tenant: str) -> Sequence[str]:
    """Those that recordings of a tenant are in."""
    return [language for (language,) in await run(session, _LANGUAGES, {"tenant": tenant})]


async def spoken(session: AsyncSession, tenant: str, language: str) -> None:
    """Have it among these."""
    await run(session, _SPOKEN, {"tenant": tenant, "language": language})


async def stems(
    session: AsyncSession, languages: Collection[str], words: Collection[str]
) -> dict[str, Stems]:
    """What ``words`` come to in each of these languages."""
    found = {language: {word: stem(fold(word), [fold(word)]) for word in words} for language in languages}
    stemmed = [language for language in languages if language in STEMMERS]
    if stemmed and words:
        given = {
            "languages": stemmed,
            "stemmers": [f"pg_catalog.{STEMMERS[language]}_stem" for language in stemmed],
            "words": list(words),
            "folded": [fold(word) for word in words],
        }
        for language, word, of_word, of_folded in await run(session, _STEMS, given):
            folded = (fold(one) for one in (*of_word, *of_folded))
            found[language][word] = stem(fold(word), folded, stop=not of_word)
    return dict(found)
