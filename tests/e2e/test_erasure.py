"""One of two speakers is erased: what they said is in no file, and the other is heard and read as before."""

import asyncio
import io
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from uuid import UUID

import av
import httpx
import numpy as np
import pytest

from minutier.compose.embedded import System
from minutier.compose.people import APPROVER, COMPLIANCE, TENANT
from minutier.shared.audio import SAMPLE_RATE
from minutier.shared.objects import RECORDINGS, client
from tests.support.audio import Samples, conversation
from tests.support.canary import announce, marked, minutier, searched
from tests.support.delivery_service import until
from tests.support.sources import completed

NAME, CORRECTION, OTHERS = "Brimquell Astor", "thwimbel", "sparnacle"
MARKERS = ("Brimquell", CORRECTION)


def heard_by(body: bytes) -> Samples:
    with av.open(io.BytesIO(body), "r") as container:
        return np.concatenate([frame.to_ndarray()[0] for frame in container.decode(audio=0)])


def stored(system: System, recording: UUID) -> bytes:
    """The audio of the recording, which is one object."""
    store = client(system.objects)
    (found,) = store.list_objects(RECORDINGS, prefix=f"{TENANT}/{recording}/", recursive=True)
    assert found.object_name
    with store.get_object(RECORDINGS, found.object_name) as response:
        return bytes(response.read())


def segments_of(transcript: dict[str, Any], speaker: str, *, but: bool = False) -> list[dict[str, Any]]:
    return [each for each in transcript["segments"] if (each["speaker"] == speaker) != but]


def segments_in(found: dict[str, Any], recording: UUID) -> set[str]:
    """Of one recording, which segments a search has found."""
    return {
        passage["segment"]
        for item in found["items"]
        if item["recording"]["id"] == str(recording)
        for passage in item["passages"]
    }


async def corrected(http: httpx.AsyncClient, path: str, segment: dict[str, Any], text: str) -> None:
    edit = {"kind": "correct", "segment": segment["id"], "first": 0, "last": 0, "text": text}
    (await http.post(f"{path}/edits", json=edit)).raise_for_status()


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return marked(conversation(), tmp_path_factory.mktemp("erased") / "talk.wav", seed=17)


async def test_one_is_erased_and_the_other_is_as_before(system: System, file: Path) -> None:
    recording = await announce(
        system, file, "room-of-two", title="Two people", participants=[NAME, "Marbeck Ollin"]
    )
    await completed(system, str(recording), TENANT)
    path = f"/api/v1/recordings/{recording}"
    headers = {"Authorization": f"Bearer {system.token()}"}
    async with httpx.AsyncClient(base_url=system.url("query"), headers=headers, timeout=60) as http:
        machine = (await http.get(f"{path}/transcript")).raise_for_status().json()
        speaker = max(machine["speakers"], key=lambda each: each["speech_seconds"])["id"]
        longest = max(segments_of(machine, speaker), key=lambda each: each["end"] - each["start"])
        (await http.put(f"{path}/speakers/{speaker}", json={"name": NAME})).raise_for_status()
        await corrected(http, path, longest, CORRECTION)
        await corrected(http, path, segments_of(machine, speaker, but=True)[0], OTHERS)
        await completed(system, str(recording), TENANT)
        before = (await http.get(f"{path}/transcript")).raise_for_status().json()
        tag = (await http.get(f"{path}/exports/txt")).raise_for_status().headers["etag"]
        sound = await asyncio.to_thread(stored_audio, system, recording)
        heard = fragment(sound)
        assert set(await asyncio.to_thread(searched, system.directory.path, MARKERS, heard)) == {
            "sound",
            *(marker.lower() for marker in MARKERS),
        }

        await erased(system, recording, speaker)

        after = (await http.get(f"{path}/transcript")).raise_for_status().json()
        assert after["segments"] == segments_of(before, speaker, but=True)
        assert OTHERS in json.dumps(after)
        assert speaker not in {each["id"] for each in after["speakers"]}
        shown = (await http.get(path)).raise_for_status().json()
        assert NAME not in json.dumps(shown)
        assert "Marbeck Ollin" in json.dumps(shown)
        # What is searched for is logged, so it is a word that others say as well.
        theirs = longest["words"][-1]["text"].strip(" .,?!")
        found = (await http.get("/api/v1/search", params={"q": theirs})).raise_for_status().json()
        own = {each["id"] for each in segments_of(before, speaker)}
        assert not own & segments_in(found, recording)
        found = (await http.get("/api/v1/search", params={"q": OTHERS})).raise_for_status().json()
        assert str(recording) in json.dumps(found)
        export = (await http.get(f"{path}/exports/txt")).raise_for_status()
        assert export.headers["etag"] != tag
        assert NAME not in export.text
        left = {each["id"] for each in after["segments"]}
        minutes = (await http.get(f"{path}/minutes")).raise_for_status().json()
        cited = {each for item in minutes["summary"] for each in item["cites"]}
        assert cited <= left
        audio = (await http.get(f"{path}/audio")).raise_for_status().content
        again = await http.post(f"{path}/reprocess", json={"stage": "transcription"})
        assert (again.status_code, again.json()["reason"]) == (409, "person_erased")
    silent_only_where(heard_by(audio), heard_by(sound), before["segments"], speaker)
    assert await asyncio.to_thread(stored, system, recording) == audio
    await minutier(system, "compact")
    assert await asyncio.to_thread(searched, system.directory.path, MARKERS, heard) == {}


