"""What the events about a recording say of it, in whatever order and however often they came.

A recording is the set of its facts, one for each event. Adding to a set does not depend on order and
adding twice changes nothing, so everything else here is derived from that set, when it is read.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from minutier.query.facts import Erasure as Erasure
from minutier.query.facts import Fact as Fact
from minutier.query.facts import Kind as Kind
from minutier.schemas import records


class State(StrEnum):
    ANNOUNCED = "announced"
    PROCESSING = "processing"
    COMPLETED = "completed"
    REJECTED = "rejected"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def final(self) -> bool:
        return self in (State.COMPLETED, State.REJECTED, State.FAILED, State.CANCELLED)


class StageState(StrEnum):
    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    SKIPPED = "skipped"
    FAILED = "failed"


STAGES = {
    "ingestion": Kind.INGESTED,
    "diarization": Kind.DIARIZED,
    "transcription": Kind.TRANSCRIBED,
    "attribution": Kind.ATTRIBUTED,
    "summarisation": Kind.WRITTEN,
}

# What each stage follows from; those come before it in `STAGES`.
FOLLOWS = {
    "ingestion": (),
    "diarization": ("ingestion",),
    "transcription": ("ingestion",),
    "attribution": ("diarization", "transcription"),
    "summarisation": ("attribution",),
}

# What says that somebody wants a recording done.
_WANTING = (Kind.ANNOUNCED, Kind.INGESTED, Kind.RECEIVED, Kind.REQUESTED)

# A thousand people's, each of whom is known by a subject and an address.
_MOST_PRINCIPALS = 2000

# A text that is handed in is its own transcript.
_OF_RECORDINGS_ALONE = ("diarization", "transcription", "attribution")


@dataclass(frozen=True)
class Entry:
    """A recording as it is kept: its facts by the id of the event that told them.

    ``announced_at`` is the earliest moment any of them speaks of. Of what a purge has ``destroyed`` the facts
    tell that it was made, and not where it lay.
    """

    id: UUID
    tenant: str
    announced_at: datetime
    facts: Mapping[UUID, Fact] = field(default_factory=dict)
    destroyed: frozenset[records.Kind] = frozenset()

    def newest(
        self, kind: Kind, *, stage: str | None = None, wanted_since: datetime | None = None
    ) -> Fact | None:
        """The newest of those that were not wanted before ``wanted_since``."""
        moments = [
            (fact.at, told_by)
            for told_by, fact in self.facts.items()
            if fact.kind is kind
            and fact.stage == stage
            and (wanted_since is None or fact.wanted >= wanted_since)
        ]
        return self.facts[max(moments)[1]] if moments else None

    def first(self, kind: Kind) -> datetime | None:
        """When such a thing was told for the first time."""
        return min((fact.at for fact in self.facts.values() if fact.kind is kind), default=None)

    @property
    def cancelled(self) -> bool:
        """Whether nobody has wanted anything of it since somebody said so."""
        cancelled = self.newest(Kind.CANCELLED)
        return cancelled is not None and all(
            fact.wanted <= cancelled.at for fact in self.facts.values() if self._wants(fact)
        )

    def _wants(self, fact: Fact) -> bool:
        """Whether it asks for work; who announces what was taken in before only knows more of it."""
        if fact.kind is Kind.ANNOUNCED and (taken_in := self.first(Kind.INGESTED)) is not None:
            return fact.at <= taken_in
        return fact.kind in _WANTING

    @property
    def erased_at(self) -> datetime | None:
        """When it was last ordered that one person be erased from it: nothing older has an effect."""
        return max((fact.at for fact in self.facts.values() if fact.kind is Kind.ERASING), default=None)

    @property
    def being_erased(self) -> bool:
        """Whether one person is being erased from it, by the order that was given last."""
        order = self.newest(Kind.ERASING)
        done = {fact.erasure.purge_id for fact in self.told(Kind.ERASED) if fact.erasure}
        return order is not None and order.erasure is not None and order.erasure.purge_id not in done

    @property
    def transcript(self) -> Fact | None:
        """What refers to the transcript: attribution's newest, or the text that was handed in."""
        return self.newest(Kind.ATTRIBUTED) or self.newest(Kind.RECEIVED)

    @property
    def minutes(self) -> Fact | None:
        """What refers to the minutes that were asked for last, whichever were written last.

        Those that are no more count where there are no others.
        """
        written = [
            (fact.document is not None, fact.asked_at or fact.at, fact.at, told_by)
            for told_by, fact in self.facts.items()
            if fact.kind is Kind.WRITTEN
        ]
        return self.facts[max(written)[-1]] if written else None

    @property
    def taken_in(self) -> Fact | None:
        """What ingestion told of it, once it had it."""
        return self.newest(Kind.INGESTED) or self.newest(Kind.RECEIVED)

    def told(self, kind: Kind) -> list[Fact]:
        """All of a kind, the oldest first."""
        moments = [(fact.at, told_by) for told_by, fact in self.facts.items() if fact.kind is kind]
        return [self.facts[told_by] for _, told_by in sorted(moments)]

    @property
    def described(self) -> list[Fact]:
        """What tells who was there, and when and what it was: first what was written down, then the rest.

        Announcements count as long as nothing is.
        """
        begun = [self.taken_in] if self.taken_in else self.told(Kind.ANNOUNCED)
        return [*begun, *self.told(Kind.DESCRIBED)]

    @property
    def title(self) -> str | None:
        """What it is called by who was first to call it something."""
        return next((fact.title for fact in self.described if fact.title), None)

    @property
    def names(self) -> tuple[str, ...]:
        """Those who were there; of two with the same name whom one source told of, both."""
        names: list[str] = []
        for fact in self.described:
            known = set(names)
            names += [name for name in fact.names if name not in known]
        return tuple(names)

    @property
    def people(self) -> Mapping[str, int]:
        """Levels by principal, the most that anybody has told; those by default where nobody has as much.

        Of too many, the highest and those who were told first stay.
        """
        levels: dict[str, int] = {}
        for fact in self.described:
            for principal, level in fact.people.items():
                levels[principal] = max(level, levels.get(principal, 0))
        highest = max(levels.values(), default=0)
        for fact in self.described:
            levels |= {who: level for who, level in fact.by_default.items() if level > highest}
        return dict(sorted(levels.items(), key=lambda item: -item[1])[:_MOST_PRINCIPALS])

    @property
    def happened_at(self) -> datetime:
        """When the meeting began, or was announced where nobody knows."""
        began = (fact.started_at for fact in self.described if fact.started_at)
        return next(began, self.announced_at)


