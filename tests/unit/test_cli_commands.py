"""The command line, against a server that answers as the query service does."""

import asyncio
import json
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path

import pytest

from minutier.compose import announce, embedded
from minutier.compose.api import Api
from minutier.compose.failures import Status
from minutier.compose.render import complaint
from tests.support.command import Run, calling
from tests.support.query_api import QueryApi, recording, serving

FIRST = "11111111-0000-5000-8000-000000000001"
SECOND = "11111111-0000-5000-8000-000000000002"
THIRD = "22222222-0000-5000-8000-000000000003"


@pytest.fixture
def api(monkeypatch: pytest.MonkeyPatch) -> Iterator[QueryApi]:
    answers = QueryApi(
        recordings=[recording(FIRST), recording(SECOND), recording(THIRD)],
        transcript={
            "speakers": [{"id": "speaker-1", "label": "Speaker 1"}],
            "segments": [{"id": "s1", "speaker": "speaker-1", "start": 65.0, "end": 67.0, "text": "Hello."}],
        },
        minutes={
            "engine": "extractive",
            "summary": [{"text": "They greet.", "cites": ["s1"]}],
            "fallback_reason": None,
        },
    )
    with serving(answers):
        monkeypatch.setenv("MINUTIER_QUERY_URL", answers.url)
        monkeypatch.setenv("MINUTIER_QUERY_TOKEN", "token")
        yield answers


