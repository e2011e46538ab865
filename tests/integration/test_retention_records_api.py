"""The API of disposal records over PostgreSQL: who is shown them, and that its files prove what they say."""

import io
from uuid import UUID, uuid4

import pytest
from pypdf import PdfReader
from sqlalchemy.ext.asyncio import AsyncEngine

from minutier.shared.proofs.findings import Verdict
from minutier.shared.proofs.opening import open_head, parsed
from minutier.shared.proofs.signing import PublicKey
from minutier.shared.proofs.verify import verify_proof
from minutier.shared.proofs.verify_log import verify_log
from tests.support.proofs import KEY, KEYS
from tests.support.retention_api import House

ROLE = "retention"
RECORDS = "/api/v1/records"


@pytest.fixture
def house(engine: AsyncEngine) -> House:
    return House(engine)


async def test_records_are_listed_in_pages(house: House) -> None:
    ids = await house.destroy(0, 1, 2)
    async with house.asking() as http:
        first = (await http.get(RECORDS, params={"limit": 2})).json()
        assert [each["id"] for each in first["items"]] == [str(ids[2]), str(ids[1])]
        second = (await http.get(RECORDS, params={"limit": 2, "after": first["next"]})).json()
        assert [each["id"] for each in second["items"]] == [str(ids[0])]
        assert second["next"] is None
        (found,) = second["items"]
        assert (found["objects"], found["kinds"], found["visa"]) == (
            2,
            ["media", "transcript"],
            "AD75-2026-118",
        )
        for name in ("recording_id", "purge_id"):
            named = (await http.get(RECORDS, params={name: found[name]})).json()["items"]
            assert str(ids[0]) in {each["id"] for each in named}
        assert (await http.get(RECORDS, params={"recording_id": str(uuid4())})).json()["items"] == []


async def test_a_record_comes_with_its_proof(house: House) -> None:
    ids = await house.destroy(0, 1, 2)
    async with house.asking() as http:
        head = (await http.get(f"{RECORDS}/head")).content
        found = await http.get(f"{RECORDS}/{ids[1]}")
        key = PublicKey.from_pem((await http.get(f"{RECORDS}/key")).content)
        assert key.id == KEY.public.id
        opened = open_head(head, parsed(head), KEYS)
        assert verify_proof(found.content, {key.id: key}, [opened]).verdict is Verdict.PROVEN
        assert found.headers["Content-Disposition"] == f'attachment; filename="disposal-{ids[1]}.json"'
        same = await http.get(f"{RECORDS}/{ids[1]}", headers={"If-None-Match": found.headers["ETag"]})
        assert same.status_code == 304
        await house.destroy(3)
        anew = await http.get(f"{RECORDS}/{ids[1]}", headers={"If-None-Match": found.headers["ETag"]})
        assert (anew.status_code, anew.json()["head"]["head"]["tree_size"]) == (200, 4)


async def test_the_whole_log_is_given_as_lines_that_prove_themselves(house: House) -> None:
    async with house.asking() as http:
        assert len((await http.get(f"{RECORDS}/export")).content.splitlines()) == 1
        # More than are read at a time.
        await house.destroy(*range(120))
        found = await http.get(f"{RECORDS}/export")
        assert found.headers["Content-Type"] == "application/x-ndjson"
        verified = verify_log(found.content.splitlines(), KEYS)
        assert (verified.verdict, verified.entries, verified.covered) == (Verdict.PROVEN, 120, 120)


async def test_whether_the_log_is_whole_is_shown(house: House) -> None:
    await house.destroy(0, 1)
    async with house.asking() as http:
        found = (await http.get(f"{RECORDS}/integrity")).json()
        assert (found["state"], found["records"], found["index"]) == ("unanchored", 2, None)
        await house.destroy(2)
        assert (await http.get(f"{RECORDS}/integrity")).json() == found
        again = (await http.get(f"{RECORDS}/integrity", params={"again": True})).json()
        assert again["records"] == 3


async def test_a_record_is_read_in_ones_language(house: House) -> None:
    (record,) = await house.destroy(0)
    async with house.asking() as http:
        found = await http.get(f"{RECORDS}/{record}.pdf", headers={"Accept-Language": "fr"})
        assert (found.headers["Content-Type"], found.content[:5]) == ("application/pdf", b"%PDF-")
        assert found.headers["Content-Disposition"] == f'attachment; filename="disposal-{record}.pdf"'
        root = PdfReader(io.BytesIO(found.content)).trailer["/Root"]
        assert root["/Lang"] == "fr"  # type: ignore[index]
        same = {"If-None-Match": found.headers["ETag"], "Accept-Language": "fr"}
        assert (await http.get(f"{RECORDS}/{record}.pdf", headers=same)).status_code == 304
        other = await http.get(f"{RECORDS}/{record}.pdf", params={"language": "en"}, headers=same)
        assert other.status_code == 200
        assert (await http.get(f"{RECORDS}/{uuid4()}.pdf")).status_code == 404


async def test_what_is_anothers_is_not_there(house: House) -> None:
    (record,) = await house.destroy(0)
    async with house.asking(house.other) as http:
        assert (await http.get(RECORDS)).json()["items"] == []
        assert (await http.get(f"{RECORDS}/{record}")).status_code == 404
        assert (await http.get(f"{RECORDS}/head")).json()["head"]["tree_size"] == 0


@pytest.mark.parametrize(
    "path", ["", "/head", "/key", "/export", "/integrity", f"/{UUID(int=1)}", f"/{UUID(int=1)}.pdf"]
)
async def test_only_compliance_staff_are_shown_anything(house: House, path: str) -> None:
    async with house.asking(house.reader) as http:
        assert (await http.get(f"{RECORDS}{path}")).status_code == 403


async def test_without_a_key_the_remedy_is_said(engine: AsyncEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    house = House(engine)
    (record,) = await house.destroy(0)
    monkeypatch.setattr(house.records, "_key", None)
    async with house.asking() as http:
        assert len((await http.get(RECORDS)).json()["items"]) == 1
        for path in ("head", "export", str(record)):
            refused = await http.get(f"{RECORDS}/{path}")
            assert (refused.status_code, refused.json()["reason"]) == (409, "no_key")
            assert "MINUTIER_RETENTION_SIGNING_KEY" in refused.json()["detail"]
