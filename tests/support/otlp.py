"""An OTLP collector on the loopback address: spans and metrics over HTTP, kept in memory."""

import asyncio
import gzip
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import KeyValue

Attributes = Mapping[str, str | int | float]


@dataclass(frozen=True)
class Span:
    """One that a service has ended; ids are hexadecimal, and ``parent`` is empty for a root."""

    service: str
    name: str
    trace: str
    id: str
    parent: str
    failed: bool
    status: str
    attributes: Attributes


@dataclass(frozen=True)
class Point:
    """One measurement: a histogram's count, or a gauge's or a counter's value."""

    service: str
    name: str
    value: float
    attributes: Attributes


class Collector:
    """What arrived so far, and as which bytes."""

    def __init__(self) -> None:
        self.spans: list[Span] = []
        self.points: list[Point] = []
        self.received: list[bytes] = []
        self.url = ""

    @property
    def environment(self) -> dict[str, str]:
        """What has a service send everything here soon."""
        return {
            "OTEL_EXPORTER_OTLP_ENDPOINT": self.url,
            "OTEL_BSP_SCHEDULE_DELAY": "100",
            "OTEL_METRIC_EXPORT_INTERVAL": "500",
        }

    def trace(self, recording: object) -> list[Span]:
        """The spans about one recording, whatever trace they are in."""
        return [span for span in self.spans if span.attributes.get("minutier.recording.id") == str(recording)]

    async def until(self, condition: Callable[[], object], *, seconds: float = 30) -> None:
        """Wait for spans or points to arrive that make ``condition`` true."""
        async with asyncio.timeout(seconds):
            while not condition():  # noqa: ASYNC110 - they arrive in another thread
                await asyncio.sleep(0.02)

    def take(self, path: str, body: bytes) -> None:
        self.received.append(body)
        if path == "/v1/traces":
            self.spans.extend(_spans(ExportTraceServiceRequest.FromString(body)))
        elif path == "/v1/metrics":
            self.points.extend(_points(ExportMetricsServiceRequest.FromString(body)))


@contextmanager
def collecting() -> Iterator[Collector]:
    """A collector that listens until the end of the block."""
    collector = Collector()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            if self.headers.get("content-encoding") == "gzip":
                body = gzip.decompress(body)
            collector.take(self.path, body)
            self.send_response(200)
            self.send_header("content-type", "application/x-protobuf")
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, format: str, *arguments: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    collector.url = f"http://127.0.0.1:{server.server_address[1]}"
    Thread(target=server.serve_forever, args=[0.05], daemon=True).start()
    try:
        yield collector
    finally:
        server.shutdown()
        server.server_close()


def _spans(request: ExportTraceServiceRequest) -> Iterator[Span]:
    for resource in request.resource_spans:
        service = str(_attributes(resource.resource.attributes)["service.name"])
        for scope in resource.scope_spans:
            for span in scope.spans:
                yield Span(
                    service,
                    span.name,
                    span.trace_id.hex(),
                    span.span_id.hex(),
                    span.parent_span_id.hex(),
                    span.status.code == span.status.STATUS_CODE_ERROR,
                    span.status.message,
                    _attributes(span.attributes),
                )


def _points(request: ExportMetricsServiceRequest) -> Iterator[Point]:
    for resource in request.resource_metrics:
        service = str(_attributes(resource.resource.attributes)["service.name"])
        for scope in resource.scope_metrics:
            for metric in scope.metrics:
                for measured in metric.histogram.data_points:
                    yield Point(service, metric.name, measured.count, _attributes(measured.attributes))
                for number in [*metric.gauge.data_points, *metric.sum.data_points]:
                    value = number.as_int if number.HasField("as_int") else number.as_double
                    yield Point(service, metric.name, value, _attributes(number.attributes))


def _attributes(pairs: Iterable[KeyValue]) -> Attributes:
    found: dict[str, str | int | float] = {}
    for pair in pairs:
        kind = pair.value.WhichOneof("value")
        if kind in {"string_value", "int_value", "double_value"}:
            found[pair.key] = getattr(pair.value, kind)
    return found
