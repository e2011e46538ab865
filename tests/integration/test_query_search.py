"""Finding what was said, in PostgreSQL, as the role of the service."""

import itertools
import random
import uuid
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from minutier.query.access.domain import Level
from minutier.query.access.repository import AccessLog, Shares
from minutier.query.search.domain import BadQuestion, parse
from minutier.query.search.indexing.index import Index
from minutier.query.search.indexing.repository import unindexed
from minutier.shared.tenants import within
from tests.support import query_events as told
from tests.support.query_people import COMPLIANCE, OUTSIDER, OWNER, PARTICIPANT, STRANGER
from tests.support.query_search import Library, days, marked

LABELS = {"speaker-1": "Anne Martin", "speaker-2": "Zoé Durand"}


@pytest.mark.parametrize(
    ("language", "said", "question"),
    [
        ("fr", "Nous avons décidé du budget général.", "décider budgets généraux"),
        ("fr", "La décision est reportée.", "decisions reporter"),
        ("fr", "La mesure était décidée.", "decidee"),
        ("fr", "Il faut protéger l’eau.", "l'eau"),
        ("fr", "Il faut protéger l’eau.", "d'eau"),
        ("fr", "Son œuvre de cœur.", "OEUVRES coeur"),
        ("fr", "Une re\u0301union.", "réunions"),
        ("fr", "La même chose.", "meme"),
        ("en", "They were running the meetings.", "run meeting"),
        ("en", "The café in Łódź.", "CAFE lodz"),
        ("de", "Die Straße und die Häuser.", "strasse haus"),
        ("ja", "来年の予算会議です。", "予算"),
        ("tlh", "nuqneH Qapla'", "qapla"),
    ],
)
async def test_words_are_found_in_other_forms(
    library: Library, language: str, said: str, question: str
) -> None:
    await library.add("Something else entirely.", language=language)
    recording = await library.add(said, language=language)
    assert await library.found(question) == [recording]


async def test_each_recording_is_searched_in_its_own_language(library: Library) -> None:
    french = await library.add("Les données sont publiques.", language="fr")
    await library.add("Don called.", language="en")
    assert await library.found("données") == [french]


async def test_stop_words_are_looked_for_where_they_must_be(library: Library) -> None:
    french = await library.add("La fin de la commune.", language="fr")
    other = await library.add("Le budget des communes.", language="fr")
    assert await library.found("le budget de la région budget") == []
    assert await library.found("de la commune") in ([french, other], [other, french])
    assert await library.found('"de la commune"') == [french]
    assert await library.found("la") == [french]


async def test_a_phrase_is_in_one_passage_and_in_order(library: Library) -> None:
    await library.add("The budget is for next year.", "Year after year.", title=None)
    recording = await library.add("For the next year budget.")
    assert await library.found('"next year budget"') == [recording]
    assert await library.found('"budget next year"') == []


async def test_words_may_be_anywhere_in_a_recording(library: Library) -> None:
    recording = await library.add(
        ("speaker-1", "The budget."),
        ("speaker-2", "Nothing."),
        title="Water board",
        labels=LABELS,
        minutes=[("Prices were raised.", "s2")],
    )
    await library.add("The budget.", title="Fire board")
    assert await library.found("budget water raise zoe") == [recording]
    passages = await library.passages("budget water raise zoe")
    assert {one["kind"] for one in passages} <= {"title", "speaker", "minutes", "words"}
    assert await library.found("budget water fire") == []


async def test_a_prefix_is_of_words_as_they_are_written(library: Library) -> None:
    recording = await library.add("Les décisions budgétaires.", language="fr")
    await library.add("Décider du bud.", language="fr")
    assert await library.found("budgétai*") == [recording]
    assert await library.found("décision*") == [recording]
    assert marked((await library.passages("budg*"))[0]) == "Les décisions [budgétaires]."


