"""The use cases: the audit log says what query's access log was, and whether it still is.

Query tells how many rows there are and their digest, and nothing of who has read what. Of a row that
went with a purge it keeps a digest, and which recordings it was of: these were in what was anchored.
"""

from dataclasses import dataclass, replace

from minutier.retention.audit.domain import Action, Deed, service
from minutier.retention.audit.ports import AuditLog, AuditLogs, Purged, Segment

ANCHORING = service("retention")

_BATCH = 100


async def anchor_accesses(log: AuditLog) -> bool:
    """Whether rows had come since, as many as can be read at once; in the log's transaction."""
    await log.lock()
    last = await log.last_segment()
    segment = await log.read_accesses(last.through if last else 0)
    if segment is None or not segment.rows:
        return False
    await log.write(Deed(ANCHORING, Action.ACCESS_LOG_ANCHORED, detail=vars(segment)))
    return True


@dataclass(frozen=True)
class Accesses:
    """``rows`` of the access log are as they were when they were anchored.

    ``purged`` of the others went with recordings, each of which has a disposal record that says so; ``open``
    went by orders that have not come to one. A segment ``changed`` where some rows are not what they were,
    more than they were, or gone but by a purge; each is named by the id of its last row, at most 100 of them.
    ``fewer`` are gone of segments of an earlier version, of which nothing tells why.
    """

    rows: int = 0
    purged: int = 0
    open: int = 0
    fewer: int = 0
    changed: tuple[int, ...] = ()

    def and_of(self, was: Segment, found: Segment | None, purged: Purged) -> "Accesses":
        """With one segment more."""
        if found == was and purged.accounts_for(was):
            gone = purged.late + purged.early
            return replace(
                self,
                rows=self.rows + was.rows - gone - purged.open,
                purged=self.purged + gone,
                open=self.open + purged.open,
            )
        if was.form == 1 and (found is None or found.rows < was.rows):
            return replace(self, fewer=self.fewer + was.rows - (found.rows if found else 0))
        return replace(self, changed=(*self.changed, was.through)[:_BATCH])


async def verify_accesses(logs: AuditLogs, tenant: str) -> Accesses:
    """Of a chain that is whole, and a log of disposal records that is sound.

    Raises what the database raises; memory is bounded.
    """
    known, through = Accesses(), 0
    while True:
        async with logs.of(tenant) as log:
            segments = await log.segments(through, _BATCH)
            for was, at in segments:
                found = await log.read_accesses(was.after, was.through, form=was.form)
                purged = await log.purged(was, at) if found and found.purged else Purged()
                known = known.and_of(was, found, purged)
                through = was.through
        if len(segments) < _BATCH:
            return known
