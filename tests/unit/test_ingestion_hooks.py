"""The scripts that operators copy to their meeting servers, as those run them."""

import asyncio
import os
import shutil
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
import uvicorn
from fastapi import APIRouter

from minutier.ingestion import api
from minutier.ingestion.hand_in import HandIn
from minutier.ingestion.sources import bigbluebutton, jibri
from tests.support.bigbluebutton import MEETING, document, ends, marks, records
from tests.support.hand_in import ACCESS, KEY, Announcements, Archives, Uploads, forms

HOOKS = Path(__file__).parents[2] / "services/ingestion/hooks"
POST_ARCHIVE = HOOKS / "bigbluebutton_post_archive.rb"
FINALIZE = HOOKS / "jibri_finalize.sh"

SOUND = f"{MEETING}-13749531095.opus"
EVENTS = document(records(SOUND, 6.5, 60), marks(10, 50), ends(61))

# As ruby's own name for what runs it, and as the shell does without ruby.
INTERPRETERS = [
    "sh",
    pytest.param("ruby", marks=pytest.mark.skipif(not shutil.which("ruby"), reason="no ruby")),
]
WITH_CURL = pytest.mark.skipif(not shutil.which("curl"), reason="no curl")

_FAKE_CURL = """#!/bin/sh
printf '%s\\n' "$@" > "$CALLED"
exit "$STATUS"
"""


