"""How long a LiveKit server waits for the answer to a webhook: ours, and a bare endpoint that keeps nothing.

``python -m bench.webhooks`` prints one JSON line. Each webhook tells of another egress that has ended; it is
sent to the running ingestion service, which has announced the recording by the time it answers, and once
more, as a duplicate; and to a FastAPI endpoint with livekit-api's `WebhookReceiver`, which answers
as soon as it has checked the signature. They take turns, over one connection each. ``fsync`` is what one
synchronous write takes on this disk: a commit takes no less.
"""

import argparse
import asyncio
import json
import multiprocessing
import os
import socket
import tempfile
import time
from collections.abc import Mapping, Sequence
from http.client import HTTPConnection
from statistics import median, quantiles
from typing import Annotated, Any
from urllib.parse import urlsplit

from minutier.compose.embedded import running
from minutier.shared.objects import client
from tests.support import livekit_events
from tests.support.livekit_events import Webhook, recorded, webhook

PATH = "/webhooks/livekit"
BUCKET = "meetings"
WARM_UP = 50


class Server:
    """A client of one server that keeps its connection, as a meeting server does."""

    def __init__(self, url: str) -> None:
        host = urlsplit(url)
        self._connection = HTTPConnection(host.hostname or "", host.port, timeout=30)
        self._connection.connect()
        self._connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def tell(self, told: Webhook) -> float:
        """Seconds until the answer is there."""
        started = time.perf_counter()
        self._connection.request("POST", PATH, told.body, told.headers)
        response = self._connection.getresponse()
        response.read()
        elapsed = time.perf_counter() - started
        if response.status != 204:
            raise SystemExit(f"a webhook was answered with {response.status}")
        return elapsed


def serve_stock(listening: socket.socket) -> None:
    import uvicorn
    from fastapi import FastAPI, Header, Request
    from livekit.api import TokenVerifier, WebhookReceiver

    app = FastAPI()
    receiver = WebhookReceiver(TokenVerifier(livekit_events.KEY, livekit_events.SECRET))

    @app.post(PATH, status_code=204)
    async def take(request: Request, authorization: Annotated[str, Header()]) -> None:
        receiver.receive((await request.body()).decode(), authorization)

    config = uvicorn.Config(app, loop="uvloop", log_config=None, access_log=False, lifespan="off")
    uvicorn.Server(config).run([listening])


def compare(ours: Server, stock: Server, webhooks: int) -> dict[str, Any]:
    taken: dict[str, list[float]] = {"new": [], "duplicate": [], "stock": []}
    for number in range(WARM_UP + webhooks):
        told = webhook(recorded(f"{number}.mp4", id=f"EG_{number}", bucket=BUCKET), id=f"EV_{number}")
        for name, server in (("new", ours), ("stock", stock), ("duplicate", ours)):
            taken[name].append(server.tell(told))
            # What an answer sets going is not to meet the next webhook.
            time.sleep(0.01)
    return _figures({name: seconds[WARM_UP:] for name, seconds in taken.items()})


def _figures(taken: Mapping[str, Sequence[float]]) -> dict[str, Any]:
    figures: dict[str, Any] = {
        name: {
            "min_ms": round(1000 * min(seconds), 2),
            "p50_ms": round(1000 * median(seconds), 2),
            "p95_ms": round(1000 * quantiles(seconds, n=20)[-1], 2),
        }
        for name, seconds in taken.items()
    }
    return figures | {"ratio": round(median(taken["new"]) / median(taken["stock"]), 2)}


def _fsync(directory: str, times: int = 200) -> float:
    """Seconds that a write of one page takes, as a rule."""
    taken = []
    with tempfile.TemporaryFile(dir=directory) as file:
        for _ in range(times):
            os.pwrite(file.fileno(), bytes(8192), 0)
            started = time.perf_counter()
            os.fdatasync(file.fileno())
            taken.append(time.perf_counter() - started)
    return median(taken)


async def measure(webhooks: int) -> dict[str, Any]:
    tenant = {
        "api_key": "a key of the benchmark's own",
        "livekit_api_key": livekit_events.KEY,
        "livekit_api_secret": livekit_events.SECRET,
        "buckets": [BUCKET],
        "requests_per_minute": 10**6,
    }
    environment = {
        "MINUTIER_INGESTION_TENANTS": json.dumps({"bench": tenant}),
        # None of the recordings is there, and none is to be looked for again meanwhile.
        "MINUTIER_DELIVERY_RETRY_SECONDS": "300",
    }
    listening = socket.create_server(("127.0.0.1", 0))
    process = multiprocessing.get_context("spawn").Process(target=serve_stock, args=(listening,))
    process.start()
    try:
        async with running(services=["ingestion"], environment=environment) as system:
            await asyncio.to_thread(client(system.objects).make_bucket, BUCKET)
            ours = Server(system.url("ingestion"))
            stock = Server("http://{}:{}".format(*listening.getsockname()))
            figures = await asyncio.to_thread(compare, ours, stock, webhooks)
            fsync = await asyncio.to_thread(_fsync, str(system.directory.path))
    finally:
        process.terminate()
        process.join()
    return {"benchmark": "webhooks", "webhooks": webhooks, **figures, "fsync_ms": round(1000 * fsync, 2)}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.webhooks", description=__doc__)
    parser.add_argument("--webhooks", type=int, default=300)
    print(json.dumps(asyncio.run(measure(parser.parse_args().webhooks))))


if __name__ == "__main__":
    main()