async def test_speakers_titles_and_dates(library: Library) -> None:
    old = await library.add(
        ("speaker-1", "The budget."),
        ("speaker-2", "The water."),
        labels=LABELS,
        title="Budget committee",
        started_at=days(-400),
    )
    new = await library.add(
        ("speaker-2", "The budget and the water."), labels=LABELS, title="Finance", started_at=days(0)
    )
    assert await library.found("speaker:anne budget") == [old]
    assert await library.found('locuteur:"Martin Anne"') == [old]
    assert await library.found("speaker:zoe water budget") == [new]
    assert set(await library.found("speaker:du* water")) == {new, old}
    assert await library.found("title:budgets") == [old]
    assert await library.found('titre:"committee budget"') == []
    assert await library.found(f"budget after:{days(-30):%Y-%m-%d}") == [new]
    assert await library.found(f"budget avant:{days(-30):%Y-%m}") == [old]
    passages = await library.passages("speaker:anne budget")
    assert [(one["speaker"], marked(one)) for one in passages if one["kind"] == "words"] == [
        ("Anne Martin", "The [budget].")
    ]


async def test_what_has_more_and_closer_is_better(library: Library) -> None:
    apart = await library.add("The budget.", "The water.", title="a")
    together = await library.add("The water budget.", title="b", started_at=days(-10))
    titled = await library.add("The water budget.", title="Water budget", started_at=days(-20))
    assert await library.found("water budget") == [titled, together, apart]
    assert [marked(one) for one in (await library.search("water budget"))["items"][1]["passages"]] == [
        "The [water] [budget]."
    ]


async def test_of_equals_the_newest_is_first(library: Library) -> None:
    recordings = [await library.add("The budget.", started_at=days(n)) for n in (0, 2, 1)]
    assert await library.found("budget") == [recordings[1], recordings[2], recordings[0]]


async def test_where_to_jump_to(library: Library) -> None:
    await library.add(
        ("speaker-1", "Hello."),
        ("speaker-2", "one two three budget five"),
        labels=LABELS,
        minutes=[("They spoke of money.", "s2")],
    )
    (words,) = await library.passages("budget")
    assert words["segment"] == "s2"
    assert (words["start"], words["end"]) == (pytest.approx(0.3), pytest.approx(1.8))
    assert words["at"] == pytest.approx(1.2)
    (item,) = await library.passages("money")
    assert (item["kind"], item["segment"], item["at"]) == ("minutes", "s2", pytest.approx(0.3))
    (speaker,) = await library.passages("durand")
    assert (speaker["kind"], speaker["at"]) == ("speaker", pytest.approx(0.3))


async def test_only_what_may_be_read_is_found(library: Library) -> None:
    recording = await library.add("The secret budget.")
    shares = Shares(library.engine)
    owner, outsider = library.person(OWNER), library.person(OUTSIDER)
    everybody = (OWNER, PARTICIPANT, OUTSIDER, COMPLIANCE, STRANGER)

    async def who() -> set[str]:
        return {person.subject for person in everybody if await library.found("secret", person)}

    assert await who() == {"owner"}
    assert outsider.email is not None
    await shares.give(owner, recording, f"email:{outsider.email}", Level.READ, days(-1))
    assert await who() == {"owner"}
    await shares.give(owner, recording, f"email:{outsider.email}", Level.READ, days(100_000))
    assert await who() == {"owner", "outsider"}
    await shares.take(owner, recording, f"email:{outsider.email}")
    await shares.give(owner, recording, "group:finance", Level.READ, None)
    assert await who() == {"owner", "outsider"}
    await shares.give(owner, recording, "group:finance", Level.STATUS, None)
    assert await who() == {"owner"}


