"""The use case: what events tell of a recording decides how long it is kept."""

from datetime import UTC, datetime
from uuid import UUID

from minutier.retention.policies.domain import OF_REFUSED, Facts, Kind, Told, learn
from minutier.retention.policies.ports import Documents, Register
from minutier.retention.policies.reschedule import reschedule
from minutier.schemas.documents import RecordingDocument
from minutier.schemas.events import (
    RecordingDescribed,
    RecordingIngested,
    RecordingRejected,
    Stage,
    StageFailed,
    TextReceived,
)
from minutier.schemas.references import ObjectRef
from minutier.shared.errors import Permanent
from minutier.shared.identity.domain import UNKNOWN_TENANT

Telling = RecordingIngested | TextReceived | RecordingDescribed | RecordingRejected | StageFailed

# What every clock can write in any time zone.
_FIRST, _LAST = datetime(1900, 1, 1, tzinfo=UTC), datetime(3000, 1, 1, tzinfo=UTC)
_OF_TEXTS = frozenset({Kind.TRANSCRIPT, Kind.MINUTES, Kind.ACCESS_LOG})


async def told_by(event: Telling, *, documents: Documents) -> Told | None:
    """The time of the meeting is in the recording's document; nothing else is taken from there.

    `None` where nothing is told that matters here.
    """
    taken_at = event.time.astimezone(UTC)
    match event:
        case RecordingIngested(data=data):
            return Told(data.source, await _met_at(data.recording, documents), taken_at, frozenset(Kind))
        case TextReceived(data=data):
            met_at = await _met_at(data.recording, documents) if data.recording else None
            return Told(data.source, met_at, taken_at, _OF_TEXTS)
        case RecordingDescribed(data=data):
            return Told(met_at=await _met_at(data.recording, documents))
        case RecordingRejected(data=data):
            return Told(data.source, None, taken_at, OF_REFUSED)
        case StageFailed(data=data) if data.stage == Stage.INGESTION and event.tenant != UNKNOWN_TENANT:
            return Told(ingested_at=taken_at, kinds=OF_REFUSED)
    return None


async def take_facts(recording_id: UUID, told: Told, *, register: Register) -> Facts:
    """What is known then. Raises `Permanent` (``another_tenants``) for a recording of another tenant."""
    facts = learn(await register.add(recording_id), told)
    await register.keep(recording_id, facts)
    await reschedule(register, {recording_id: facts})
    return facts


async def _met_at(ref: ObjectRef, documents: Documents) -> datetime | None:
    """Of a recording whose document is gone, or by a clock that was never set, the time is unknown."""
    try:
        told = (await documents.load(RecordingDocument, ref)).started_at
    except Permanent:
        return None
    return told.astimezone(UTC) if told and _FIRST <= told < _LAST else None
