"""Having recordings found: what is indexed of them, and when.

The index follows from the newest documents of a recording, and is written in the transaction that tells of
them, which holds the recording's row. Only what has changed is written.
"""

import asyncio
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from minutier.query.domain import Entry, Fact, recording
from minutier.query.domain import Kind as Told
from minutier.query.folding import Word, words
from minutier.query.ports import Documents
from minutier.query.search.indexing import repository
from minutier.query.search.lexemes import Stems, spoken_by, vector
from minutier.query.search.passages import Kind, Passage, Passages, of_minutes, of_title, of_transcript
from minutier.query.search.stemming.repository import stems
from minutier.schemas.documents import MinutesDocument, TranscriptDocument
from minutier.schemas.references import ObjectRef
from minutier.shared.errors import Permanent

# Of what is written into the index: raise it where the same documents come to be found otherwise.
RULES = 1
_NONE = 0

Document = TranscriptDocument | MinutesDocument
_DOCUMENTS: Mapping[Told, type[TranscriptDocument] | type[MinutesDocument]] = {
    Told.ATTRIBUTED: TranscriptDocument,
    Told.RECEIVED: TranscriptDocument,
    Told.WRITTEN: MinutesDocument,
}


async def document_of(fact: Fact | None, documents: Documents) -> Document | None:
    """What is found of what ``fact`` refers to; one that is gone, as after a purge, is not."""
    kind = _DOCUMENTS.get(fact.kind) if fact else None
    if fact is None or kind is None or fact.document is None:
        return None
    try:
        return await documents.load(kind, ObjectRef.model_validate(fact.document))
    except Permanent:
        return None


