"""What the pages of all services have in common."""

import gzip
import re
from http import HTTPStatus
from pathlib import Path

import pytest
from fastapi import Request

from minutier.query.pages.look import LOOK
from minutier.retention.pages.look import LOOK as RETENTION
from minutier.shared.identity.routes import Choice, SignedOutPage, SignInPage
from minutier.shared.identity.sign_in import Trouble
from minutier.shared.pages import assets, messages
from minutier.shared.pages.look import COMMON
from minutier.shared.pages.phrases import catalog
from minutier.shared.pages.preferences import Language
from minutier.shared.pages.render import Pages, Tags, source_of
from minutier.shared.pages.sign_in import showing

FOLDERS = [COMMON, LOOK.folders[0], RETENTION.folders[0]]


def test_tags_are_forgotten_and_what_cannot_be_told_apart_has_none() -> None:
    tags = Tags(2)
    for source in (b"a", b"b", b"c"):
        tags.keep(source, source.decode())
    assert [tags.find(source) for source in (b"a", b"b", b"c")] == [None, "b", "c"]
    assert source_of("a", {"b": 1, "c": 2}) == source_of("a", {"c": 2, "b": 1})
    assert source_of("a", {"b": 1}) != source_of("a", {"b": 2}) != source_of("b", {"b": 2})
    assert source_of("a", {"b": object()}) is None


def test_another_file_is_another_version() -> None:
    one = assets.Assets({"a.css": b"a"})
    assert one.digest != assets.Assets({"a.css": b"b"}).digest != assets.Assets({"b.css": b"a"}).digest
    found = one.find(one.digest, "a.css")
    assert found is not None
    assert found.pressed is not None
    assert gzip.decompress(found.pressed) == b"a"
    with pytest.raises(KeyError):
        one.url("b.css")


@pytest.mark.parametrize("trouble", [None, *Trouble])
def test_signing_in_offers_every_provider_and_says_what_went_wrong(trouble: Trouble | None) -> None:
    request = Request(
        {"type": "http", "method": "GET", "path": "/sign-in", "query_string": b"", "headers": []}
    )
    choices = (Choice("ProConnect", "/sign-in/pro"), Choice("<Keycloak>", "/sign-in/key?to=%2F"))
    show = showing(Pages(LOOK), "MINUTIER_QUERY_PROVIDERS")
    page = show(request, SignInPage(choices, trouble, HTTPStatus.OK))
    body = bytes(gzip.decompress(page.body) if "content-encoding" in page.headers else page.body).decode()
    assert 'href="/sign-in/pro"' in body
    assert "Sign in with &lt;Keycloak&gt;" in body
    assert ('role="alert"' in body) == (trouble is not None)
    nobody = show(request, SignInPage((), None))
    assert b"MINUTIER_QUERY_PROVIDERS" in bytes(nobody.body)
    left = show(request, SignedOutPage("https://provider.example/end?a=1&b=2"))
    assert b'href="https://provider.example/end?a=1&amp;b=2"' in bytes(left.body)


@pytest.mark.parametrize("folder", FOLDERS)
def test_everything_that_pages_and_scripts_say_is_said_in_french(folder: Path) -> None:
    assert messages.updated(folder) == messages.french(folder).read_bytes(), "run `just messages`"
    said = {message.id: message.string for message in catalog(Language.FRENCH, [folder]) if message.id}
    missing = [
        text for text, string in said.items() if not (all(string) if isinstance(string, tuple) else string)
    ]
    assert missing == []


@pytest.mark.parametrize("folder", FOLDERS)
def test_what_stands_for_something_stands_in_both_languages(folder: Path) -> None:
    names = re.compile(r"%\((\w+)\)s")
    for message in catalog(Language.FRENCH, [folder]):
        assert set(names.findall(str(message.id))) == set(names.findall(str(message.string))), message.id
