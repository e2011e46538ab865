"""Traces and metrics through OpenTelemetry; exported only where the standard variables ask for it."""

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager

from opentelemetry import metrics, trace
from opentelemetry.context import Context
from opentelemetry.metrics import CallbackOptions, Observation
from opentelemetry.trace import Span, SpanKind, Status, StatusCode
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from minutier.schemas.events import AnyEvent

_tracer = trace.get_tracer("minutier")
_meter = metrics.get_meter("minutier")
_propagator = TraceContextTextMapPropagator()

_stage_duration = _meter.create_histogram(
    "minutier.stage.duration",
    unit="s",
    description="time a service took over one event",
    explicit_bucket_boundaries_advisory=[0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30, 100, 300, 1000, 3000, 10000],
)
_real_time_factor = _meter.create_histogram(
    "minutier.stage.real_time_factor",
    unit="1",
    description="processing time over recording duration",
    explicit_bucket_boundaries_advisory=[0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10],
)
_deliveries = _meter.create_counter(
    "minutier.deliveries", unit="{message}", description="messages handled, by how it ended"
)
_unread_accounts = _meter.create_counter(
    "minutier.accounts.unread",
    unit="{account}",
    description="meeting servers' accounts without which a recording was taken in",
)


def configure(service: str) -> None:
    """Export over OTLP where ``OTEL_EXPORTER_OTLP_ENDPOINT`` (or one for a signal) is set, else nothing."""
    traces, measures = _wanted("TRACES"), _wanted("METRICS")
    if not (traces or measures):
        return
    from opentelemetry.sdk.resources import Resource

    resource = Resource.create({"service.name": f"minutier-{service}", "service.namespace": "minutier"})
    if traces:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor

        provider = TracerProvider(resource=resource)
        provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
        trace.set_tracer_provider(provider)
    if measures:
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
    attributes: dict[str, str | int] = {
        "messaging.system": "nats",
        "messaging.operation.type": "process",
        "minutier.event.type": event.type,
        "minutier.event.id": str(event.id),
        "minutier.recording.id": str(event.subject),
        "minutier.delivery.attempt": attempt,
    }
    with _tracer.start_as_current_span(
        f"{service} {event.type}",
        context=_parent(event),
        kind=SpanKind.CONSUMER,
        attributes=attributes,
        # An exception's text may quote what it choked on.
        record_exception=False,
        set_status_on_exception=False,
    ) as span:
        yield span


def _parent(event: AnyEvent) -> Context:
    """The publisher's span; of an event that brings none, a span that stands for its publishing.

    Several services read an announcement, so none of them may begin the trace. It has the
    recording's id, under which it is found, and the same parent in each of them.
    """
    carried = {"traceparent": event.traceparent} if event.traceparent else {}
    context = _propagator.extract(carried, context=Context())
    if trace.get_current_span(context).get_span_context().is_valid:
        return context
    publishing = trace.SpanContext(
        trace_id=event.subject.int,
        # The low half of an id holds random bits, and its first two are never both zero.
        span_id=event.id.int & (2**64 - 1),
        is_remote=True,
        trace_flags=trace.TraceFlags(trace.TraceFlags.SAMPLED),
    )
    return trace.set_span_in_context(trace.NonRecordingSpan(publishing), Context())


def failed(span: Span, reason: str) -> None:
    span.set_status(Status(StatusCode.ERROR, reason))


def handled(consumer: str, outcome: str, seconds: float) -> None:
    """Measure one delivery, and how it ended."""
    attributes = {"consumer": consumer, "outcome": outcome}
    _deliveries.add(1, attributes)
    _stage_duration.record(seconds, attributes)


def unread_account(kind: str, reason: str) -> None:
    _unread_accounts.add(1, {"kind": kind, "reason": reason})


def published(events: Iterable[AnyEvent]) -> None:
    """Measure what a service tells of its own work: any event with a real-time factor."""
    for event in events:
        factor = getattr(event.data, "real_time_factor", None)
        if factor is not None:
            _real_time_factor.record(factor, {"event": event.type})


def observe_backlog(waiting: Callable[[], Mapping[str, int]]) -> None:
    """Have ``waiting`` asked, in a thread, for messages by consumer whenever metrics are exported."""

    def observe(options: CallbackOptions) -> Iterable[Observation]:
        return [Observation(count, {"consumer": consumer}) for consumer, count in waiting().items()]

    _meter.create_observable_gauge(
        "minutier.consumer.backlog",
        [observe],
        unit="{message}",
        description="messages that wait or are in hand",
    )


def traceparent() -> str | None:
    """The current span, as an event carries it."""
    carrier: dict[str, str] = {}
    _propagator.inject(carrier)
    return carrier.get("traceparent")
