"""`minutier retention erase`, against a server that answers as the retention service does."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

import pytest

from minutier.compose.commands.erasures import Ground as Named
from minutier.compose.commands.erasures import Overlap as Chosen
from minutier.compose.failures import Status
from minutier.retention.erasures.domain import Ground, Refusal, Request, State
from minutier.retention.erasures.shown import (
    NewRequest,
    ProposalAsked,
    RefusalAsked,
    Requests,
    RequestShown,
    Voices,
    VoiceShown,
)
from minutier.schemas.records import Overlap
from tests.support.command import Run, calling
from tests.support.query_api import json_answer, problem, serving

AT = datetime(2026, 11, 1, 8, tzinfo=UTC)
RECORDING = UUID("11111111-0000-5000-8000-000000000001")
REQUEST = UUID("aaaaaaaa-0000-4000-8000-000000000001")
PURGE = UUID("bbbbbbbb-0000-4000-8000-000000000001")
GIVEN = Request(REQUEST, "default", RECORDING, "2026-31", AT.date(), "local/compliance", AT)
VOICES = [
    VoiceShown(id="speaker-1", label="Anna [b]", segments=3, words=40, seconds=61.5),
    VoiceShown(id="speaker-2", label="Speaker 2", segments=1, words=4, seconds=3.0),
]
WHY = ("--ground", "legal_claims", "--explanation", "A case is pending.")


@dataclass
class ErasuresApi:
    request: Request = GIVEN
    today: date = date(2026, 11, 21)
    asked: list[Any] = field(default_factory=list)
    url: str = ""

    def answer(self, target: str, body: bytes, method: str, token: str) -> tuple[int, str, str]:
        match method, target.partition("?")[0].removeprefix("/api/v1/").split("/"):
            case "GET", ["erasures"]:
                return json_answer(_json(Requests(items=[self._shown()], next=None)))
            case "POST", ["erasures"]:
                new = NewRequest.model_validate_json(body)
                self.asked.append(new)
                if new.recording_id != RECORDING:
                    return problem(404, "There is no such recording in your organisation.")
                return 201, *json_answer(_json(self._shown()))[1:]
            case "GET", ["erasures", id] if id == str(REQUEST):
                return json_answer(_json(self._shown()))
            case "GET", ["recordings", id, "voices"] if id == str(RECORDING):
                self.asked.append("voices")
                return json_answer(_json(Voices(items=VOICES)))
            case "POST", ["erasures", id, what] if id == str(REQUEST):
                model = ProposalAsked if what == "proposal" else RefusalAsked
                self.asked.append(model.model_validate_json(body))
                if self.request.state is not State.RECEIVED:
                    return problem(409, "A purge is under way for it; withdraw that first.")
                return json_answer(_json(self._shown(state=State.PROPOSED, purge_id=PURGE)))
        return problem(404, "There is no such request in your organisation.")

    def _shown(self, **changes: Any) -> RequestShown:
        return RequestShown.of(replace(self.request, **changes), today=self.today)


def _json(answer: Any) -> Any:
    return json.loads(answer.model_dump_json())


@pytest.fixture
def api(monkeypatch: pytest.MonkeyPatch) -> Iterator[ErasuresApi]:
    with serving(ErasuresApi()) as answers:
        monkeypatch.setenv("MINUTIER_RETENTION_URL", answers.url)
        monkeypatch.setenv("MINUTIER_RETENTION_TOKEN", "token")
        yield answers


@pytest.fixture
def minutier(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> type[Run]:
    monkeypatch.setenv("COLUMNS", "200")
    return calling(monkeypatch, capsys)


def test_what_can_be_chosen_is_what_the_service_takes() -> None:
    assert [each.value for each in Chosen] == [each.value for each in Overlap]
    assert [each.value for each in Named] == [each.value for each in Ground]


@pytest.mark.parametrize(
    ("today", "left"),
    [(date(2026, 11, 21), "10 days left"), (date(2026, 12, 1), "0 days left"), (date(2026, 12, 2), "1 day")],
)
def test_requests_are_listed_with_what_is_left_of_the_month(
    api: ErasuresApi, minutier: type[Run], today: date, left: str
) -> None:
    api.today = today
    out = minutier("retention", "erasures").out
    for told in (str(REQUEST)[:8], "2026-12-01", left, "2026-31"):
        assert told in out
    assert ("overdue" in out) == (today > date(2026, 12, 1))
    (found,) = json.loads(minutier("retention", "erasures", "--json").out)["erasures"]
    assert found["id"] == str(REQUEST)


def test_a_request_is_registered(api: ErasuresApi, minutier: type[Run]) -> None:
    given = ("retention", "erase", "register", str(RECORDING), "--reference", "2026-31")
    assert f"{REQUEST} is to be answered by 2026-12-01" in minutier(*given, "--received", "2026-11-01").out
    assert json.loads(minutier(*given, "--json").out)["id"] == str(REQUEST)
    assert [new.received_on for new in api.asked] == [AT.date(), datetime.now().astimezone().date()]


def test_a_recording_that_there_is_not_is_told(api: ErasuresApi, minutier: type[Run]) -> None:
    other = UUID(int=5)
    run = minutier("retention", "erase", "register", str(other), "--reference", "2026-31")
    assert (run.status, "minutier list" in run.err) == (Status.FAILED, True)


def test_who_speaks_is_shown(api: ErasuresApi, minutier: type[Run]) -> None:
    out = minutier("retention", "erase", "voices", "aaaa").out
    assert [line.split() for line in out.splitlines()[1:]] == [
        ["speaker-1", "Anna", "[b]", "40", "3", "1:01"],
        ["speaker-2", "Speaker", "2", "4", "1", "0:03"],
    ]
    found = json.loads(minutier("retention", "erase", "voices", str(REQUEST), "--json").out)
    assert [voice["id"] for voice in found["voices"]] == ["speaker-1", "speaker-2"]


def test_those_who_are_named_are_proposed(api: ErasuresApi, minutier: type[Run]) -> None:
    voices = ("--voice", "speaker-1", "--voice", "speaker-2", "--overlap", "keep")
    run = minutier("retention", "erase", "propose", "aaaa", *voices)
    assert api.asked == [ProposalAsked(voices=["speaker-1", "speaker-2"], overlap=Overlap.KEEP)]
    assert str(PURGE) in run.out
    assert "minutier retention preview" in run.out
    again = minutier("retention", "erase", "propose", "aaaa", *voices, "--json")
    assert json.loads(again.out)["purge"] == str(PURGE)


@pytest.mark.parametrize(
    "given",
    [
        ("propose", "aaaa", "--overlap", "mute"),
        ("propose", "aaaa", "--voice", "speaker-1"),
        ("propose", "aaaa", "--voice", "speaker-1", "--overlap", "some"),
        ("refuse", "aaaa", "--ground", "other", "--explanation", "a"),
        ("refuse", "aaaa", "--ground", "archiving"),
        ("register", str(RECORDING)),
        ("register", str(RECORDING), "--reference", "1", "--received", "yesterday"),
    ],
)
def test_what_is_not_said_clearly_is_not_done(
    api: ErasuresApi, minutier: type[Run], given: tuple[str, ...]
) -> None:
    run = minutier("retention", "erase", *given)
    assert (run.status, run.out, api.asked) == (Status.USAGE, "", [])
    assert run.err


def test_a_request_is_refused_on_a_ground(api: ErasuresApi, minutier: type[Run]) -> None:
    run = minutier("retention", "erase", "refuse", "aaaa", *WHY)
    assert api.asked == [RefusalAsked(ground=Ground.LEGAL_CLAIMS, explanation="A case is pending.")]
    assert "by 2026-12-01" in run.out


def test_what_was_decided_already_is_told_as_the_service_says_it(
    api: ErasuresApi, minutier: type[Run]
) -> None:
    api.request = replace(GIVEN, state=State.PROPOSED, purge_id=PURGE)
    for given in (("refuse", "aaaa", *WHY), ("propose", "aaaa", "--voice", "a", "--overlap", "mute")):
        run = minutier("retention", "erase", *given)
        assert (run.status, "withdraw that first" in run.err) == (Status.FAILED, True)


def test_what_has_become_of_a_request_is_told(api: ErasuresApi, minutier: type[Run]) -> None:
    assert "10 days left" in minutier("retention", "erase", "status", "aaaa").out
    refusal = Refusal("local/compliance", AT, Ground.LEGAL_CLAIMS, "A [case] is pending.")
    api.request = replace(GIVEN, state=State.REFUSED, refusal=refusal)
    out = minutier("retention", "erase", "status", str(REQUEST)).out
    assert "article 17(3)(e), legal claims" in out
    assert "A [case] is pending." in out
    assert "left" not in out
    api.request = replace(GIVEN, state=State.COMPLETED, purge_id=PURGE, completed_at=AT)
    out = minutier("retention", "erase", "status", str(REQUEST)).out
    assert "erased (UTC): 2026-11-01 08:00" in out
    found = json.loads(minutier("retention", "erase", "status", str(REQUEST), "--json").out)
    assert found["state"] == "completed"


def test_an_id_that_none_has_is_told(api: ErasuresApi, minutier: type[Run]) -> None:
    run = minutier("retention", "erase", "status", "cccc")
    assert (run.status, "minutier retention erasures" in run.err) == (Status.FAILED, True)