async def test_an_edit_is_found_at_once_and_what_it_replaced_is_not(library: Library) -> None:
    recording = await library.add("The budjet is here.", "Nothing else.")
    assert await library.found("budget") == []
    corrected = told.transcript(
        ("speaker-1", "The budget is here."), ("speaker-1", "Nothing else."), recording=recording
    )
    await library.reindex(recording, corrected)
    assert await library.found("budget") == [recording]
    assert await library.found("budjet") == []
    renamed = told.transcript(
        ("speaker-1", "The budget is here."), labels={"speaker-1": "Zoé"}, recording=recording
    )
    await library.reindex(recording, renamed)
    assert await library.found("speaker:zoe budget") == [recording]
    assert await library.found("nothing") == []
    assert await library.found("weekly") == [recording]


async def test_the_index_depends_on_no_order_and_no_repetition(library: Library) -> None:
    seen = []
    for seed in range(6):
        events = library.events(
            ("speaker-1", "Les budgets."),
            ("speaker-2", "Rien."),
            language="fr",
            labels=LABELS,
            minutes=[("Budgets votés.", "s2")],
            title="Comités",
        )
        recording = events[0].subject
        newer = told.transcript(
            ("speaker-1", "Les impôts."), ("speaker-2", "Tout."), labels=LABELS, recording=recording
        )
        events.append(library.attributed(newer.model_copy(update={"language": "fr"}), seconds=50))
        events.append(library.written(recording, [("Impôts votés.", "s2")], language="fr", seconds=60))
        random.Random(seed).shuffle(events)
        await library.tell(*events, *random.Random(seed).sample(events, 3))
        async with within(library.engine, library.tenant) as session:
            connection = await session.connection()
            rows = await connection.execute(
                text(
                    'select kind, number, segment, "start", "end", speaker, text, lexemes::text '
                    "from passages where recording_id = :id order by kind, number"
                ),
                {"id": recording},
            )
            whole = await connection.execute(
                text("select language, passages, lexemes::text from searched where recording_id = :id"),
                {"id": recording},
            )
            seen.append((list(map(tuple, rows)), list(map(tuple, whole))))
        assert recording in await library.found("impôt voter comité")
        assert await library.found("budget") == []
    assert all(one == seen[0] for one in seen)
    assert {row[0] for row in seen[0][0]} == {0, 1, 2, 3}


async def test_pages_go_on_where_the_last_one_ended(library: Library) -> None:
    recordings = {await library.add("The budget.", started_at=days(n % 3)) for n in range(7)}
    seen: list[UUID] = []
    after = None
    for _ in range(4):
        page = await library.search("budget", limit=2, **({"after": after} if after else {}))
        assert page["complete"]
        assert page["found"] == 7
        seen += [UUID(item["recording"]["id"]) for item in page["items"]]
        after = page["next"]
        # What is new is newest, and moves nothing.
        await library.add("Another budget budget.", started_at=days(10)) if len(seen) < 7 else None
        recordings_before = set(seen)
        assert len(recordings_before) == len(seen)
        if after is None:
            break
    assert set(seen) == recordings


