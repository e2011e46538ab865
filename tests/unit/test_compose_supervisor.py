"""The supervisor, with small Python programs as its children."""

import asyncio
import dataclasses
import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import psutil
import pytest

from minutier.compose.failures import Status
from minutier.compose.processes import Launch, shorten
from minutier.compose.supervisor import (
    Backoff,
    Phase,
    Ports,
    Program,
    Refused,
    StartFailed,
    Supervisor,
    Unusable,
    choose_ports,
)

QUICK = Backoff(first=0.01, limit=0.05)


def program(name: str, folder: Path, code: str, *, stop_seconds: float = 5.0) -> Program:
    """A child that is ready once it has made the file that is its first argument."""
    sign = folder / f"{name}.ready"

    def launch(ports: Ports) -> Launch:
        sign.unlink(missing_ok=True)
        return Launch([sys.executable, "-S", "-c", textwrap.dedent(code), str(sign), str(folder)])

    async def probe(ports: Ports) -> bool:
        return sign.exists()

    return Program(name, launch, probe, start_seconds=20.0, stop_seconds=stop_seconds)


STAYS = "import sys, time; open(sys.argv[1], 'w').close(); time.sleep(60)"


async def test_what_dies_is_started_again(tmp_path: Path) -> None:
    supervisor = Supervisor(tmp_path, backoff=QUICK)
    try:
        await supervisor.start(program("one", tmp_path, STAYS))
        first = supervisor["one"].pid
        assert first is not None
        os.kill(first, signal.SIGKILL)
        while supervisor["one"].restarts == 0:  # noqa: ASYNC110 - there is no event for a death
            await asyncio.sleep(0.01)
        await asyncio.wait_for(supervisor["one"].ready.wait(), 20)
        assert supervisor["one"].phase is Phase.READY
        assert supervisor["one"].pid != first
    finally:
        await supervisor.stop()


async def test_tiers_stop_in_reverse_order(tmp_path: Path) -> None:
    code = """
        import signal, sys, time
        def end(*_):
            open(sys.argv[2] + "/order", "a").write(sys.argv[1].rsplit("/")[-1] + " ")
            sys.exit(0)
        signal.signal(signal.SIGTERM, end)
        open(sys.argv[1], "w").close()
        time.sleep(60)
    """
    supervisor = Supervisor(tmp_path)
    await supervisor.start(program("server", tmp_path, code))
    await supervisor.start(program("service", tmp_path, code))
    await supervisor.stop()
    assert (tmp_path / "order").read_text().split() == ["service.ready", "server.ready"]
    assert {running.phase for running in supervisor.programs} == {Phase.STOPPED}


async def test_what_does_not_end_is_killed_with_its_children(tmp_path: Path) -> None:
    code = """
        import signal, subprocess, sys, time
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        child = subprocess.Popen([sys.executable, "-S", "-c", "import time; time.sleep(60)"])
        open(sys.argv[2] + "/child", "w").write(str(child.pid))
        open(sys.argv[1], "w").close()
        time.sleep(60)
    """
    supervisor = Supervisor(tmp_path)
    await supervisor.start(program("deaf", tmp_path, code, stop_seconds=0.2))
    pids = [supervisor["deaf"].pid, int((tmp_path / "child").read_text())]
    await supervisor.stop()
    assert await asyncio.to_thread(_end, [pid for pid in pids if pid is not None])


async def test_what_ends_again_and_again_fails_with_the_end_of_its_log(tmp_path: Path) -> None:
    supervisor = Supervisor(tmp_path, backoff=QUICK)
    try:
        with pytest.raises(StartFailed, match="out of luck"):
            await supervisor.start(program("broken", tmp_path, "raise SystemExit('out of luck')"))
    finally:
        await supervisor.stop()


async def test_what_refuses_its_settings_is_started_once_and_quoted(tmp_path: Path) -> None:
    (tmp_path / "picky.log").write_text("of an earlier start\n")
    picky = program("picky", tmp_path, "import sys; print('KEY: is short'); sys.exit(2)")
    supervisor = Supervisor(tmp_path, backoff=QUICK)
    try:
        with pytest.raises(Refused) as refused:
            await supervisor.start(dataclasses.replace(picky, refusal=2))
    finally:
        await supervisor.stop()
    assert str(refused.value) == "picky does not start with these settings:\n  KEY: is short"
    assert refused.value.status == Status.USAGE
    assert supervisor["picky"].restarts == 0


async def test_what_cannot_run_here_says_why_at_once(tmp_path: Path) -> None:
    def launch(ports: Ports) -> Launch:
        raise Unusable("install it first")

    async def probe(ports: Ports) -> bool:
        return False

    supervisor = Supervisor(tmp_path)
    try:
        with pytest.raises(Unusable, match="install it first"):
            await supervisor.start(Program("missing", launch, probe))
    finally:
        await supervisor.stop()


def test_a_killed_supervisor_leaves_no_process(tmp_path: Path) -> None:
    parent = subprocess.Popen([sys.executable, "-c", _PARENT, str(tmp_path)])
    try:
        deadline = time.monotonic() + 30
        while not (tmp_path / "pid").exists() and time.monotonic() < deadline:
            time.sleep(0.02)
        child = int((tmp_path / "pid").read_text())
    finally:
        parent.kill()
        parent.wait()
    assert _end([child])


_PARENT = """
import asyncio, pathlib, sys
from minutier.compose.processes import Launch, spawn

async def main(folder):
    sleeper = [sys.executable, "-S", "-c", "import time; time.sleep(60)"]
    child = await spawn(Launch(sleeper), folder / "child.log")
    (folder / "partial").write_text(str(child.pid))
    (folder / "partial").rename(folder / "pid")
    await asyncio.sleep(60)

asyncio.run(main(pathlib.Path(sys.argv[1])))
"""


def test_backoff_doubles_up_to_its_limit() -> None:
    delays = [Backoff(first=1, limit=5).delay(failures) for failures in (1, 2, 3, 4, 1000)]
    assert delays == [1, 2, 4, 5, 5]


def test_ports_differ_and_a_free_preferred_one_is_taken() -> None:
    first = choose_ports(("a", "b", "c"), preferred={})
    assert len(set(first.values())) == 3
    assert choose_ports(("a",), preferred={"a": first["a"]}) == {"a": first["a"]}


def test_a_log_stays_within_its_limit(tmp_path: Path) -> None:
    log = tmp_path / "x.log"
    log.write_bytes(b"a" * 50 + b"b" * 100)
    shorten(log, limit=100)
    assert log.read_bytes() == b""
    assert (tmp_path / "x.log.1").read_bytes() == b"b" * 100


def _end(pids: list[int]) -> bool:
    """Whether the processes end; one that was killed takes a moment."""
    deadline = time.monotonic() + 10
    while any(map(_alive, pids)):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def _alive(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
