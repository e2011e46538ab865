"""Reading what was signed, and holding it against the keys that are trusted."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from minutier.schemas.records import DisposalRecord, LogHead, SignedHead, SignedRecord
from minutier.shared.proofs.canonical import Malformed, canonical, read
from minutier.shared.proofs.findings import Finding, Reason
from minutier.shared.proofs.signing import PublicKey, Purpose

# A record that names as many objects as it may has 1 MB.
MOST_BYTES = 4 * 1024 * 1024

# By their ids.
Keys = Mapping[str, PublicKey]

File = TypeVar("File", bound=BaseModel)


@dataclass(frozen=True)
class Entry:
    """An entry as it was read; ``content`` is what was signed, fields of later versions included."""

    record: DisposalRecord
    content: bytes
    problem: Finding | None


@dataclass(frozen=True)
class Head:
    """A head as it was read."""

    head: LogHead
    problem: Finding | None


def parsed(text: bytes) -> dict[str, Any]:
    """A JSON object; raises `Malformed`."""
    if len(text) > MOST_BYTES:
        raise Malformed(f"has more than {MOST_BYTES} bytes")
    found = read(text)
    if not isinstance(found, dict):
        raise Malformed("is no JSON object")
    return found


def validated(kind: type[File], text: bytes) -> File:
    """By the contract, strictly; raises `Malformed`."""
    try:
        return kind.model_validate_json(text, strict=True)
    except ValidationError as error:
        fault = error.errors(include_url=False, include_input=False, include_context=False)[0]
        names = (str(part) for part in fault["loc"])
        where = ".".join(name if re.fullmatch(r"\w{1,40}", name, re.ASCII) else "…" for name in names)
        place = f", at {where}" if where else ""
        raise Malformed(f"is not as its schema says{place}: {fault['type']}") from None


def open_entry(text: bytes, raw: dict[str, Any], keys: Keys, index: int) -> Entry:
    """``raw`` is `parsed` ``text``, and stands at ``index``; raises `Malformed`."""
    return entry_of(validated(SignedRecord, text), raw, keys, index)


def open_head(text: bytes, raw: dict[str, Any], keys: Keys) -> Head:
    """``raw`` is `parsed` ``text``; raises `Malformed`."""
    return head_of(validated(SignedHead, text), raw, keys)


def entry_of(signed: SignedRecord, raw: dict[str, Any], keys: Keys, index: int) -> Entry:
    """``raw`` is what ``signed`` was made of; raises `Malformed`."""
    content = canonical(raw["record"])
    problem = _problem(signed, content, Purpose.RECORD, f"Entry {index}", index, keys)
    return Entry(signed.record, content, problem)


def head_of(signed: SignedHead, raw: dict[str, Any], keys: Keys) -> Head:
    """``raw`` is what ``signed`` was made of; raises `Malformed`."""
    whose = f"The head over {signed.head.tree_size} entries"
    return Head(signed.head, _problem(signed, canonical(raw["head"]), Purpose.HEAD, whose, None, keys))


def _problem(
    signed: SignedRecord | SignedHead,
    content: bytes,
    purpose: Purpose,
    whose: str,
    index: int | None,
    keys: Keys,
) -> Finding | None:
    key = keys.get(signed.key_id)
    if key is None:
        text = (
            f"{whose} says that it is signed with key {signed.key_id}, which was not given. "
            "Where you trust that key, give it too, with --key."
        )
        return Finding(Reason.UNKNOWN_KEY, text, index, index)
    if not key.signed(purpose, content, signed.signature):
        text = f"{whose} was changed after it was signed: its signature is none of key {signed.key_id}."
        return Finding(Reason.BAD_SIGNATURE, text, index, index)
    return None