class Index:
    """What search finds."""

    async def reindex(
        self, session: AsyncSession, tenant: str, recording_id: UUID, transcript: TranscriptDocument
    ) -> None:
        """Have ``transcript`` found from when the transaction of ``session`` ends well."""
        title = await repository.title(session, tenant, recording_id)
        await self._put(
            session,
            tenant,
            recording_id,
            {**of_title(title), **await asyncio.to_thread(of_transcript, transcript)},
            language=transcript.language,
            duration=transcript.duration,
        )

    async def follow(
        self, session: AsyncSession, entry: Entry, fact: Fact, document: Document | None
    ) -> None:
        """Have found what ``fact`` has told, unless something newer is known.

        ``document`` is what it refers to, where it does and it is still there.
        """
        # From its first fact on everything is indexed on the way; the rest is left to `catch_up`.
        begun = await repository.open_index(
            session, entry.tenant, entry.id, rules=RULES if len(entry.facts) == 1 else _NONE
        )
        shown = recording(entry)
        passages: Passages = {}
        if fact.kind in (Told.INGESTED, Told.RECEIVED, Told.DESCRIBED):
            passages |= of_title(shown.title)
        if isinstance(document, TranscriptDocument) and _refers(entry.transcript, fact):
            passages |= await asyncio.to_thread(of_transcript, document)
        if isinstance(document, MinutesDocument) and _refers(entry.minutes, fact):
            passages |= of_minutes(document)
        if passages:
            duration = document.duration if isinstance(document, TranscriptDocument) else shown.duration
            await self._put(
                session, entry.tenant, entry.id, passages, language=shown.language or begun, duration=duration
            )

    async def forget(self, session: AsyncSession, entry: Entry, kinds: Collection[Kind]) -> int:
        """Have nothing of these ``kinds`` found any more; how many passages there were."""
        language = await repository.open_index(session, entry.tenant, entry.id, rules=_NONE)
        gone = await repository.remove(session, entry.tenant, entry.id, kinds)
        await repository.sum_up(
            session, entry.tenant, entry.id, language=language, duration=None, rules=_NONE
        )
        return gone

    async def replace(
        self,
        session: AsyncSession,
        entry: Entry,
        transcript: TranscriptDocument,
        minutes: Document | None,
    ) -> int:
        """Have nothing found of it but its title and these; how many passages fewer there are."""
        passages: Passages = {
            **of_title(recording(entry).title),
            **await asyncio.to_thread(of_transcript, transcript),
            Kind.MINUTES: (),
            **(of_minutes(minutes) if isinstance(minutes, MinutesDocument) else {}),
        }
        before = await repository.kept(session, entry.tenant, entry.id, list(Kind))
        await self._put(
            session,
            entry.tenant,
            entry.id,
            passages,
            language=transcript.language,
            duration=transcript.duration,
            anew=True,
        )
        return max(0, len(before) - sum(map(len, passages.values())))

    async def renew(
        self,
        session: AsyncSession,
        entry: Entry,
        transcript: TranscriptDocument | None,
        minutes: Document | None,
    ) -> None:
        """Have all of a recording found by the present rules."""
        shown = recording(entry)
        await self._put(
            session,
            entry.tenant,
            entry.id,
            {
                **of_title(shown.title),
                **(await asyncio.to_thread(of_transcript, transcript) if transcript else {}),
                **(of_minutes(minutes) if isinstance(minutes, MinutesDocument) else {}),
            },
            language=transcript.language if transcript else shown.language,
            duration=transcript.duration if transcript else shown.duration,
            anew=True,
        )

    async def _put(
        self,
        session: AsyncSession,
        tenant: str,
        id: UUID,
        passages: Passages,
        *,
        language: str | None,
        duration: float | None,
        anew: bool = False,
    ) -> None:
        """Replace the passages of the kinds that ``passages`` has, or write all ``anew``."""
        known = await repository.open_index(session, tenant, id, rules=_NONE)
        language = language or known
        # What was stemmed as of another language is not found in this one.
        all_of_it = anew or language != known
        kept = await repository.kept(session, tenant, id, list(Kind if all_of_it else passages))
        new = {
            **{key: passage for key, passage in kept.items() if passage.kind not in passages},
            **{(each.kind, each.number): each for those in passages.values() for each in those},
        }
        changed = [
            passage
            for key, passage in new.items()
            if all_of_it or _as_told(kept.get(key)) != _as_told(passage)
        ]
        gone = [key for key in kept if key not in new] + [
            (passage.kind, passage.number) for passage in changed if (passage.kind, passage.number) in kept
        ]
        if not (gone or changed or anew):
            return
        vectors = await self._vectors(session, language, changed)
        await repository.replace(session, tenant, id, gone=gone, new=list(zip(changed, vectors, strict=True)))
        await repository.sum_up(
            session, tenant, id, language=language, duration=duration, rules=RULES if anew else _NONE
        )

    async def _vectors(self, session: AsyncSession, language: str, passages: Sequence[Passage]) -> list[str]:
        texts, distinct = await asyncio.to_thread(_words, passages)
        forms = await stems(session, language, distinct)
        return await asyncio.to_thread(_vectors, passages, texts, forms)


# Hours of speech take a while, in which others want to be answered: both of these run in threads.
def _words(passages: Sequence[Passage]) -> tuple[list[list[Word]], set[str]]:
    texts = [words(passage.text) for passage in passages]
    return texts, {word.written for text in texts for word in text}


def _vectors(passages: Sequence[Passage], texts: Sequence[Sequence[Word]], forms: Stems) -> list[str]:
    said_by = {passage.speaker: spoken_by(words(passage.speaker or "")) for passage in passages}
    return [
        vector(
            text,
            forms,
            marks=said_by[passage.speaker],
            title=passage.kind is Kind.TITLE,
            speaker=passage.kind is Kind.SPEAKER,
        )
        for passage, text in zip(passages, texts, strict=True)
    ]


def _refers(newest: Fact | None, fact: Fact) -> bool:
    return newest is not None and newest.document == fact.document


def _as_told(passage: Passage | None) -> Passage | None:
    """Without what follows from other passages."""
    if passage is None or passage.kind is not Kind.MINUTES:
        return passage
    return replace(passage, start=None, end=None)