@pytest.fixture
def minutier(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> type[Run]:
    return calling(monkeypatch, capsys)


def test_list_follows_every_page(api: QueryApi, minutier: type[Run]) -> None:
    run = minutier("list", "--json")
    assert [item["id"] for item in json.loads(run.out)["recordings"]] == [FIRST, SECOND, THIRD]
    assert "11111111" in minutier("list").out


@pytest.mark.parametrize("format", ["text", "vtt", "srt", "rttm"])
def test_transcript_is_printed_as_it_comes(api: QueryApi, minutier: type[Run], format: str) -> None:
    run = minutier("transcript", THIRD, "--format", format)
    assert (run.status, run.out) == (0, f"as {format}\n")


@pytest.mark.parametrize("command", ["transcript", "minutes"])
def test_what_is_restricted_is_read_by_a_reason(api: QueryApi, minutier: type[Run], command: str) -> None:
    api.restricted = {THIRD}
    run = minutier(command, THIRD)
    assert (run.status, run.out, "--reason" in run.err) == (Status.USAGE, "", True)
    assert minutier(command, "2222", "--reason", "Saisine n° 2026-117").status == 0
    assert set(api.reasons) == {"Saisine n° 2026-117"}


@pytest.mark.parametrize("called", ["speaker-1", "Speaker 1", "speaker 1"])
def test_a_speaker_is_named_by_id_or_label(api: QueryApi, minutier: type[Run], called: str) -> None:
    run = minutier("name", "2222", called, "Zoë Lefèvre")
    assert (run.status, api.named) == (0, [("speaker-1", {"name": "Zoë Lefèvre"})])
    assert "written anew" in run.out
    assert json.loads(minutier("name", "2222", called, "--clear", "--json").out)["id"] == THIRD
    assert api.named[1:] == [("speaker-1", {"name": None})]


def test_who_is_not_in_the_transcript_gets_no_name(api: QueryApi, minutier: type[Run]) -> None:
    api.transcript["speakers"] += [{"id": f"speaker-{number}", "label": "Room"} for number in (2, 3)]
    nobody = minutier("name", "2222", "Anna", "Zoë")
    assert nobody.status == Status.USAGE
    assert "'Speaker 1'" in nobody.err
    ambiguous = minutier("name", "2222", "Room", "Zoë")
    assert ambiguous.status == Status.USAGE
    assert "speaker-2, speaker-3" in ambiguous.err
    assert api.named == []


@pytest.mark.parametrize("given", [(), ("Zoë", "--clear")])
def test_a_speaker_gets_a_name_or_loses_one(
    api: QueryApi, minutier: type[Run], given: tuple[str, ...]
) -> None:
    run = minutier("name", "2222", "Speaker 1", *given)
    assert (run.status, api.named) == (Status.USAGE, [])
    assert "--clear" in run.err


def test_a_beginning_names_a_recording_where_only_one_has_it(api: QueryApi, minutier: type[Run]) -> None:
    assert minutier("transcript", "2222", "--json").status == 0
    ambiguous = minutier("transcript", "1111")
    assert (ambiguous.status, ambiguous.out) == (Status.USAGE, "")
    assert "2 recordings begin so" in ambiguous.err
    unknown = minutier("transcript", "9999")
    assert unknown.status == Status.FAILED
    assert "minutier list" in unknown.err


def test_a_recording_is_cancelled_and_done_again(api: QueryApi, minutier: type[Run]) -> None:
    cancelled = minutier("cancel", "2222")
    assert (cancelled.status, cancelled.out) == (0, "Done. The recording is cancelled.\n")
    again = minutier("reprocess", "2222", "--stage", "transcription", "--model", "large", "--json")
    assert json.loads(again.out)["state"] == "processing"
    assert api.steered == [("cancel", None), ("reprocess", {"stage": "transcription", "model": "large"})]
    assert minutier("reprocess", "2222").status == Status.USAGE
    assert "minutier reprocess" in complaint(json.loads(again.out) | {"state": "cancelled"})
    api.refuses = "It is being processed."
    refused = minutier("cancel", "2222")
    assert (refused.status, refused.out) == (Status.FAILED, "")
    assert "It is being processed." in refused.err


def test_minutes_cite_times(api: QueryApi, minutier: type[Run]) -> None:
    run = minutier("minutes", THIRD)
    assert "They greet. (1:05)" in run.out
    assert "extract" in run.out
    assert json.loads(minutier("minutes", THIRD, "--json").out) == api.minutes


def test_a_rejected_recording_says_why(
    api: QueryApi, minutier: type[Run], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    api.recordings.append(
        recording("3" * 36, state="rejected", reason="no_audio", explanation="Record with sound.")
    )

    async def announced(*_: object, **__: object) -> str:
        return "3" * 36

    monkeypatch.setattr(announce, "announce", announced)
    file = tmp_path / "x.mp4"
    file.touch()
    run = minutier("ingest", str(file), "--watch", "--json")
    assert run.status == Status.FAILED
    assert json.loads(run.out)["recordings"][0]["reason"] == "no_audio"
    assert "Record with sound." in run.err


def test_a_name_that_nobody_can_have_is_wrong_usage(api: QueryApi, minutier: type[Run]) -> None:
    api.refuses = "'name': give 1 to 200 characters"
    run = minutier("name", THIRD, "Speaker 1", "")
    assert (run.status, run.out, run.err) == (Status.USAGE, "", "'name': give 1 to 200 characters\n")


@pytest.mark.parametrize(
    ("arguments", "whom", "given"),
    [
        (["zoe@example.org"], "person/zoe%40example.org", {"level": "read", "until": None}),
        (["--group", "/a b/ü"], "group/%2Fa%20b%2F%C3%BC", {"level": "read", "until": None}),
        (["zoe@example.org", "--edit"], "person/zoe%40example.org", {"level": "edit", "until": None}),
    ],
)
def test_a_recording_is_shared_and_taken_back(
    api: QueryApi, minutier: type[Run], arguments: list[str], whom: str, given: dict[str, object]
) -> None:
    run = minutier("share", "2222", *arguments)
    assert (run.status, api.shares) == (0, {whom: given})
    assert len(json.loads(minutier("share", "2222", *arguments, "--json").out)["shares"]) == 1
    back = [argument for argument in arguments if argument != "--edit"]
    assert minutier("share", "2222", *back, "--take-back").status == 0
    assert api.shares == {}
    again = minutier("share", "2222", *back, "--take-back")
    assert (again.status, "not shared so" in again.err) == (Status.FAILED, True)


def test_a_share_ends_with_the_day_it_is_until(api: QueryApi, minutier: type[Run]) -> None:
    assert minutier("share", "2222", "zoe@example.org", "--until", "2030-12-31").status == 0
    until = datetime.fromisoformat(api.shares["person/zoe%40example.org"]["until"])
    assert until == datetime(2031, 1, 1).astimezone()


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["zoe@example.org", "--group", "staff"],
        ["zoe@example.org", "--take-back", "--edit"],
        ["zoe@example.org", "--until", "tomorrow"],
    ],
)
def test_a_share_is_with_one_and_ends_on_a_date(
    api: QueryApi, minutier: type[Run], arguments: list[str]
) -> None:
    run = minutier("share", "2222", *arguments)
    assert (run.status, run.out, api.shares) == (Status.USAGE, "", {})


def test_a_recording_that_nobody_owns_is_given_away(api: QueryApi, minutier: type[Run]) -> None:
    assert minutier("owner", "2222", "zoe@example.org").status == 0
    assert api.shares == {"owner": {"email": "zoe@example.org"}}


def test_what_one_may_not_do_is_told_as_the_service_says_it(api: QueryApi, minutier: type[Run]) -> None:
    api.forbids = "Only the owner of this recording may do this."
    run = minutier("transcript", THIRD)
    assert (run.status, run.out, run.err) == (Status.FAILED, "", f"{api.forbids}\n")


