from uuid import uuid4

from minutier.ingestion.domain import settlement
from minutier.ingestion.forget import forget
from minutier.schemas.events import Cancelled, RecordingAnnounced, RecordingCancelled
from minutier.schemas.references import Link, Location
from minutier.schemas.rejections import RejectionReason
from minutier.shared.objects import UPLOADS
from tests.support.ingestion_fakes import Shelf, Stream, announced, taken_in, track, upload


def again(event: RecordingAnnounced, mix: Location | None = None) -> RecordingAnnounced:
    return announced(event.data.external_id, mix=mix or upload())


async def test_a_settled_announcement_goes_with_its_uploads() -> None:
    event = announced(mix=upload("m"), tracks=(track("Anna", "a"), track("Bo", "b")))
    shelf, stream = Shelf(dict.fromkeys(("m", "a", "b", "other"), b"1")), Stream(event)
    await forget(settlement(event, taken_in(event)), announcements=stream, uploads=shelf)
    assert stream.events == []
    assert set(shelf.objects) == {(UPLOADS, "other")}


async def test_a_recording_that_was_taken_in_needs_none_of_its_announcements() -> None:
    event, other = announced("1", mix=upload("a")), announced("2", mix=upload("c"))
    stream, shelf = Stream(event, again(event, mix=upload("b")), other), Shelf(dict.fromkeys("abc", b"1"))
    await forget(settlement(event, taken_in(event)), announcements=stream, uploads=shelf)
    assert stream.events == [other]
    assert set(shelf.objects) == {(UPLOADS, "c")}


async def test_a_rejection_leaves_the_announcement_that_was_made_since() -> None:
    event = announced(mix=upload("bad"))
    repaired = again(event, mix=upload("good"))
    stream, shelf = Stream(event, repaired), Shelf(dict.fromkeys(("bad", "good"), b"1"))
    await forget(settlement(event, RejectionReason.CORRUPT), announcements=stream, uploads=shelf)
    assert stream.events == [repaired]
    assert set(shelf.objects) == {(UPLOADS, "good")}


async def test_a_cancellation_leaves_the_announcement_that_was_made_since() -> None:
    event = announced(mix=upload("old"))
    cancelled = RecordingCancelled.of(event.subject, tenant="acme", source="minutier/query", data=Cancelled())
    again_ = again(event, mix=upload("new"))
    stream, shelf = Stream(event, again_), Shelf(dict.fromkeys(("old", "new"), b"1"))
    await forget(cancelled, announcements=stream, uploads=shelf)
    assert stream.events == [again_]
    assert set(shelf.objects) == {(UPLOADS, "new")}


async def test_a_repetition_goes_alone() -> None:
    event = announced(mix=upload("a"))
    repetition = again(event, mix=upload("b"))
    stream, shelf = Stream(event, repetition), Shelf(dict.fromkeys("ab", b"1"))
    await forget(repetition, announcements=stream, uploads=shelf)
    assert stream.events == [event]
    assert set(shelf.objects) == {(UPLOADS, "a")}


async def test_an_upload_that_cannot_be_removed_keeps_the_announcement_for_another_try() -> None:
    class Broken(Shelf):
        async def discard(self, location: Location | Link) -> None:
            raise ConnectionError

    event = announced()
    stream, told = Stream(event), settlement(event, RejectionReason.CORRUPT)
    try:
        await forget(told, announcements=stream, uploads=Broken({}))
    except ConnectionError:
        assert stream.events == [event]
    await forget(told, announcements=stream, uploads=Shelf({}))
    await forget(told, announcements=stream, uploads=Shelf({}))
    assert stream.events == []


def test_a_settlement_told_twice_is_one_event() -> None:
    event = announced()
    first, second = (settlement(event, RejectionReason.CORRUPT) for _ in range(2))
    assert first.id == second.id
    assert settlement(again(event), RejectionReason.CORRUPT).id != first.id
    assert first.id not in (event.id, uuid4())
