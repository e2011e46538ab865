"""What was destroyed, as a purge tells it, and the log of it in memory."""

from collections import defaultdict
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from minutier.retention.records.domain import Draft, NoKey, issue
from minutier.retention.records.ports import Kept, Listed
from minutier.schemas.records import DisposalProof, SignedHead, SignedRecord
from minutier.shared.proofs.issue import prove, sign_head, written
from minutier.shared.proofs.merkle import Frontier, Node, inclusion_path
from minutier.shared.proofs.signing import SigningKey
from tests.support.proofs import BEGINNING, KEY, record


def draft(number: int = 0, **changes: Any) -> Draft:
    """Of another recording for each number."""
    known = record(number)
    fields = {name: getattr(known, name) for name in Draft.__dataclass_fields__}
    return Draft(**fields | changes)


@dataclass
class Rows:
    """What the database of one tenant holds."""

    kept: list[Kept] = field(default_factory=list)
    anchored: int = 0


class Log:
    def __init__(self, tenant: str, rows: Rows, key: SigningKey | None) -> None:
        self.tenant = tenant
        self._rows = rows
        self._key = key

    async def append(self, draft: Draft) -> SignedRecord:
        (entry,) = await self.append_all([draft])
        return entry

    async def append_all(self, drafts: Sequence[Draft]) -> Sequence[SignedRecord]:
        key = self._signing()
        known = {(each.purge_id, each.recording_id) for each in self._rows.kept}
        new = {each.subject: each for each in drafts if each.subject not in known}
        at = BEGINNING + timedelta(days=len(self._rows.kept))
        for each in issue(list(new.values()), tenant=self.tenant, log=self._tree(), at=at, key=key):
            told = each.entry.record
            self._rows.kept.append(
                Kept(told.index, told.id, told.recording_id, told.purge_id, written(each.entry), each.nodes)
            )
        by_subject = {(entry.record.purge_id, entry.record.recording_id): entry for entry in self._entries()}
        return [by_subject[each.subject] for each in drafts]

    async def size(self) -> int:
        return len(self._rows.kept)

    async def find(self, id: UUID) -> SignedRecord | None:
        return next((entry for entry in self._entries() if entry.record.id == id), None)

    async def of_recording(self, recording_id: UUID) -> Sequence[SignedRecord]:
        return [entry for entry in self._entries() if entry.record.recording_id == recording_id]

    async def page(
        self,
        *,
        limit: int,
        after: int | None = None,
        purge_id: UUID | None = None,
        recording_id: UUID | None = None,
    ) -> Sequence[Listed]:
        found = [
            entry.record
            for entry in reversed(self._entries())
            if (after is None or entry.record.index < after)
            and purge_id in (None, entry.record.purge_id)
            and recording_id in (None, entry.record.recording_id)
        ]
        return [Listed(each.model_copy(update={"objects": ()}), len(each.objects)) for each in found[:limit]]

    async def batch(self, start: int, limit: int) -> Sequence[Kept]:
        return [each for each in self._rows.kept if each.index >= start][:limit]

    async def head(self, at: datetime) -> SignedHead:
        return sign_head(self.tenant, self._tree(), at, self._signing())

    async def proof(self, entry: SignedRecord, at: datetime) -> DisposalProof:
        path = inclusion_path(entry.record.index, await self.size(), self._nodes())
        return prove(entry, path, await self.head(at))

    async def anchored(self) -> int:
        return self._rows.anchored

    async def settle(self, size: int) -> None:
        self._rows.anchored = max(self._rows.anchored, size)

    def _signing(self) -> SigningKey:
        if self._key is None:
            raise NoKey
        return self._key

    def _entries(self) -> list[SignedRecord]:
        return [SignedRecord.model_validate_json(each.entry) for each in self._rows.kept]

    def _nodes(self) -> dict[Node, bytes]:
        return {
            Node(each.index, level): root for each in self._rows.kept for level, root in enumerate(each.nodes)
        }

    def _tree(self) -> Frontier:
        return Frontier.of(len(self._rows.kept), self._nodes())


class Logs:
    """Transactions are rolled back where something is raised, as in a database."""

    def __init__(self, key: SigningKey | None = KEY) -> None:
        self.rows: dict[str, Rows] = defaultdict(Rows)
        self.key = key

    @asynccontextmanager
    async def of(self, tenant: str) -> AsyncIterator[Log]:
        rows = self.rows[tenant]
        before = Rows(list(rows.kept), rows.anchored)
        try:
            yield Log(tenant, rows, self.key)
        except BaseException:
            self.rows[tenant] = before
            raise
