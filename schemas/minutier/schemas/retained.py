"""What is told of how long recordings are kept: holds, restrictions and purges."""

from collections.abc import Iterable
from enum import StrEnum
from operator import not_
from typing import Literal
from uuid import UUID

from pydantic import Field

from minutier.schemas.base import Contract, Sha256
from minutier.schemas.envelope import Event
from minutier.schemas.records import Kind, Quantity
from minutier.schemas.references import StoredRef


class HoldChanged(Contract):
    """For which matter, and why, is for compliance staff alone."""

    hold_id: UUID


class HoldPlaced(Event[HoldChanged]):
    """Nothing of the recording may be deleted."""

    type: Literal["minutier.hold.placed.v1"]


class HoldReleased(Event[HoldChanged]):
    """This hold keeps nothing of the recording any more; another one may."""

    type: Literal["minutier.hold.released.v1"]


class Restricted(Contract):
    kinds: tuple[Kind, ...] = Field(
        description="what of the recording is for compliance alone from now on; nothing, where this is empty"
    )


class RecordingRestricted(Event[Restricted]):
    """Of several the newest counts: it tells all there is to know."""

    type: Literal["minutier.recording.restricted.v1"]


class Instead(Contract):
    """What is left of a recording that one person is erased from: documents without them.

    Everything else of the kinds that are destroyed goes. Audio and minutes are made by those whose they are.
    """

    plan: StoredRef = Field(description="the erasure document")
    transcript: StoredRef = Field(description="the transcript document")
    recording: StoredRef | None = Field(None, description="one recording document in place of all")
    turns: StoredRef | None = Field(None, description="the diarization document")
    transcription: StoredRef | None = Field(None, description="the transcription document")

    @property
    def refs(self) -> tuple[StoredRef, ...]:
        return tuple(ref for _, ref in self if ref is not None)


class Made(Contract):
    """What a service has made that takes a place."""

    ref: StoredRef
    of: Sha256 | None = Field(None, description="the digest of the object whose place it takes")


def kept(instead: Instead | None, made: Iterable[Made] = ()) -> frozenset[str]:
    """The keys of what is there instead."""
    named = () if instead is None else instead.refs
    return frozenset(ref.key for ref in (*named, *(each.ref for each in made)))


class Purge(Contract):
    """One recording's part in a purge."""

    purge_id: UUID
    kinds: tuple[Kind, ...] = Field(min_length=1, description="what of the recording is destroyed")
    whole: bool = Field(description="whether nothing of the recording is to be left, its number aside")
    instead: Instead | None = Field(None, exclude_if=not_, description="where one person is erased")


class PurgeOrdered(Event[Purge]):
    """Whoever hears it erases what it has of this, objects before rows, and answers."""

    type: Literal["minutier.purge.ordered.v1"]


class PurgeOutcome(StrEnum):
    ERASED = "erased"
    HELD = "held"


class Executed(Contract):
    """The answer of one service; where the recording was held, nothing was erased."""

    purge_id: UUID
    order: UUID = Field(description="the id of the event that is answered")
    service: str = Field(pattern=r"^[a-z][a-z0-9-]*$", max_length=63)
    outcome: PurgeOutcome
    erased: tuple[Quantity, ...] = ()
    made: tuple[Made, ...] = Field((), exclude_if=not_)


class PurgeExecuted(Event[Executed]):
    type: Literal["minutier.purge.executed.v1"]


class Purged(Purge):
    made: tuple[Made, ...] = Field((), exclude_if=not_, description="audio and minutes without one person")


class PurgeCompleted(Event[Purged]):
    """Retention has looked for itself, and has found nothing left."""

    type: Literal["minutier.purge.completed.v1"]


# What is told of a recording after there is nothing of it any more.
OF_PURGES = (PurgeOrdered, PurgeExecuted, PurgeCompleted)
