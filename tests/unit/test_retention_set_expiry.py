from collections.abc import Mapping
from datetime import datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from minutier.retention.domain import Kind, Policy
from minutier.retention.set_expiry import set_expiry
from minutier.retention.settings import RetentionSettings
from minutier.shared.settings import InvalidSettings
from tests.support.query_events import RECORDING, ingested, received


class Register:
    """Policies and dates in memory."""

    def __init__(self) -> None:
        self.policies: dict[UUID, Policy] = {}
        self.dates: dict[tuple[UUID, Kind], tuple[datetime, UUID]] = {}

    async def keep_policy(self, policy: Policy) -> None:
        self.policies.setdefault(policy.id, policy)

    async def set_expiries(
        self, recording_id: UUID, *, tenant: str, policy: Policy, expiries: Mapping[Kind, datetime]
    ) -> None:
        assert policy.id in self.policies
        for kind, date in expiries.items():
            self.dates.setdefault((recording_id, kind), (date, policy.id))


async def test_dates_count_from_the_event() -> None:
    event, register = ingested(), Register()
    await set_expiry(event, policy=RetentionSettings().policy, register=register)
    assert {kind: (date - event.time).days for (_, kind), (date, _) in register.dates.items()} == {
        Kind.MEDIA: 120,
        Kind.TRANSCRIPT: 365,
        Kind.MINUTES: 365,
    }


async def test_a_text_has_no_media_that_could_expire() -> None:
    event, register = received(), Register()
    await set_expiry(event, policy=Policy("default", 1, 2, 3), register=register)
    assert {kind: (date - event.time).days for (_, kind), (date, _) in register.dates.items()} == {
        Kind.TRANSCRIPT: 2,
        Kind.MINUTES: 3,
    }


async def test_a_change_of_policy_is_for_recordings_to_come() -> None:
    event, register = ingested(), Register()
    old, new = Policy("default", 120, 365, 365), Policy("default", 1, 1, 1)
    await set_expiry(event, policy=old, register=register)
    await set_expiry(event, policy=new, register=register)
    later = ingested(recording=UUID(int=2))
    await set_expiry(later, policy=new, register=register)
    assert register.dates[RECORDING, Kind.MEDIA] == (event.time + timedelta(days=120), old.id)
    assert register.dates[later.subject, Kind.MEDIA] == (later.time + timedelta(days=1), new.id)
    assert set(register.policies) == {old.id, new.id}


days = st.integers(1, 36500)


@given(days, days, days, days, days, days)
def test_a_policy_is_known_by_its_periods(a: int, b: int, c: int, d: int, e: int, f: int) -> None:
    one, other = Policy("default", a, b, c), Policy("default", d, e, f)
    assert (one.id == other.id) == (one == other)


def test_a_period_is_at_least_a_day(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ValueError, match="at least one day"):
        Policy("default", 0, 1, 1)
    monkeypatch.setenv("MINUTIER_RETENTION_MEDIA_DAYS", "0")
    with pytest.raises(InvalidSettings):
        RetentionSettings()
