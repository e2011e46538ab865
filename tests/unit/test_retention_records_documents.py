"""Disposal records and elimination lists as people read them."""

import csv
import io
import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from pypdf import PdfReader

from minutier.retention.records import elimination
from minutier.retention.records.document import MOST_SHOWN, document
from minutier.retention.records.elimination import MOST_SET
from minutier.retention.records.ports import Elimination, Row, Sort
from minutier.retention.records.sheet import render
from minutier.schemas.records import Cause, DestroyedObject, DisposalRecord, ErasedPerson, Kind, Overlap, Rule
from minutier.shared.documents.pdf import Unrenderable
from minutier.shared.pages.preferences import Language
from tests.support.proofs import Log, digest, record

DAY = datetime(2026, 1, 31, 9, tzinfo=UTC)


def read(body: bytes) -> tuple[PdfReader, str]:
    """The document, and its text on one line."""
    found = PdfReader(io.BytesIO(body))
    return found, " ".join(" ".join(page.extract_text().split()) for page in found.pages)


def of(written: DisposalRecord, language: Language = Language.ENGLISH) -> str:
    return read(render(document(Log([written]).proof(0), language)))[1]


@pytest.mark.parametrize(
    ("language", "told"),
    [
        (
            Language.ENGLISH,
            [
                "Record of disposal",
                "its time was over",
                "sound, transcript",
                "March 2026, 09:30:41 UTC",
                "Page 1",
            ],
        ),
        (
            Language.FRENCH,
            ["Attestation d’élimination", "durée de conservation échue", "le son, la transcription"],
        ),
    ],
)
def test_a_record_is_told_in_words_with_all_that_it_holds(language: Language, told: list[str]) -> None:
    log = Log.of(6)
    proof = log.proof(2)
    found, text = read(render(document(proof, language)))
    kept = proof.entry.record
    exact = [kept.id, kept.purge_id, kept.recording_id, proof.entry.key_id, proof.head.head.root, *proof.path]
    exact += [proof.entry.signature[:64], proof.entry.signature[64:], proof.head.signature[64:]]
    exact += [kept.approval.inventory, kept.approval.proposal, kept.approval.approval]
    exact += [each.sha256 for each in kept.objects]
    for each in [*told, *map(str, exact), "GDPR art. 5(1)(e)", "Default", "AD75-2026-118", "ingestion"]:
        assert each in text, each
    root: Any = found.trailer["/Root"]
    claims = root["/Metadata"].get_data()
    assert b"<pdfuaid:part>1<" in claims
    assert b"<pdfaid:part>2<" in claims
    assert root["/Lang"] == language.value


@pytest.mark.parametrize("kind", Kind)
@pytest.mark.parametrize("cause", Cause)
def test_every_kind_and_cause_has_words(kind: Kind, cause: Cause) -> None:
    for language in Language:
        changed = record(kinds=(kind,), cause=cause, repeats=UUID(int=3), whole=True)
        assert document(Log([changed]).proof(0), language).sections


@pytest.mark.parametrize(
    ("language", "told"),
    [
        (Language.ENGLISH, ["Words 1,234", "Silence in the sound 61.5 s", "everybody is heard there"]),
        (Language.FRENCH, ["Tours de parole 4", "Silence dans le son 61,5 s", "tout le monde s’y entend"]),
    ],
)
def test_what_was_one_persons_is_told_in_figures(language: Language, told: list[str]) -> None:
    person = ErasedPerson(
        transcript="c" * 64,
        speakers=("speaker-2", "speaker-4"),
        overlap=Overlap.KEEP,
        segments=3,
        words=1234,
        turns=4,
        silenced_milliseconds=61_500,
    )
    text = of(record(cause=Cause.ERASURE, person=person), language)
    for each in [*told, "speaker-2, speaker-4", "c" * 64]:
        assert each in text, each


def test_what_somebody_wrote_is_no_markup_and_stays_within_the_page() -> None:
    rule = Rule(legal_basis='#panic("a") $x$ *b*', visa="a" * 300)
    text = of(record(rule=rule, objects=()))
    assert '#panic("a") $x$ *b*' in text
    assert "a" * 300 in re.sub(r"[\s\u200b]", "", text)
    assert "Objects that are no more" not in text


