"""How fast recordings are destroyed and proven to be: by us, and by hand, one after the other.

``python -m bench.purge`` prints one JSON line. One recording goes through all services but the two with
models, for which this process stands in. Its rows, objects and messages are copied under as many numbers as
wanted, and those are purged as compliance staff do it, with every service running: a tenth of them, then all,
so that memory can be compared, and another tenth whose purge has retention killed half-way. By hand means as
an operator would: of each recording every version in the store is listed and deleted, then its rows of each
table, then its messages. There nobody counts, approves, keeps a hold off, looks again, or proves anything.
``ratio`` is the time by hand for each of ours, from the approval to the last record. ``cpu_milliseconds`` is
what all processes together take for each recording meanwhile, which others on the machine change less.
"""

import argparse
import asyncio
import json
import os
import random
import signal
import tempfile
import time
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import nats
import psutil
import psycopg
from minio.deleteobjects import DeleteObject
from psycopg.conninfo import make_conninfo

from bench.purge_corpus import copy_messages, copy_objects, copy_rows, named
from minutier.compose.embedded import DATABASE, System, running
from minutier.compose.people import APPROVER, COMPLIANCE, TENANT
from minutier.compose.provision import SERVICES
from minutier.schemas.events import recording_id
from minutier.shared.objects import ARTEFACTS, RECORDINGS, client
from minutier.shared.topology import DEAD_LETTER_STREAM, EVENT_STREAM
from tests.support.full_run import run_all, tone

WITHOUT_MODELS = ("ingestion", "attribution", "summarisation", "query", "retention")
ENVIRONMENT = {"MINUTIER_RETENTION_GRACE_HOURS": "0"}
TEMPLATE = recording_id(TENANT, "bench", "1")
LIMIT_SECONDS = 4 * 3600
# Each look costs what is measured something too.
POLL_SECONDS = 1.0
CALM_SECONDS = 120

_CLASSIFY = "update retention.recordings set record_class = %s where id = any(%s)"
_PROVEN = "select count(*) from retention.disposals where purge_id = %s"


