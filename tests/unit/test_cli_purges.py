"""`minutier retention` about purges, against a server that answers as the retention service does."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from minutier.compose.failures import Status
from minutier.retention.purges.domain import Inventory, Item, ItemState, Purge, Rows, State, StoredVersion
from minutier.retention.purges.ports import Total
from minutier.retention.purges.reapplications.routes import ReappliedShown, ReapplyAsked
from minutier.retention.purges.shown import ApprovalAsked, ItemShown, NewPurge, PurgeShown
from minutier.schemas.records import Cause, ErasedPerson, Overlap
from tests.support.command import Run, calling
from tests.support.proofs import Log, record
from tests.support.query_api import json_answer, problem, serving

AT = datetime(2026, 11, 1, 8, tzinfo=UTC)
RECORDING = UUID("11111111-0000-5000-8000-000000000001")
PURGE = UUID("aaaaaaaa-0000-4000-8000-000000000001")
DIGEST = "d" * 64
WHY = ("--reason", "It was a test.", "--legal-basis", "GDPR")


def purge(**known: Any) -> PurgeShown:
    given: dict[str, Any] = {
        "id": PURGE,
        "tenant": "default",
        "cause": Cause.LIST,
        "legal_basis": "GDPR",
        "reason": "It was a test.",
        "needs_visa": False,
        "proposed_by": "local/compliance",
        "proposed_at": AT,
        "state": State.PREVIEWED,
        "inventory": DIGEST,
    }
    waiting = known.pop("waiting", {})
    total = Total(known.pop("item", ItemState.COUNTED), None, 1, 2, 7, 5, 4096)
    shown = Purge(**{**given, **known})
    return PurgeShown.of(shown, [total], waiting, late_before=AT + timedelta(minutes=15))


@dataclass
class PurgesApi:
    """Answers with what is in ``states``, one after the other, the last ever after."""

    states: list[PurgeShown] = field(default_factory=lambda: [purge()])
    asked: list[Any] = field(default_factory=list)
    person: ErasedPerson | None = None
    url: str = ""

    def answer(self, target: str, body: bytes, method: str, token: str) -> tuple[int, str, str]:
        match method, target.partition("?")[0].removeprefix("/api/v1/").split("/"):
            case "POST", ["purges"]:
                self.asked.append(NewPurge.model_validate_json(body))
                return 201, *json_answer({"items": [_json(self._next())]})[1:]
            case "GET", ["purges"]:
                return json_answer({"items": [_json(self.states[0])], "next": None})
            case "GET", ["purges", _]:
                return json_answer(_json(self._next()))
            case "GET", ["purges", _, "items"]:
                return json_answer({"items": [_json(_item(self.person))], "next": None})
            case "POST", ["purges", _, "approval"]:
                self.asked.append(ApprovalAsked.model_validate_json(body))
                return json_answer(_json(purge(state=State.APPROVED, executes_at=AT)))
            case "POST", ["purges", _, "withdrawal"]:
                return json_answer(_json(purge(state=State.WITHDRAWN)))
            case "POST", ["reapplications"]:
                self.asked.append(ReapplyAsked.model_validate_json(body))
                return json_answer(_json(self._reapplied()))
        return problem(404, "There is nothing so called in your organisation.")

    def _next(self) -> PurgeShown:
        return self.states.pop(0) if len(self.states) > 1 else self.states[0]

    def _reapplied(self) -> ReappliedShown:
        given = self.asked[-1]
        if given.records is not None:
            return ReappliedShown(read=len(given.records), recordings=0, purge=None, next=None)
        first = given.after == 0
        return ReappliedShown(
            read=100, recordings=int(first), purge=PURGE if first else None, next=100 if first else None
        )


def _item(person: ErasedPerson | None = None) -> ItemShown:
    version = StoredVersion("recordings", "default/1/audio.flac", "v1", 4096, "a" * 64)
    inventory = Inventory((version,), (Rows("query.passages", "transcript", 7, 700),), {"EVENTS": 5})
    return ItemShown.of(
        Item(
            PURGE,
            RECORDING,
            frozenset(),
            person is None,
            ItemState.COUNTED,
            inventory=inventory,
            digest=DIGEST,
            person=person,
        )
    )


def _json(answer: Any) -> Any:
    return json.loads(answer.model_dump_json())


@pytest.fixture
def api(monkeypatch: pytest.MonkeyPatch) -> Iterator[PurgesApi]:
    monkeypatch.setattr("minutier.compose.commands.purges._POLL_SECONDS", 0.01)
    with serving(PurgesApi()) as answers:
        monkeypatch.setenv("MINUTIER_RETENTION_URL", answers.url)
        monkeypatch.setenv("MINUTIER_RETENTION_TOKEN", "token")
        yield answers


@pytest.fixture
def minutier(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> type[Run]:
    monkeypatch.setenv("COLUMNS", "200")
    return calling(monkeypatch, capsys)


def test_what_is_named_is_proposed(api: PurgesApi, minutier: type[Run]) -> None:
    run = minutier("retention", "propose", str(RECORDING), *WHY, "--kind", "media")
    assert str(PURGE) in run.out
    (asked,) = api.asked
    assert (asked.cause, asked.recordings, {kind.value for kind in asked.kinds}) == (
        "list",
        [RECORDING],
        {"media"},
    )


def test_what_fits_and_what_has_expired_is_proposed(api: PurgesApi, minutier: type[Run]) -> None:
    minutier("retention", "propose", "--label", "draft", "--met-before", "2026-01-01", *WHY)
    minutier("retention", "propose", "--expired", "--json")
    found, expired = api.asked
    assert (found.cause, found.search.label) == ("query", "draft")
    assert expired.cause == "expiry"


@pytest.mark.parametrize(
    "arguments",
    [(), ("--expired", "--label", "draft"), (str(RECORDING), "--label", "x"), (str(RECORDING),)],
    ids=["nothing", "both", "two", "no reason"],
)
def test_what_is_not_said_clearly_is_not_proposed(
    api: PurgesApi, minutier: type[Run], arguments: tuple[str, ...]
) -> None:
    run = minutier("retention", "propose", *arguments)
    assert run.status == Status.USAGE
    assert not api.asked


def test_a_preview_waits_until_all_is_counted(api: PurgesApi, minutier: type[Run]) -> None:
    api.states = [purge(state=State.COUNTING, inventory=None), purge()]
    out = minutier("retention", "preview", str(PURGE)).out
    assert "recordings/default/1/audio.flac" in out
    assert "query.passages" in out
    assert f"inventory: {DIGEST}" in out


def test_a_preview_says_that_it_is_one_persons(api: PurgesApi, minutier: type[Run]) -> None:
    assert "One person" not in minutier("retention", "preview", str(PURGE)).out
    api.person = ErasedPerson(
        transcript=DIGEST,
        speakers=("speaker-1",),
        overlap=Overlap.MUTE,
        segments=2,
        words=11,
        turns=2,
        silenced_milliseconds=10_500,
    )
    out = " ".join(minutier("retention", "preview", str(PURGE)).out.split())
    assert "2 segments, 11 words, 2 turns, 10.5 s of silence" in out
    assert "where others talk as well nobody is heard" in out


def test_what_was_counted_is_approved_by_its_digest(api: PurgesApi, minutier: type[Run]) -> None:
    run = minutier("retention", "approve", "aaaa", "--inventory", DIGEST, "--visa", "AD 12")
    assert "2026-11-01 08:00 UTC" in run.out
    assert api.asked == [ApprovalAsked(inventory=DIGEST, visa="AD 12")]


def test_a_purge_is_followed_to_its_end(api: PurgesApi, minutier: type[Run]) -> None:
    running = purge(state=State.EXECUTING, item=ItemState.ORDERED, waiting={"query": (1, AT)})
    api.states = [running, running, purge(state=State.COMPLETED, item=ItemState.DESTROYED)]
    run = minutier("retention", "status", str(PURGE), "--follow", "--json")
    assert json.loads(run.out)["state"] == "completed"


def test_a_service_that_does_not_answer_is_named(api: PurgesApi, minutier: type[Run]) -> None:
    api.states = [purge(state=State.EXECUTING, item=ItemState.ORDERED, waiting={"query": (1, AT)})]
    run = minutier("retention", "status", str(PURGE))
    assert "query has 1 to answer, since 2026-11-01 08:00 UTC" in run.out
    assert "does not answer" in run.err


def test_purges_are_listed_and_taken_back(api: PurgesApi, minutier: type[Run]) -> None:
    assert str(PURGE)[:8] in minutier("retention", "status").out
    assert minutier("retention", "withdraw", "aaaa").status == 0


def test_the_whole_log_is_read_again(api: PurgesApi, minutier: type[Run]) -> None:
    found = json.loads(minutier("retention", "reapply", "--json").out)
    assert found == {"read": 200, "recordings": 1, "purges": [str(PURGE)]}


def test_an_exported_log_is_given_in_parts(api: PurgesApi, minutier: type[Run], tmp_path: Path) -> None:
    log = Log([record(index) for index in range(45)])
    file = tmp_path / "log.ndjson"
    lines = [entry.model_dump_json(exclude_none=True) for entry in log.entries]
    file.write_text("\n".join([*lines, log.head().model_dump_json()]) + "\n")
    found = json.loads(minutier("retention", "reapply", "--log", str(file), "--json").out)
    assert found == {"read": 45, "recordings": 0, "purges": []}
    assert [len(asked.records) for asked in api.asked] == [20, 20, 5]


def test_a_file_that_is_no_log_is_refused(api: PurgesApi, minutier: type[Run], tmp_path: Path) -> None:
    file = tmp_path / "log.ndjson"
    file.write_text("hello\n")
    run = minutier("retention", "reapply", "--log", str(file))
    assert run.status == Status.USAGE
    assert "minutier retention export" in run.err
