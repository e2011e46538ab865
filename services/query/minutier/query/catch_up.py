"""Deriving, once, what an earlier version of this service did not derive yet."""

from contextlib import suppress
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncEngine

from minutier.query import repository
from minutier.query.domain import Entry
from minutier.query.ports import Documents
from minutier.query.search.indexing.index import RULES, Index, document_of
from minutier.query.search.indexing.repository import unindexed
from minutier.query.transcripts.read import Absent, Transcripts
from minutier.schemas.documents import TranscriptDocument
from minutier.shared.errors import Permanent
from minutier.shared.tenants import within

_BATCH = 100


class CatchUp:
    """Goes on until nothing is left; several replicas may do so at once."""

    def __init__(
        self,
        engine: AsyncEngine,
        *,
        documents: Documents,
        transcripts: Transcripts,
        index: Index,
    ) -> None:
        self._engine = engine
        self._documents = documents
        self._transcripts = transcripts
        self._index = index

    async def run(self) -> None:
        """Raises what the database and the object store raise."""
        while batch := await repository.underived(self._engine, limit=_BATCH):
            for recording_id, tenant in batch.items():
                await self._derive(recording_id, tenant)
        after: UUID | None = None
        while found := await unindexed(self._engine, rules=RULES, limit=_BATCH, after=after):
            for recording_id, tenant in found:
                await self._have_found(recording_id, tenant)
            after = found[-1][0]

    async def _derive(self, id: UUID, tenant: str) -> None:
        async with within(self._engine, tenant) as session:
            entry = await repository.locked(session, id)
            if entry is not None:
                await repository.derive(session, entry)

    async def _have_found(self, id: UUID, tenant: str) -> None:
        async with within(self._engine, tenant) as session:
            before = await repository.locked(session, id)
        if before is not None:
            # The transcript is in memory by the time that the recording is locked.
            await self._transcript(before)
        async with within(self._engine, tenant) as session:
            entry = await repository.locked(session, id)
            if entry is not None:
                transcript = await self._transcript(entry)
                minutes = await document_of(entry.minutes, self._documents)
                await self._index.renew(session, entry, transcript, minutes)

    async def _transcript(self, entry: Entry) -> TranscriptDocument | None:
        with suppress(Absent, Permanent):
            return (await self._transcripts.read(entry)).transcript
        return None
