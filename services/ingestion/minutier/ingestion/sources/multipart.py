"""Forms with files, streamed to disk as they arrive."""

import asyncio
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Any, BinaryIO

from fastapi import Request
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header
from starlette.exceptions import HTTPException

from minutier.ingestion.access import arriving

# Fields are kept in memory; what a meeting server tells in them is a few hundred characters.
_FIELD_BYTES = 1024 * 1024
_PARTS = 1000


@dataclass(frozen=True)
class Form:
    """A form's fields by name, and its files where they were written, each in the order they came.

    What the sender calls a file is kept apart from where it lies: a name from outside forms no path.
    """

    fields: Mapping[str, Sequence[str]]
    files: Mapping[str, Sequence["Sent"]]


@dataclass(frozen=True)
class Sent:
    """A file of a form; ``name`` is what the sender calls it, or empty."""

    path: Path
    name: str


FILE = {"type": "string", "format": "binary"}


def described(properties: Mapping[str, Any], *, required: Sequence[str]) -> dict[str, Any]:
    """What OpenAPI says of a request that brings such a form."""
    schema = {"type": "object", "required": required, "properties": properties}
    return {"requestBody": {"required": True, "content": {"multipart/form-data": {"schema": schema}}}}


async def receive(request: Request, folder: Path, *, limit: int) -> Form:
    """Read a multipart form of at most ``limit`` bytes; its files lie in ``folder`` under names of ours.

    Answers 413 as soon as there is more, and 422 where the body is no form, or its fields are too many
    or too long.
    """
    kind, options = parse_options_header(request.headers.get("content-type"))
    boundary = options.get(b"boundary")
    if kind != b"multipart/form-data" or not boundary:
        raise _not_a_form("Send the file as a multipart/form-data form.")
    parts = _Parts(folder)
    try:
        parser = MultipartParser(
            boundary,
            {
                "on_part_begin": parts.begin,
                "on_header_field": parts.header_name,
                "on_header_value": parts.header_value,
                "on_header_end": parts.header_end,
                "on_headers_finished": parts.headers_finished,
                "on_part_data": parts.data,
                "on_part_end": parts.end,
                "on_end": parts.finish,
            },
        )
        async for chunk in arriving(request, limit=limit):
            # What follows the form's end belongs to no part.
            if not parts.finished:
                await asyncio.to_thread(parser.write, chunk)
    except FormParserError:
        raise _not_a_form("The body is not a valid multipart/form-data form.") from None
    finally:
        parts.close()
    if not parts.finished:
        raise _not_a_form("The form ends before its last boundary. Send it again, whole.")
    return Form(parts.fields, parts.files)


class _Parts:
    """Puts the parts of a form where they belong, a piece at a time: files on disk, fields in memory."""

    def __init__(self, folder: Path) -> None:
        self.fields: dict[str, list[str]] = defaultdict(list)
        self.files: dict[str, list[Sent]] = defaultdict(list)
        self.finished = False
        self._folder = folder
        self._number = 0
        self._field_bytes = 0
        self._header = (bytearray(), bytearray())
        self._disposition = ""
        self._name = ""
        self._value = bytearray()
        self._file: BinaryIO | None = None

    def begin(self) -> None:
        self._number += 1
        if self._number > _PARTS:
            raise _not_a_form(f"The form has more than {_PARTS} parts.")
        self._disposition = ""

    def header_name(self, data: bytes, start: int, end: int) -> None:
        self._header[0].extend(data[start:end])

    def header_value(self, data: bytes, start: int, end: int) -> None:
        self._header[1].extend(data[start:end])

    def header_end(self) -> None:
        name, value = self._header
        if name.lower() == b"content-disposition":
            self._disposition = value.decode("latin-1")
        self._header = (bytearray(), bytearray())

    def headers_finished(self) -> None:
        _, options = parse_options_header(self._disposition)
        if b"name" not in options:
            raise FormParserError("a part has no name")
        self._name = _text(options[b"name"])
        self._value = bytearray()
        if b"filename" in options:
            sent = Sent(self._folder / f"part-{self._number}", _text(options[b"filename"]))
            self._file = sent.path.open("wb")
            self.files[self._name].append(sent)

    def data(self, data: bytes, start: int, end: int) -> None:
        if self._file is not None:
            self._file.write(memoryview(data)[start:end])
            return
        self._field_bytes += end - start
        if self._field_bytes > _FIELD_BYTES:
            raise _not_a_form(f"The form's fields have more than {_FIELD_BYTES} bytes. Send it as a file.")
        self._value += data[start:end]

    def end(self) -> None:
        if self._file is None:
            self.fields[self._name].append(_text(self._value))
        self.close()

    def finish(self) -> None:
        self.finished = True

    def close(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None


def _text(value: bytes | bytearray) -> str:
    return value.decode("utf-8", errors="replace")


def _not_a_form(detail: str) -> HTTPException:
    return HTTPException(HTTPStatus.UNPROCESSABLE_ENTITY, detail)