async def measure(recordings: int, by_hand: int) -> dict[str, object]:
    chance = random.Random(recordings)
    counts = {"small": max(1, recordings // 10), "all": recordings, "killed": max(1, recordings // 10)}
    groups = {
        name: [UUID(int=chance.getrandbits(128), version=4) for _ in range(count)]
        for name, count in [*counts.items(), ("hand", by_hand)]
    }
    with tempfile.TemporaryDirectory(prefix="minutier-") as folder:
        # The servers may run as a user of their own.
        os.chmod(folder, 0o711)
        directory = Path(folder, "data")
        async with running(directory, services=WITHOUT_MODELS) as system:
            await _take_in(system, Path(folder))
        async with running(directory, services=[]) as system:
            await _fill(system, groups)
            hand = await _by_hand(system, groups["hand"])
        async with running(directory, services=SERVICES, environment=ENVIRONMENT) as system:
            await _until_calm()
            small = await _purge(system, "small")
            whole = await _purge(system, "all")
            killed = await _purge(system, "killed", kill_at=counts["killed"] // 2)
    ours = whole["destroying_seconds"] / recordings
    return {
        "benchmark": "purge",
        "recordings": recordings,
        **whole,
        "recordings_per_second": {
            step: round(recordings / whole[f"{step}_seconds"], 1)
            for step in ("proposing", "counting", "destroying")
        },
        "a_tenth": small,
        "a_tenth_with_a_kill": killed,
        "by_hand_per_second": round(by_hand / hand, 1),
        "ratio": round(hand / by_hand / ours, 2),
    }


async def _take_in(system: System, folder: Path) -> None:
    """The template, as it is after its full run."""
    connection = await nats.connect(system.nats.url, token=system.credentials.nats_token)
    try:
        await run_all(system, connection, {TEMPLATE: "1"}, tone(folder / "sound.wav"), tenant=TENANT)
    finally:
        await connection.close()
    # Query and the search index follow.
    await asyncio.sleep(5)


async def _fill(system: System, groups: Mapping[str, Sequence[UUID]]) -> None:
    every = [recording for group in groups.values() for recording in group]
    with _inside(system) as connection:
        copy_rows(connection, TEMPLATE, every)
        for name, group in groups.items():
            connection.execute(_CLASSIFY, [name, list(group)])
    await asyncio.to_thread(copy_objects, system, TENANT, TEMPLATE, every)
    await copy_messages(system, TEMPLATE, every)


async def _by_hand(system: System, recordings: Iterable[UUID]) -> float:
    """Seconds that a sequential script takes."""
    store = client(system.objects)
    connection = await nats.connect(system.nats.url, token=system.credentials.nats_token)
    js = connection.jetstream(timeout=30)
    try:
        with _inside(system) as inside:
            deletions = [each.delete() for each in named(inside)]
            started = time.perf_counter()
            for recording in recordings:
                for bucket in (RECORDINGS, ARTEFACTS):
                    prefix = f"{TENANT}/{recording}/"
                    listed = store.list_objects(bucket, prefix, recursive=True, include_version=True)
                    versions = [DeleteObject(str(each.object_name), each.version_id) for each in listed]
                    for error in store.remove_objects(bucket, versions):
                        raise RuntimeError(f"the store keeps an object: {error.code}")
                with inside.transaction():
                    for deletion in deletions:
                        inside.execute(deletion, [recording])
                await js.purge_stream(EVENT_STREAM, subject=f"minutier.*.*.*.{recording}")
                await js.purge_stream(DEAD_LETTER_STREAM, subject=f"deadletter.*.{recording}")
            return time.perf_counter() - started
    finally:
        await connection.close()


async def _purge(system: System, group: str, *, kill_at: int | None = None) -> dict[str, float]:
    """Of a group, by two people: seconds of each step, and the most memory that retention has taken."""
    search = {"record_class": group}
    asked = {"cause": "query", "reason": "bench", "legal_basis": "bench", "search": search}
    retention = system.supervisor["retention"]
    peak, killed = 0, False
    async with httpx.AsyncClient(base_url=system.url("retention"), timeout=600) as http:

        async def ask(method: str, path: str, body: object = None, person: str = COMPLIANCE.subject) -> Any:
            # A token lasts for minutes.
            headers = {"Authorization": f"Bearer {system.token(person)}"}
            answer = await http.request(method, f"/api/v1/purges{path}", json=body, headers=headers)
            return answer.raise_for_status().json()

        async def until(purge: str, state: str) -> Any:
            nonlocal peak, kill_at, killed
            while True:
                await asyncio.sleep(POLL_SECONDS)
                try:
                    peak = max(peak, psutil.Process(retention.pid).memory_info().rss)
                    shown = await ask("GET", f"/{purge}")
                except (httpx.TransportError, psutil.NoSuchProcess):
                    # It was killed, and is not back yet.
                    continue
                if shown["state"] == state:
                    return shown
                with _inside(system) as inside:
                    (proven,) = inside.execute(_PROVEN, [purge]).fetchone() or (0,)
                if kill_at is not None and proven >= kill_at and retention.pid is not None:
                    os.kill(retention.pid, signal.SIGKILL)
                    kill_at, killed = None, True

        async with asyncio.timeout(LIMIT_SECONDS):
            started = time.perf_counter()
            (proposed,) = (await ask("POST", "", asked))["items"]
            purge = proposed["id"]
            listed = time.perf_counter()
            counted = await until(purge, "previewed")
            previewed = time.perf_counter()
            inventory = {"inventory": counted["inventory"]}
            await ask("POST", f"/{purge}/approval", inventory, APPROVER.subject)
            approved, used = time.perf_counter(), _cpu_seconds()
            ended = await until(purge, "completed")
            done, used = time.perf_counter(), _cpu_seconds() - used
    if [total["state"] for total in ended["totals"]] != ["destroyed"]:
        raise RuntimeError(f"not everything was destroyed: {ended['totals']}")
    recordings = sum(total["recordings"] for total in ended["totals"])
    return {
        "proposing_seconds": round(listed - started, 2),
        "counting_seconds": round(previewed - listed, 2),
        "destroying_seconds": round(done - approved, 2),
        # What a process has taken is not known of one that was killed.
        **({} if killed else {"cpu_milliseconds": round(1000 * used / recordings)}),
        "retention_peak_mib": round(peak / 1024**2, 1),
    }


async def _until_calm() -> None:
    """Models are loaded at the start, which would be measured as well."""
    used = _cpu_seconds()
    for _ in range(CALM_SECONDS // 2):
        await asyncio.sleep(2)
        before, used = used, _cpu_seconds()
        if used - before < 0.5:
            return


def _cpu_seconds() -> float:
    """Of all servers and services."""
    seconds = 0.0
    for process in psutil.Process().children(recursive=True):
        with suppress(psutil.NoSuchProcess):
            times = process.cpu_times()
            seconds += times.user + times.system
    return seconds


def _inside(system: System) -> psycopg.Connection[Any]:
    """As the servers' operator, whom nothing keeps from anything."""
    return psycopg.connect(make_conninfo(system.administrator_url, dbname=DATABASE), autocommit=True)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.purge", description=__doc__)
    parser.add_argument("--recordings", type=int, default=10_000)
    parser.add_argument("--by-hand", type=int, default=300)
    arguments = parser.parse_args()
    print(json.dumps(asyncio.run(measure(arguments.recordings, arguments.by_hand))))


if __name__ == "__main__":
    main()
