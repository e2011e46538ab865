"""The AsyncAPI document is valid, complete, and says what the code does."""

import ast
import json
import re
import warnings
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from jsonschema import Draft202012Validator
from nats.aio.msg import Msg
from pydantic import ValidationError

from minutier.schemas import choreography
from minutier.schemas.codec import decode
from minutier.schemas.events import EVENTS, Progress
from minutier.schemas.generate import ROOT
from minutier.shared import topology
from minutier.shared.dead_letters import DeadLetters
from tests.support.contracts import EXAMPLES, examples

with warnings.catch_warnings():
    # It has fields named "schema".
    warnings.simplefilter("ignore", UserWarning)
    from asyncapi3.models.asyncapi import AsyncAPI3

DOCUMENT: dict[str, Any] = json.loads((ROOT / "asyncapi.json").read_bytes())
SERVICES = ROOT.parent / "services"


def address_pattern(channel: str) -> str:
    address = re.escape(DOCUMENT["channels"][channel]["address"])
    return re.sub(r"\\{\w+\\}", r"[^.]+", address)


def operations(verb: str, service: str) -> set[str]:
    prefix = f"{service}-{verb}-"
    return {name.removeprefix(prefix) for name in DOCUMENT["operations"] if name.startswith(prefix)}


def references(part: Any) -> list[str]:
    if isinstance(part, dict):
        own = [part["$ref"]] if "$ref" in part else []
        return own + [ref for value in part.values() for ref in references(value)]
    return [ref for value in part for ref in references(value)] if isinstance(part, list) else []


def test_it_is_an_asyncapi_3_document_and_nothing_in_it_is_unknown_to_the_specification() -> None:
    model = AsyncAPI3.model_validate(DOCUMENT)
    assert json.loads(model.model_dump_json(by_alias=True, exclude_unset=True)) == DOCUMENT


def test_the_oracle_refuses_what_is_wrong() -> None:
    operation = {**DOCUMENT["operations"]["query-receives-Progress"], "action": "listen"}
    with pytest.raises(ValidationError):
        AsyncAPI3.model_validate({**DOCUMENT, "operations": {"query-receives-Progress": operation}})


def test_every_reference_leads_somewhere() -> None:
    for reference in references(DOCUMENT):
        if reference.startswith("#/"):
            found: Any = DOCUMENT
            for step in reference.removeprefix("#/").split("/"):
                found = found[step]
        else:
            assert (ROOT / reference).is_file()


def test_each_message_has_the_schema_of_its_type() -> None:
    for event in EVENTS:
        message = DOCUMENT["components"]["messages"][event.__name__]
        assert message["payload"]["schema"] == {"$ref": f"./json/{event.TYPE}.json"}
        assert message["contentType"] == "application/cloudevents+json"


@pytest.mark.parametrize("path", examples("minutier.*/*.json"), ids=str)
def test_an_event_goes_to_the_address_of_its_channel(path: Path) -> None:
    event = decode((EXAMPLES / path).read_bytes())
    assert re.fullmatch(address_pattern(type(event).__name__), event.nats_subject)


@pytest.mark.parametrize("path", examples("progress/*.json"), ids=str)
def test_progress_goes_to_the_address_of_its_channel(path: Path) -> None:
    progress = Progress.model_validate_json((EXAMPLES / path).read_bytes())
    assert re.fullmatch(address_pattern("Progress"), progress.nats_subject)


@pytest.mark.parametrize("service", topology.SUBSCRIPTIONS)
def test_what_a_service_receives_is_what_it_subscribes_to(service: str) -> None:
    subscribed = {consumer.event.__name__ for consumer in topology.consumers(service)}
    assert operations("receives", service) - {"Progress"} == subscribed


@pytest.mark.parametrize(
    "service", sorted(path.parent.name for path in SERVICES.glob("*/minutier/*/handlers.py"))
)
def test_what_a_service_sends_is_what_its_code_makes(service: str) -> None:
    names = {event.__name__ for event in EVENTS}
    made = {
        node.func.value.id
        for source in (SERVICES / service / "minutier" / service).rglob("*.py")
        for node in ast.walk(ast.parse(source.read_bytes()))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr == "of"
        and isinstance(node.func.value, ast.Name)
    }
    declared = {event.__name__ for event in choreography.PUBLICATIONS.get(service, ())}
    assert made & names == declared
    assert operations("sends", service) >= declared


def test_every_event_has_somebody_who_tells_it_and_somebody_who_hears_it() -> None:
    names = {event.__name__ for event in EVENTS}
    for verb in ("sends", "receives"):
        assert {name.split("-")[-1] for name in DOCUMENT["operations"] if f"-{verb}-" in name} >= names


class Stream:
    """Takes what is published; nothing else of JetStream is asked for."""

    def __init__(self) -> None:
        self.published: list[tuple[str, bytes, dict[str, str]]] = []

    async def publish(self, subject: str, payload: bytes, *, headers: dict[str, str], **_: Any) -> None:
        self.published.append((subject, payload, headers))


async def test_a_dead_letter_is_what_its_channel_describes() -> None:
    stream, consumer = Stream(), topology.consumers("ingestion")[0]
    none_of_it = cast(Any, None)
    letters = DeadLetters(
        "ingestion", engine=none_of_it, js=lambda: cast(Any, stream), wake_relay=none_of_it, timeout=1
    )
    message = SimpleNamespace(
        subject="minutier.recording.announced.v1.nonsense",
        data=b"hello",
        metadata=SimpleNamespace(
            sequence=SimpleNamespace(stream=7), timestamp=datetime(2026, 1, 12, tzinfo=UTC)
        ),
    )
    await letters.bury(cast(Msg, message), consumer, None, attempts=1, reason="not_json")
    [(subject, payload, headers)] = stream.published
    assert payload == message.data
    assert re.fullmatch(address_pattern("DeadLetter"), subject)
    described = DOCUMENT["components"]["messages"]["DeadLetter"]["headers"]
    Draft202012Validator(described).validate(headers)
    assert headers.keys() == described["properties"].keys()
