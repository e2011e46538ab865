"""The command as a process of its own, against a system that runs."""

import asyncio
import json
import os
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from http import HTTPStatus
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import nats
import pytest

from minutier.compose.embedded import System
from minutier.compose.people import APPROVER, COMPLIANCE, OUTSIDER, PARTICIPANT, TENANT, LocalPerson
from minutier.schemas.codec import encode
from minutier.schemas.documents import MinutesDocument, RecordingDocument, TranscriptDocument
from minutier.schemas.events import RecordingIngested, Stage
from minutier.shared.artefacts import Artefacts
from minutier.shared.objects import Objects
from minutier.shared.topology import EVENT_STREAM
from tests.support import query_events as told
from tests.support.delivery_service import until
from tests.support.ingestion_system import told as told_of
from tests.support.media import Sound, write
from tests.support.oidc import Browser
from tests.support.systems import running


@pytest.fixture(scope="module")
async def system() -> AsyncIterator[System]:
    async with running(services=["ingestion", "query"]) as system:
        yield system


@pytest.fixture
def wav(tmp_path: Path) -> Path:
    return write(tmp_path / "meeting.wav", Sound(2.0))


async def minutier(system: System, *arguments: str, stdout: int = PIPE) -> Process:
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "minutier.compose", *arguments, "--data-dir", str(system.directory.path)),
        stdout=stdout,
        stderr=PIPE,
    )


async def ended(process: Process) -> tuple[int | None, str, str]:
    """The status, stdout and stderr."""
    out, err = await asyncio.wait_for(process.communicate(), 60)
    return process.returncode, out.decode(), err.decode()


async def begun(process: Process, text: str) -> None:
    """Wait until the command has told ``text``."""
    assert process.stderr is not None
    async with asyncio.timeout(60):
        while text not in (await process.stderr.readline()).decode():
            pass


async def test_what_is_no_recording_is_told_so(system: System, tmp_path: Path) -> None:
    files = [tmp_path / "notes.mp3", tmp_path / "nothing.wav"]
    files[0].write_text("Not a recording.\n" * 100)
    files[1].touch()
    names = [str(file) for file in files]
    status, out, err = await ended(await minutier(system, "ingest", *names, "--watch", "--json"))
    assert status == 1
    results = json.loads(out)["recordings"]
    assert [result["file"] for result in results] == names
    assert {result["state"] for result in results} == {"rejected"}
    for result in results:
        assert f"{result['file']}: The recording was rejected ({result['reason']}). " in err
        assert result["explanation"] in err

    status, out, err = await ended(await minutier(system, "transcript", results[0]["recording_id"]))
    assert (status, out) == (1, "")
    assert results[0]["explanation"] in err


async def test_the_api_is_tried_by_hand_as_one_of_four_people(system: System, wav: Path) -> None:
    status, out, _ = await ended(await minutier(system, "ingest", str(wav), "--json"))
    assert status == 0
    path = f"/api/v1/recordings/{json.loads(out)['recordings'][0]['recording_id']}"

    async def asked(person: LocalPerson) -> int:
        status, out, _ = await ended(await minutier(system, "token", "--as", person.subject))
        assert status == 0
        headers = {"Authorization": f"Bearer {out.strip()}"}
        async with httpx.AsyncClient(base_url=system.url("query"), headers=headers) as http:
            return (await http.get(path)).status_code

    async def is_there() -> bool:
        return await asked(PARTICIPANT) == HTTPStatus.OK

    await until(is_there)
    assert [await asked(person) for person in (COMPLIANCE, APPROVER)] == [HTTPStatus.OK, HTTPStatus.OK]
    assert await asked(OUTSIDER) == HTTPStatus.NOT_FOUND


async def test_a_folder_is_watched_and_what_was_handed_in_is_not_sent_again(
    system: System, tmp_path: Path
) -> None:
    folder = tmp_path / "recordings"
    folder.mkdir()
    write(folder / "first.wav", Sound(1.0))
    process = await minutier(system, "watch", str(folder), "--tenant", "watched", "--settle", "0", "--json")
    assert process.stdout is not None
    async with asyncio.timeout(60):
        first = json.loads(await process.stdout.readline())
        write(tmp_path / "second.wav", Sound(2.0)).rename(folder / "second.wav")
        second = json.loads(await process.stdout.readline())
    assert [told["file"] for told in (first, second)] == [
        str(folder / name) for name in ("first.wav", "second.wav")
    ]
    process.send_signal(signal.SIGINT)
    status, out, err = await ended(process)
    assert (status, out) == (130, "")
    assert "Traceback" not in err

    await taken_in(system, "watched", count=2)
    before = await messages(system)
    again = json.loads(
        await shown(system, "watch", str(folder), "--tenant", "watched", "--once", "--settle", "0")
    )
    assert again == {"recordings": [first, second]}
    assert await messages(system) == before


