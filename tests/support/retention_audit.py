"""An audit log in memory, a store that keeps every version, and what makes chains of them."""

from collections import defaultdict
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from uuid import UUID

from hypothesis import strategies as st

from minutier.retention.audit.domain import NOTHING, Action, Deed, Entry, Head, Thing, link
from minutier.retention.audit.ports import FORM, Purged, Segment
from minutier.schemas.references import Location
from minutier.shared.errors import ObjectMissing
from tests.support.retention_policies import TENANT

BEGAN = datetime(2026, 1, 1, 9, tzinfo=UTC)
OFFICER = f"{TENANT}/officer"


def deed(number: int = 0, **known: object) -> Deed:
    """A hold that was placed, another one for each number."""
    given: dict[str, object] = {
        "actor": OFFICER,
        "action": Action.HOLD_PLACED,
        "things": {Thing.HOLD: UUID(int=number)},
        "detail": {"covered": number},
    }
    return Deed(**{**given, **known})  # type: ignore[arg-type]


deeds = st.builds(
    Deed,
    st.text("abcé/-0 ", min_size=1, max_size=20),
    st.sampled_from(Action),
    st.dictionaries(st.sampled_from(Thing), st.uuids(), max_size=3),
    st.dictionaries(
        st.from_regex("[a-z][a-z_]{0,5}", fullmatch=True),
        st.integers(-(2**53) + 1, 2**53 - 1)
        | st.from_regex("[A-Za-z0-9._:-]{1,9}", fullmatch=True).filter(lambda code: code[0].isalnum()),
        max_size=3,
    ),
)


def chain(*deeds: Deed, tenant: str = TENANT, after: Head = NOTHING) -> list[Entry]:
    entries: list[Entry] = []
    for number, each in enumerate(deeds):
        at = BEGAN + timedelta(minutes=number)
        entries.append(link(tenant, each, after=entries[-1].head if entries else after, at=at))
    return entries


@dataclass
class Rows:
    """What the database of one tenant holds."""

    entries: list[Entry] = field(default_factory=list)
    anchored: int = 0
    # Rows of the access log by their ids; ``None`` where there is no access log.
    accesses: dict[int, str] | None = None
    # Those that went with a purge, and what there is of it.
    erased: dict[int, tuple[str, str]] = field(default_factory=dict)


class AuditLog:
    def __init__(self, tenant: str, rows: Rows) -> None:
        self.tenant = tenant
        self._rows = rows

    async def write(self, deed: Deed) -> Entry:
        (entry,) = chain(deed, tenant=self.tenant, after=await self.head())
        self._rows.entries.append(entry)
        return entry

    async def lock(self) -> None:
        """There is one transaction at a time."""

    async def head(self) -> Head:
        return self._rows.entries[-1].head if self._rows.entries else NOTHING

    async def anchored(self) -> int:
        return self._rows.anchored

    async def settle(self, number: int) -> None:
        self._rows.anchored = max(self._rows.anchored, number)

    async def page(
        self, *, limit: int, after: int | None = None, action: Action | None = None
    ) -> Sequence[Entry]:
        found = [
            each
            for each in self._rows.entries
            if (after is None or each.number < after) and (action is None or each.action == action.value)
        ]
        return found[::-1][:limit]

    async def batch(self, after: int, limit: int) -> Sequence[Entry]:
        return [each for each in self._rows.entries if each.number > after][:limit]

    async def segments(self, after: int, limit: int) -> Sequence[tuple[Segment, datetime]]:
        return [each for each in self._segments() if each[0].through > after][:limit]

    async def last_segment(self) -> Segment | None:
        found = self._segments()
        return found[-1][0] if found else None

    async def read_accesses(
        self, after: int, through: int | None = None, *, form: int = FORM
    ) -> Segment | None:
        if self._rows.accesses is None:
            return None
        erased = {number: row for number, (row, _) in self._rows.erased.items()} if form == FORM else {}
        every = {**erased, **self._rows.accesses}
        ids = [each for each in sorted(every) if after < each <= (through or each)]
        rows = [(each, every[each]) for each in ids]
        last = through or max(ids, default=after)
        gone = len([each for each in ids if each in erased])
        return Segment(after, last, len(rows), f"d{hash(tuple(rows))}", form, gone)

    async def purged(self, segment: Segment, anchored_at: datetime) -> Purged:
        told = [
            of for number, (_, of) in self._rows.erased.items() if segment.after < number <= segment.through
        ]
        return Purged(**{each: told.count(each) for each in ("late", "early", "open", "unproven")})

    def _segments(self) -> list[tuple[Segment, datetime]]:
        return [
            (Segment(**each.detail), each.at)
            for each in self._rows.entries
            if each.action == Action.ACCESS_LOG_ANCHORED.value
        ]


class AuditLogs:
    """Transactions are rolled back where something is raised, as in a database."""

    def __init__(self) -> None:
        self.rows: dict[str, Rows] = defaultdict(Rows)

    @asynccontextmanager
    async def of(self, tenant: str) -> AsyncIterator[AuditLog]:
        rows = self.rows[tenant]
        before = Rows(list(rows.entries), rows.anchored, rows.accesses and dict(rows.accesses), rows.erased)
        try:
            yield AuditLog(tenant, rows)
        except BaseException:
            self.rows[tenant] = before
            raise

    async def tenants(self) -> Sequence[str]:
        return sorted(self.rows)


class Store:
    """Versions are only ever added; whether the bucket locks is told when it is made."""

    def __init__(self, *, locking: bool = True) -> None:
        self.kept: list[tuple[Location, bytes, datetime | None]] = []
        self._locking = locking

    async def locks(self, bucket: str) -> bool:
        return self._locking

    async def write(
        self, bucket: str, key: str, body: bytes, content_type: str, *, kept_until: datetime | None = None
    ) -> object:
        if kept_until and not self._locking:
            raise ValueError("the bucket has no object lock")
        location = Location(bucket=bucket, key=key, version_id=str(len(self.kept)))
        self.kept.append((location, body, kept_until))
        return location

    async def versions(self, bucket: str, prefix: str) -> AsyncIterator[Sequence[Location]]:
        found = [each for each, _, _ in self.kept if each.bucket == bucket and each.key.startswith(prefix)]
        for location in sorted(found, key=lambda each: each.key):
            yield [location]

    async def peek(self, location: Location, *, most: int) -> bytes:
        for kept, body, _ in self.kept:
            if kept == location:
                return body[:most]
        raise ObjectMissing
