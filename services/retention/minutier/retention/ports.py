"""What setting expiry dates needs from outside."""

from collections.abc import Mapping
from datetime import datetime
from typing import Protocol
from uuid import UUID

from minutier.retention.domain import Kind, Policy


class Register(Protocol):
    async def keep_policy(self, policy: Policy) -> None:
        """Remember a policy; once only."""
        ...

    async def set_expiries(
        self, recording_id: UUID, *, tenant: str, policy: Policy, expiries: Mapping[Kind, datetime]
    ) -> None:
        """Give a recording its dates; those it has already stay."""
        ...
