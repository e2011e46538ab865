"""A supervised child process in which model and media code runs.

It keeps the event loop free, so that heavy work starves no heartbeat, and an out-of-memory kill
takes one job with it and not the service.
"""

import asyncio
import ctypes
import logging
import multiprocessing
import os
import signal
from collections.abc import Callable
from concurrent.futures import Future
from concurrent.futures.process import BrokenProcessPool
from multiprocessing.sharedctypes import Synchronized
from typing import Any, TypeVar

from pebble import ProcessExpired, ProcessPool

Result = TypeVar("Result")
Report = Callable[[float], None]

_POLL_SECONDS = 0.25
_STOP_SECONDS = 5.0
_PR_SET_PDEATHSIG = 1


class WorkerDied(Exception):
    """The child was killed, most often for want of memory."""


class WorkerTimedOut(Exception):
    """The job outlived its limit and was killed."""


def ignore(fraction: float) -> None:
    """A `Report` for those who do not watch."""


class Worker:
    """Runs one job at a time in a child that stays alive between jobs, so that models stay loaded."""

    def __init__(self, *, limit_seconds: float) -> None:
        """``limit_seconds`` bounds a job that has no limit of its own."""
        self._limit = limit_seconds
        self._context = multiprocessing.get_context("spawn")
        self._fraction: Synchronized[float] = self._context.Value("d", 0.0)
        self._turn = asyncio.Lock()
        self._pool: ProcessPool | None = None
        self._job: Future[Any] | None = None

    async def run(
        self,
        function: Callable[..., Result],
        *args: Any,
        report: Report = ignore,
        limit_seconds: float | None = None,
    ) -> Result:
        """``function(*args, report=…)`` in the child; ``function`` stands at the top of a module.

        Whoever is cancelled while waiting for it has the child killed. Raises `WorkerDied`,
        `WorkerTimedOut`, or what the function raised.
        """
        async with self._turn:
            pool = await self._living_pool()
            self._fraction.value = 0.0
            job = pool.schedule(_call, args=[function, args], timeout=limit_seconds or self._limit)
            self._job = job
            watcher = asyncio.create_task(self._watch(report))
            try:
                return await asyncio.wrap_future(job)
            except (ProcessExpired, BrokenProcessPool):
                raise WorkerDied from None
            except TimeoutError:
                raise WorkerTimedOut from None
            finally:
                watcher.cancel()

    async def stop(self) -> None:
        """Kill the child and whatever it is doing; who waits for that is told `WorkerDied`."""
        if self._pool is not None:
            pool, self._pool = self._pool, None
            pool.stop()  # type: ignore[no-untyped-call]
            await asyncio.to_thread(pool.join, _STOP_SECONDS)
            # Depending on when it is stopped, the pool ends its children and tells of it, or not.
            if self._job is not None and not self._job.done():
                self._job.set_exception(BrokenProcessPool())

    async def _living_pool(self) -> ProcessPool:
        """A child killed while it had nothing to do breaks its pool for good."""
        if self._pool is not None and not self._pool.active:
            await self.stop()
        if self._pool is None:
            self._pool = ProcessPool(
                max_workers=1,
                initializer=_prepare,
                initargs=(self._fraction, os.getpid()),
                context=self._context,
            )
        return self._pool

    async def _watch(self, report: Report) -> None:
        last = 0.0
        while True:
            await asyncio.sleep(_POLL_SECONDS)
            if (fraction := self._fraction.value) != last:
                last = fraction
                report(fraction)


_shared: "Synchronized[float] | None" = None


def _prepare(fraction: "Synchronized[float]", parent: int) -> None:
    global _shared
    _shared = fraction
    # What a library says of its work may quote a meeting; where nothing listens it would be printed.
    logging.getLogger().addHandler(logging.NullHandler())
    # The terminal's ^C reaches the whole group; the parent decides when the child ends.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # Sent when the thread ends that started the child: the main one, or the pool's, which live as
    # long as the parent and the pool.
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(1)


def _call(function: Callable[..., Result], args: tuple[Any, ...]) -> Result:
    return function(*args, report=_report)


def _report(fraction: float) -> None:
    if _shared is not None:
        _shared.value = fraction
