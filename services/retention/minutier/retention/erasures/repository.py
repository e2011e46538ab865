"""Every SQL statement about erasures."""

from collections.abc import Collection, Iterator, Sequence
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from pydantic import BaseModel
from sqlalchemy import ColumnElement, and_, delete, exists, literal, tuple_, update
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from minutier.retention.erasures.domain import Ground, Refusal, Request, State
from minutier.retention.erasures.models import DocumentRow, RequestRow
from minutier.retention.erasures.ports import Lying
from minutier.retention.purges.domain import UNENDED
from minutier.retention.purges.models import ItemRow
from minutier.schemas.events import (
    AnyEvent,
    Ingested,
    Instead,
    Made,
    MinutesWritten,
    RecordingDescribed,
    RecordingIngested,
    SpeechDiarized,
    SpeechTranscribed,
    TextReceived,
    TranscriptAttributed,
    TranscriptEdited,
)
from minutier.schemas.references import ObjectRef
from minutier.shared.tenants import confine


class Kind(StrEnum):
    """What lies somewhere; of all but what was described the newest counts."""

    INGESTED = "ingested"
    RECORDING = "recording"
    DESCRIBED = "described"
    TURNS = "turns"
    TRANSCRIPTION = "transcription"
    TRANSCRIPT = "transcript"
    EDITED = "edited"
    MINUTES = "minutes"


class Shelf:
    """One tenant's documents, in the transaction of ``session``, which is confined to it."""

    def __init__(self, session: AsyncSession, tenant: str) -> None:
        self._session = session
        self._tenant = tenant

    async def note(self, event: AnyEvent) -> None:
        for kind, told in _told(event):
            await self._put(event.subject, kind, event.id, told, event.wanted_since, event.time)

    async def of(self, recording_id: UUID) -> Lying:
        statement = (
            select(DocumentRow)
            .where(DocumentRow.recording_id == recording_id, DocumentRow.tenant == self._tenant)
            .order_by(col(DocumentRow.at), col(DocumentRow.told_by))
        )
        rows = (await self._session.exec(statement)).all()
        known = {row.kind: row for row in rows}
        described = [row for row in rows if row.kind == Kind.DESCRIBED]
        first = [known[Kind.RECORDING]] if Kind.RECORDING in known else []
        transcript, edited = known.get(Kind.TRANSCRIPT), known.get(Kind.EDITED)
        if transcript and edited and edited.at < transcript.at:
            edited = None
        ingested = known.get(Kind.INGESTED)
        return Lying(
            ingested=Ingested.model_validate(ingested.data) if ingested else None,
            recordings=tuple(ObjectRef.model_validate(row.data) for row in [*first, *described]),
            turns=_ref(known.get(Kind.TURNS)),
            transcription=_ref(known.get(Kind.TRANSCRIPTION)),
            transcript=_ref(transcript),
            edited=_ref(edited),
            minutes=_ref(known.get(Kind.MINUTES)),
        )

    async def forget(self, recordings: Collection[UUID]) -> None:
        mine = and_(col(DocumentRow.recording_id).in_(recordings), col(DocumentRow.tenant) == self._tenant)
        await self._session.exec(delete(DocumentRow).where(mine))

    async def replace(
        self, recording_id: UUID, instead: Instead, made: Sequence[Made], *, at: datetime
    ) -> None:
        ingested = (await self.of(recording_id)).ingested
        await self.forget([recording_id])
        left: dict[Kind, BaseModel | None] = {
            Kind.INGESTED: ingested and _silenced(ingested, instead, made),
            Kind.RECORDING: instead.recording,
            Kind.TURNS: instead.turns,
            Kind.TRANSCRIPTION: instead.transcription,
            Kind.TRANSCRIPT: instead.transcript,
            Kind.MINUTES: next((each.ref for each in made if each.of is None), None),
        }
        for kind, told in left.items():
            if told is not None:
                await self._put(recording_id, kind, recording_id, told, at, at)

    async def _put(
        self, recording_id: UUID, kind: Kind, told_by: UUID, told: BaseModel, since: datetime, at: datetime
    ) -> None:
        row = {
            "recording_id": recording_id,
            "kind": kind.value,
            "told_by": told_by,
            "tenant": self._tenant,
            "wanted_since": since,
            "at": at,
            "data": told.model_dump(mode="json"),
        }
        await self._session.exec(insert(DocumentRow).values(row).on_conflict_do_nothing())
        if kind is not Kind.DESCRIBED:
            await self._session.exec(delete(DocumentRow).where(_outdone(recording_id, kind)))


