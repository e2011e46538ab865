"""Bytes to events and back."""

from pydantic import ValidationError
from pydantic_core import from_json

from minutier.schemas.events import EVENTS, AnyEvent

_BY_TYPE = {event.TYPE: event for event in EVENTS}


class UndecodableEvent(Exception):
    """The bytes are no event that this version knows; ``reason`` is a code that holds no content."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def encode(event: AnyEvent) -> bytes:
    """Structured-mode JSON; attributes without a value are left out, as CloudEvents asks."""
    return event.model_dump_json(exclude_none=True).encode()


def decode(body: bytes) -> AnyEvent:
    """Raises `UndecodableEvent` with ``not_json``, ``unknown_type``, ``unknown_version`` or ``invalid``.

    JSON is UTF-8, nested at most 200 deep, and its numbers are finite. Types are not bent: a number
    in quotes is not a number.
    """
    try:
        document = from_json(body, allow_inf_nan=False)
    except ValueError:
        raise UndecodableEvent("not_json") from None
    name = document.get("type") if isinstance(document, dict) else None
    if not isinstance(name, str):
        raise UndecodableEvent("unknown_type")
    if name not in _BY_TYPE:
        stem = name.rpartition(".")[0]
        known = any(other.rpartition(".")[0] == stem for other in _BY_TYPE)
        raise UndecodableEvent("unknown_version" if known else "unknown_type")
    try:
        return _BY_TYPE[name].model_validate_json(body, strict=True)
    except ValidationError:
        raise UndecodableEvent("invalid") from None
