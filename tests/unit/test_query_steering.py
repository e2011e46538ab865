"""What may be done again, and how long a recording waits."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from minutier.query.domain import STAGES, Entry, Stage, StageState, recording
from minutier.query.project import project
from minutier.query.steering.domain import (
    MOST_REQUESTS,
    Before,
    CannotReprocess,
    Hindrance,
    NothingRuns,
    Pace,
    check_cancelling,
    moment_after,
    plan,
    position,
    seconds_left,
    waiting,
)
from minutier.schemas import events
from minutier.schemas.events import AnyEvent
from tests.support import query_events as told
from tests.support.query_events import RECORDING, START, Documents

DOCUMENTS = Documents()
PIPELINE = told.pipeline(DOCUMENTS)
DIARIZATION, TRANSCRIPTION = events.Stage.DIARIZATION, events.Stage.TRANSCRIPTION
ATTRIBUTION, SUMMARISATION = events.Stage.ATTRIBUTION, events.Stage.SUMMARISATION

amounts = st.floats(0, 1e6)
fractions = st.floats(0, 1)
befores = st.builds(Before, st.integers(0, 1000), amounts)
paces = st.builds(
    Pace,
    st.dictionaries(st.sampled_from(list(STAGES)), befores),
    st.fixed_dictionaries(dict.fromkeys(STAGES, st.floats(0, 100))),
)


async def entry_of(*heard: AnyEvent) -> Entry:
    entry = Entry(RECORDING, "acme", START)
    for event in heard:
        fact = await project(event, documents=DOCUMENTS)
        assert fact is not None
        entry = replace(entry, facts={**entry.facts, event.id: fact})
    return entry


def after(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


def stages(*states: StageState) -> dict[str, Stage]:
    return {name: Stage(state) for name, state in zip(STAGES, states, strict=True)}


@pytest.mark.parametrize("stage", [DIARIZATION, TRANSCRIPTION, ATTRIBUTION, SUMMARISATION])
async def test_of_what_is_done_one_stage_is_asked_for(stage: events.Stage) -> None:
    assert plan(await entry_of(*PIPELINE), stage) == (stage,)


async def test_what_the_join_needs_and_was_never_done_is_done_too() -> None:
    cancelled = await entry_of(*PIPELINE[:3], told.cancelled(4))
    assert plan(cancelled, DIARIZATION) == (TRANSCRIPTION, DIARIZATION)
    assert plan(cancelled, TRANSCRIPTION) == (TRANSCRIPTION,)
    failed = await entry_of(*PIPELINE[:2], PIPELINE[3], told.failed("diarization"))
    assert plan(failed, TRANSCRIPTION) == (DIARIZATION, TRANSCRIPTION)


@pytest.mark.parametrize(
    ("heard", "stage", "reason"),
    [
        (PIPELINE[:4], DIARIZATION, "being processed"),
        ([told.announced(), told.rejected()], DIARIZATION, "Nothing of it was taken in"),
        ([*PIPELINE[:2], told.cancelled(2)], SUMMARISATION, "no transcript"),
        ([*PIPELINE[:3], told.cancelled(4)], ATTRIBUTION, "Transcription has not been done"),
        ([told.received(), told.written()], TRANSCRIPTION, "text that was handed in"),
    ],
)
async def test_what_cannot_be_done_again_says_why(
    heard: list[AnyEvent], stage: events.Stage, reason: str
) -> None:
    with pytest.raises(CannotReprocess, match=reason):
        plan(await entry_of(*heard), stage)


async def test_what_was_done_again_so_often_is_not_done_again() -> None:
    often = [told.requested(SUMMARISATION, 10 + number) for number in range(MOST_REQUESTS)]
    done = told.written(seconds=MOST_REQUESTS + 20)
    assert plan(await entry_of(*PIPELINE, *often[1:], done), SUMMARISATION)
    with pytest.raises(CannotReprocess) as refused:
        plan(await entry_of(*PIPELINE, *often, done), SUMMARISATION)
    assert refused.value.hindrance is Hindrance.TOO_OFTEN


async def test_only_what_runs_can_be_cancelled() -> None:
    for count in range(1, len(PIPELINE)):
        check_cancelling(await entry_of(*PIPELINE[:count]))
    # The other stage still runs.
    check_cancelling(await entry_of(*PIPELINE[:2], told.failed("diarization")))
    for over in (
        PIPELINE,
        [told.announced(), told.rejected()],
        [*PIPELINE[:5], told.failed("summarisation")],
    ):
        with pytest.raises(NothingRuns):
            check_cancelling(await entry_of(*over))


@given(st.integers(-3600, 3600))
async def test_what_is_asked_now_is_newer_than_all_that_was_told(ahead: int) -> None:
    announced = told.announced(ahead)
    moment = moment_after(await entry_of(announced), START)
    assert moment >= START
    assert moment > announced.time


async def test_a_stage_waits_since_it_has_all_it_needs() -> None:
    assert waiting(await entry_of(told.announced(2))) == {"ingestion": after(2)}
    both = {"diarization": after(1), "transcription": after(1)}
    assert waiting(await entry_of(*PIPELINE[:2])) == both
    assert waiting(await entry_of(*PIPELINE[:4])) == {"attribution": after(4)}
    assert waiting(await entry_of(told.received())) == {"summarisation": after(1)}
    assert waiting(await entry_of(*PIPELINE, told.requested(TRANSCRIPTION))) == {"transcription": after(10)}
    assert waiting(await entry_of(*PIPELINE)) == {}
    assert waiting(await entry_of(*PIPELINE[:2], told.cancelled(2))) == {}


@given(paces, fractions)
def test_those_before_it_count_until_it_has_begun(pace: Pace, fraction: float) -> None:
    before = pace.before.get("diarization", Before()).recordings
    assert position("diarization", fraction, pace) == (0 if fraction else before)


def test_an_estimate_is_what_waits_before_it_itself_and_what_follows() -> None:
    running = stages(
        StageState.DONE, StageState.RUNNING, StageState.RUNNING, StageState.WAITING, StageState.WAITING
    )
    rates = {"diarization": 0.1, "transcription": 0.5, "attribution": 0.01, "summarisation": 0.05}
    pace = Pace({"transcription": Before(2, 200.0)}, rates)
    # The two run side by side: 0.1 × 100 s, and 0.5 × (200 + 100) s.
    assert seconds_left(running, 100.0, {}, pace) == pytest.approx(150 + 1 + 5)
    half = {"transcription": 0.5, "diarization": 0.9}
    assert seconds_left(running, 100.0, half, pace) == pytest.approx(25 + 1 + 5)


@given(
    st.tuples(*[st.sampled_from([StageState.DONE, StageState.RUNNING, StageState.WAITING])] * 5),
    amounts,
    st.dictionaries(st.sampled_from(list(STAGES)), fractions),
    paces,
    st.sampled_from(list(STAGES)),
    fractions,
)
def test_an_estimate_is_never_negative_and_never_grows_with_progress(
    states: tuple[StageState, ...],
    duration: float,
    done: dict[str, float],
    pace: Pace,
    stage: str,
    further: float,
) -> None:
    before = seconds_left(stages(*states), duration, done, pace)
    later = {**done, stage: max(done.get(stage, 0.0), further)}
    after_it = seconds_left(stages(*states), duration, later, pace)
    assert before is not None
    assert after_it is not None
    assert 0 <= after_it <= before


@pytest.mark.parametrize("state", [StageState.RUNNING, StageState.WAITING])
def test_without_experience_there_is_no_estimate(state: StageState) -> None:
    left = stages(*[StageState.DONE] * 4, state)
    assert seconds_left(left, 60.0, {}, Pace({}, {"diarization": 1.0})) is None
    assert seconds_left(left, None, {}, Pace({}, dict.fromkeys(STAGES, 1.0))) is None
    assert seconds_left(left, 60.0, {}, Pace({}, {"summarisation": 1.0})) == 60.0


async def test_what_has_failed_is_not_going_to_be_done() -> None:
    failed = recording(await entry_of(*PIPELINE[:2], told.failed("diarization")))
    assert seconds_left(failed.stages, 60.0, {}, Pace({}, dict.fromkeys(STAGES, 1.0))) is None
