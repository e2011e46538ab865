from datetime import timedelta
from itertools import permutations
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from minutier.ingestion.jobs.domain import End, Ending, ends_after
from minutier.schemas.clock import now
from minutier.schemas.documents import Engine
from minutier.schemas.events import (
    Attributed,
    Cancelled,
    Failed,
    Ingested,
    JobFailure,
    JobKind,
    MinutesWritten,
    RecordingCancelled,
    RecordingIngested,
    RecordingRejected,
    Rejected,
    StageFailed,
    TranscriptAttributed,
    Written,
)
from minutier.schemas.references import ObjectRef
from minutier.schemas.rejections import RejectionReason

RECORDING = uuid4()
START = now()
TRANSCRIPT, SUMMARY = JobKind.TRANSCRIPT, JobKind.SUMMARY

Standing = dict[JobKind, End]


def ref(key: str) -> ObjectRef:
    return ObjectRef(bucket="artefacts", key=key, sha256="0" * 64, size=0)


def at(second: int, event: Ending) -> Ending:
    return event.model_copy(update={"time": START + timedelta(seconds=second)})


def attributed(key: str = "transcript") -> TranscriptAttributed:
    data = Attributed(
        transcript=ref(key),
        language="fr",
        duration=1.0,
        speakers=1,
        segments=1,
        words=1,
        unknown_words=0,
        processing_seconds=0.0,
    )
    return TranscriptAttributed.of(RECORDING, tenant="acme", source="minutier/tests", data=data)


def written(key: str = "minutes") -> MinutesWritten:
    data = Written(
        minutes=ref(key),
        engine=Engine.EXTRACTIVE,
        fell_back=False,
        items=1,
        dropped_claims=0,
        processing_seconds=0.0,
    )
    return MinutesWritten.of(RECORDING, tenant="acme", source="minutier/tests", data=data)


def rejected(reason: RejectionReason) -> RecordingRejected:
    data = Rejected(reason=reason, source="livekit", announced_at=START)
    return RecordingRejected.of(RECORDING, tenant="acme", source="minutier/tests", data=data)


def ingested() -> RecordingIngested:
    data = Ingested(
        recording=ref("recording"),
        source="livekit",
        announced_at=START,
        duration=1.0,
        audio=ref("audio"),
        processing_seconds=0.0,
    )
    return RecordingIngested.of(RECORDING, tenant="acme", source="minutier/tests", data=data)


def gave_up(stage: str) -> StageFailed:
    data = Failed(stage=stage, reason="error", attempts=10)
    return StageFailed.of(RECORDING, tenant="acme", source="minutier/tests", data=data)


def after(*events: Ending, taken_in: bool = False) -> Standing:
    standing: Standing = {}
    for event in events:
        for kind, end in ends_after(event, standing, taken_in=taken_in).items():
            if end is None:
                standing.pop(kind)
            else:
                standing[kind] = end
    return standing


def failures(standing: Standing) -> dict[JobKind, JobFailure | None]:
    return {kind: end.failure for kind, end in standing.items()}


@pytest.mark.parametrize(
    ("reason", "failure"),
    [
        (RejectionReason.NO_AUDIO, JobFailure.NO_AUDIO_IN_FILE),
        (RejectionReason.TOO_LONG, JobFailure.MEDIA_DURATION_TOO_LONG),
        (RejectionReason.CORRUPT, JobFailure.CORRUPTED_AUDIO_FILE),
        (RejectionReason.UNSUPPORTED, JobFailure.CORRUPTED_AUDIO_FILE),
        (RejectionReason.TOO_LARGE, JobFailure.UNKNOWN_ERROR),
        (RejectionReason.NOT_FOUND, JobFailure.UNKNOWN_ERROR),
        (RejectionReason.FORBIDDEN_LOCATION, JobFailure.UNKNOWN_ERROR),
        (RejectionReason.NOT_RECORDED, JobFailure.UNKNOWN_ERROR),
    ],
)
def test_a_rejection_ends_every_job_with_the_code_that_meet_knows(
    reason: RejectionReason, failure: JobFailure
) -> None:
    assert failures(after(rejected(reason))) == {TRANSCRIPT: failure, SUMMARY: failure}


def test_a_transcript_ends_its_jobs_and_minutes_end_theirs() -> None:
    assert after(at(1, attributed())) == {
        TRANSCRIPT: End(START + timedelta(seconds=1), ref("transcript"), language="fr")
    }
    assert after(at(1, attributed()), at(2, written())).keys() == {TRANSCRIPT, SUMMARY}


@pytest.mark.parametrize("stage", ["ingestion", "diarization", "transcription", "attribution"])
def test_a_stage_that_gives_up_before_the_transcript_ends_every_job(stage: str) -> None:
    unknown = JobFailure.UNKNOWN_ERROR
    assert failures(after(gave_up(stage))) == {TRANSCRIPT: unknown, SUMMARY: unknown}


def test_minutes_that_fail_leave_the_transcript_alone() -> None:
    assert failures(after(gave_up("summarisation"))) == {SUMMARY: JobFailure.UNKNOWN_ERROR}


@pytest.mark.parametrize("stage", ["query", "retention"])
def test_a_stage_that_no_job_needs_ends_none(stage: str) -> None:
    assert after(gave_up(stage)) == {}


def test_what_ingestion_gives_up_on_after_a_recording_was_taken_in_ends_nothing() -> None:
    assert after(gave_up("ingestion"), taken_in=True) == {}


@pytest.mark.parametrize("stage", ["ingestion", "diarization", "transcription", "attribution"])
def test_a_stage_that_fails_once_there_is_a_transcript_ends_no_summary_that_is_being_written(
    stage: str,
) -> None:
    assert after(attributed(), gave_up(stage)).keys() == {TRANSCRIPT}


def test_of_two_transcripts_the_newer_counts_in_whatever_order_they_are_heard() -> None:
    older, newer = at(1, attributed("older")), at(2, attributed("newer"))
    for order in permutations((older, newer)):
        assert after(*order)[TRANSCRIPT].result == ref("newer")


@given(st.permutations([attributed(), written(), gave_up("query"), gave_up("ingestion"), ingested()]))
def test_what_comes_of_a_recording_does_not_hang_on_the_order_in_which_it_is_heard(
    events: list[Ending],
) -> None:
    standing = after(*events, taken_in=True)
    assert standing[TRANSCRIPT].result == ref("transcript")
    assert standing[SUMMARY].result == ref("minutes")


def test_a_result_mends_a_failure_and_a_failure_undoes_no_result() -> None:
    failed = at(1, gave_up("transcription"))
    assert after(failed, at(2, attributed())).keys() == {TRANSCRIPT}
    assert after(at(1, attributed()), at(2, written()), at(3, gave_up("summarisation"))) == after(
        at(1, attributed()), at(2, written())
    )


def test_a_recording_that_is_taken_in_at_last_is_open_again() -> None:
    assert after(at(1, rejected(RejectionReason.NOT_FOUND)), at(2, ingested())) == {}


def test_news_of_the_beginning_that_comes_late_undoes_no_failure() -> None:
    assert after(at(2, gave_up("transcription")), at(1, ingested())).keys() == {TRANSCRIPT, SUMMARY}


def test_a_cancellation_ends_what_has_no_result_yet() -> None:
    cancelled = RecordingCancelled.of(RECORDING, tenant="acme", source="minutier/tests", data=Cancelled())
    changes = ends_after(cancelled, {TRANSCRIPT: End(START, result=ref("transcript"))}, taken_in=True)
    assert changes == {SUMMARY: End(cancelled.time, failure=JobFailure.UNKNOWN_ERROR)}