async def test_nothing_is_left_out_where_not_all_can_be_looked_at_at_once(
    library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("minutier.query.search.search._CANDIDATES", 3)
    monkeypatch.setattr("minutier.query.search.search._TIMES", 2)
    phrases = ["water budget" if n % 4 == 3 else "budget water" for n in range(20)]
    recordings = [await library.add(f"The {said}.", started_at=days(-n)) for n, said in enumerate(phrases)]
    seen: list[UUID] = []
    pages = []
    page = await library.search('"water budget"', limit=2)
    while True:
        pages.append(page)
        seen += [UUID(item["recording"]["id"]) for item in page["items"]]
        if page["next"] is None:
            break
        page = await library.search('"water budget"', limit=2, after=page["next"])
    assert seen == [one for one, said in zip(recordings, phrases, strict=True) if said == "water budget"]
    assert [page["complete"] for page in pages] == [False] * (len(pages) - 1) + [True]
    assert all(left["since"] > right["since"] for left, right in itertools.pairwise(pages[:-1]))


async def test_the_access_log_says_what_was_looked_for_and_shown(library: Library) -> None:
    recording = await library.add("The budget.")
    answer = await library.ask("budget after:2001")
    assert answer.headers["Cache-Control"] == "no-store"
    (access,) = await AccessLog(library.engine).page(library.person(), recording_id=None, limit=9, after=None)
    assert access.action == "search"
    assert access.detail == {"query": "budget after:2001", "recordings": [str(recording)]}


@pytest.mark.parametrize("question", ["", "x before:2024-02-30", "after:2024", "b*", "x" * 301])
async def test_what_cannot_be_answered_is_a_problem_that_does_not_quote_it(
    library: Library, question: str
) -> None:
    answer = await library.ask(question)
    assert answer.status_code == 422
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert "2024-02-30" not in answer.json()["detail"]
    assert (await library.ask("x", after="bm90IGEgY3Vyc29y")).status_code == 422


NASTY = st.one_of(
    st.text(max_size=60),
    st.lists(
        st.sampled_from(
            [
                "'",
                "''",
                '"',
                "\\",
                "\\'",
                ":*",
                "&",
                "|",
                "!",
                "<->",
                "(",
                ")",
                "budget",
                "*",
                "%",
                "$1",
                ":q",
                "{}",
            ]
        ),
        max_size=10,
    ).map("".join),
)


@given(question=NASTY)
@settings(max_examples=40, suppress_health_check=list(HealthCheck))
async def test_whatever_is_asked_is_answered(library: Library, question: str) -> None:
    answer = await library.ask(question)
    try:
        parse(question)
    except BadQuestion:
        assert answer.status_code == 422
    else:
        assert answer.status_code == 200, answer.text


@given(said=st.text(max_size=200))
@settings(max_examples=20, suppress_health_check=list(HealthCheck))
async def test_what_is_shown_is_what_was_said(library: Library, said: str) -> None:
    word = f"q{uuid.uuid4().hex}"
    said = f"{said} {word}".replace("\0", "")
    transcript = told.transcript(("speaker-1", "x"), recording=uuid.uuid4())
    segment = transcript.segments[0].model_copy(update={"text": said, "words": ()})
    await library.tell(
        *library.events(("speaker-1", "x"), recording=transcript.recording_id)[:2],
        library.attributed(transcript.model_copy(update={"segments": (segment,)})),
    )
    (passage,) = await library.passages(word)
    shown = "".join(part["text"] for part in passage["parts"])
    assert shown in said
    assert passage["before"] == (not said.startswith(shown))
    assert not passage["behind"]
    assert [part["text"] for part in passage["parts"] if part["match"]] == [word]


async def test_catching_up_finds_what_was_there_before(library: Library) -> None:
    recording = await library.add("The budget.")
    async with within(library.engine, library.tenant) as session:
        for table in ("passages", "searched"):
            await (await session.connection()).execute(text(f"delete from {table}"))
    assert await library.found("budget") == []
    left = await unindexed(library.engine, rules=1, limit=1000, after=None)
    assert (recording, library.tenant) in left
    entry = await library.entry(recording)
    async with within(library.engine, library.tenant) as session:
        transcript = told.transcript(("speaker-1", "The budget."), recording=recording)
        await Index().renew(session, entry, transcript, None)
    assert await library.found("budget") == [recording]
    assert (recording, library.tenant) not in await unindexed(library.engine, rules=1, limit=1000, after=None)


async def test_nothing_is_left_of_a_recording_that_is_removed(library: Library) -> None:
    recording = await library.add("The budget.")
    async with within(library.engine, library.tenant) as session:
        connection = await session.connection()
        await connection.execute(text("delete from recordings where id = :id"), {"id": recording})
        for table in ("passages", "searched"):
            left = await connection.execute(
                text(f"select count(*) from {table} where recording_id = :id"), {"id": recording}
            )
            assert left.scalar_one() == 0
    assert await library.found("budget") == []
