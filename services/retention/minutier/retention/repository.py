"""Every SQL statement of retention."""

from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from uuid import UUID

from sqlalchemy.dialects.postgresql import insert
from sqlmodel.ext.asyncio.session import AsyncSession

from minutier.retention.domain import Kind, Policy
from minutier.retention.models import ExpiryRow, PolicyRow


class Register:
    """Policies and expiry dates, in the transaction of ``session``."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def keep_policy(self, policy: Policy) -> None:
        await self._session.exec(
            insert(PolicyRow).values(id=policy.id, **asdict(policy)).on_conflict_do_nothing()
        )

    async def set_expiries(
        self, recording_id: UUID, *, tenant: str, policy: Policy, expiries: Mapping[Kind, datetime]
    ) -> None:
        rows = [
            {
                "recording_id": recording_id,
                "kind": kind.value,
                "tenant": tenant,
                "policy_id": policy.id,
                "expires_at": expires_at,
            }
            for kind, expires_at in expiries.items()
        ]
        await self._session.exec(insert(ExpiryRow).values(rows).on_conflict_do_nothing())
