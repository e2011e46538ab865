"""`minutier retention`, against a server that answers as the retention service does."""

import json
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest

from minutier.compose.directory import DataDirectory, ProcessState, State
from minutier.compose.failures import Status
from tests.support.command import Run, calling
from tests.support.query_api import QueryApi, recording, serving
from tests.support.retention_answers import BOARDS, DEFAULT, RetentionApi

FIRST = "11111111-0000-5000-8000-000000000001"
SECOND = "11111111-0000-5000-8000-000000000002"
THIRD = "22222222-0000-5000-8000-000000000003"
PLACED = ("retention", "hold", "--matter", "2026-117", "--reason", "Asked for by the court.")
POLICY = {
    "name": "Boards",
    "legal_basis": "A law",
    "rules": {"media": {"clock": "meeting", "current_days": 9}},
}


@pytest.fixture
def api(monkeypatch: pytest.MonkeyPatch) -> Iterator[RetentionApi]:
    with serving(RetentionApi([FIRST, SECOND, THIRD])) as answers:
        monkeypatch.setenv("MINUTIER_RETENTION_URL", answers.url)
        monkeypatch.setenv("MINUTIER_RETENTION_TOKEN", "token")
        yield answers


@pytest.fixture
def query(monkeypatch: pytest.MonkeyPatch) -> Iterator[QueryApi]:
    with serving(QueryApi([recording(each) for each in (FIRST, SECOND, THIRD)])) as answers:
        monkeypatch.setenv("MINUTIER_QUERY_URL", answers.url)
        monkeypatch.setenv("MINUTIER_QUERY_TOKEN", "token")
        yield answers


