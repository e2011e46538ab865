"""Keeps programs running: starts them, watches them, restarts what dies, stops all in reverse order."""

import asyncio
import random
import signal
import socket
import time
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from textwrap import indent

from minutier.compose.failures import Failure, Status
from minutier.compose.processes import Launch, end, last_lines, shorten, spawn

Ports = Mapping[str, int]

_PROBE_SECONDS = 0.05
_PROBE_LIMIT_SECONDS = 3.0
_HOUSEKEEPING_SECONDS = 30.0
_START_ATTEMPTS = 5
# Below the range from which systems draw ports for outgoing connections.
_PORTS = range(12_000, 32_000)


@dataclass(frozen=True)
class Program:
    """What the supervisor keeps running.

    ``launch`` and ``probe`` get the ports chosen for the names in ``ports``; ``probe`` says whether
    the program is ready, and any `OSError` it raises counts as not yet. ``launch`` may prepare what
    the program needs, in a thread, and raise `Unusable`. ``cleanup`` runs after each end. A program that
    ends with ``refusal``, before it was ever ready, has said in its log why no repetition helps.
    """

    name: str
    launch: Callable[[Ports], Launch]
    probe: Callable[[Ports], Awaitable[bool]]
    ports: tuple[str, ...] = ()
    start_seconds: float = 60.0
    stop_signal: signal.Signals = signal.SIGTERM
    stop_seconds: float = 10.0
    cleanup: Callable[[Ports], None] | None = None
    refusal: int | None = None


class Phase(StrEnum):
    STARTING = "starting"
    READY = "ready"
    RESTARTING = "restarting"
    STOPPED = "stopped"


class Unusable(Failure):
    """A program cannot run here, and no repetition helps; the text says what to do."""


class Refused(Unusable):
    """A program does not start with what it was told; the text is what it said of that."""

    status = Status.USAGE

    def __init__(self, name: str, said: str) -> None:
        super().__init__(f"{name} does not start with these settings:\n{indent(said.strip(), '  ')}")


@dataclass
class Running:
    """What is known of a program's process now; ``hopeless`` says that it will not become ready."""

    program: Program
    log: Path
    phase: Phase = Phase.STARTING
    pid: int | None = None
    ports: Ports = field(default_factory=dict)
    restarts: int = 0
    ready_seconds: float | None = None
    ready: asyncio.Event = field(default_factory=asyncio.Event, repr=False)
    hopeless: asyncio.Event = field(default_factory=asyncio.Event, repr=False)
    unusable: Unusable | None = None


@dataclass(frozen=True)
class Backoff:
    """Delays between restarts double up to ``limit``; ``reset`` seconds of health start them anew."""

    first: float = 0.25
    limit: float = 30.0
    reset: float = 60.0

    def delay(self, failures: int) -> float:
        return min(self.limit, self.first * 2.0 ** min(failures - 1, 30))


class StartFailed(Failure):
    """A program was not ready in time, or ended again and again before it was."""

    def __init__(self, name: str, log: Path) -> None:
        lines = "\n".join(f"  {line}" for line in last_lines(log))
        end = f" and ends with:\n{lines}" if lines else ", and is empty."
        super().__init__(f"{name} did not become ready. Its log is {log}{end}")
        self.name = name
        self.log = log


