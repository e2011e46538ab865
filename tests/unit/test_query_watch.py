import asyncio
from collections.abc import Sequence

from minutier.query.domain import State
from minutier.query.mailbox import Mailbox
from minutier.query.show import Shown
from minutier.query.steering.domain import Before, Pace
from minutier.query.watch import Followed, StageProgress, watch
from minutier.schemas.events import AnyEvent, Stage
from tests.support import query_events as told
from tests.support.query_events import RECORDING, Documents
from tests.support.query_fakes import Paces, Signals, Table
from tests.support.query_people import OWNER


async def add_all(table: Table, signals: Signals, events: Sequence[AnyEvent]) -> None:
    await signals.listening.wait()
    for event in events:
        await table.add(event)
        await signals.tell(event.subject)
        await asyncio.sleep(0)


async def follow(signals: Signals, poll_seconds: float) -> list[Followed | StageProgress]:
    table = Table(Documents())
    events = told.pipeline(table.documents)
    await table.add(events[0])
    adding = asyncio.create_task(add_all(table, signals, events[1:]))
    updates = [
        update
        async for update in watch(
            OWNER, RECORDING, recordings=table, paces=Paces(), signals=signals, poll_seconds=poll_seconds
        )
    ]
    await adding
    return updates


async def test_the_present_state_comes_first_and_the_final_one_ends_it() -> None:
    signals = Signals()
    updates = await asyncio.wait_for(follow(signals, poll_seconds=30), 5)
    states = [update.state for update in updates if isinstance(update, Shown)]
    assert states[0] is State.ANNOUNCED
    assert states[-1] is State.COMPLETED
    assert State.COMPLETED not in states[:-1]
    assert not signals.listening.is_set()


async def test_lost_signals_only_delay() -> None:
    updates = await asyncio.wait_for(follow(Signals(deaf=True), poll_seconds=0.01), 5)
    assert isinstance(updates[-1], Shown)
    assert updates[-1].state is State.COMPLETED


async def test_a_recording_that_is_done_is_told_once() -> None:
    table = Table(Documents())
    for event in told.pipeline(table.documents):
        await table.add(event)
    updates = [
        update
        async for update in watch(
            OWNER, RECORDING, recordings=table, paces=Paces(), signals=Signals(), poll_seconds=30
        )
    ]
    assert len(updates) == 1


async def test_progress_is_told_while_a_stage_is_not_done() -> None:
    table, signals = Table(Documents()), Signals()
    events = told.pipeline(table.documents)
    for event in events[:2]:
        await table.add(event)
    paces = Paces()
    paces.pace = Pace({"diarization": Before(3, 120.0), "transcription": Before(1, 30.0)})
    updates = watch(OWNER, RECORDING, recordings=table, paces=paces, signals=signals, poll_seconds=30)
    first = await anext(updates)
    assert isinstance(first, Followed)
    assert [(told.stage, told.fraction, told.position) for told in first.progress] == [
        ("diarization", 0.0, 3),
        ("transcription", 0.0, 1),
    ]
    signals.mailbox.put_progress("ingestion", 0.9)
    signals.mailbox.put_progress("diarization", 0.5)
    assert await asyncio.wait_for(anext(updates), 5) == StageProgress("diarization", 0.5)
    await updates.aclose()


async def test_a_queue_that_moves_is_told_without_a_signal() -> None:
    table, paces = Table(Documents()), Paces()
    await table.add(told.announced())
    paces.pace = Pace({"ingestion": Before(2, 0.0)}, {})
    updates = watch(OWNER, RECORDING, recordings=table, paces=paces, signals=Signals(), poll_seconds=0.01)
    positions = []
    for waiting in (2, 1, 0):
        paces.pace = Pace({"ingestion": Before(waiting, 0.0)}, {})
        update = await asyncio.wait_for(anext(updates), 5)
        assert isinstance(update, Followed)
        positions.append(update.progress[0].position)
    assert positions == [2, 1, 0]
    await updates.aclose()


async def test_how_far_a_stage_was_says_nothing_of_it_once_it_is_done_again() -> None:
    table, signals = Table(Documents()), Signals()
    events = told.pipeline(table.documents)
    for event in events[:2]:
        await table.add(event)
    updates = watch(OWNER, RECORDING, recordings=table, paces=Paces(), signals=signals, poll_seconds=30)
    await anext(updates)
    signals.mailbox.put_progress("diarization", 1.0)
    assert await anext(updates) == StageProgress("diarization", 1.0)
    await table.add(events[2])
    await signals.tell(RECORDING)
    await anext(updates)
    await table.add(told.requested(Stage.DIARIZATION))
    await signals.tell(RECORDING)
    update = await anext(updates)
    assert isinstance(update, Followed)
    assert (update.progress[0].stage, update.progress[0].fraction) == ("diarization", 0.0)
    await updates.aclose()


async def test_a_slow_client_misses_old_progress_and_no_change() -> None:
    mailbox = Mailbox()
    mailbox.put_change()
    for number in range(10_000):
        mailbox.put_progress("transcription", number / 10_000)
    news = await mailbox.take(timeout=1)
    assert news is not None
    assert news.changed
    assert news.progress == {"transcription": 0.9999}
    assert await mailbox.take(timeout=0.001) is None


async def test_whoever_follows_has_to_show_again_who_they_are() -> None:
    table = Table(Documents())
    await table.add(told.announced())
    updates = [
        update
        async for update in watch(
            OWNER,
            RECORDING,
            recordings=table,
            paces=Paces(),
            signals=Signals(),
            poll_seconds=0.01,
            lasting_seconds=0.05,
        )
    ]
    assert [update.state for update in updates if isinstance(update, Shown)] == [State.ANNOUNCED]
