"""What every event has around what it tells: CloudEvents 1.0 with extensions of our own."""

from datetime import datetime
from typing import Any, ClassVar, Generic, Literal, Self, TypeVar, get_args
from uuid import UUID, uuid4

from pydantic import AwareDatetime, Field

from minutier.schemas.base import Contract, Tenant
from minutier.schemas.clock import now

Data = TypeVar("Data", bound=Contract)


class Event(Contract, Generic[Data]):
    """The envelope. ``subject`` is the recording's id; ``traceparent`` is W3C Trace Context.

    ``wantedsince`` is when somebody asked for the work that the event tells of: what was wanted before a
    cancellation is not wanted any more.

    Nothing is made up for an event that lacks it: with a new ``id`` at each delivery, no reader
    could tell that it has acted on the event.
    """

    specversion: Literal["1.0"]
    id: UUID
    source: str = Field(
        pattern=r"^[a-z0-9][a-z0-9._:/-]{0,127}$",
        description="the service that tells it",
        examples=["minutier/diarization"],
    )
    type: str
    subject: UUID
    time: AwareDatetime
    datacontenttype: Literal["application/json"] = "application/json"
    tenant: Tenant
    traceparent: str | None = Field(None, pattern=r"^[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$")
    wantedsince: AwareDatetime | None = Field(
        None,
        description="the time of the announcement, the edit or the request to do it again that the event "
        "follows from, where that is another one",
    )
    data: Data

    TYPE: ClassVar[str]

    @classmethod
    def __pydantic_init_subclass__(cls, **kwargs: Any) -> None:
        super().__pydantic_init_subclass__(**kwargs)
        if names := get_args(cls.model_fields["type"].annotation):
            (cls.TYPE,) = names

    @classmethod
    def of(
        cls,
        recording: UUID,
        *,
        tenant: str,
        source: str,
        data: Data,
        id: UUID | None = None,
        wanted_since: datetime | None = None,
    ) -> Self:
        """A new event about ``recording``; give ``id`` where a repetition must be the same event."""
        return cls(
            specversion="1.0",
            id=id or uuid4(),
            source=source,
            type=cls.TYPE,
            subject=recording,
            time=now(),
            tenant=tenant,
            wantedsince=wanted_since,
            data=data,
        )

    @property
    def wanted_since(self) -> datetime:
        """When somebody asked for what it tells of."""
        return self.wantedsince or self.time

    @property
    def nats_subject(self) -> str:
        """Ends in the recording's id, so that a purge can remove one recording's messages."""
        return f"{self.type}.{self.subject}"
