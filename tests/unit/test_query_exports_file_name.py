"""What a download is called, and how a browser is told."""

from datetime import UTC, datetime
from email.message import Message
from email.utils import collapse_rfc2231_value
from pathlib import PurePosixPath, PureWindowsPath
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from minutier.query.exports.domain import Exported
from minutier.query.exports.file_name import content_disposition, file_name
from tests.support.query_events import transcript

WHEN = datetime(2026, 1, 31, 23, 30, tzinfo=UTC)


def named(title: str | None, when: datetime | None = None) -> str:
    return file_name(Exported(transcript(), title=title, happened_at=when, language="fr"), "pdf")


@pytest.mark.parametrize(
    ("title", "when", "expected"),
    [
        ("Conseil d’administration", WHEN, "2026-01-31 Conseil d’administration.pdf"),
        (None, WHEN, "2026-01-31 Réunion.pdf"),
        (None, None, "Réunion.pdf"),
        ("../../etc/passwd", None, "etc passwd.pdf"),
        ("a/b\\c:d", None, "a b c d.pdf"),
        (".hidden", None, "hidden.pdf"),
        ("-rf ~", None, "rf ~.pdf"),
        ("CON", None, "_CON.pdf"),
        ("com1.txt", None, "_com1.txt.pdf"),
        ("fdp.\u202eexe", None, "fdp. exe.pdf"),
        ("a\r\nSet-Cookie: b", None, "a Set-Cookie b.pdf"),
        ("???", None, "_.pdf"),
        ("Budget...", None, "Budget.pdf"),
    ],
)
def test_a_name_is_made_of_the_title_and_the_day(
    title: str | None, when: datetime | None, expected: str
) -> None:
    assert named(title, when) == expected


@given(st.none() | st.text(), st.sampled_from([None, WHEN]))
def test_a_name_is_one_part_of_a_path_on_every_system(title: str | None, when: datetime | None) -> None:
    name = named(title, when)
    assert PurePosixPath(name).name == PureWindowsPath(name).name == name
    assert len(name.encode()) <= 255
    assert name.endswith(".pdf")
    assert name.isprintable() or "\u200c" in name or "\u200d" in name
    assert not PureWindowsPath(name).is_reserved()


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_a_browser_reads_the_name_that_was_meant(title: str) -> None:
    name = named(title)
    header = content_disposition(name)
    assert header.isascii()
    assert header.isprintable()
    message = Message()
    message["Content-Disposition"] = header
    assert message.get_content_disposition() == "attachment"
    names: list[Any] = [
        value for key, value in message.get_params([], "content-disposition") if key == "filename"
    ]
    # RFC 2231 values come as (encoding, language, text).
    assert [collapse_rfc2231_value(value) for value in names if isinstance(value, tuple)] == [name]


def test_who_reads_only_ascii_gets_the_letters_beneath_the_accents() -> None:
    assert content_disposition("2026-01-31 Réunion d’équipe.pdf") == (
        'attachment; filename="2026-01-31 Reunion dequipe.pdf"; '
        "filename*=UTF-8''2026-01-31%20R%C3%A9union%20d%E2%80%99%C3%A9quipe.pdf"
    )
