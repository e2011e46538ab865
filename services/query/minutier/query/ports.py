"""What reading, following and correcting recordings needs from outside."""

from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Protocol, TypeVar
from uuid import UUID

from minutier.query.access.domain import Seen
from minutier.query.mailbox import Mailbox
from minutier.query.paging import Position, Wanted
from minutier.schemas.documents import Document
from minutier.schemas.events import AnyEvent, Stage
from minutier.schemas.references import ObjectRef
from minutier.shared.identity.domain import Person

D = TypeVar("D", bound=Document)


class Documents(Protocol):
    async def load(self, kind: type[D], ref: ObjectRef) -> D:
        """Raises `minutier.shared.errors.Permanent` where the document is gone or was changed."""
        ...

    async def store(self, document: Document, *, tenant: str, stage: Stage, version: str) -> ObjectRef: ...


class Recordings(Protocol):
    async def find(self, person: Person, id: UUID, *, reason: str | None = None) -> Seen | None:
        """The recording, where ``person`` may know that it exists; with a ``reason``, as in `see`."""
        ...

    async def page(
        self, person: Person, wanted: Wanted, *, limit: int, after: Position | None
    ) -> Sequence[Seen]:
        """At most ``limit``, newest first, beginning behind ``after``."""
        ...


class Signals(Protocol):
    async def tell(self, id: UUID) -> None:
        """Say to every replica that a recording has changed."""
        ...

    def listen(self, id: UUID) -> AbstractAsyncContextManager[Mailbox]:
        """What is told of a recording from now on."""
        ...


class Transaction(Protocol):
    def publish(self, event: AnyEvent) -> None:
        """Have an event sent, once the transaction has ended well."""
        ...


# For what is done to a recording; raises `minutier.shared.errors.Purged`.
Transactions = Callable[[UUID], AbstractAsyncContextManager[Transaction]]