class Requests:
    """One tenant's requests, in the transaction of ``session``, which is confined to it."""

    def __init__(self, session: AsyncSession, tenant: str) -> None:
        self._session = session
        self._tenant = tenant

    async def add(self, request: Request) -> None:
        self._session.add(
            RequestRow(
                id=request.id,
                tenant=self._tenant,
                recording_id=request.recording_id,
                reference=request.reference,
                received_on=request.received_on,
                registered_by=request.registered_by,
                registered_at=request.registered_at,
            )
        )
        await self._session.flush()

    async def find(self, request_id: UUID, *, locked: bool = False) -> Request | None:
        statement = select(RequestRow, _UNDER_WAY).where(
            RequestRow.id == request_id, RequestRow.tenant == self._tenant
        )
        if locked:
            statement = statement.with_for_update(of=RequestRow)
        found = (
            await self._session.exec(statement, execution_options={"populate_existing": True})
        ).one_or_none()
        return _request(*found) if found else None

    async def page(
        self,
        *,
        limit: int,
        after: UUID | None = None,
        recording_id: UUID | None = None,
        purge_id: UUID | None = None,
        unanswered: bool = False,
    ) -> Sequence[Request]:
        place = (col(RequestRow.registered_at), col(RequestRow.id))
        statement = (
            select(RequestRow, _UNDER_WAY)
            .where(RequestRow.tenant == self._tenant)
            .order_by(*(part.desc() for part in place))
            .limit(limit)
        )
        if after is not None:
            last = select(RequestRow.registered_at).where(RequestRow.id == after).scalar_subquery()
            statement = statement.where(tuple_(*place) < tuple_(last, literal(after)))
        if recording_id is not None:
            statement = statement.where(RequestRow.recording_id == recording_id)
        if purge_id is not None:
            statement = statement.where(RequestRow.purge_id == purge_id)
        if unanswered:
            statement = statement.where(
                col(RequestRow.refused_at).is_(None), col(RequestRow.completed_at).is_(None)
            )
        return [_request(*found) for found in await self._session.exec(statement)]

    async def refuse(self, request_id: UUID, refusal: Refusal) -> None:
        await self._change(
            col(RequestRow.id) == request_id,
            refused_by=refusal.by,
            refused_at=refusal.at,
            ground=refusal.ground.value,
            explanation=refusal.explanation,
        )

    async def propose(self, request_id: UUID, purge_id: UUID) -> None:
        await self._change(col(RequestRow.id) == request_id, purge_id=purge_id)

    async def complete(self, purge_id: UUID, at: datetime) -> None:
        await self._change(col(RequestRow.purge_id) == purge_id, completed_at=at)

    async def _change(self, which: ColumnElement[bool], **columns: Any) -> None:
        mine = col(RequestRow.tenant) == self._tenant
        await self._session.exec(update(RequestRow).where(mine, which).values(columns))


class Files:
    """The requests and the documents of each tenant."""

    async def joining(self, session: AsyncSession, tenant: str) -> Requests:
        """In a transaction that has begun, which is then confined to ``tenant``."""
        await confine(session, tenant)
        return Requests(session, tenant)

    async def shelf(self, session: AsyncSession, tenant: str) -> Shelf:
        """As `joining`."""
        await confine(session, tenant)
        return Shelf(session, tenant)


_UNDER_WAY = exists().where(
    col(ItemRow.purge_id) == col(RequestRow.purge_id),
    col(ItemRow.state).in_([state.value for state in UNENDED]),
)


def _outdone(recording_id: UUID, kind: Kind) -> ColumnElement[bool]:
    """What something newer of its kind was told after."""
    other = DocumentRow.__table__.alias("other")  # type: ignore[attr-defined]
    place = tuple_(col(DocumentRow.wanted_since), col(DocumentRow.at), col(DocumentRow.told_by))
    newer = exists().where(
        other.c.recording_id == recording_id,
        other.c.kind == kind.value,
        tuple_(other.c.wanted_since, other.c.at, other.c.told_by) > place,
    )
    return and_(col(DocumentRow.recording_id) == recording_id, col(DocumentRow.kind) == kind.value, newer)


def _told(event: AnyEvent) -> Iterator[tuple[Kind, BaseModel]]:
    """What lies where, by ``event``."""
    match event:
        case RecordingIngested(data=data):
            yield Kind.INGESTED, data
            yield Kind.RECORDING, data.recording
        case TextReceived(data=data):
            yield Kind.TRANSCRIPT, data.transcript
            if data.recording is not None:
                yield Kind.RECORDING, data.recording
        case RecordingDescribed(data=data):
            yield Kind.DESCRIBED, data.recording
        case SpeechDiarized(data=data):
            yield Kind.TURNS, data.turns
        case SpeechTranscribed(data=data):
            yield Kind.TRANSCRIPTION, data.transcription
        case TranscriptAttributed(data=data):
            yield Kind.TRANSCRIPT, data.transcript
        case TranscriptEdited(data=data):
            yield Kind.EDITED, data.transcript
        case MinutesWritten(data=data):
            yield Kind.MINUTES, data.minutes


def _silenced(ingested: Ingested, instead: Instead, made: Sequence[Made]) -> Ingested:
    now = {each.of: each.ref for each in made if each.of is not None}
    audio = ingested.audio
    tracks = [
        track.model_copy(update={"audio": now.get(track.audio.sha256, track.audio)})
        for track in ingested.tracks
    ]
    return ingested.model_copy(
        update={
            "recording": instead.recording or ingested.recording,
            "audio": audio and now.get(audio.sha256, audio),
            "tracks": tuple(tracks),
        }
    )


def _ref(row: DocumentRow | None) -> ObjectRef | None:
    return ObjectRef.model_validate(row.data) if row else None


def _request(row: RequestRow, under_way: bool) -> Request:
    refusal = None
    if row.refused_by is not None and row.refused_at is not None and row.ground is not None:
        refusal = Refusal(
            row.refused_by, row.refused_at.astimezone(UTC), Ground(row.ground), row.explanation or ""
        )
    if refusal is not None:
        state = State.REFUSED
    elif row.completed_at is not None:
        state = State.COMPLETED
    else:
        state = State.PROPOSED if under_way else State.RECEIVED
    return Request(
        id=row.id,
        tenant=row.tenant,
        recording_id=row.recording_id,
        reference=row.reference,
        received_on=row.received_on,
        registered_by=row.registered_by,
        registered_at=row.registered_at.astimezone(UTC),
        state=state,
        purge_id=row.purge_id,
        refusal=refusal,
        completed_at=row.completed_at and row.completed_at.astimezone(UTC),
    )
