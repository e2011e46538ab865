"""A service in a process of its own: ``python -m tests.support.delivery_process KIND``."""

import asyncio
import logging
import sys
import time
import warnings

from minutier.schemas.events import RecordingIngested
from minutier.shared.delivery import Work
from minutier.shared.service import Service
from minutier.shared.worker import Report, Worker, ignore

SECRET = "Jeanne is to be dismissed"


async def quote(event: RecordingIngested, work: Work) -> None:
    """Fails as an error does that quotes what it choked on, and lets libraries speak of it."""
    logging.getLogger("library").warning("cannot parse %s", SECRET)
    logging.getLogger("library").error(f"cannot parse {SECRET}")
    task = asyncio.create_task(_fail())
    await asyncio.wait([task])
    del task
    warnings.warn(SECRET, stacklevel=1)
    async with work.transaction() as transaction:
        connection = await transaction.session.connection()
        await connection.exec_driver_sql("select cast(%s as integer)", (SECRET,))


def _say_entered() -> None:
    sys.stdout.write("entered\n")
    sys.stdout.flush()


async def _fail() -> None:
    raise ValueError(SECRET)


async def hang(event: RecordingIngested, work: Work) -> None:
    """Heeds no cancellation, and keeps a thread that heeds none either."""
    _say_entered()
    thread = asyncio.create_task(asyncio.to_thread(time.sleep, 3600))
    while True:
        try:
            await asyncio.shield(thread)
        except asyncio.CancelledError:
            continue


async def compute(event: RecordingIngested, work: Work) -> None:
    await _worker.run(sleep_in_child, report=ignore)


def sleep_in_child(report: Report) -> None:
    _say_entered()
    time.sleep(3600)


async def wait(event: RecordingIngested, work: Work) -> None:
    _say_entered()
    await asyncio.sleep(3600)


if __name__ == "__main__":
    service = Service("retention")
    _worker = Worker(limit_seconds=3600)
    service.on_stop(_worker.stop)
    handler = {"quote": quote, "hang": hang, "compute": compute, "wait": wait}[sys.argv[1]]
    service.on(RecordingIngested)(handler)
    service.run()
