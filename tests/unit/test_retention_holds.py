from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from minutier.retention.holds.domain import MOST_LISTED, Hold, Release, Search
from minutier.retention.holds.lock import lock_objects, locking_buckets, told
from minutier.retention.holds.ports import Change, Seen
from minutier.schemas.events import HoldPlaced, HoldReleased
from tests.support.retention_holds import Store, hold
from tests.support.retention_policies import TAKEN_IN, TENANT, facts

RECORDING = UUID(int=1)
HELD = Change(RECORDING, held=True, seen=(Seen(UUID(int=2), 1),), placed=(UUID(int=2),))


@pytest.mark.parametrize("text", ["", "  ", "a\x00b", "a\x1bb", "a" * 2001])
def test_a_hold_says_for_what_and_why(text: str) -> None:
    with pytest.raises(ValueError, match="give a matter"):
        hold(matter=text)
    with pytest.raises(ValueError, match="give a reason"):
        hold(reason=text)
    with pytest.raises(ValueError, match="give a reason"):
        Release("officer", TAKEN_IN, text)


def test_no_meeting_is_before_it_began() -> None:
    with pytest.raises(ValueError, match="no meeting can be between"):
        Search(met_since=TAKEN_IN, met_before=TAKEN_IN)
    with pytest.raises(ValueError, match="offset from UTC"):
        Search(met_since=datetime(2026, 1, 1))  # noqa: DTZ001


@pytest.mark.parametrize(
    ("search", "covered"),
    [
        (Search(), True),
        (Search(source="livekit", record_class="board", label="budget"), True),
        (Search(source="jitsi"), False),
        (Search(record_class="staff"), False),
        (Search(label="2026"), False),
        (Search(met_since=TAKEN_IN), True),
        (Search(met_before=TAKEN_IN), False),
        (Search(met_since=TAKEN_IN + timedelta(seconds=1)), False),
    ],
)
def test_a_search_covers_that_of_which_all_holds(search: Search, covered: bool) -> None:
    known = facts(record_class="board", labels=frozenset({"budget"}), met_at=TAKEN_IN)
    assert search.covers(known) is covered


@given(st.sampled_from([None, "livekit", "jitsi"]), st.booleans(), st.booleans())
def test_what_is_not_known_speaks_for_a_hold(source: str | None, since: bool, before: bool) -> None:
    moment = datetime(2020, 1, 1, tzinfo=UTC)
    search = Search(
        source=source,
        met_since=moment if since else None,
        met_before=moment + timedelta(days=1) if before else None,
    )
    assert search.covers(facts(source=None, met_at=None))


async def test_every_version_is_locked_and_none_where_the_store_would_delete_it_all_the_same() -> None:
    store = Store(locking={"recordings"})
    for bucket in ("recordings", "artefacts"):
        for version in ("1", "2"):
            store.put(bucket, f"{TENANT}/{RECORDING}/audio.flac", version)
            store.put(bucket, f"{TENANT}/{UUID(int=9)}/audio.flac", version)
    buckets = await locking_buckets(store)
    await lock_objects(TENANT, HELD, buckets=buckets, store=store)
    key = f"{TENANT}/{RECORDING}/audio.flac"
    assert store.held == {("recordings", key, "1"), ("recordings", key, "2")}
    free = Change(RECORDING, held=False, seen=())
    await lock_objects(TENANT, free, buckets=buckets, store=store)
    assert store.held == set()


def test_what_is_told_twice_is_told_by_the_same_events() -> None:
    released = Change(RECORDING, held=False, seen=(), placed=(UUID(int=2),), released=(UUID(int=2),))
    once, again = told(TENANT, released), told(TENANT, released)
    assert [type(event) for event in once] == [HoldPlaced, HoldReleased]
    assert [event.id for event in once] == [event.id for event in again]
    assert len({event.id for event in once}) == 2
    assert {event.subject for event in once} == {RECORDING}


def test_a_list_is_bounded() -> None:
    assert MOST_LISTED == 1000
    assert isinstance(hold(), Hold)
