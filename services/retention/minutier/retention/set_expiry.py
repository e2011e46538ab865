"""Giving what is taken in its expiry dates."""

from minutier.retention.domain import Kind, Policy
from minutier.retention.ports import Register
from minutier.schemas.events import RecordingIngested, TextReceived

_KEPT = {
    RecordingIngested: frozenset(Kind),
    TextReceived: frozenset({Kind.TRANSCRIPT, Kind.MINUTES}),
}


async def set_expiry(event: RecordingIngested | TextReceived, *, policy: Policy, register: Register) -> None:
    """Dates count from the event's time, so that a late or repeated delivery gives the same ones."""
    kept = _KEPT[type(event)]
    expiries = {kind: date for kind, date in policy.expiries(event.time).items() if kind in kept}
    await register.keep_policy(policy)
    await register.set_expiries(event.subject, tenant=event.tenant, policy=policy, expiries=expiries)