def test_of_very_many_objects_some_are_shown_and_the_others_counted() -> None:
    objects = tuple(DestroyedObject(sha256=digest(str(number)), size=1) for number in range(MOST_SHOWN + 7))
    sections = document(Log([record(objects=objects)]).proof(0), Language.ENGLISH).sections
    (shown,) = [section for section in sections if section.heading == "Objects that are no more"]
    assert shown.lead == "7 more are in the signed record alone."
    assert shown.table is not None
    assert len(shown.table.rows) == MOST_SHOWN


def listed(*rows: Row, count: int = 1, visa: str | None = None) -> Elimination:
    async def given() -> AsyncIterator[Row]:
        for _ in range(count):
            for each in rows:
                yield each

    return Elimination("Mairie d’Exemple", UUID(int=9), "Code du patrimoine, L212-2", visa, DAY, given())


def row(title: str | None = "Conseil", **changes: Any) -> Row:
    known: dict[str, Any] = {
        "source": "livekit",
        "earliest": DAY,
        "latest": DAY + timedelta(days=2),
        "objects": 3,
        "bytes": 4096,
        "legal_basis": "RGPD art. 5(1)(e)",
    }
    return Row(title, **known | changes)


async def table(given: Elimination, language: Language = Language.FRENCH) -> list[list[str]]:
    text = b"".join([part async for part in elimination.table(given, language)]).decode("utf-8-sig")
    return list(csv.reader(io.StringIO(text, newline="")))


async def test_an_elimination_list_has_what_archives_ask_for() -> None:
    heads, first, second = await table(listed(row(), row(None, sort=Sort.SAMPLED)))
    assert heads == [
        "Producteur",
        "Intitulé",
        "Source",
        "Date la plus ancienne",
        "Date la plus récente",
        "Nombre",
        "Octets",
        "Base légale",
        "Sort final",
    ]
    assert first == [
        "Mairie d’Exemple",
        "Conseil",
        "livekit",
        "2026-01-31",
        "2026-02-02",
        "3",
        "4096",
        "RGPD art. 5(1)(e)",
        "détruire",
    ]
    assert (second[1], second[8]) == ("Sans titre", "trier")


@pytest.mark.parametrize("title", ['=HYPERLINK("a")', "-2+3", "@a", "a;=b", "＝1"])
async def test_cells_compute_nothing(title: str) -> None:
    _, (_, found, *_) = await table(listed(row(title)))
    assert found.replace("'", "", 1) == title


async def test_a_long_list_comes_in_parts() -> None:
    sizes = [len(part) async for part in elimination.table(listed(row(), count=10_000), Language.ENGLISH)]
    assert len(sizes) > 40
    assert max(sizes) < 40_000


async def test_an_elimination_list_is_set_with_its_sums() -> None:
    given = listed(row(), row("Commission", earliest=DAY - timedelta(days=40)), visa="AD75-2026-118")
    _, text = read(render(await elimination.sheet(given, Language.FRENCH)))
    for told in (
        "Bordereau d’élimination",
        "Producteur Mairie d’Exemple",
        "Visa des archives AD75-2026-118",
        "Documents 2",
        "Date la plus ancienne 22 déc. 2025",
        "Date la plus récente 2 févr. 2026",
        "Nombre 6",
        "Commission",
    ):
        assert told in text, told


async def test_an_empty_list_is_a_list() -> None:
    assert len(await table(listed())) == 1
    assert "Records 0" in read(render(await elimination.sheet(listed(), Language.ENGLISH)))[1]


async def test_a_list_that_is_too_long_to_be_set_says_what_to_take_instead() -> None:
    assert len((await elimination.sheet(listed(row(), count=MOST_SET), Language.ENGLISH)).sections) == 2
    with pytest.raises(Unrenderable, match="CSV"):
        await elimination.sheet(listed(row(), count=MOST_SET + 1), Language.ENGLISH)