class Supervisor:
    """Programs started together form a tier; tiers stop in reverse order, each one side by side."""

    def __init__(
        self,
        logs: Path,
        *,
        preferred_ports: Mapping[str, Ports] | None = None,
        backoff: Backoff | None = None,
        on_change: Callable[[], None] = lambda: None,
    ) -> None:
        """``preferred_ports``: by program, taken where they are free; ``on_change``: after any change."""
        self._logs = logs
        self._preferred = preferred_ports or {}
        self._backoff = backoff or Backoff()
        self._on_change = on_change
        self._tiers: list[list[Running]] = []
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._housekeeping: asyncio.Task[None] | None = None
        self._spawning = asyncio.Lock()

    @property
    def programs(self) -> list[Running]:
        return [running for tier in self._tiers for running in tier]

    def __getitem__(self, name: str) -> Running:
        return next(running for running in self.programs if running.program.name == name)

    async def start(self, *programs: Program) -> None:
        """Start one tier and wait until all of it is ready; raises `StartFailed` or `Unusable`."""
        self._housekeeping = self._housekeeping or asyncio.create_task(self._keep_house())
        tier = [Running(program, self._logs / f"{program.name}.log") for program in programs]
        self._tiers.append(tier)
        for running in tier:
            name = running.program.name
            self._tasks[name] = asyncio.create_task(self._keep(running), name=f"keep-{name}")
        # The first that fails is told at once; `stop` ends the wait for the others.
        await asyncio.gather(*(_started(running) for running in tier))

    async def stop(self) -> None:
        """Stop everything; after this returns no process of it is left."""
        if self._housekeeping is not None:
            self._housekeeping.cancel()
        for tier in reversed(self._tiers):
            await asyncio.gather(*(self._stop(running) for running in tier))

    async def _stop(self, running: Running) -> None:
        task = self._tasks.pop(running.program.name, None)
        if task is None:
            return
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
        running.hopeless.set()
        self._note(running, Phase.STOPPED)

    async def _keep(self, running: Running) -> None:
        """Until cancelled: run the program, and run it again when it ends."""
        failures = 0
        settled = False
        while True:
            if not settled:
                # Another process may have taken a port between its choice and its use.
                preferred = self._preferred.get(running.program.name, {}) if failures == 0 else {}
                running.ports = choose_ports(running.program.ports, preferred=preferred)
            started = time.monotonic()
            try:
                was_ready = await self._run(running, started)
            except Unusable as error:
                running.unusable = error
                running.hopeless.set()
                self._note(running, Phase.STOPPED)
                return
            if was_ready:
                # Others hold its address from now on.
                settled = True
                if time.monotonic() - started >= self._backoff.reset:
                    failures = 0
            failures += 1
            if not settled and failures == _START_ATTEMPTS:
                running.hopeless.set()
            running.restarts += 1
            self._note(running, Phase.RESTARTING)
            await asyncio.sleep(self._backoff.delay(failures))

    async def _run(self, running: Running, started: float) -> bool:
        """One life of the program; returns whether it was ever ready. Ends it when cancelled."""
        program = running.program
        launch = await asyncio.to_thread(program.launch, running.ports)
        written = running.log.stat().st_size if running.log.exists() else 0
        starting = asyncio.create_task(self._spawn(launch, running.log))
        try:
            process = await asyncio.shield(starting)
        except asyncio.CancelledError:
            await self._end(running, await starting)
            raise
        except OSError as error:
            with running.log.open("a") as log:
                log.write(f"cannot be executed: {error.strerror}\n")
            return False
        try:
            self._note(running, Phase.STARTING, process.pid)
            ended = asyncio.create_task(process.wait())
            while not ended.done():
                if await _answers(program, running.ports):
                    running.ready_seconds = time.monotonic() - started
                    running.ready.set()
                    self._note(running, Phase.READY, process.pid)
                    break
                await asyncio.wait([ended], timeout=_PROBE_SECONDS)
            status = await ended
            was_ready = running.ready.is_set()
            if status == program.refusal and running.ready_seconds is None:
                raise Refused(program.name, "\n".join(last_lines(running.log, since=written)))
            running.ready.clear()
        finally:
            # Where it has ended by itself, this ends what it has left behind.
            await self._end(running, process)
        return was_ready

    async def _spawn(self, launch: Launch, log: Path) -> asyncio.subprocess.Process:
        # Making a process holds the loop, so others have their turn in between.
        async with self._spawning:
            return await spawn(launch, log)

    async def _end(self, running: Running, process: asyncio.subprocess.Process) -> None:
        await end(process, running.program.stop_signal, within=running.program.stop_seconds)
        if running.program.cleanup is not None:
            running.program.cleanup(running.ports)

    def _note(self, running: Running, phase: Phase, pid: int | None = None) -> None:
        running.phase = phase
        running.pid = pid
        self._on_change()

    async def _keep_house(self) -> None:
        while True:
            await asyncio.sleep(_HOUSEKEEPING_SECONDS)
            for running in self.programs:
                await asyncio.to_thread(shorten, running.log)


async def _started(running: Running) -> None:
    """Wait until the program is ready; raises `StartFailed` or `Unusable`."""
    signs = [asyncio.create_task(event.wait()) for event in (running.ready, running.hopeless)]
    try:
        await asyncio.wait(signs, timeout=running.program.start_seconds, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for sign in signs:
            sign.cancel()
    if running.unusable is not None:
        raise running.unusable
    if not running.ready.is_set():
        raise StartFailed(running.program.name, running.log)


async def _answers(program: Program, ports: Ports) -> bool:
    try:
        async with asyncio.timeout(_PROBE_LIMIT_SECONDS):
            return await program.probe(ports)
    except OSError:
        return False


def choose_ports(names: tuple[str, ...], *, preferred: Ports) -> dict[str, int]:
    """A free loopback port for each name, a preferred one where it is free."""
    chosen: dict[str, int] = {}
    for name in names:
        candidates = [preferred[name]] if name in preferred else []
        candidates += random.sample(_PORTS, 50)
        chosen[name] = next(port for port in candidates if port not in chosen.values() and _is_free(port))
    return chosen


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        # As servers do, so that a connection's remains do not count as taken.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
