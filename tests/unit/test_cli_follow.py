"""What is shown while recordings are followed."""

import asyncio
from typing import Any

import pytest
from rich.progress import Progress

from minutier.compose.api import Api
from minutier.compose.client import Unreachable
from minutier.compose.follow import Lines, RecordingBars, StageBars, follow
from tests.support.query_api import STAGES, QueryApi, recording, serving

FIRST, SECOND = "1" * 36, "2" * 36


def shown(progress: Progress) -> dict[str, tuple[float, str]]:
    return {task.description: (task.completed, task.fields["note"]) for task in progress.tasks}


def under_way(id: str, **states: str) -> dict[str, Any]:
    stages = {
        name: {"state": states.get(name, "waiting"), "seconds": None, "reason": None} for name in STAGES
    }
    return recording(id, state="processing", stages=stages)


def test_one_recording_has_a_bar_for_each_stage() -> None:
    progress = Progress()
    bars = StageBars(progress)
    bars.show(under_way(FIRST, ingestion="done", diarization="skipped", transcription="running"))
    bars.advance(FIRST, "transcription", 0.25)
    assert shown(progress) == {
        "ingestion": (1.0, "done"),
        "diarization": (1.0, "skipped"),
        "transcription": (0.25, "running"),
        "attribution": (0, "waiting"),
        "summarisation": (0, "waiting"),
    }


def test_several_have_one_each_over_all_stages() -> None:
    progress = Progress()
    bars = RecordingBars(progress, [FIRST, SECOND])
    bars.show(under_way(FIRST, ingestion="done", diarization="running", transcription="running"))
    bars.advance(FIRST, "diarization", 0.5)
    bars.advance(FIRST, "diarization", 0.75)
    bars.show(recording(SECOND))
    assert shown(progress) == {
        FIRST[:8]: (1.75, "diarization, transcription"),
        SECOND[:8]: (len(STAGES), "completed"),
    }


def test_without_a_terminal_a_stage_is_told_once(capsys: pytest.CaptureFixture[str]) -> None:
    lines = Lines()
    for _ in range(2):
        lines.show(recording(FIRST))
        lines.advance(FIRST, "diarization", 0.5)
    out, err = capsys.readouterr()
    assert out == ""
    assert err.splitlines() == [f"11111111 {name} done in 1.0 s" for name in STAGES]


async def test_a_recording_that_nobody_knows_yet_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("minutier.compose.follow._RETRY_SECONDS", 0.01)
    answers = QueryApi()
    with serving(answers):
        async with Api(answers.url, lambda: "token") as api:
            following = asyncio.create_task(follow(api, [FIRST]))
            await asyncio.sleep(0.1)
            assert not following.done()
            answers.recordings.append(recording(FIRST))
            (found,) = await asyncio.wait_for(following, 10)
    assert found["state"] == "completed"


async def test_a_service_that_stays_away_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("minutier.compose.follow._RETRY_SECONDS", 0.0)
    async with Api("http://127.0.0.1:1", lambda: "token") as api:
        with pytest.raises(Unreachable):
            await asyncio.wait_for(follow(api, [FIRST]), 10)