async def test_a_recording_is_followed_past_the_death_of_the_service(system: System, wav: Path) -> None:
    process = await minutier(system, "ingest", str(wav), "--watch")
    await begun(process, "ingestion done")
    (found,) = [
        item
        for item in json.loads(await shown(system, "list", "--tenant", "default"))["recordings"]
        if item["state"] == "processing"
    ]
    query = system.supervisor["query"]
    assert query.pid is not None
    os.kill(query.pid, signal.SIGKILL)
    async with asyncio.timeout(60):
        # What is on its way to a process that dies is only delivered anew after the acknowledgement's time.
        while query.restarts == 0:  # noqa: ASYNC110 - there is no event for a death
            await asyncio.sleep(0.01)
    await complete(system, UUID(found["id"]))
    status, out, err = await ended(process)
    assert (status, out) == (0, f"{found['id']} completed\n")
    assert "summarisation done" in err
    assert query.restarts == 1

    assert "Good morning." in await shown(system, "transcript", found["id"][:8])
    assert json.loads(await shown(system, "minutes", found["id"]))["summary"][0]["cites"] == ["s1"]


async def test_a_wait_that_is_interrupted_ends_at_once(system: System, wav: Path) -> None:
    process = await minutier(system, "ingest", str(wav), "--watch", "--tenant", "interrupted")
    await begun(process, "ingestion done")
    process.send_signal(signal.SIGINT)
    status, out, err = await ended(process)
    assert status == 130
    assert out == ""
    assert "Traceback" not in err


async def test_status_tells_what_runs_and_waits(system: System, wav: Path) -> None:
    await ended(await minutier(system, "ingest", str(wav), "--tenant", "waiting"))
    document = json.loads(await shown(system, "status"))
    assert {"nats", "postgres", "s3", "signin", "ingestion", "query"} == set(document["processes"])
    assert {process["phase"] for process in document["processes"].values()} == {"ready"}
    assert "diarization-recording-ingested" in {row["consumer"] for row in document["consumers"]}
    assert document["dead_letters"] == 0
    status, out, _ = await ended(await minutier(system, "status"))
    assert status == 0
    assert "dead letters: 0" in out


async def test_a_reader_that_leaves_is_met_quietly(system: System) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    process = await minutier(system, "list", "--json", stdout=writer)
    os.close(writer)
    _, err = await process.communicate()
    assert err == b""


async def test_a_recording_is_whose_the_command_says_and_else_of_the_participant_to_try(
    system: System, tmp_path: Path
) -> None:
    file, other = (write(tmp_path / f"{seconds}.wav", Sound(seconds)) for seconds in (3.0, 4.0))
    there = ("--participant", "bo@example.org", "--participant", "cy@example.org")
    recordings = [
        json.loads(await shown(system, "ingest", str(path), *options))["recordings"][0]["recording_id"]
        for path, options in ((file, ("--owner", "Anna@example.org", *there)), (other, ()))
    ]
    assert [await people(system, UUID(recording)) for recording in recordings] == [
        [
            ("owner", "anna@example.org"),
            ("participant", "bo@example.org"),
            ("participant", "cy@example.org"),
        ],
        [("owner", PARTICIPANT.email)],
    ]


async def test_a_recording_is_shared_with_others_and_given_to_whoever_is_to_own_it(
    system: System, tmp_path: Path
) -> None:
    own = write(tmp_path / "own.wav", Sound(5.0))
    recording = json.loads(await shown(system, "ingest", str(own)))["recordings"][0]["recording_id"]

    async def known() -> bool:
        return await seen_by(system, PARTICIPANT, recording) == 200

    await until(known, 60)
    assert await seen_by(system, OUTSIDER, recording) == 404
    assert await seen_by(system, COMPLIANCE, recording) == 200
    shares = json.loads(await shown(system, "share", recording, OUTSIDER.email, "--until", "2100-01-01"))
    assert OUTSIDER.email in {share["name"] for share in shares["shares"]}
    assert await seen_by(system, OUTSIDER, recording) == 200
    await shown(system, "share", recording, OUTSIDER.email, "--take-back")
    assert await seen_by(system, OUTSIDER, recording) == 404
    status, out, err = await ended(await minutier(system, "owner", recording, OUTSIDER.email))
    assert (status, out, "has an owner" in err) == (1, "", True)


