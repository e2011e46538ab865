"""Work that signals end."""

import signal
import subprocess
import sys

import pytest

_WORK = """
import asyncio, os, signal, sys
from minutier.compose.foreground import until_stopped

async def work():
    try:
        os.kill(os.getpid(), int(sys.argv[1]))
        await asyncio.sleep(float(sys.argv[2]))
        print("done", flush=True)
    except asyncio.CancelledError:
        # Another signal while things are being put away.
        os.kill(os.getpid(), signal.SIGTERM)
        await asyncio.sleep(0.05)
        print("put away", flush=True)
        raise

print(asyncio.run(until_stopped(work())))
"""


def outcome(number: signal.Signals, seconds: float, *, ignored: bool = False) -> list[str]:
    result = subprocess.run(
        [sys.executable, "-c", _WORK, str(int(number)), str(seconds)],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
        preexec_fn=(lambda: signal.signal(number, signal.SIG_IGN)) if ignored else None,
    )
    return result.stdout.splitlines()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_the_first_signal_ends_the_work_and_none_breaks_its_end(number: signal.Signals) -> None:
    assert outcome(number, 60) == ["put away", "True"]


def test_a_closed_terminal_changes_nothing_where_that_was_asked_for() -> None:
    assert outcome(signal.SIGHUP, 0.05, ignored=True) == ["done", "False"]
