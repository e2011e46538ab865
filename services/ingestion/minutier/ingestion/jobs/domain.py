"""Jobs: what somebody asked for, who is told of it, and when it has ended."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from minutier.ingestion.domain import NEEDED_FOR_TRANSCRIPT
from minutier.schemas.events import (
    Announcement,
    JobFailure,
    JobKind,
    MinutesWritten,
    RecordingCancelled,
    RecordingIngested,
    RecordingRejected,
    Stage,
    StageFailed,
    TranscriptAttributed,
    recording_id,
)
from minutier.schemas.references import ObjectRef
from minutier.schemas.rejections import RejectionReason

JOB_SOURCE = "lasuite-meet"

Ending = (
    RecordingIngested
    | RecordingRejected
    | RecordingCancelled
    | TranscriptAttributed
    | MinutesWritten
    | StageFailed
)

_FAILURES = {
    RejectionReason.NO_AUDIO: JobFailure.NO_AUDIO_IN_FILE,
    RejectionReason.TOO_LONG: JobFailure.MEDIA_DURATION_TOO_LONG,
    RejectionReason.CORRUPT: JobFailure.CORRUPTED_AUDIO_FILE,
    RejectionReason.UNSUPPORTED: JobFailure.CORRUPTED_AUDIO_FILE,
}
_NEEDED_FOR = {
    **{stage.value: tuple(JobKind) for stage in NEEDED_FOR_TRANSCRIPT},
    Stage.SUMMARISATION.value: (JobKind.SUMMARY,),
}


class Status(StrEnum):
    PENDING = "pending"
    SUCCESS = "success"
    FAILURE = "failure"


@dataclass(frozen=True)
class PushToDocs:
    """The document that is to be made of a result, and whose it is.

    With ``summary_title`` there is to be one of the summary too, once this one is there.
    """

    email: str
    title: str
    download_link: str | None = None
    form_link: str | None = None
    summary_title: str | None = None


@dataclass(frozen=True)
class Job:
    """One thing asked for, of the recording that it waits for.

    ``language`` is that of the sentences around a result, where one was asked for. ``base_url`` is where
    whoever asked reaches this service. ``spoken`` is the language that whoever asked says is spoken, where
    the recording was announced without one by somebody else; ``announcement`` is how it would be announced
    with it. ``document_id`` is what Docs called the document it made, and empty where it did not say;
    ``told`` whether the tenant's webhook has accepted the result.
    """

    id: UUID
    tenant: str
    kind: JobKind
    recording_id: UUID
    user_sub: str
    base_url: str
    language: str | None = None
    docs: PushToDocs | None = None
    callback: bool = True
    spoken: str | None = None
    announcement: Announcement | None = None
    ended: bool = False
    failure: JobFailure | None = None
    document_id: str | None = None
    told: bool = False

    @property
    def status(self) -> Status:
        if not self.ended:
            return Status.PENDING
        return Status.FAILURE if self.failure else Status.SUCCESS


def own_recording(tenant: str, job_id: UUID) -> UUID:
    """The recording of a job that no other has to do with."""
    return recording_id(tenant, JOB_SOURCE, str(job_id))


@dataclass(frozen=True)
class End:
    """What came of a recording in one respect: its transcript or its minutes, or why there are none.

    ``language`` is that of the transcript.
    """

    at: datetime
    result: ObjectRef | None = None
    failure: JobFailure | None = None
    language: str | None = None


def ends_after(
    event: Ending, standing: Mapping[JobKind, End], *, taken_in: bool
) -> dict[JobKind, End | None]:
    """What ``event`` changes of what has come of its recording; ``None`` where that is open again.

    Events of one recording may be heard in any order, and a stage that gave up may be started again by
    hand. ``taken_in`` is whether the recording was: what ingestion gives up on afterwards is no result.
    """
    match event:
        case TranscriptAttributed():
            changes: dict[JobKind, End | None] = _newer(
                JobKind.TRANSCRIPT,
                End(event.time, result=event.data.transcript, language=event.data.language),
                standing,
            )
            return changes | _mended(event.time, standing, JobKind.SUMMARY)
        case MinutesWritten():
            return _newer(JobKind.SUMMARY, End(event.time, result=event.data.minutes), standing)
        case RecordingIngested():
            return _mended(event.time, standing, *JobKind)
        case RecordingRejected():
            failure = _FAILURES.get(event.data.reason, JobFailure.UNKNOWN_ERROR)
            return _failed(End(event.time, failure=failure), standing, *JobKind)
        case RecordingCancelled():
            return _failed(End(event.time, failure=JobFailure.UNKNOWN_ERROR), standing, *JobKind)
        case StageFailed():
            if event.data.stage == Stage.INGESTION and taken_in:
                return {}
            end = End(event.time, failure=JobFailure.UNKNOWN_ERROR)
            if event.data.stage != Stage.SUMMARISATION and _has_result(JobKind.TRANSCRIPT, standing):
                return {}
            return _failed(end, standing, *_NEEDED_FOR.get(event.data.stage, ()))


def _newer(kind: JobKind, end: End, standing: Mapping[JobKind, End]) -> dict[JobKind, End | None]:
    if _has_result(kind, standing) and standing[kind].at >= end.at:
        return {}
    return {kind: end}


def _failed(end: End, standing: Mapping[JobKind, End], *kinds: JobKind) -> dict[JobKind, End | None]:
    return {kind: end for kind in kinds if not _has_result(kind, standing)}


def _mended(at: datetime, standing: Mapping[JobKind, End], *kinds: JobKind) -> dict[JobKind, End | None]:
    return {
        kind: None
        for kind in kinds
        if kind in standing and standing[kind].failure is not None and standing[kind].at < at
    }


def _has_result(kind: JobKind, standing: Mapping[JobKind, End]) -> bool:
    return kind in standing and standing[kind].result is not None
