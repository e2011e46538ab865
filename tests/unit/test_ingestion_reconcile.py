"""The comparison of buckets with the register."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import pytest

from minutier.ingestion import reconcile as reconciling
from minutier.ingestion.domain import Identity
from minutier.ingestion.reconcile import Reconciliation, keep_reconciling, reconcile
from minutier.ingestion.tenants import Tenant, Tenants
from minutier.schemas.clock import now
from minutier.schemas.references import Location
from minutier.schemas.rejections import RejectionReason
from minutier.shared.objects import Listed
from tests.support.reconciling import Book, Shelves, listed

GRACE = timedelta(minutes=10)
LATE = Identity("acme", "livekit", "EG_late")
OLD = now() - timedelta(hours=1)


def tenants(**metadata: Any) -> Tenants:
    return Tenants(
        {
            "acme": Tenant.model_validate(
                {"api_key": "a-key-of-acme-meetings", "buckets": ["visio", "wiki"]} | metadata
            ),
            "globex": Tenant.model_validate({"api_key": "a-key-of-globex-meetings", "buckets": ["globex"]}),
        }
    )


async def compare(
    buckets: dict[str, list[Listed]], book: Book, *, dry_run: bool = False, **metadata: Any
) -> Reconciliation:
    return await reconcile(
        tenants=tenants(**metadata),
        buckets=Shelves({"visio": [], "wiki": [], "globex": []} | buckets),
        register=book,
        announcer=book,
        grace=GRACE,
        dry_run=dry_run,
    )


async def test_an_object_that_nobody_announced_is_announced_once() -> None:
    book = Book()
    buckets = {
        "visio": [listed(f"{number}.mp4", OLD) for number in range(5)],
        "globex": [listed("a.m3u8", OLD)],
    }
    first = await compare(buckets, book, metadata_key="metadata/{stem}.json")
    assert (first.seen, len(first.announced), first.missing, first.unreadable) == (6, 6, (), ())
    assert {tenant for tenant, _ in book.announced} == {"acme", "globex"}
    metadata = book.announced[0][1].metadata
    assert metadata is not None
    assert metadata.location == Location(bucket="visio", key="metadata/0.json")
    assert (await compare(buckets, book)).announced == ()


async def test_what_is_young_empty_known_or_no_recording_is_left() -> None:
    book = Book()
    book.knows("acme", "visio", "told-without-etag.mp4")
    book.knows("acme", "visio", "told.mp4", "e1")
    book.knows("acme", "visio", "listed-without-etag.mp4", "e1")
    book.knows("acme", "visio", "written-again.mp4", "e0")
    book.knows("globex", "visio", "others.mp4", "e1")
    buckets = {
        "visio": [
            listed("young.mp4", now() - GRACE / 2),
            listed("empty.mp4", OLD, size=0),
            listed("EG_one.json", OLD),
            listed("segment_00000.ts", OLD),
            listed("told-without-etag.mp4", OLD),
            listed("told.mp4", OLD),
            listed("listed-without-etag.mp4", OLD, etag=None),
            listed("written-again.mp4", OLD),
            listed("others.mp4", OLD),
        ]
    }
    await compare(buckets, book)
    locations = [announcement.mix for _, announcement in book.announced]
    assert locations == [Location(bucket="visio", key=key) for key in ("written-again.mp4", "others.mp4")]


async def test_what_was_to_come_and_is_long_due_is_given_up() -> None:
    book = Book(LATE)
    assert (await compare({}, book)).missing == (LATE.recording_id,)
    assert book.given_up == [(LATE, RejectionReason.NOT_FOUND)]
    assert (await compare({}, book)).missing == ()


async def test_what_is_told_of_in_the_last_moment_is_not_given_up() -> None:
    class Told(Book):
        async def give_up(self, identity: Identity, reason: RejectionReason) -> bool:
            return False

    assert (await compare({}, Told(LATE))).missing == ()


async def test_a_dry_run_tells_the_same_and_does_nothing() -> None:
    book, buckets = Book(LATE), {"visio": [listed("a.mp4", OLD)]}
    dry = await compare(buckets, book, dry_run=True)
    assert (book.announced, book.given_up) == ([], [])
    assert dry == await compare(buckets, book)


async def test_a_bucket_that_is_not_there_keeps_no_other_from_being_compared() -> None:
    book = Book()
    found = await reconcile(
        tenants=tenants(),
        buckets=Shelves({"globex": [listed("a.mp4", OLD)]}),
        register=book,
        announcer=book,
        grace=GRACE,
        dry_run=False,
    )
    assert (len(found.announced), found.unreadable) == (1, ("visio", "wiki"))


async def test_one_run_announces_only_so_many_and_the_next_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reconciling, "MOST", 3)
    book, buckets = Book(), {"visio": [listed(f"{number}.mp4", OLD) for number in range(5)]}
    assert [len((await compare(buckets, book)).announced) for _ in range(3)] == [3, 2, 0]


async def test_it_goes_on_after_a_failure_and_only_where_nobody_else_is_at_it() -> None:
    turns = [False, True, True]
    runs: list[bool] = []
    done = asyncio.Event()

    @asynccontextmanager
    async def alone() -> AsyncIterator[bool]:
        yield turns.pop(0) if turns else False

    async def run() -> Reconciliation:
        runs.append(True)
        if len(runs) == 1:
            raise OSError
        done.set()
        return Reconciliation(0, (), (), ())

    task = asyncio.create_task(keep_reconciling(run, alone=alone, every=timedelta(milliseconds=1)))
    await asyncio.wait_for(done.wait(), 10)
    task.cancel()
    assert len(runs) == 2
