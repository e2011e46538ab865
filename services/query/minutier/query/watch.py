"""Following a recording until nothing more will happen to it."""

import time
from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass, fields
from uuid import UUID

from minutier.query.domain import StageState
from minutier.query.ports import Recordings, Signals
from minutier.query.show import Shown, show
from minutier.query.steering.domain import Pace, position, seconds_left
from minutier.query.steering.ports import Paces
from minutier.shared.identity.domain import Person

# After which whoever follows has to ask again, and to show again who they are.
LASTING_SECONDS = 900.0


@dataclass(frozen=True)
class StageProgress:
    """How far a stage is, from 0 to 1, and how many recordings are before this one in its queue.

    ``seconds_left`` are until all stages are done, as far as can be told.
    """

    stage: str
    fraction: float
    position: int = 0
    seconds_left: float | None = None


@dataclass(frozen=True)
class Followed(Shown):
    """A recording, and how far the stages are that run or wait for their turn."""

    progress: tuple[StageProgress, ...] = ()


async def watch(
    person: Person,
    id: UUID,
    *,
    recordings: Recordings,
    paces: Paces,
    signals: Signals,
    poll_seconds: float,
    lasting_seconds: float = LASTING_SECONDS,
) -> AsyncGenerator[Followed | StageProgress]:
    """The recording as ``person`` sees it, then each change and progress.

    Ends after a final state, where they may not see it any more, and after ``lasting_seconds``.

    Signals may be lost, and of what is before it in a queue there are none, so the recording is read again
    after ``poll_seconds``.
    """
    async with signals.listen(id) as mailbox:
        seen: Shown | None = None
        pace = Pace()
        fractions: dict[str, float] = {}
        stale, looked = True, 0.0
        ends = time.monotonic() + lasting_seconds
        while time.monotonic() < ends:
            if stale or time.monotonic() - looked >= poll_seconds:
                seen_now = await recordings.find(person, id)
                if seen_now is None:
                    return
                before, pace, looked = pace, await paces.of(id), time.monotonic()
                present = show(seen_now)
                if present != seen or pace.before != before.before:
                    yield _followed(present, fractions, pace)
                seen = present
                if present.state.final:
                    return
            news = await mailbox.take(timeout=poll_seconds)
            stale = news is None or news.changed
            for stage, fraction in (news.progress if news else {}).items():
                if seen is not None and seen.stages[stage].state is not StageState.DONE:
                    fractions[stage] = fraction
                    yield _progress(seen, stage, fractions, pace)


def _followed(shown: Shown, fractions: dict[str, float], pace: Pace) -> Followed:
    running = [name for name, stage in shown.stages.items() if stage.state is StageState.RUNNING]
    # What a stage has told of an earlier run says nothing of the next.
    for ended in fractions.keys() - set(running):
        del fractions[ended]
    progress = tuple(_progress(shown, stage, fractions, pace) for stage in running)
    return Followed(**{field.name: getattr(shown, field.name) for field in fields(shown)}, progress=progress)


def _progress(shown: Shown, stage: str, fractions: Mapping[str, float], pace: Pace) -> StageProgress:
    fraction = fractions.get(stage, 0.0)
    left = seconds_left(shown.stages, shown.duration, fractions, pace)
    return StageProgress(stage, fraction, position(stage, fraction, pace), left)