@pytest.mark.parametrize("token", [None, "", "two words", "expired"])
def test_a_service_elsewhere_wants_a_token_that_it_accepts(
    api: QueryApi, minutier: type[Run], monkeypatch: pytest.MonkeyPatch, token: str | None
) -> None:
    api.tokens = {"token"}
    if token is None:
        monkeypatch.delenv("MINUTIER_QUERY_TOKEN")
    else:
        monkeypatch.setenv("MINUTIER_QUERY_TOKEN", token)
    run = minutier("list")
    assert (run.status, run.out) == (Status.USAGE, "")
    assert "MINUTIER_QUERY_TOKEN" in run.err


def test_the_token_says_whose_recordings_are_listed(api: QueryApi, minutier: type[Run]) -> None:
    run = minutier("list", "--tenant", "acme")
    assert run.status == Status.USAGE
    assert "--tenant" in run.err


def test_titles_that_one_may_not_see_are_dashes(api: QueryApi, minutier: type[Run]) -> None:
    api.recordings = [recording(FIRST, title=None)]
    assert "11111111  –" in minutier("list").out


async def test_a_token_that_has_expired_is_got_anew(api: QueryApi) -> None:
    api.tokens = {"second"}
    tokens = iter(["first", "second", "third"])
    async with Api(api.url, lambda: next(tokens)) as client:
        assert len(await client.recordings()) == 3
        # Until it expires it is kept.
        assert (await client.recording(FIRST))["id"] == FIRST
    assert next(tokens) == "third"


def test_up_tells_where_it_answers_and_where_recordings_are_handed_in(
    minutier: type[Run], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    class System:
        def url(self, service: str) -> str:
            return f"http://{service}"

    @asynccontextmanager
    async def running(path: Path) -> AsyncIterator[System]:
        asyncio.get_running_loop().call_soon(signal.raise_signal, signal.SIGINT)
        yield System()

    monkeypatch.setattr(embedded, "running", running)
    run = minutier("up", "--data-dir", str(tmp_path), "--json")
    told = json.loads(run.out)
    assert (told["pages"], told["compliance"], told["api"], told["ingestion"], told["data"]) == (
        "http://query/",
        "http://retention/",
        "http://query/api/v1",
        "http://ingestion",
        str(tmp_path),
    )
    assert "  recordings  http://ingestion" in run.err
    assert "  compliance  http://retention/" in run.err
    assert "anybody on this machine, without a password" in run.err
    assert run.status == 0


def test_what_is_not_running_says_how_to_start_it(minutier: type[Run], tmp_path: Path) -> None:
    run = minutier("list", "--data-dir", str(tmp_path), "--json")
    assert (run.status, run.out) == (Status.UNREACHABLE, "")
    assert "minutier up" in run.err


def test_an_unreachable_service_is_named(minutier: type[Run], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MINUTIER_QUERY_URL", "http://127.0.0.1:1")
    monkeypatch.setenv("MINUTIER_QUERY_TOKEN", "token")
    run = minutier("list")
    assert run.status == Status.UNREACHABLE
    assert "http://127.0.0.1:1" in run.err


def test_a_token_for_a_service_elsewhere_is_not_made_up(
    minutier: type[Run], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MINUTIER_QUERY_URL", "http://127.0.0.1:1")
    run = minutier("token")
    assert (run.status, run.out) == (Status.USAGE, "")
    assert "identity provider" in run.err


def test_a_place_that_cannot_be_used_is_named(minutier: type[Run], tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()
    run = minutier("up", "--data-dir", str(file))
    assert (run.status, run.out) == (Status.FAILED, "")
    assert str(file) in run.err
    assert "--data-dir" in run.err


@pytest.mark.parametrize(
    "arguments", [["nonsense"], ["transcript", FIRST, "--format", "doc"], ["ingest", "/does/not/exist"]]
)
def test_wrong_usage_is_status_2(api: QueryApi, minutier: type[Run], arguments: list[str]) -> None:
    run = minutier(*arguments)
    assert (run.status, run.out) == (Status.USAGE, "")
    assert run.err


def test_the_unexpected_shows_no_content_and_no_traceback(
    api: QueryApi, minutier: type[Run], monkeypatch: pytest.MonkeyPatch
) -> None:
    api.transcript = {}
    run = minutier("minutes", THIRD)
    assert run.status == Status.FAILED
    assert "MINUTIER_DEBUG" in run.err
    assert "Traceback" not in run.err
    monkeypatch.setenv("MINUTIER_DEBUG", "1")
    with pytest.raises(KeyError):
        minutier("minutes", THIRD)


def test_the_sample_is_found_without_loading_its_package() -> None:
    script = """
import sys
from minutier.compose.commands import run
print(run.sample().name, "pyannote.audio" in sys.modules)
"""
    # In a process of its own: another test may have loaded it in this one.
    found = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert found.stdout.split() == ["sample.wav", "False"]
