"""Announcements of recordings that were taken in, by those who know more of them."""

from pathlib import Path

import pytest

from minutier.ingestion.accounts.domain import Account
from minutier.ingestion.describe import describe
from minutier.ingestion.domain import SOURCE, Patience, description, settlement, tells_more
from minutier.ingestion.forget import forget
from minutier.ingestion.ports import NotThereYet
from minutier.schemas.documents import Part
from minutier.schemas.events import Described, RecordingAnnounced, recording_id
from minutier.schemas.references import Location
from tests.support.ingestion_fakes import Shelf, Stream, Told, announced, taken_in, track, upload

OWNER = {"part": "owner", "email": "Zoe@example.org"}
VISIO = Location(bucket="visio", key="rec/a.mp4")
ACCOUNT = {"kind": "lasuite-meet", "location": {"bucket": "uploads", "key": "account"}}
NO_PATIENCE = Patience()


async def more(
    event: RecordingAnnounced,
    shelf: Shelf,
    workspace: Path,
    *,
    account: Account | None = None,
    patience: Patience = NO_PATIENCE,
) -> Described | None:
    return await describe(
        event, media=shelf, accounts=Told(account), store=shelf, patience=patience, workspace=workspace
    )


async def test_who_was_there_and_what_it_is_called_is_written_down_and_not_told(tmp_path: Path) -> None:
    event = announced(mix=VISIO, title="Takeover", people=[OWNER], participants=("Anna",))
    shelf = Shelf({})
    told = await more(event, shelf, tmp_path)
    assert told is not None
    (document,) = shelf.documents
    assert (document.recording_id, document.title) == (event.subject, "Takeover")
    assert [(each.part, each.email) for each in document.people] == [(Part.OWNER, "zoe@example.org")]
    assert [person.name for person in document.participants] == ["Anna"]
    assert (document.activity, document.default_owner) == ((), None)
    for secret in ("Takeover", "zoe", "Anna"):
        assert secret not in description(event, told).model_dump_json()


async def test_the_account_names_people_too_and_is_waited_for(tmp_path: Path) -> None:
    event, patience = announced(mix=VISIO, metadata=ACCOUNT), Patience(media=600.0, account=60.0)
    with pytest.raises(NotThereYet):
        await more(event, Shelf({}), tmp_path, patience=patience)
    shelf = Shelf({"account": b"{}"})
    assert await more(event, shelf, tmp_path, account=Account({"sub-of-anna": "Anna"}), patience=patience)
    assert [each.subject for each in shelf.documents[0].people] == ["sub-of-anna"]
    unreadable = await more(event, Shelf({"account": b"{"}), tmp_path, account=None)
    assert unreadable is None


async def test_the_same_announcement_tells_the_same_once(tmp_path: Path) -> None:
    event = announced(mix=VISIO, people=[OWNER])
    first, second = [await more(event, Shelf({}), tmp_path) for _ in range(2)]
    assert first is not None
    assert second is not None
    assert first == second
    assert description(event, first).id == description(event, second).id
    again = announced(mix=VISIO, people=[OWNER])
    assert description(again, first).id not in {
        description(event, first).id,
        settlement(again, taken_in(again)).id,
    }


@pytest.mark.parametrize(
    "event",
    [
        announced(mix=VISIO),
        # A key of the tenant's sends any file under any id.
        announced(mix=upload(), people=[OWNER], by=SOURCE),
        announced(mix=VISIO, people=[OWNER], metadata=ACCOUNT, by=SOURCE),
        announced(mix=VISIO, people=[OWNER], subject=recording_id("acme", "livekit", "another")),
        announced(mix=Location(bucket="globex", key="a"), people=[OWNER]),
        announced(tracks=(track("Anna", "a"),), people=[OWNER], by=SOURCE),
    ],
    ids=["nothing", "upload", "uploaded account", "another's id", "another's bucket", "uploaded track"],
)
async def test_who_tells_nothing_or_proves_nothing_is_not_heard(
    tmp_path: Path, event: RecordingAnnounced
) -> None:
    shelf = Shelf({"account": b"{}"}, forbidden=["globex"])
    assert await more(event, shelf, tmp_path, account=Account({"sub-of-anna": "Anna"})) is None
    assert shelf.documents == []


async def test_an_announcement_stays_until_all_that_it_tells_is_told(tmp_path: Path) -> None:
    taken, later, empty = announced(mix=VISIO), announced(mix=VISIO, people=[OWNER]), announced(mix=VISIO)
    stream, shelf = Stream(taken, later, empty), Shelf({})
    await forget(settlement(taken, taken_in(taken)), announcements=stream, uploads=shelf)
    assert stream.events == [later]
    told = await more(later, shelf, tmp_path)
    assert told is not None
    await forget(description(later, told), announcements=stream, uploads=shelf)
    assert stream.events == []


async def test_what_is_announced_under_another_recordings_id_goes_with_that() -> None:
    taken = announced(mix=VISIO)
    forged = announced("another", mix=VISIO, people=[OWNER], subject=taken.subject)
    assert not tells_more(forged)
    stream = Stream(taken, forged)
    await forget(settlement(taken, taken_in(taken)), announcements=stream, uploads=Shelf({}))
    assert stream.events == []