def stored_audio(system: System, recording: UUID) -> bytes:
    key = f"{TENANT}/{recording}/audio.flac"
    with client(system.objects).get_object(RECORDINGS, key) as response:
        return bytes(response.read())


def fragment(sound: bytes) -> bytes:
    """Of the original file, which no store can make smaller."""
    return sound[len(sound) // 2 :][:64]


def silent_only_where(
    after: Samples, before: Samples, segments: Sequence[dict[str, Any]], speaker: str
) -> None:
    """Nothing of theirs is heard; where others talk alone, every sample is as it was."""
    assert after.size == before.size
    for segment in segments:
        own = segment["speaker"] == speaker
        for word in segment["words"]:
            start, end = int(word["start"] * SAMPLE_RATE), int(word["end"] * SAMPLE_RATE)
            if own:
                assert not after[start + 1 : end - 1].any()
    changed = np.flatnonzero(after != before) / SAMPLE_RATE
    assert changed.size
    assert not after[after != before].any()


async def erased(system: System, recording: UUID, speaker: str) -> None:
    """As compliance staff do it: one proposes, and another approves."""
    url = system.url("retention")
    officer = {"Authorization": f"Bearer {system.token(COMPLIANCE.subject)}"}
    other = {"Authorization": f"Bearer {system.token(APPROVER.subject)}"}
    async with httpx.AsyncClient(base_url=url, timeout=60) as http:
        body = {"recording_id": str(recording), "reference": "DPO-7", "received_on": "2026-01-31"}
        asked = (await http.post("/api/v1/erasures", json=body, headers=officer)).raise_for_status().json()
        assert asked["due_on"] == "2026-02-28"
        voices = await http.get(f"/api/v1/recordings/{recording}/voices", headers=officer)
        labels = {each["id"]: each["label"] for each in voices.raise_for_status().json()["items"]}
        assert labels[speaker] == NAME
        chosen = {"voices": [speaker], "overlap": "mute"}
        path = f"/api/v1/erasures/{asked['id']}"
        proposed = await http.post(f"{path}/proposal", json=chosen, headers=officer)
        purge = f"/api/v1/purges/{proposed.raise_for_status().json()['purge']}"
        counted: dict[str, Any] = {}

        async def previewed() -> bool:
            counted.update((await http.get(purge, headers=other)).raise_for_status().json())
            return bool(counted["state"] == "previewed")

        async def done() -> bool:
            return bool((await http.get(path, headers=officer)).json()["state"] == "completed")

        await until(previewed, 60)
        agreed = {"inventory": counted["inventory"]}
        (await http.post(f"{purge}/approval", json=agreed, headers=other)).raise_for_status()
        await until(done, 120)