@dataclass(frozen=True)
class Stage:
    """How far one stage is; ``seconds`` is what it took."""

    state: StageState
    seconds: float | None = None
    reason: str | None = None


@dataclass(frozen=True)
class Recording:
    """A recording or a text, as it is shown; ``total_seconds`` is from its announcement to its minutes.

    ``destroyed`` is what of it a purge has destroyed: ``media``, ``transcript`` or ``minutes``. ``erased_at``
    is when one person was last erased from it, which is not done yet where they are ``being_erased``.
    """

    id: UUID
    tenant: str
    title: str | None
    participants: tuple[str, ...]
    source: str | None
    state: State
    duration: float | None
    language: str | None
    announced_at: datetime
    happened_at: datetime
    reason: str | None
    explanation: str | None
    stages: dict[str, Stage]
    total_seconds: float | None
    destroyed: tuple[records.Kind, ...] = ()
    erased_at: datetime | None = None
    being_erased: bool = False


def recording(entry: Entry) -> Recording:
    """What ``entry``'s facts come to."""
    announced = entry.newest(Kind.ANNOUNCED)
    ingested = entry.newest(Kind.INGESTED)
    taken_in = entry.taken_in
    rejected = None if entry.cancelled else _standing_rejection(entry)
    attributed = entry.newest(Kind.ATTRIBUTED)
    transcribed = entry.newest(Kind.TRANSCRIBED)
    stages = _stages(entry, rejected)
    state = State.CANCELLED if entry.cancelled else _state(stages, rejected)
    failure = _failure(entry, stages) if state is State.FAILED else rejected
    begun = [fact for fact in (taken_in, rejected, announced) if fact is not None]
    spoken = [fact.language for fact in (attributed, transcribed, *begun) if fact and fact.language]
    return Recording(
        id=entry.id,
        tenant=entry.tenant,
        title=entry.title,
        participants=entry.names,
        source=begun[0].source if begun else None,
        state=state,
        duration=ingested.duration if ingested else None,
        language=spoken[0] if spoken else None,
        announced_at=entry.announced_at,
        happened_at=entry.happened_at,
        reason=failure.reason if failure else None,
        explanation=failure.explanation if failure else None,
        stages=stages,
        total_seconds=_total_seconds(entry, taken_in) if state is State.COMPLETED else None,
        destroyed=tuple(sorted(entry.destroyed)),
        erased_at=entry.erased_at,
        being_erased=entry.being_erased,
    )


