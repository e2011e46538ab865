"""What may be asked of the pipeline, where a recording stands in it, and when it will be done."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from minutier.query.domain import FOLLOWS, STAGES, Entry, Kind, StageState, recording
from minutier.query.domain import Stage as StageShown
from minutier.schemas import events, records

_JUST_AFTER = timedelta(microseconds=1)
# What each request adds is kept, and read with the recording from then on: a bound a day would be none.
# Whoever wants a better transcript asks a few times.
MOST_REQUESTS = 200

_LISTENING = (events.Stage.DIARIZATION, events.Stage.TRANSCRIPTION)


class Hindrance(StrEnum):
    """Why what somebody asks of the pipeline cannot be done as things are."""

    NOTHING_RUNS = "nothing_runs"
    UNDER_WAY = "under_way"
    NO_TRANSCRIPT = "no_transcript"
    ONLY_A_TEXT = "only_a_text"
    NOT_TAKEN_IN = "not_taken_in"
    DIARIZATION_MISSING = "diarization_missing"
    TRANSCRIPTION_MISSING = "transcription_missing"
    MEDIA_UNKNOWN = "media_unknown"
    MEDIA_DELETED = "media_deleted"
    MEDIA_RESTRICTED = "media_restricted"
    TRANSCRIPT_DELETED = "transcript_deleted"
    MINUTES_DELETED = "minutes_deleted"
    TOO_OFTEN = "too_often"
    PERSON_BEING_ERASED = "person_being_erased"
    PERSON_ERASED = "person_erased"

    @property
    def explanation(self) -> str:
        return _EXPLANATIONS[self]


_EXPLANATIONS = {
    Hindrance.NOTHING_RUNS: "Nothing is being done for this recording that could be cancelled.",
    Hindrance.UNDER_WAY: "It is being processed. Wait until that is done, or cancel it.",
    Hindrance.NO_TRANSCRIPT: "It has no transcript that minutes could be made of.",
    Hindrance.ONLY_A_TEXT: "It is a text that was handed in: only its minutes can be made again.",
    Hindrance.NOT_TAKEN_IN: "Nothing of it was taken in. Hand it in again.",
    Hindrance.DIARIZATION_MISSING: "Diarization has not been done: do that again instead.",
    Hindrance.TRANSCRIPTION_MISSING: "Transcription has not been done: do that again instead.",
    Hindrance.MEDIA_UNKNOWN: "Where its media lies is not known any more. Hand it in again.",
    Hindrance.MEDIA_DELETED: "Its media has been deleted.",
    Hindrance.MEDIA_RESTRICTED: "Its media is restricted: nobody listens to it again. Do a later step again.",
    Hindrance.TRANSCRIPT_DELETED: "Its transcript has been deleted.",
    Hindrance.MINUTES_DELETED: "Its minutes have been deleted, and would be written again.",
    Hindrance.TOO_OFTEN: f"It was done again {MOST_REQUESTS} times, and may be no more. Hand it in again.",
    Hindrance.PERSON_BEING_ERASED: "One person is being erased from it. Ask again once that is done: its "
    "'being_erased' is false then.",
    Hindrance.PERSON_ERASED: "One person was erased from it: nobody listens to what is left once more, for "
    "that would give others other words. Do summarisation again instead.",
}


class CannotReprocess(Exception):
    """The stage cannot be done again as things are; the text is for whoever asked."""

    def __init__(self, hindrance: Hindrance) -> None:
        super().__init__(hindrance.explanation)
        self.hindrance = hindrance


_MISSING = {
    events.Stage.DIARIZATION: Hindrance.DIARIZATION_MISSING,
    events.Stage.TRANSCRIPTION: Hindrance.TRANSCRIPTION_MISSING,
}


class NothingRuns(Exception):
    """There is nothing to cancel."""


def moment_after(entry: Entry, now: datetime) -> datetime:
    """A time for what is told ``now``, newer than all that was told of ``entry``, by whatever clock."""
    told = [max(fact.at, fact.wanted) for fact in entry.facts.values()]
    return max([now, *(moment + _JUST_AFTER for moment in told)])


def check_cancelling(entry: Entry) -> None:
    """Raises `NothingRuns`."""
    states = {stage.state for stage in recording(entry).stages.values()}
    if StageState.RUNNING not in states:
        raise NothingRuns


def plan(entry: Entry, stage: events.Stage) -> tuple[events.Stage, ...]:
    """The stages to be asked for so that ``stage`` is done again, and then all that follows from it.

    The join of what was said and who spoke needs both: where one has not been done, it is done too. Raises
    `CannotReprocess`.
    """
    if entry.being_erased:
        raise CannotReprocess(Hindrance.PERSON_BEING_ERASED)
    if entry.erased_at is not None and stage is not events.Stage.SUMMARISATION:
        raise CannotReprocess(Hindrance.PERSON_ERASED)
    stages = recording(entry).stages
    if StageState.RUNNING in {one.state for one in stages.values()}:
        raise CannotReprocess(Hindrance.UNDER_WAY)
    if len(entry.told(Kind.REQUESTED)) >= MOST_REQUESTS:
        raise CannotReprocess(Hindrance.TOO_OFTEN)
    if (destroyed := _destroyed(entry, stage)) is not None:
        raise CannotReprocess(destroyed)
    if stage is events.Stage.SUMMARISATION:
        if entry.transcript is None:
            raise CannotReprocess(Hindrance.NO_TRANSCRIPT)
        return (stage,)
    if entry.newest(Kind.RECEIVED) is not None:
        raise CannotReprocess(Hindrance.ONLY_A_TEXT)
    if entry.newest(Kind.INGESTED) is None:
        raise CannotReprocess(Hindrance.NOT_TAKEN_IN)
    missing = [other for other in _LISTENING if stages[other].state is not StageState.DONE]
    if stage is events.Stage.ATTRIBUTION:
        if missing:
            raise CannotReprocess(_MISSING[missing[0]])
        return (stage,)
    # The one that was chosen is told last: what follows is wanted since then.
    return (*(other for other in missing if other is not stage), stage)


def _destroyed(entry: Entry, stage: events.Stage) -> Hindrance | None:
    """What a purge has destroyed that would be needed, or be made once more: all that follows is."""
    if records.Kind.TRANSCRIPT in entry.destroyed:
        return Hindrance.TRANSCRIPT_DELETED
    if records.Kind.MEDIA in entry.destroyed and stage in _LISTENING:
        return Hindrance.MEDIA_DELETED
    return Hindrance.MINUTES_DELETED if records.Kind.MINUTES in entry.destroyed else None


def waiting(entry: Entry) -> dict[str, datetime]:
    """Since when each stage runs, or waits for its turn, that has all it needs."""
    since = {}
    for name, stage in recording(entry).stages.items():
        if stage.state is not StageState.RUNNING:
            continue
        told = [
            *(entry.newest(STAGES[before]) for before in FOLLOWS[name]),
            entry.newest(Kind.REQUESTED, stage=name),
            entry.newest(Kind.RECEIVED),
            entry.newest(Kind.ANNOUNCED) if name == events.Stage.INGESTION else None,
        ]
        since[name] = max([fact.at for fact in told if fact is not None], default=entry.announced_at)
    return since


@dataclass(frozen=True)
class Before:
    """What waits in a stage for its turn, or is in hand, before a recording; seconds of sound."""

    recordings: int = 0
    seconds: float = 0.0


@dataclass(frozen=True)
class Pace:
    """What is before a recording in each of its stages, and what a second of sound takes in each, in seconds.

    A stage has no rate as long as nothing has gone through it.
    """

    before: Mapping[str, Before] = field(default_factory=dict)
    rates: Mapping[str, float] = field(default_factory=dict)


def position(stage: str, fraction: float, pace: Pace) -> int:
    """How many recordings are before it in the queue of ``stage``; none once it has begun."""
    return 0 if fraction > 0 else pace.before.get(stage, Before()).recordings


def seconds_left(
    stages: Mapping[str, StageShown], duration: float | None, fractions: Mapping[str, float], pace: Pace
) -> float | None:
    """Until the last stage is done, by what stages have taken lately; ``None`` where that is not known.

    ``fractions`` are how far the stages are that run. Those that follow from the same one run side by side.
    A stage that gave up keeps those that follow from it from being done.
    """
    if duration is None or StageState.FAILED in {stage.state for stage in stages.values()}:
        return None
    done_after: dict[str, float] = {}
    for name, stage in stages.items():
        ready = max((done_after[before] for before in FOLLOWS[name]), default=0.0)
        if stage.state not in (StageState.RUNNING, StageState.WAITING):
            done_after[name] = ready
            continue
        if name not in pace.rates:
            return None
        sound = duration
        if stage.state is StageState.RUNNING:
            fraction = fractions.get(name, 0.0)
            ahead = 0.0 if fraction > 0 else pace.before.get(name, Before()).seconds
            sound = ahead + (1.0 - min(1.0, max(0.0, fraction))) * duration
        done_after[name] = ready + sound * pace.rates[name]
    return max(done_after.values())
