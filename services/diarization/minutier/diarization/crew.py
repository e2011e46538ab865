"""Threads that run a model side by side."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

import torch

Item = TypeVar("Item")
Result = TypeVar("Result")


class Crew:
    """Each thread makes whole calls by itself.

    A call that is spread over threads waits for the slowest of them at each of its operations; where
    another process wants the processor too, that takes many times as long as the work.
    """

    def __init__(self, threads: int) -> None:
        self._threads = threads
        self._pool = ThreadPoolExecutor(threads, initializer=torch.set_num_threads, initargs=(1,))

    def map(self, function: Callable[[Item], Result], items: Iterable[Item]) -> Iterator[Result]:
        """The results in order; no more ``items`` are taken than keep the threads busy."""
        running: deque[Future[Result]] = deque()
        for item in items:
            running.append(self._pool.submit(function, item))
            if len(running) > 2 * self._threads:
                yield running.popleft().result()
        while running:
            yield running.popleft().result()
