"""A recording that marks whatever holds something of it, and a search of every file for its marks."""

import asyncio
import re
import sys
from asyncio.subprocess import PIPE
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from uuid import UUID

import nats
import numpy as np

from minutier.compose.embedded import System
from minutier.compose.people import PARTICIPANT, TENANT
from minutier.schemas.codec import encode
from minutier.schemas.documents import Part, Person
from minutier.schemas.events import Announcement, RecordingAnnounced, recording_id
from minutier.shared.objects import client, upload_location
from minutier.shared.topology import EVENT_STREAM
from tests.support.audio import Samples, write_wav

_SECONDS = 240


async def minutier(system: System, *arguments: str | Path) -> str:
    """What the command writes for ``system``."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "minutier.compose", *map(str, arguments)),
        *("--data-dir", str(system.directory.path)),
        stdout=PIPE,
        stderr=PIPE,
    )
    out, err = await asyncio.wait_for(process.communicate(), _SECONDS)
    assert process.returncode == 0, err.decode()
    return out.decode()


def marked(said: Samples, file: Path, *, seed: int) -> Path:
    """Written with a noise that other recordings of the same conversation do not have."""
    noise = np.random.default_rng(seed).integers(-8, 9, said.size)
    return write_wav(file, np.clip(said + noise, -(2**15), 2**15 - 1).astype(np.int16))


async def announce(
    system: System, file: Path, external_id: str, *, title: str, participants: Sequence[str]
) -> UUID:
    """As a meeting server does, with names and a title."""
    location = upload_location()
    await asyncio.to_thread(client(system.objects).fput_object, location.bucket, location.key, str(file))
    recording = recording_id(TENANT, "livekit", external_id)
    event = RecordingAnnounced.of(
        recording,
        tenant=TENANT,
        source="meeting-server",
        data=Announcement(
            source="livekit",
            external_id=external_id,
            title=title,
            language="en",
            mix=location,
            participants=tuple(participants),
            people=(Person(part=Part.OWNER, email=PARTICIPANT.email),),
        ),
    )
    connection = await nats.connect(system.nats.url, token=system.credentials.nats_token)
    try:
        await connection.jetstream().publish(event.nats_subject, encode(event), stream=EVENT_STREAM)
    finally:
        await connection.close()
    return recording


def searched(directory: Path, markers: Sequence[str], heard: bytes) -> dict[str, set[str]]:
    """By marker, in lower case, and by ``sound`` for what is heard, the files that have it."""
    found: dict[str, set[str]] = {}
    pattern = re.compile(
        "|".join([*markers, "(?P<sound>(?-i:%s))"]).encode() % re.escape(heard), re.IGNORECASE
    )
    for file in directory.rglob("*"):
        with suppress(OSError):
            for match in pattern.finditer(file.read_bytes() if file.is_file() else b""):
                marker = "sound" if match["sound"] else match.group().decode().lower()
                found.setdefault(marker, set()).add(str(file.relative_to(directory)))
    return found
