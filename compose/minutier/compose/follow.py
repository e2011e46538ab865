"""Following recordings until they are done, and showing on stderr how far they are."""

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Protocol

from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from minutier.compose.api import FINAL, Api, Recording
from minutier.compose.client import NotFound, Unreachable
from minutier.compose.terminal import console, say
from minutier.compose.tokens import NoToken
from minutier.schemas.events import Stage

_RETRY_SECONDS = 0.5
_RETRIES = 60
_ENDED = frozenset({"done", "skipped", "failed"})


class Display(Protocol):
    def show(self, recording: Recording) -> None:
        """The recording as it is now."""
        ...

    def advance(self, id: str, stage: str, fraction: float) -> None:
        """How far one stage is, from 0 to 1."""
        ...


async def follow(api: Api, ids: Sequence[str]) -> list[Recording]:
    """The recordings as they are when nothing more will happen to them.

    One that is not known yet is waited for, and so is a service that starts again; raises
    `NotFound`, `Unreachable` or `NoToken` where that takes longer than half a minute.
    """
    with _display(ids) as display:
        return await asyncio.gather(*(_follow(api, followed, display) for followed in ids))


async def _follow(api: Api, id: str, display: Display) -> Recording:
    failures = 0
    while True:
        try:
            recording = await api.recording(id)
            display.show(recording)
            if recording["state"] in FINAL:
                return recording
            async for kind, data in api.progress(id):
                failures = 0
                if kind == "state":
                    display.show(data)
                else:
                    display.advance(id, data["stage"], data["fraction"])
        except (NotFound, Unreachable, NoToken):
            failures += 1
            if failures > _RETRIES:
                raise
        await asyncio.sleep(_RETRY_SECONDS)


@contextmanager
def _display(ids: Sequence[str]) -> Iterator[Display]:
    terminal = console(stderr=True)
    if not terminal.is_terminal or terminal.is_dumb_terminal:
        yield Lines()
        return
    columns = (
        TextColumn("{task.description:>14}"),
        BarColumn(),
        TextColumn("{task.fields[note]}"),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=terminal) as progress:
        yield StageBars(progress) if len(ids) == 1 else RecordingBars(progress, ids)


class StageBars:
    """One recording: a bar for each of its stages."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._bars: dict[str, TaskID] = {
            stage: progress.add_task(stage, total=1.0, start=False, note="waiting") for stage in Stage
        }

    def show(self, recording: Recording) -> None:
        for name, stage in recording["stages"].items():
            bar = self._bars[name]
            if stage["state"] != "waiting":
                self._progress.start_task(bar)
            self._progress.update(bar, note=stage["state"])
            if stage["state"] in _ENDED:
                self._progress.update(bar, completed=1.0)
                self._progress.stop_task(bar)

    def advance(self, id: str, stage: str, fraction: float) -> None:
        self._progress.start_task(self._bars[stage])
        self._progress.update(self._bars[stage], completed=fraction, note="running")


class RecordingBars:
    """Several recordings: a bar for each, over all of its stages."""

    def __init__(self, progress: Progress, ids: Sequence[str]) -> None:
        self._progress = progress
        self._bars = {key: progress.add_task(key[:8], total=len(Stage), note="waiting") for key in ids}
        self._fractions: dict[str, dict[str, float]] = {key: {} for key in ids}

    def show(self, recording: Recording) -> None:
        stages = recording["stages"]
        for name, stage in stages.items():
            if stage["state"] in _ENDED:
                self.advance(recording["id"], name, 1.0)
        running = [name for name, stage in stages.items() if stage["state"] == "running"]
        done = recording["state"] in FINAL
        bar = self._bars[recording["id"]]
        self._progress.update(bar, note=recording["state"] if done else ", ".join(running))
        if done:
            self._progress.stop_task(bar)

    def advance(self, id: str, stage: str, fraction: float) -> None:
        self._fractions[id][stage] = fraction
        self._progress.update(self._bars[id], completed=sum(self._fractions[id].values()))


class Lines:
    """Where there is no terminal: a line whenever a stage has ended."""

    def __init__(self) -> None:
        self._told: set[tuple[str, str]] = set()

    def show(self, recording: Recording) -> None:
        for name, stage in recording["stages"].items():
            key = (recording["id"], name)
            if stage["state"] in {"done", "failed"} and key not in self._told:
                self._told.add(key)
                seconds = f" in {stage['seconds']:.1f} s" if stage.get("seconds") is not None else ""
                say(f"{recording['id'][:8]} {name} {stage['state']}{seconds}")

    def advance(self, id: str, stage: str, fraction: float) -> None:
        """Nothing: a log is no place for fractions."""
