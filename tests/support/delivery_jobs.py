"""What tests have a child process do."""

import logging
import os
import signal
import sys
import time
from pathlib import Path

from minutier.shared.errors import Permanent
from minutier.shared.worker import Report


def double(number: int, *, report: Report) -> int:
    return 2 * number


def refuse(*, report: Report) -> None:
    raise Permanent("no_audio")


class Awkward(Exception):
    """Cannot be sent from one process to another: it cannot be made from its text."""

    def __init__(self, one: int, two: int) -> None:
        super().__init__("awkward")


def raise_awkwardly(*, report: Report) -> None:
    raise Awkward(1, 2)


def pid(*, report: Report) -> int:
    return os.getpid()


def die(*, report: Report) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def dawdle(started: Path, *, report: Report) -> None:
    """Tells its process id in a file, and takes an hour."""
    partial = started.with_suffix(".partial")
    partial.write_text(str(os.getpid()))
    partial.rename(started)
    time.sleep(3600)


def count(*, report: Report) -> None:
    for fraction in (0.25, 0.5, 1.0):
        report(fraction)
        time.sleep(0.4)


def modules(*, report: Report) -> set[str]:
    """What the child has imported."""
    return set(sys.modules)


def quote(text: str, *, report: Report) -> None:
    logging.getLogger("library").error("cannot parse %s", text)
