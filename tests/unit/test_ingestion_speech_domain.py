import random
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from minutier.ingestion.speech.domain import outcome
from minutier.schemas.events import AnyEvent
from tests.support import query_events as told
from tests.support.query_events import START

SINCE = START + timedelta(seconds=10)


@given(st.integers(), st.integers(0, 4))
def test_a_transcript_is_the_outcome_whatever_else_befell(seed: int, others: int) -> None:
    befell: list[AnyEvent] = [
        told.ingested(),
        told.rejected(20, announced=15),
        told.failed("transcription", seconds=20),
        told.failed("summarisation", seconds=20),
    ]
    transcript = told.attributed()
    events = [*befell[:others], transcript]
    random.Random(seed).shuffle(events)
    assert outcome(events, since=SINCE) == transcript


def test_of_two_transcripts_the_newer_one_counts() -> None:
    older, newer = told.attributed(seconds=5), told.attributed(seconds=6)
    assert outcome([older, newer], since=SINCE) == newer


def test_nothing_yet_is_no_outcome() -> None:
    assert outcome([], since=SINCE) is None
    assert outcome([told.ingested()], since=SINCE) is None


def test_a_rejection_counts_of_an_announcement_since() -> None:
    now = told.rejected(30, announced=10)
    assert outcome([told.rejected(30, announced=9), now], since=SINCE) == now
    assert outcome([told.rejected(30, announced=9)], since=SINCE) is None


@pytest.mark.parametrize("stage", ["diarization", "transcription", "attribution"])
def test_a_stage_that_gave_up_is_the_outcome_whenever_it_did(stage: str) -> None:
    given_up = told.failed(stage, seconds=1)
    assert outcome([told.ingested(), given_up], since=SINCE) == given_up


@pytest.mark.parametrize("stage", ["summarisation", "retention", "query"])
def test_a_stage_that_a_transcript_does_not_need_may_fail(stage: str) -> None:
    assert outcome([told.ingested(), told.failed(stage, seconds=20)], since=SINCE) is None


def test_taking_in_may_fail_before_the_announcement_and_at_other_work_after_it() -> None:
    assert outcome([told.failed("ingestion", seconds=9)], since=SINCE) is None
    assert outcome([told.ingested(), told.failed("ingestion", seconds=11)], since=SINCE) is None
    given_up = told.failed("ingestion", seconds=11)
    assert outcome([given_up], since=SINCE) == given_up


def test_a_cancellation_counts_of_an_announcement_since_and_of_what_cannot_be_announced_again() -> None:
    cancelled = told.cancelled(11)
    assert outcome([cancelled], since=SINCE) == cancelled
    assert outcome([told.cancelled(9)], since=SINCE) is None
    assert outcome([told.ingested(), before := told.cancelled(9)], since=SINCE) == before
