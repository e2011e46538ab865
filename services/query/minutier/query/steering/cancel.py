"""The use case: nobody wants a recording's result any more."""

from dataclasses import replace
from uuid import uuid5

from minutier.query.access.domain import Seen
from minutier.query.domain import Entry
from minutier.query.ports import Transactions
from minutier.query.project import steered
from minutier.query.steering.domain import check_cancelling, moment_after
from minutier.schemas.clock import now
from minutier.schemas.events import Cancelled, RecordingCancelled, ReprocessingRequested

SOURCE = "minutier/query"


async def cancel(seen: Seen, *, transactions: Transactions) -> Seen:
    """Have all that runs or waits for it stopped, and return it as it is then.

    Doing it again changes nothing. Raises `NothingRuns`.
    """
    entry = seen.entry
    if entry.cancelled:
        return seen
    check_cancelling(entry)
    event = RecordingCancelled.of(
        entry.id,
        tenant=entry.tenant,
        source=SOURCE,
        data=Cancelled(),
        # Of a double click, one counts.
        id=uuid5(entry.id, f"cancel {seen.revision}"),
    ).model_copy(update={"time": moment_after(entry, now())})
    async with transactions(entry.id) as transaction:
        transaction.publish(event)
    return replace(seen, entry=told(entry, event))


def told(entry: Entry, event: RecordingCancelled | ReprocessingRequested) -> Entry:
    """``entry`` as it is once ``event`` is heard."""
    return replace(entry, facts={**entry.facts, event.id: steered(event)})
