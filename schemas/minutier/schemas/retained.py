"""What is told of how long recordings are kept: holds, restrictions and purges."""

from enum import StrEnum
from typing import Literal
from uuid import UUID

from pydantic import Field

from minutier.schemas.base import Contract
from minutier.schemas.envelope import Event
from minutier.schemas.records import Kind, Quantity


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


class Purge(Contract):
    """One recording's part in a purge."""

    purge_id: UUID
    kinds: tuple[Kind, ...] = Field(min_length=1, description="what of the recording is destroyed")
    whole: bool = Field(description="whether nothing of the recording is to be left, its number aside")


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


class PurgeExecuted(Event[Executed]):
    type: Literal["minutier.purge.executed.v1"]


class PurgeCompleted(Event[Purge]):
    """Retention has looked for itself, and has found nothing left."""

    type: Literal["minutier.purge.completed.v1"]


# What is told of a recording after there is nothing of it any more.
OF_PURGES = (PurgeOrdered, PurgeExecuted, PurgeCompleted)
