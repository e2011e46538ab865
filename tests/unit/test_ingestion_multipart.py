from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx
import pytest
from fastapi import Request
from hypothesis import given
from hypothesis import strategies as st
from starlette.exceptions import HTTPException
from starlette.types import Message

from minutier.ingestion.sources.multipart import Form, receive

FILE = ("../../etc/Réunion du 4.wav", b"RIFF\r\n--not the boundary\r\n" * 400)


def form(**parts: object) -> httpx.Request:
    """A form as a client makes it."""
    return httpx.Request("POST", "http://test", **parts)  # type: ignore[arg-type]


async def received(
    sent: httpx.Request, folder: Path, *, limit: int = 10**6, size: int = 1000, keep: int | None = None
) -> Form:
    """What comes of the form when it arrives ``size`` bytes at a time, and of it the first ``keep`` bytes."""
    body = sent.read()[:keep]
    pieces: Iterator[bytes] = (body[at : at + size] for at in range(0, len(body), size))

    async def arriving() -> Message:
        piece = next(pieces, None)
        return {"type": "http.request", "body": piece or b"", "more_body": piece is not None}

    headers = [(name.lower(), value) for name, value in sent.headers.raw]
    return await receive(Request({"type": "http", "headers": headers}, arriving), folder, limit=limit)


@given(size=st.integers(1, 12_000), content=st.binary(max_size=3000), value=st.text(max_size=50))
async def test_a_form_is_the_same_however_it_arrives(size: int, content: bytes, value: str) -> None:
    sent = form(
        data={"title": value, "granularity[]": ["word", "segment"]},
        files=[("file", ("a.wav", content)), ("file", FILE), ("notes", ("", b"x"))],
    )
    with TemporaryDirectory() as made:
        got = await received(sent, Path(made), size=size)
        assert got.fields["title"] == [value.encode("utf-8", "replace").decode()]
        assert got.fields["granularity[]"] == ["word", "segment"]
        assert [file.path.read_bytes() for file in got.files["file"]] == [content, FILE[1]]


async def test_what_the_sender_calls_a_file_forms_no_path(tmp_path: Path) -> None:
    (file,) = (await received(form(files={"file": FILE}), tmp_path)).files["file"]
    assert file.name == FILE[0]
    assert file.path.parent == tmp_path
    assert "tc" not in file.path.name


async def test_an_empty_file_is_a_file(tmp_path: Path) -> None:
    (file,) = (await received(form(files={"file": ("a.wav", b"")}), tmp_path)).files["file"]
    assert file.path.read_bytes() == b""


async def test_more_bytes_than_are_taken_are_refused_before_they_have_all_come(tmp_path: Path) -> None:
    with pytest.raises(HTTPException) as refused:
        await received(form(files={"file": ("a.wav", b"x" * 100_000)}), tmp_path, limit=5_000)
    assert refused.value.status_code == 413
    assert sum(path.stat().st_size for path in tmp_path.iterdir()) <= 5_000


def raw(content: bytes, boundary: str = "; boundary=b") -> httpx.Request:
    return form(content=content, headers={"content-type": f"multipart/form-data{boundary}"})


@pytest.mark.parametrize(
    "sent",
    [
        form(json={"file": "a.wav"}),
        form(data={"file": "a.wav"}),
        raw(b"x", boundary=""),
        raw(b"x"),
        raw(b"x", boundary=f"; boundary={300 * 'b'}"),
        raw(b"--b\r\nA: b\r\n\r\nx\r\n--b--"),
        form(files={"file": ("a.wav", b"x")}, data={f"{number}": "x" for number in range(1100)}),
        form(files={"file": ("a.wav", b"x")}, data={"title": "x" * 2_000_000}),
    ],
    ids=["json", "urlencoded", "no boundary", "no parts", "long boundary", "no name", "many", "long field"],
)
async def test_what_is_no_form_is_refused(sent: httpx.Request, tmp_path: Path) -> None:
    with pytest.raises(HTTPException) as refused:
        await received(sent, tmp_path, limit=10**7, size=65536)
    assert refused.value.status_code == 422


@pytest.mark.parametrize("missing", [1, 3, 40, 5_000])
async def test_a_form_that_ends_too_soon_is_refused(tmp_path: Path, missing: int) -> None:
    with pytest.raises(HTTPException) as refused:
        await received(form(files={"file": FILE}), tmp_path, keep=-missing - 2)
    assert refused.value.status_code == 422
