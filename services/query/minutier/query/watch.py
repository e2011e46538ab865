"""Following a recording until nothing more will happen to it."""

from collections.abc import AsyncGenerator
from dataclasses import dataclass
from uuid import UUID

from minutier.query.domain import StageState
from minutier.query.identity.domain import Person
from minutier.query.ports import Recordings, Signals
from minutier.query.show import Shown, show


@dataclass(frozen=True)
class StageProgress:
    """How far a stage is, from 0 to 1."""

    stage: str
    fraction: float


async def watch(
    person: Person, id: UUID, *, recordings: Recordings, signals: Signals, poll_seconds: float
) -> AsyncGenerator[Shown | StageProgress]:
    """The recording as ``person`` sees it, then each change and progress.

    Ends after a final state, and where they may not see it any more.

    Signals may be lost, so without any the recording is read again after ``poll_seconds``.
    """
    async with signals.listen(id) as mailbox:
        seen: Shown | None = None
        stale = True
        while True:
            if stale:
                seen_now = await recordings.find(person, id)
                if seen_now is None:
                    return
                present = show(seen_now)
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
