"""One way to write JSON, so that what is signed once can be signed and hashed again."""

import json
from typing import Any, NoReturn


class Malformed(ValueError):
    """The text says why, to follow what is malformed; it quotes no more than names of fields."""


def canonical(value: Any) -> bytes:
    """``value`` by the JSON Canonicalization Scheme (RFC 8785).

    Raises `Malformed` for what readers of JSON do not agree on: integers beyond 2**53 - 1, and characters
    that are none.
    """
    import rfc8785

    try:
        return rfc8785.dumps(value)
    except RecursionError:
        raise Malformed("is nested too deeply") from None
    except ValueError:
        raise Malformed("holds a number or a character that has no canonical form") from None


def read(text: bytes) -> Any:
    """JSON that can be read in one way only; raises `Malformed`.

    A field that is there twice would be one thing to this reader and another to the next; and numbers with
    fractions are in nothing that is signed.
    """
    try:
        return json.loads(
            text.decode(), object_pairs_hook=_once_each, parse_float=_refused, parse_constant=_refused
        )
    except RecursionError:
        raise Malformed("is nested too deeply") from None
    except Malformed:
        raise
    except ValueError:
        raise Malformed("is no JSON in UTF-8") from None


def _once_each(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    fields = dict(pairs)
    if len(fields) != len(pairs):
        raise Malformed("has a field twice")
    return fields


def _refused(_: str) -> NoReturn:
    raise Malformed("holds a number that is no integer")