@dataclass
class Machine:
    """A meeting server's folders, with a curl that notes what it is called with."""

    root: Path

    @property
    def archive(self) -> Path:
        return self.root / "raw"

    @property
    def config(self) -> Path:
        return self.root / "minutier.conf"

    def called_with(self) -> list[str] | None:
        called = self.root / "called"
        return called.read_text().splitlines() if called.exists() else None

    def meeting(self, *audio: str) -> None:
        folder = self.archive / MEETING
        (folder / "audio").mkdir(parents=True)
        (folder / "events.xml").write_bytes(EVENTS)
        for name in audio:
            (folder / "audio" / name).write_bytes(b"sound")

    def session(self, *names: str) -> Path:
        folder = self.root / "recordings" / "kjzxnqgtwvfaplme"
        folder.mkdir(parents=True)
        for name in names:
            (folder / name).write_bytes(b"{}")
        return folder

    async def run(self, *command: str | Path, real_curl: bool = False, status: int = 0) -> tuple[int, str]:
        """The exit status, and what was written to either output."""
        path = os.environ["PATH"] if real_curl else f"{self.root}/bin:{os.environ['PATH']}"
        environment = {
            "PATH": path,
            "MINUTIER_CONFIG": str(self.config),
            "MINUTIER_ARCHIVE": str(self.archive),
            "CALLED": str(self.root / "called"),
            "STATUS": str(status),
        }
        process = await asyncio.create_subprocess_exec(
            *map(str, command),
            env=environment,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        output, _ = await process.communicate()
        assert process.returncode is not None
        return process.returncode, output.decode()


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    curl = tmp_path / "bin" / "curl"
    curl.parent.mkdir()
    curl.write_text(_FAKE_CURL)
    curl.chmod(0o755)
    return Machine(tmp_path)


@asynccontextmanager
async def serving(router: APIRouter) -> AsyncIterator[str]:
    """The endpoint on this machine, at an address."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        server = uvicorn.Server(uvicorn.Config(api.build([router]), log_config=None, lifespan="off"))
        task = asyncio.create_task(server.serve(sockets=[listening]))
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        server.should_exit = True
        await task


@pytest.mark.parametrize("interpreter", INTERPRETERS)
async def test_bigbluebutton_sends_events_and_every_audio_file(machine: Machine, interpreter: str) -> None:
    machine.meeting("one.opus", "two words.opus")
    assert await machine.run(interpreter, POST_ARCHIVE, "-m", MEETING) == (0, "")
    called = machine.called_with()
    assert called is not None
    folder = machine.archive / MEETING
    for argument in (
        f"meeting_id={MEETING}",
        f'events=@"{folder}/events.xml"',
        f'audio=@"{folder}/audio/one.opus"',
        f'audio=@"{folder}/audio/two words.opus"',
        "--fail-with-body",
        "--max-time",
        "--retry-all-errors",
    ):
        assert argument in called
    assert called[called.index("--config") + 1] == str(machine.config)


@pytest.mark.parametrize("interpreter", INTERPRETERS)
async def test_bigbluebutton_goes_on_whatever_becomes_of_it(machine: Machine, interpreter: str) -> None:
    machine.meeting("one.opus")
    status, said = await machine.run(interpreter, POST_ARCHIVE, "-m", MEETING, status=22)
    assert (status, said.strip()) == (0, f"minutier: {MEETING} was not sent")


@pytest.mark.parametrize("arguments", [(), ("-m", "../../etc"), ("-m", "$(id)"), ("-x",)])
async def test_what_is_no_meeting_id_forms_no_path(machine: Machine, arguments: tuple[str, ...]) -> None:
    status, said = await machine.run("sh", POST_ARCHIVE, *arguments)
    assert status == 0
    assert "no meeting id" in said
    assert machine.called_with() is None


async def test_a_meeting_without_audio_is_not_sent(machine: Machine) -> None:
    machine.meeting()
    status, said = await machine.run("sh", POST_ARCHIVE, "-m", MEETING)
    assert status == 0
    assert "has no audio" in said
    assert machine.called_with() is None


@WITH_CURL
async def test_a_meeting_arrives_at_the_second_attempt_with_a_key_that_no_command_line_shows(
    machine: Machine, tmp_path: Path
) -> None:
    machine.meeting(SOUND)
    uploads, announcements = Uploads(), Announcements()
    announcements.failures = 1
    meetings = bigbluebutton.Meetings(HandIn(uploads, announcements), Archives())
    async with serving(bigbluebutton.router(ACCESS, forms(tmp_path), meetings)) as address:
        machine.config.write_text(
            f'url = "{address}/webhooks/bigbluebutton"\nheader = "Authorization: Bearer {KEY}"\n'
        )
        status, said = await machine.run("sh", POST_ARCHIVE, "-m", MEETING, real_curl=True)
    assert status == 0
    assert "was not sent" not in said
    (made,) = announcements.made
    assert made.external_id == MEETING
    assert uploads.at(made.mix) == b"sound"


@WITH_CURL
async def test_why_a_meeting_was_refused_is_in_bigbluebuttons_log(machine: Machine, tmp_path: Path) -> None:
    machine.meeting("of-another-meeting.opus")
    meetings = bigbluebutton.Meetings(HandIn(Uploads(), Announcements()), Archives())
    async with serving(bigbluebutton.router(ACCESS, forms(tmp_path), meetings)) as address:
        machine.config.write_text(
            f'url = "{address}/webhooks/bigbluebutton"\nheader = "Authorization: Bearer {KEY}"\nretry = 0\n'
        )
        status, said = await machine.run("sh", POST_ARCHIVE, "-m", MEETING, real_curl=True)
    assert status == 0
    assert "none of the files" in said
    assert f"{MEETING} was not sent" in said


async def test_jibri_sends_the_film_and_its_metadata(machine: Machine) -> None:
    folder = machine.session("weekly_2026-03-02-10-00-00.mp4", "metadata.json")
    assert await machine.run("sh", FINALIZE, folder) == (0, "")
    called = machine.called_with()
    assert called is not None
    assert f"session={folder.name}" in called
    assert f'metadata=@"{folder}/metadata.json"' in called
    assert f'recording=@"{folder}/weekly_2026-03-02-10-00-00.mp4"' in called


async def test_jibri_sends_a_film_without_metadata_and_tells_how_it_ended(machine: Machine) -> None:
    folder = machine.session("film.mp4")
    status, said = await machine.run("sh", FINALIZE, f"{folder}/", status=7)
    assert (status, said.strip()) == (7, f"minutier: {folder.name} was not sent")
    assert not any("metadata" in argument for argument in machine.called_with() or ())


async def test_jibri_sends_nothing_where_nothing_was_recorded(machine: Machine) -> None:
    assert (await machine.run("sh", FINALIZE, machine.session("metadata.json")))[0] == 0
    assert machine.called_with() is None


@WITH_CURL
async def test_a_film_arrives(machine: Machine, tmp_path: Path) -> None:
    folder = machine.session("film.mp4", "metadata.json")
    uploads, announcements = Uploads(), Announcements()
    sessions = jibri.Sessions(HandIn(uploads, announcements))
    async with serving(jibri.router(ACCESS, forms(tmp_path), sessions)) as address:
        machine.config.write_text(
            f'url = "{address}/webhooks/jibri"\nheader = "Authorization: Bearer {KEY}"\n'
        )
        status, _ = await machine.run(FINALIZE, folder, real_curl=True)
    assert status == 0
    (made,) = announcements.made
    assert made.external_id == folder.name
    assert uploads.at(made.mix) == b"{}"
