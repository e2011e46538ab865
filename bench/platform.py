"""CPU that the platform spends on one recording, outside the models and the decoding.

``python -m bench.platform`` prints one JSON line. The recordings are a second long; in place of
the two model services this process publishes what they would, so that their plumbing is left out
and everybody else's is measured: whole processes, less what they spend while nothing happens.
Decoding runs in a child of ingestion, whose time is its own.
"""

import argparse
import asyncio
import json
import tempfile
from collections.abc import Iterable
from pathlib import Path
from uuid import UUID

import nats
import psutil

from minutier.compose.embedded import System, running
from minutier.schemas.events import recording_id
from tests.support.full_run import run_all, tone

SERVICES = ("ingestion", "attribution", "summarisation", "retention", "query")
TENANT = "bench"


async def measure(recordings: int, idle_seconds: float) -> dict[str, object]:
    """CPU seconds by service and recording; the first recordings, which warm caches, do not count."""
    with tempfile.TemporaryDirectory() as folder:
        sound = await asyncio.to_thread(tone, Path(folder, "sound.wav"))
        async with running(services=SERVICES) as system:
            client = await nats.connect(system.nats.url, token=system.credentials.nats_token)
            try:
                await run_all(system, client, _announced(range(3)), sound, tenant=TENANT)
                await asyncio.sleep(2)
                before = _cpu(system)
                await asyncio.sleep(idle_seconds)
                idle = {name: (cpu - before[name]) / idle_seconds for name, cpu in _cpu(system).items()}
                before = _cpu(system)
                started = asyncio.get_running_loop().time()
                numbers = range(3, 3 + recordings)
                await run_all(system, client, _announced(numbers), sound, tenant=TENANT)
                # Readers of the last event, and what they publish.
                await asyncio.sleep(2)
                elapsed = asyncio.get_running_loop().time() - started
                spent = {
                    name: (cpu - before[name] - idle[name] * elapsed) / recordings
                    for name, cpu in _cpu(system).items()
                }
            finally:
                await client.close()
    return {
        "benchmark": "platform",
        "recordings": recordings,
        "cpu_ms_per_recording": round(1000 * sum(spent.values()), 1),
        "cpu_ms_per_recording_by_service": {name: round(1000 * s, 1) for name, s in spent.items()},
        "idle_cpu_percent_by_service": {name: round(100 * rate, 2) for name, rate in idle.items()},
        "recordings_per_second": round(recordings / (elapsed - 2), 2),
    }


def _cpu(system: System) -> dict[str, float]:
    """CPU seconds so far of each service's own process."""
    spent = {}
    for name in SERVICES:
        times = psutil.Process(system.supervisor[name].pid).cpu_times()
        spent[name] = times.user + times.system
    return spent


def _announced(numbers: Iterable[int]) -> dict[UUID, str]:
    """External ids, by those of the recordings."""
    return {recording_id(TENANT, "bench", str(number)): str(number) for number in numbers}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.platform", description=__doc__)
    parser.add_argument("--recordings", type=int, default=40)
    parser.add_argument("--idle-seconds", type=float, default=10.0)
    arguments = parser.parse_args()
    print(json.dumps(asyncio.run(measure(arguments.recordings, arguments.idle_seconds))))


if __name__ == "__main__":
    main()
