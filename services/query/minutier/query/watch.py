"""Following a recording until nothing more will happen to it."""

from collections.abc import AsyncGenerator
from dataclasses import dataclass
from uuid import UUID

from minutier.query.domain import Recording, StageState, recording
from minutier.query.ports import Recordings, Signals


@dataclass(frozen=True)
class StageProgress:
    """How far a stage is, from 0 to 1."""

    stage: str
    fraction: float


async def watch(
    id: UUID, *, recordings: Recordings, signals: Signals, poll_seconds: float
) -> AsyncGenerator[Recording | StageProgress]:
    """The recording as it is, then each change and progress; ends after a final state.

    Signals may be lost, so without any the recording is read again after ``poll_seconds``.
    """
    async with signals.listen(id) as mailbox:
        seen: Recording | None = None
        stale = True
        while True:
            if stale:
                entry = await recordings.find(id)
                if entry is None:
                    return
                present = recording(entry)
                if present != seen:
                    yield present
                seen = present
                if present.state.final:
                    return
            news = await mailbox.take(timeout=poll_seconds)
            stale = news is None or news.changed
            for stage, fraction in (news.progress if news else {}).items():
                if seen is not None and seen.stages[stage].state is not StageState.DONE:
                    yield StageProgress(stage, fraction)