def _standing_rejection(entry: Entry) -> Fact | None:
    """The last rejection, unless the recording was taken in or announced again since."""
    rejected = entry.newest(Kind.REJECTED)
    announced = entry.newest(Kind.ANNOUNCED)
    if rejected is None or entry.newest(Kind.INGESTED) is not None:
        return None
    if announced is not None and announced.at > (rejected.announced_at or rejected.at):
        return None
    return rejected


def _stages(entry: Entry, rejected: Fact | None) -> dict[str, Stage]:
    if rejected is not None:
        never = dict.fromkeys(STAGES, Stage(StageState.SKIPPED))
        return never | {"ingestion": Stage(StageState.FAILED, reason=rejected.reason)}
    again = _wanted_again(entry)
    done = {
        name: fact
        for name, kind in STAGES.items()
        if (fact := entry.newest(kind, wanted_since=again.get(name))) is not None
    }
    received = entry.newest(Kind.RECEIVED)
    if received is not None:
        done["ingestion"] = received
    may_run = {
        "ingestion": entry.newest(Kind.ANNOUNCED) is not None,
        "diarization": "ingestion" in done,
        "transcription": "ingestion" in done,
        "attribution": "diarization" in done and "transcription" in done,
        "summarisation": "attribution" in done or received is not None,
    }
    stages = {}
    for name in STAGES:
        failed = entry.newest(Kind.FAILED, stage=name, wanted_since=again.get(name))
        if received is not None and name in _OF_RECORDINGS_ALONE:
            stages[name] = Stage(StageState.SKIPPED)
        elif name in done:
            stages[name] = Stage(StageState.DONE, seconds=done[name].seconds)
        elif entry.cancelled or (entry.erased_at is not None and name not in again):
            stages[name] = Stage(StageState.SKIPPED)
        elif failed is not None:
            stages[name] = Stage(StageState.FAILED, reason=failed.reason)
        else:
            stages[name] = Stage(StageState.RUNNING if may_run[name] else StageState.WAITING)
    return stages


def _wanted_again(entry: Entry) -> dict[str, datetime]:
    """Since when the stages are wanted that are to be done again, or that follow from such a one."""
    again: dict[str, datetime] = {}
    for name, follows in FOLLOWS.items():
        requested = entry.newest(Kind.REQUESTED, stage=name, wanted_since=entry.erased_at)
        moments = [again[before] for before in follows if before in again]
        if moments := [*moments, *([requested.at] if requested else [])]:
            again[name] = max(moments)
    return again


def _state(stages: Mapping[str, Stage], rejected: Fact | None) -> State:
    states = {stage.state for stage in stages.values()}
    if rejected is not None:
        return State.REJECTED
    if states <= {StageState.DONE, StageState.SKIPPED}:
        return State.COMPLETED
    if StageState.FAILED in states:
        return State.FAILED
    return State.PROCESSING if StageState.DONE in states else State.ANNOUNCED


def _failure(entry: Entry, stages: Mapping[str, Stage]) -> Fact | None:
    first = next(name for name, stage in stages.items() if stage.state is StageState.FAILED)
    return entry.newest(Kind.FAILED, stage=first, wanted_since=_wanted_again(entry).get(first))


def _total_seconds(entry: Entry, taken_in: Fact | None) -> float | None:
    """Minutes that were written anew, as after a correction, have not taken longer."""
    written = entry.first(Kind.WRITTEN)
    if taken_in is None or written is None:
        return None
    return max(0.0, (written - (taken_in.announced_at or taken_in.at)).total_seconds())
