import asyncio
import os
import signal
import sys
import time
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator
from pathlib import Path

import psutil
import pytest

from minutier.shared.errors import Permanent
from minutier.shared.worker import Worker, WorkerDied, WorkerTimedOut
from tests.support import delivery_jobs as jobs

SECONDS = 30
# At least as many as asyncio has.
THREADS = 32


@pytest.fixture
async def worker() -> AsyncIterator[Worker]:
    worker = Worker(limit_seconds=60)
    yield worker
    await worker.stop()


async def test_jobs_run_in_one_child_that_stays(worker: Worker) -> None:
    assert await worker.run(jobs.double, 21) == 42
    first, second = await asyncio.gather(worker.run(jobs.pid), worker.run(jobs.pid))
    assert first == second != os.getpid()


async def test_what_the_job_raises_is_raised_here(worker: Worker) -> None:
    with pytest.raises(Permanent) as caught:
        await worker.run(jobs.refuse)
    assert caught.value.reason == "no_audio"
    with pytest.raises(WorkerDied):
        await worker.run(jobs.raise_awkwardly)
    assert await worker.run(jobs.double, 1) == 2


async def test_a_killed_child_takes_one_job_with_it(worker: Worker) -> None:
    with pytest.raises(WorkerDied):
        await worker.run(jobs.die)
    assert await worker.run(jobs.double, 1) == 2


async def test_a_child_killed_between_jobs_takes_none(worker: Worker) -> None:
    child = await worker.run(jobs.pid)
    os.kill(child, signal.SIGKILL)
    await gone(child)
    # Long enough for the loss to be noticed, which must not depend on the next job.
    await asyncio.sleep(0.5)
    assert await worker.run(jobs.double, 1) == 2


async def test_a_job_that_outlives_its_limit_is_killed(tmp_path: Path) -> None:
    worker = Worker(limit_seconds=0.5)
    try:
        with pytest.raises(WorkerTimedOut):
            await worker.run(jobs.dawdle, tmp_path / "pid")
        await gone(int((tmp_path / "pid").read_text()))
        assert await worker.run(jobs.double, 1) == 2
    finally:
        await worker.stop()


async def test_whoever_is_cancelled_frees_the_child(worker: Worker, tmp_path: Path) -> None:
    job = asyncio.create_task(worker.run(jobs.dawdle, tmp_path / "pid"))
    child = await started(tmp_path / "pid")
    job.cancel()
    with pytest.raises(asyncio.CancelledError):
        await job
    assert await asyncio.wait_for(worker.run(jobs.double, 1), SECONDS) == 2
    await gone(child)


async def test_stopping_kills_the_job(worker: Worker, tmp_path: Path) -> None:
    job = asyncio.create_task(worker.run(jobs.dawdle, tmp_path / "pid"))
    child = await started(tmp_path / "pid")
    await worker.stop()
    await gone(child)
    with pytest.raises(WorkerDied):
        await asyncio.wait_for(job, SECONDS)


async def test_stopping_ends_a_job_whatever_else_threads_do(worker: Worker, tmp_path: Path) -> None:
    """The pool's own threads have then ended before anybody waits for them, and tell of nothing."""
    job = asyncio.create_task(worker.run(jobs.dawdle, tmp_path / "pid"))
    await started(tmp_path / "pid")
    busy = asyncio.gather(*(asyncio.to_thread(time.sleep, 0.5) for _ in range(THREADS)))
    await asyncio.sleep(0)
    await worker.stop()
    with pytest.raises(WorkerDied):
        await asyncio.wait_for(job, SECONDS)
    await busy


async def test_progress_is_reported(worker: Worker) -> None:
    seen: list[float] = []
    await worker.run(jobs.count, report=seen.append)
    assert seen
    assert seen == sorted(seen)
    assert set(seen) <= {0.25, 0.5, 1.0}


@pytest.mark.parametrize("again", [False, True], ids=["first child", "child after a death"])
async def test_the_child_dies_with_its_parent(tmp_path: Path, again: bool) -> None:
    parent = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        "import asyncio, sys\n"
        "from contextlib import suppress\n"
        "from pathlib import Path\n"
        "from minutier.shared.worker import Worker, WorkerDied\n"
        "from tests.support import delivery_jobs as jobs\n"
        "async def main():\n"
        "    worker = Worker(limit_seconds=3600)\n"
        "    if sys.argv[2] == 'True':\n"
        "        with suppress(WorkerDied):\n"
        "            await worker.run(jobs.die)\n"
        "    await worker.run(jobs.dawdle, Path(sys.argv[1]))\n"
        "if __name__ == '__main__':\n"
        "    asyncio.run(main())\n",
        str(tmp_path / "pid"),
        str(again),
        stdout=PIPE,
    )
    child = await started(tmp_path / "pid")
    # It outlives the threads that come and go beside the one that started it.
    await asyncio.sleep(0.5)
    assert psutil.pid_exists(child)
    parent.send_signal(signal.SIGKILL)
    await parent.wait()
    await gone(child)


async def test_the_child_holds_none_of_what_the_service_needs(worker: Worker) -> None:
    imported = await worker.run(jobs.modules)
    assert not {"faststream", "sqlalchemy", "uvicorn", "nats"} & imported


async def test_the_child_prints_nothing_that_a_library_quotes(
    worker: Worker, capfd: pytest.CaptureFixture[str]
) -> None:
    await worker.run(jobs.quote, "Jeanne is to be dismissed")
    assert "Jeanne" not in "".join(capfd.readouterr())


async def started(file: Path) -> int:
    async with asyncio.timeout(SECONDS):
        while not await asyncio.to_thread(file.exists):  # noqa: ASYNC110 - another process writes it
            await asyncio.sleep(0.02)
    return int(await asyncio.to_thread(file.read_text))


async def gone(pid: int) -> None:
    async with asyncio.timeout(SECONDS):
        while _runs(pid):  # noqa: ASYNC110 - another process ends
            await asyncio.sleep(0.02)


def _runs(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