async def seen_by(system: System, person: LocalPerson, recording: str) -> int:
    """The status with which somebody is answered who asks for a recording."""
    bearer = {"Authorization": f"Bearer {await asyncio.to_thread(system.token, person.subject)}"}
    async with httpx.AsyncClient(base_url=system.url("query"), headers=bearer) as http:
        return (await http.get(f"/api/v1/recordings/{recording}")).status_code


async def test_anybody_on_the_machine_signs_in_as_whom_they_choose(system: System) -> None:
    base = system.url("query")
    for name in (base, base.replace("127.0.0.1", "localhost")):
        async with Browser() as browser:
            page = await browser.get(f"{name}/sign-in?to=/api/v1/me")
            assert (await browser.http.get(f"{name}/api/v1/me")).status_code == 401
            chosen = await browser.submit(page, person=COMPLIANCE.subject)
            me = (await browser.get(chosen.headers["location"])).json()
            assert me == {
                "id": f"local/{COMPLIANCE.subject}",
                "name": COMPLIANCE.name,
                "email": COMPLIANCE.email,
                "tenant": TENANT,
                "roles": ["compliance"],
            }
            left = await browser.post(f"{name}/sign-out")
            home = await browser.http.get(left.headers["refresh"].partition("url=")[2])
            assert home.headers["location"] == f"{name}/"
            assert (await browser.http.get(f"{name}/api/v1/me")).status_code == 401


async def test_wrong_arguments_are_told_before_anything_is_sent(system: System, wav: Path) -> None:
    status, out, err = await ended(await minutier(system, "ingest", str(wav), "--language", "English"))
    assert (status, out) == (2, "")
    assert "--language" in err
    assert "English" not in err
    status, out, err = await ended(await minutier(system, "ingest", str(wav), "--participant", "Anneliese"))
    assert (status, out) == (2, "")
    assert "--participant: " in err
    assert "e-mail" in err
    assert "Anneliese" not in err


async def shown(system: System, *arguments: str) -> str:
    status, out, err = await ended(await minutier(system, *arguments, "--json"))
    assert status == 0, err
    return out


async def taken_in(system: System, tenant: str, *, count: int) -> None:
    """Wait until so many of a tenant's recordings were."""
    async with asyncio.timeout(60):
        while True:
            found = json.loads(await shown(system, "list", "--tenant", tenant))["recordings"]
            if [recording["state"] for recording in found] == ["processing"] * count:
                return
            await asyncio.sleep(0.05)


async def people(system: System, recording: UUID) -> list[tuple[str, str | None]]:
    """Whom the recording document names, once the recording was taken in."""
    client = await nats.connect(system.nats.url, token=system.credentials.nats_token)
    try:
        event = await told_of(client.jetstream(), RecordingIngested, recording)
    finally:
        await client.close()
    document = await Artefacts(Objects(system.objects)).load(RecordingDocument, event.data.recording)
    return [(each.part.value, each.email) for each in document.people]


async def messages(system: System) -> int:
    """How many events there have ever been."""
    client = await nats.connect(system.nats.url, token=system.credentials.nats_token)
    try:
        return (await client.jetstream().stream_info(EVENT_STREAM)).state.last_seq
    finally:
        await client.close()


async def complete(system: System, recording: UUID) -> None:
    """Tell what the services that do not run would."""
    artefacts = Artefacts(Objects(system.objects))
    documents: dict[Stage, TranscriptDocument | MinutesDocument] = {
        Stage.ATTRIBUTION: told.transcript(recording=recording),
        Stage.SUMMARISATION: told.minutes(recording),
    }
    whose: dict[str, Any] = {"recording": recording, "tenant": TENANT}
    refs = {
        stage: await artefacts.store(document, tenant=TENANT, stage=stage, version="1")
        for stage, document in documents.items()
    }
    client = await nats.connect(system.nats.url, token=system.credentials.nats_token)
    try:
        for event in (
            told.diarized(**whose),
            told.transcribed(**whose),
            told.attributed(refs[Stage.ATTRIBUTION], **whose),
            told.written(refs[Stage.SUMMARISATION], **whose),
        ):
            await client.jetstream().publish(event.nats_subject, encode(event), stream=EVENT_STREAM)
    finally:
        await client.close()
