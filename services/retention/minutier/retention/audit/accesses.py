"""The use cases: the audit log says what query's access log was, and whether it still is.

Query tells how many rows there are and their digest, and nothing of who has read what.
"""

from dataclasses import dataclass

from minutier.retention.audit.domain import Action, Deed, service
from minutier.retention.audit.ports import AuditLog, AuditLogs

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

    ``fewer`` of the others are gone, by a purge or otherwise. Of a segment that ``changed`` none is gone, and
    some are not what they were, or more than they were; each is named by the id of its last row, at most
    100 of them.
    """

    rows: int
    fewer: int
    changed: tuple[int, ...]


async def verify_accesses(logs: AuditLogs, tenant: str) -> Accesses:
    """Of a chain that is whole. Raises what the database raises; memory is bounded."""
    rows = fewer = through = 0
    changed: list[int] = []
    while True:
        async with logs.of(tenant) as log:
            segments = await log.segments(through, _BATCH)
            now = [await log.read_accesses(each.after, each.through) for each in segments]
        for was, found in zip(segments, now, strict=True):
            through = was.through
            if found == was:
                rows += was.rows
            elif found is None or found.rows < was.rows:
                fewer += was.rows - (found.rows if found else 0)
            elif len(changed) < _BATCH:
                changed.append(was.through)
        if len(segments) < _BATCH:
            return Accesses(rows, fewer, tuple(changed))
