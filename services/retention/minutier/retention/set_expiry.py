"""Giving a recording its expiry dates when it is taken in."""

from minutier.retention.domain import Policy
from minutier.retention.ports import Register
from minutier.schemas.events import RecordingIngested


async def set_expiry(event: RecordingIngested, *, policy: Policy, register: Register) -> None:
    """Dates count from the event's time, so that a late or repeated delivery gives the same ones."""
    await register.keep_policy(policy)
    await register.set_expiries(
        event.subject, tenant=event.tenant, policy=policy, expiries=policy.expiries(event.time)
    )