@pytest.fixture
def minutier(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> type[Run]:
    # Wide enough for a row to be a line.
    monkeypatch.setenv("COLUMNS", "200")
    return calling(monkeypatch, capsys)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "policy.json"
    path.write_text(json.dumps(POLICY))
    return path


def test_policies_are_listed_with_their_rules(api: RetentionApi, minutier: type[Run]) -> None:
    found = json.loads(minutier("retention", "policies", "--json").out)["policies"]
    assert [policy["id"] for policy in found] == [str(DEFAULT.id), str(BOARDS.id)]
    rows = [line.split() for line in minutier("retention", "policies").out.splitlines()]
    assert [row[-4:] for row in rows if "transcript" in row] == [
        ["transcript", "365", "ingestion", "destroy"]
    ]
    (boards,) = [row for row in rows if "Boards," in row]
    assert boards[0] == str(BOARDS.id)[:8]
    told = ["class", "board", "media", "365", "+", "3650", "file", "closed", "destroy"]
    assert boards[1:] == ["Boards,", "version", "1", *told]


def test_named_recordings_are_held(api: RetentionApi, query: QueryApi, minutier: type[Run]) -> None:
    placed = json.loads(minutier(*PLACED, "2222", FIRST, "--json").out)
    assert (placed["matter"], placed["reason"]) == ("2026-117", "Asked for by the court.")
    assert (placed["search"], placed["covered"]) == (None, 2)
    assert set(api.covering) == {FIRST, THIRD}
    assert minutier(*PLACED, FIRST).out == f"Done. The hold {api.held[1].id} covers 1.\n"


def test_a_full_id_needs_no_query_service(api: RetentionApi, minutier: type[Run]) -> None:
    assert minutier(*PLACED, FIRST.upper()).status == 0
    cut = minutier(*PLACED, "2222")
    assert (cut.status, "MINUTIER_QUERY_URL" in cut.err) == (Status.USAGE, True)
    assert len(api.held) == 1


def test_a_search_is_held_by_all_that_is_given(api: RetentionApi, minutier: type[Run]) -> None:
    options = ("--source", "livekit", "--class", "board", "--label", "budget")
    days = ("--met-since", "2026-01-01", "--met-before", "2026-02-01")
    found = json.loads(minutier(*PLACED, *options, *days, "--json").out)["search"]
    assert {name: found[name] for name in ("source", "record_class", "label")} == {
        "source": "livekit",
        "record_class": "board",
        "label": "budget",
    }
    assert [datetime.fromisoformat(found[name]) for name in ("met_since", "met_before")] == [
        datetime(2026, 1, 1).astimezone(),
        datetime(2026, 2, 1).astimezone(),
    ]


def test_everything_is_held_where_it_is_said(api: RetentionApi, minutier: type[Run]) -> None:
    placed = json.loads(minutier(*PLACED, "--everything", "--json").out)
    assert set(placed["search"].values()) == {None}
    assert placed["covered"] == 3


@pytest.mark.parametrize(
    "given",
    [(), ("--everything", "--label", "budget"), ("--label", ""), ("--met-since", "yesterday")],
)
def test_nothing_is_held_by_accident(api: RetentionApi, minutier: type[Run], given: tuple[str, ...]) -> None:
    run = minutier(*PLACED, *given)
    assert (run.status, run.out, api.held) == (Status.USAGE, "", [])
    assert run.err


def test_what_there_is_not_is_told_as_the_service_says_it(api: RetentionApi, minutier: type[Run]) -> None:
    unknown = "3" * 8 + FIRST[8:]
    run = minutier(*PLACED, unknown)
    assert (run.status, api.held) == (Status.FAILED, [])
    assert f"no such recordings in your organisation: {unknown}" in run.err


def test_holds_are_listed_and_released_by_the_beginning_of_an_id(
    api: RetentionApi, minutier: type[Run]
) -> None:
    for each in (FIRST, SECOND, THIRD):
        assert minutier(*PLACED, each).status == 0
    held = json.loads(minutier("retention", "holds", "--json").out)["holds"]
    assert [hold["covered"] for hold in held] == [1, 1, 1]
    beginning = held[2]["id"][:8]
    run = minutier("retention", "release", beginning, "--reason", "The case is closed.")
    assert (run.status, run.out) == (0, "Done. The hold is released.\n")
    assert [hold.release_reason for hold in api.held] == [None, None, "The case is closed."]
    rows = [line.split() for line in minutier("retention", "holds").out.splitlines()]
    assert [row[0] for row in rows[1:]] == [hold["id"][:8] for hold in held]
    assert rows[3][-2:] == ["09:00", "1"]
    assert rows[1][-2:] == ["–", "1"]


@pytest.mark.parametrize(
    ("hold", "status", "said"),
    [
        ("ffff", Status.FAILED, "minutier retention holds"),
        ("f" * 8 + FIRST[8:], Status.FAILED, "no such hold in your organisation"),
        ("", Status.USAGE, "2 holds begin so"),
    ],
)
def test_no_hold_is_released_that_is_not_meant(
    api: RetentionApi, minutier: type[Run], hold: str, status: Status, said: str
) -> None:
    for each in (FIRST, SECOND):
        minutier(*PLACED, each)
    run = minutier("retention", "release", hold, "--reason", "The case is closed.")
    assert (run.status, run.out, said in run.err) == (status, "", True)
    assert [hold.released_at for hold in api.held] == [None, None]


def test_what_is_kept_is_explained(api: RetentionApi, query: QueryApi, minutier: type[Run]) -> None:
    found = json.loads(minutier("retention", "explain", "2222", "--json").out)
    assert found["recording_id"] == THIRD
    run = minutier("retention", "explain", THIRD)
    lines = [" ".join(line.split()) for line in run.out.splitlines()]
    assert "media current 2026-05-01 09:00 2026-05-01 09:00 Default, version 1" in lines
    assert "media Default, version 1 default 2026-05-01 09:00" in lines
    assert "media Boards, version 1 out of scope (class) –" in lines
    assert lines[-1] == "No hold."
    minutier(*PLACED, THIRD)
    assert str(api.held[0].id)[:8] in minutier("retention", "explain", THIRD).out


def test_what_is_not_there_is_not_explained(api: RetentionApi, minutier: type[Run]) -> None:
    run = minutier("retention", "explain", "3" * 8 + FIRST[8:])
    assert (run.status, run.out) == (Status.FAILED, "")
    assert "minutier list" in run.err


def test_a_policy_is_simulated_for_whole_days(api: RetentionApi, minutier: type[Run], file: Path) -> None:
    days = ("--since", "2026-01-01", "--until", "2026-12-31")
    run = minutier("retention", "simulate", file, *days, "--replaces", BOARDS.id.hex)
    lines = [" ".join(line.split()) for line in run.out.splitlines()]
    assert "2026-01 access log 17" in lines
    assert f"{FIRST[:8]} media 2026-01-01 09:00" in lines
    assert lines[-1] == "due: 17; of 23 recordings"
    ((asked, given),) = api.simulated
    assert asked.model_dump(mode="json", exclude_unset=True) == POLICY
    assert given.pop("replaces") == str(BOARDS.id)
    assert {name: datetime.fromisoformat(moment) for name, moment in given.items()} == {
        "since": datetime(2026, 1, 1).astimezone(),
        "until": datetime(2027, 1, 1).astimezone(),
    }


def test_the_service_chooses_the_time_of_a_simulation_without_one(
    api: RetentionApi, minutier: type[Run], file: Path
) -> None:
    assert json.loads(minutier("retention", "simulate", file, "--json").out)["total"] == 17
    assert [given for _, given in api.simulated] == [{}]


@pytest.mark.parametrize(
    ("content", "said"),
    [("{", "no JSON"), ("\xff", "no JSON"), ("[]", "no policy"), ("{}", "Field required")],
)
def test_a_file_that_has_no_policy_is_wrong_usage(
    api: RetentionApi, minutier: type[Run], file: Path, content: str, said: str
) -> None:
    file.write_text(content, encoding="latin-1")
    run = minutier("retention", "simulate", file)
    assert (run.status, run.out, api.simulated) == (Status.USAGE, "", [])
    assert said in run.err


def test_who_is_no_compliance_officer_is_told_so(api: RetentionApi, minutier: type[Run]) -> None:
    api.forbids = "Only compliance staff may do this."
    run = minutier("retention", "holds")
    assert (run.status, run.out, run.err) == (Status.FAILED, "", f"{api.forbids}\n")


@pytest.mark.parametrize("token", [None, "expired"])
def test_a_service_elsewhere_wants_a_token_of_its_own(
    api: RetentionApi, minutier: type[Run], monkeypatch: pytest.MonkeyPatch, token: str | None
) -> None:
    api.tokens = {"token"}
    if token is None:
        monkeypatch.delenv("MINUTIER_RETENTION_TOKEN")
    else:
        monkeypatch.setenv("MINUTIER_RETENTION_TOKEN", token)
    run = minutier("retention", "policies")
    assert (run.status, run.out, "MINUTIER_RETENTION_TOKEN" in run.err) == (Status.USAGE, "", True)


def test_the_token_says_whose_policies_there_are(api: RetentionApi, minutier: type[Run]) -> None:
    run = minutier("retention", "policies", "--tenant", "acme")
    assert (run.status, "--tenant" in run.err) == (Status.USAGE, True)


def test_query_elsewhere_does_not_tell_where_retention_is(query: QueryApi, minutier: type[Run]) -> None:
    run = minutier("retention", "policies")
    assert (run.status, "Set MINUTIER_RETENTION_URL" in run.err) == (Status.USAGE, True)


def test_a_system_without_retention_says_so(minutier: type[Run], tmp_path: Path) -> None:
    directory = DataDirectory(tmp_path / "data")
    directory.create()
    directory.write_state(State(1, "2026", True, {"query": ProcessState("ready", 2, {"http": 1}, 0)}))
    with directory.lock():
        run = minutier("retention", "policies", "--data-dir", directory.path)
    assert (run.status, "retention service is not part" in run.err) == (Status.UNREACHABLE, True)
