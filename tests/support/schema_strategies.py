"""Hypothesis strategies for what a JSON Schema allows, as far as the contracts use its keywords."""

import re
from datetime import UTC, datetime
from typing import Any

from hypothesis import strategies as st
from jsonschema import Draft202012Validator

Schema = dict[str, Any]
Drawn = st.SearchStrategy[Any]

_REPETITION = re.compile(r"\{(\d+),(\d+)\}")
_LARGEST = 2**62
_FIRST, _LAST = datetime(1900, 1, 1, tzinfo=UTC), datetime(9000, 1, 1, tzinfo=UTC)

_FORMATS: dict[str, Drawn] = {
    "uuid": st.uuids().map(str),
    "date-time": st.integers(int(_FIRST.timestamp()), int(_LAST.timestamp())).map(
        lambda second: datetime.fromtimestamp(second, UTC).isoformat()
    ),
}


def allowed_by(schema: Schema) -> Drawn:
    """JSON values that ``schema`` allows, fields that it does not name included."""
    return _strategy(schema, schema.get("$defs", {}))


def _strategy(part: Schema, definitions: dict[str, Schema]) -> Drawn:
    if "$ref" in part:
        beside = {key: value for key, value in part.items() if key != "$ref"}
        return _strategy(merged(definitions[part["$ref"].rpartition("/")[2]], beside), definitions)
    if "anyOf" in part:
        beside = {key: value for key, value in part.items() if key not in {"anyOf", "default"}}
        if "properties" in beside:
            whole = _strategy(beside, definitions)
            return whole.filter(Draft202012Validator({"anyOf": part["anyOf"]}).is_valid)
        branches = [_strategy(merged(beside, branch), definitions) for branch in part["anyOf"]]
        return st.one_of(branches)
    if "const" in part or "enum" in part:
        return st.sampled_from(part.get("enum", [part.get("const")]))
    match part["type"]:
        case "null":
            return st.none()
        case "boolean":
            return st.booleans()
        case "integer":
            return st.integers(part.get("minimum", -_LARGEST), part.get("maximum", _LARGEST))
        case "number":
            lowest, highest = part.get("minimum"), part.get("maximum")
            return st.floats(lowest, highest, allow_nan=False, allow_infinity=False)
        case "string":
            return _string(part)
        case "array":
            items = _strategy(part["items"], definitions)
            lowest = part.get("minItems", 0)
            return st.lists(items, min_size=lowest, max_size=min(part.get("maxItems", 3), lowest + 3))
        case "object":
            return _object(part, definitions)
    raise NotImplementedError(part["type"])


def _string(part: Schema) -> Drawn:
    if "format" in part:
        return _FORMATS[part["format"]]
    lowest, highest = part.get("minLength", 0), part.get("maxLength", 2**16)
    if "pattern" not in part:
        return st.text(min_size=lowest, max_size=min(highest, lowest + 20))
    # In ECMA 262, as in pydantic, `$` is the very end; in Python it may stand before a newline.
    pattern = part["pattern"].replace("$", r"\Z")
    matching = st.from_regex(_REPETITION.sub(_shortened, pattern))
    return matching.filter(lambda text: lowest <= len(text) <= highest)


def _shortened(repetition: re.Match[str]) -> str:
    """Few of the long texts that a pattern allows fit into what Hypothesis draws for one example."""
    lowest, highest = map(int, repetition.groups())
    return f"{{{lowest},{min(highest, lowest + 12)}}}"


def _object(part: Schema, definitions: dict[str, Schema]) -> Drawn:
    fields = {name: _strategy(about, definitions) for name, about in part["properties"].items()}
    required = {name: fields.pop(name) for name in part.get("required", ())}
    unknown = st.dictionaries(st.text(min_size=30, max_size=40), st.integers() | st.text(), max_size=1)
    known = st.fixed_dictionaries(required, optional=fields)
    return st.tuples(unknown, known).map(lambda both: {**both[0], **both[1]})


def merged(one: Schema, other: Schema) -> Schema:
    """Both at once, where they do not contradict each other."""
    both = dict(one)
    for key, value in other.items():
        present = both.get(key)
        if isinstance(present, dict) and isinstance(value, dict):
            both[key] = merged(present, value)
        else:
            both[key] = value
    return both
