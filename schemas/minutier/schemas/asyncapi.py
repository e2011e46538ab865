"""The AsyncAPI 3.0 document: every subject, what is sent on it, who sends and who receives it."""

from collections.abc import Iterable, Mapping
from typing import Any

from minutier.schemas.choreography import PUBLICATIONS, SUBSCRIPTIONS, publications
from minutier.schemas.events import EVENTS, AnyEvent, Stage

_JSON_SCHEMA = "application/schema+json;version=draft-2020-12"
_UUID = {"type": "string", "format": "uuid"}
_PROGRESS = "Progress"
_DEAD_LETTER = "DeadLetter"


def document(schemas: Mapping[str, str], examples: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """``schemas`` maps each message's name to where its JSON Schema lies, relative to the document;
    ``examples`` maps it to its golden examples by name.
    """
    messages: dict[str, Any] = {
        event.__name__: _event_message(event, schemas[event.TYPE], examples[event.TYPE]) for event in EVENTS
    }
    messages[_PROGRESS] = {
        "name": "progress",
        "summary": "How far a stage is.",
        "contentType": "application/json",
        "payload": _schema(schemas["progress"]),
        "examples": _examples(examples["progress"]),
    }
    messages[_DEAD_LETTER] = _dead_letter_message()
    return {
        "asyncapi": "3.0.0",
        "id": "urn:minutier:events",
        "info": {
            "title": "Minutier",
            "version": "1.0.0",
            "description": "What the services of Minutier tell one another, over NATS. Events are kept in "
            "a JetStream stream until the recording is purged; progress is told to whoever listens, once.",
        },
        "defaultContentType": "application/cloudevents+json",
        "channels": {
            **{
                event.__name__: _channel(f"{event.TYPE}.{{recordingId}}", event.__name__, "recordingId")
                for event in EVENTS
            },
            _PROGRESS: _channel("progress.{recordingId}", _PROGRESS, "recordingId"),
            _DEAD_LETTER: _channel(
                "deadletter.{consumer}.{recordingId}", _DEAD_LETTER, "consumer", "recordingId"
            ),
        },
        "operations": dict(_operations()),
        "components": {
            "messages": messages,
            "parameters": {
                "recordingId": {"description": "the recording's id; 'unknown' for a message that has none"},
                "consumer": {
                    "description": "who gave up: service and event",
                    "examples": ["transcription-recording-ingested"],
                },
            },
        },
    }


def _event_message(event: type[AnyEvent], schema: str, examples: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "name": event.TYPE,
        "title": event.__name__,
        "contentType": "application/cloudevents+json",
        "correlationId": {"location": "$message.payload#/subject", "description": "the recording"},
        "headers": {
            "type": "object",
            "required": ["Nats-Msg-Id"],
            "properties": {
                "Nats-Msg-Id": {**_UUID, "description": "the event's id: the stream drops repetitions"}
            },
        },
        "payload": _schema(schema),
        "examples": _examples(examples),
    }


def _dead_letter_message() -> dict[str, Any]:
    return {
        "name": "dead letter",
        "summary": "A message that was given up, byte for byte, and why.",
        "contentType": "application/octet-stream",
        "headers": {
            "type": "object",
            "required": ["Nats-Msg-Id", "Minutier-Reason", "Minutier-Subject", "Minutier-Attempts"],
            "properties": {
                "Nats-Msg-Id": {"type": "string", "description": "the consumer and the message's place"},
                "Minutier-Reason": {"type": "string", "pattern": "^[a-z][a-z0-9_]*$"},
                "Minutier-Subject": {"type": "string", "description": "where the message came from"},
                "Minutier-Attempts": {"type": "string", "pattern": "^[1-9][0-9]*$"},
            },
        },
        "payload": {"description": "the message as it was; it need not be an event, nor JSON"},
    }


def _channel(address: str, message: str, *parameters: str) -> dict[str, Any]:
    return {
        "address": address,
        "messages": {message: {"$ref": f"#/components/messages/{message}"}},
        "parameters": {name: {"$ref": f"#/components/parameters/{name}"} for name in parameters},
    }


def _operations() -> Iterable[tuple[str, dict[str, Any]]]:
    for service in sorted({*PUBLICATIONS, *SUBSCRIPTIONS}):
        for event in publications(service):
            yield _operation(service, "sends", event.__name__)
        for event in SUBSCRIPTIONS.get(service, ()):
            yield _operation(service, "receives", event.__name__)
        if service in SUBSCRIPTIONS:
            yield _operation(service, "sends", _DEAD_LETTER)
    for service in Stage:
        yield _operation(service, "sends", _PROGRESS)
    yield _operation("query", "receives", _PROGRESS)


def _operation(service: str, verb: str, channel: str) -> tuple[str, dict[str, Any]]:
    return f"{service}-{verb}-{channel}", {
        "action": verb.removesuffix("s"),
        "channel": {"$ref": f"#/channels/{channel}"},
        "messages": [{"$ref": f"#/channels/{channel}/messages/{channel}"}],
        "tags": [{"name": service}],
    }


def _schema(where: str) -> dict[str, Any]:
    return {"schemaFormat": _JSON_SCHEMA, "schema": {"$ref": where}}


def _examples(examples: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [{"name": name, "payload": payload} for name, payload in examples.items()]
