"""Traces and metrics through OpenTelemetry; exported only where the standard variables ask for it."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

from opentelemetry import metrics, trace
from opentelemetry.context import Context
from opentelemetry.propagate import extract, inject
from opentelemetry.trace import Span, SpanKind, Status, StatusCode

from minutier.schemas.events import AnyEvent

tracer = trace.get_tracer("minutier")
_meter = metrics.get_meter("minutier")

stage_duration = _meter.create_histogram(
    "minutier.stage.duration", unit="s", description="time a service took over one event"
)
real_time_factor = _meter.create_histogram(
    "minutier.stage.real_time_factor", unit="1", description="processing time over recording duration"
)
backlog = _meter.create_gauge(
    "minutier.consumer.backlog", unit="{message}", description="messages waiting when one was delivered"
)
deliveries = _meter.create_counter(
    "minutier.deliveries", unit="{message}", description="messages handled, by how it ended"
)


def configure(service: str) -> None:
    """Export over OTLP where ``OTEL_EXPORTER_OTLP_ENDPOINT`` (or one for a signal) is set, else nothing."""
    from opentelemetry.sdk.resources import Resource

    resource = Resource.create({"service.name": f"minutier-{service}", "service.namespace": "minutier"})
    if _wanted("TRACES"):
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor

        provider = TracerProvider(resource=resource)
        provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
        trace.set_tracer_provider(provider)
    if _wanted("METRICS"):
        from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
        from opentelemetry.sdk.metrics import MeterProvider
        from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader

        reader = PeriodicExportingMetricReader(OTLPMetricExporter())
        metrics.set_meter_provider(MeterProvider(metric_readers=[reader], resource=resource))


def shutdown() -> None:
    """Send what is not sent yet."""
    for provider in (trace.get_tracer_provider(), metrics.get_meter_provider()):
        stop = getattr(provider, "shutdown", None)
        if stop is not None:
            stop()


def _wanted(signal: str) -> bool:
    if os.environ.get("OTEL_SDK_DISABLED", "").lower() == "true":
        return False
    if os.environ.get(f"OTEL_{signal}_EXPORTER", "otlp") != "otlp":
        return False
    return any(
        os.environ.get(name)
        for name in ("OTEL_EXPORTER_OTLP_ENDPOINT", f"OTEL_EXPORTER_OTLP_{signal}_ENDPOINT")
    )


@contextmanager
def consuming(service: str, event: AnyEvent, attempt: int) -> Iterator[Span]:
    """A span whose parent is whoever published ``event``; it names no person and quotes nothing."""
    carrier = {"traceparent": event.traceparent} if event.traceparent else {}
    attributes: dict[str, str | int] = {
        "messaging.system": "nats",
        "messaging.operation.type": "process",
        "minutier.event.type": event.type,
        "minutier.event.id": str(event.id),
        "minutier.recording.id": str(event.subject),
        "minutier.delivery.attempt": attempt,
    }
    with tracer.start_as_current_span(
        f"{service} {event.type}",
        context=extract(carrier, context=Context()),
        kind=SpanKind.CONSUMER,
        attributes=attributes,
        # An exception's text may quote what it choked on.
        record_exception=False,
        set_status_on_exception=False,
    ) as span:
        yield span


def failed(span: Span, reason: str) -> None:
    span.set_status(Status(StatusCode.ERROR, reason))


def traceparent() -> str | None:
    """The current span, as an event carries it."""
    carrier: dict[str, str] = {}
    inject(carrier)
    return carrier.get("traceparent")
