import asyncio

import pytest
from structlog.testing import capture_logs

from minutier.shared.rounds import for_each, repeat


async def test_a_round_that_fails_is_seen_and_the_next_one_comes() -> None:
    rounds, done = 0, asyncio.Event()

    async def work() -> None:
        nonlocal rounds
        rounds += 1
        if rounds == 1:
            raise OSError
        done.set()

    with capture_logs() as written:
        running = asyncio.create_task(repeat(work, named="count", seconds=0))
        async with asyncio.timeout(10):
            await done.wait()
    assert [(each["event"], each["work"]) for each in written] == [("round failed", "count")]
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running


async def test_a_tenant_for_whom_it_fails_keeps_no_other_from_it() -> None:
    served = []

    async def work(tenant: str) -> None:
        if tenant == "b":
            raise OSError
        served.append(tenant)

    with capture_logs() as written:
        await for_each("abc", work, named="serve")
    assert served == ["a", "c"]
    assert [(each["work"], each["tenant"]) for each in written] == [("serve", "b")]
