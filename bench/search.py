"""How long somebody waits for what they search for, among 100,000 and among 1,000,000 segments.

``python -m bench.search`` prints one JSON line. The recordings are made up (`bench.search_corpus`), indexed
as the query service indexes, and copied into the database of a running system. The questions are asked over
its HTTP API, by somebody who may read all of it and by somebody who may read one recording in a hundred.
``stock`` is what is usually done: one GIN index, and all matches put in order by ``ts_rank``, without rights,
snippets and HTTP. ``agreement`` is how many of those that we show first for a rare word it puts first as
well, or as high as these.
"""

import argparse
import asyncio
import json
import random
import socket
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import cache
from http import HTTPStatus
from http.client import HTTPConnection
from itertools import chain, islice
from multiprocessing import get_context
from statistics import mean, median, quantiles
from typing import Any
from urllib.parse import urlencode, urlsplit

import psycopg
from psycopg.rows import TupleRow

from bench.search_corpus import SEGMENTS, Corpus, Made
from minutier.compose.embedded import DATABASE, System, running
from minutier.compose.people import OUTSIDER, PARTICIPANT, TENANT
from minutier.query.access.domain import Level, Origin
from minutier.query.folding import fold, words
from minutier.query.search.indexing.index import RULES
from minutier.query.search.lexemes import Stem, Stems, belonging, spoken_by, stem, vector
from minutier.query.search.passages import Kind

QUESTIONS = 500
WARM_UP = 40
PAGE = 10
OTHERS = 5

_STEMS: dict[str, Stems] = {}

Connection = psycopg.Connection[TupleRow]
Row = tuple[object, ...]


@cache
def corpus() -> Corpus:
    return Corpus()


def stems_of(connection: Connection) -> dict[str, Stems]:
    """What each word of the corpus comes to, as PostgreSQL says."""
    found: dict[str, dict[str, Stem]] = {}
    for language, stemmer in (("fr", "french_stem"), ("en", "english_stem")):
        texts = [*chain.from_iterable(each.words for each in corpus().languages), *corpus().speakers]
        distinct = sorted({word.written for text in texts for word in words(text)})
        rows = connection.execute(
            "select word, ts_lexize(%s::regdictionary, word), ts_lexize(%s::regdictionary, folded) "
            "from unnest(%s::text[], %s::text[]) as given (word, folded)",
            [stemmer, stemmer, distinct, [fold(word) for word in distinct]],
        )
        found[language] = {
            word: stem(fold(word), map(fold, (*of_word, *of_folded)), stop=not of_word)
            for word, of_word, of_folded in rows
        }
    return dict(found)


def rows_of(numbers: Sequence[int]) -> list[tuple[Row, Row, list[Row]]]:
    """Of each recording: its row, that of what is searched, and those of its passages."""
    return [_rows(made, _STEMS[made.language]) for made in corpus().recordings(numbers)]


def _rows(made: Made, stems: Stems) -> tuple[Row, Row, list[Row]]:
    lexemes = set(belonging(TENANT, made.language))
    passages: list[Row] = []
    for one in made.passages:
        text = words(one.text)
        title, speaker = one.kind is Kind.TITLE, one.kind is Kind.SPEAKER
        found = vector(text, stems, marks=_spoken_by(one.speaker or ""), title=title, speaker=speaker)
        lexemes.update([part[1 : part.index("'", 1)] for part in found.split(" ")])
        told = (one.kind, one.number, one.segment, one.start, one.end, one.speaker, one.text, b"", found)
        passages.append((made.id, TENANT, *told))
    everything = " ".join(f"'{lexeme}'" for lexeme in lexemes)
    recording = (made.id, TENANT, made.happened_at, made.happened_at, "{}", "completed", made.title, 1)
    searched = (made.id, TENANT, made.happened_at, made.language, 300.0, len(passages), RULES, everything)
    return recording, searched, passages


@cache
def _spoken_by(label: str) -> frozenset[str]:
    return spoken_by(words(label))


class Loader:
    """Copies recordings into the query service's tables, as PostgreSQL's superuser."""

    def __init__(self, system: System) -> None:
        self.connection: Connection = psycopg.connect(
            system.administrator_url.rpartition("/")[0] + f"/{DATABASE}", autocommit=True
        )
        self.connection.execute("set search_path to query")
        for language in corpus().languages:
            self.connection.execute(
                "insert into languages (tenant, language) values (%s, %s)", [TENANT, language.code]
            )
        _STEMS.update(stems_of(self.connection))

    def load(self, numbers: range) -> None:
        """Add these; an index on words is made faster than it is kept."""
        definition = self.connection.execute(
            "select indexdef from pg_indexes where indexname = 'searched_lexemes'"
        ).fetchone()
        assert definition is not None
        self.connection.execute("drop index searched_lexemes")
        batches = [numbers[start : start + 250] for start in range(0, len(numbers), 250)]
        # Processes that are forked have the stems.
        with ProcessPoolExecutor(2, get_context("fork")) as pool:
            for batch in pool.map(rows_of, batches):
                self._copy(batch)
        self.connection.execute(definition[0])
        self.connection.execute("vacuum (analyze) recordings, grants, searched, passages")

    def _copy(self, batch: Sequence[tuple[Row, Row, list[Row]]]) -> None:
        with self.connection.transaction():
            self._into(
                "recordings (id, tenant, announced_at, happened_at, facts, state, title, revision)",
                (recording for recording, _, _ in batch),
            )
            self._into(
                "searched (recording_id, tenant, happened_at, language, duration, passages, rules, lexemes)",
                (searched for _, searched, _ in batch),
            )
            self._into(
                "passages (recording_id, tenant, kind, number, segment, "
                '"start", "end", speaker, text, clock, lexemes)',
                (passage for _, _, passages in batch for passage in passages),
            )
            self._into(
                "grants (recording_id, principal, origin, tenant, level)",
                chain.from_iterable(_grants(recording) for recording, _, _ in batch),
            )

    def _into(self, table: str, rows: Iterable[Row]) -> None:
        with self.connection.cursor().copy(f"copy {table} from stdin") as copy:
            for row in rows:
                copy.write_row(row)


def _grants(recording: Row) -> Iterator[Row]:
    """Everything is one person's to read, one in a hundred another's, and each a few others'."""
    rng = random.Random(str(recording[0]))
    subjects = [PARTICIPANT.subject, *(f"person-{rng.randrange(2000)}-{n}" for n in range(OTHERS))]
    if rng.random() < 0.01:
        subjects.append(OUTSIDER.subject)
    for subject in subjects:
        yield recording[0], f"subject:{subject}", Origin.MEETING, TENANT, int(Level.READ)


class Asker:
    """Asks the HTTP API as one person, over a connection that is kept."""

    def __init__(self, system: System, person: str) -> None:
        host = urlsplit(system.url("query"))
        self._headers = {"Authorization": f"Bearer {system.token(person)}"}
        self._connection = HTTPConnection(host.hostname or "", host.port, timeout=60)
        self._connection.connect()
        self._connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def ask(self, question: str) -> tuple[float, Any]:
        """Seconds until the answer is there, and the answer."""
        started = time.perf_counter()
        self._connection.request("GET", f"/api/v1/search?{urlencode({'q': question})}", headers=self._headers)
        response = self._connection.getresponse()
        body = response.read()
        elapsed = time.perf_counter() - started
        if response.status != HTTPStatus.OK:
            raise SystemExit(f"a question was answered with {response.status}")
        return elapsed, json.loads(body)


def questions(recordings: int) -> Iterator[tuple[str, str]]:
    """One kind after the other; what is looked for is from recordings there are."""
    rng = random.Random(1)
    while True:
        made = corpus().recording(rng.randrange(recordings))
        vocabulary = next(one for one in corpus().languages if one.code == made.language).words
        said = [one for one in made.passages if one.kind is Kind.WORDS]
        text = rng.choice(said).text.split(" ")
        place = rng.randrange(len(text) - 2)
        speaker = rng.choice([one.speaker for one in said if one.speaker])
        day = made.happened_at.date()
        yield "rare", rng.choice(vocabulary[5000:])
        yield "common", rng.choice(vocabulary[30:200])
        yield "stop words", " ".join(rng.sample(vocabulary[:30], 2))
        yield "two words", f"{rng.choice(vocabulary[30:300])} {rng.choice(vocabulary[100:2000])}"
        yield "phrase", f'"{" ".join(text[place : place + 3])}"'
        yield "speaker", f'speaker:"{speaker}" {rng.choice(vocabulary[30:200])}'
        yield "title", f"title:{rng.choice(made.title.split(' '))} {rng.choice(vocabulary[30:200])}"
        yield "dates", f"{rng.choice(vocabulary[30:200])} after:{day:%Y-%m} before:{day.year + 1}"
        yield "prefix", f"{rng.choice(vocabulary[200:5000])[:5]}*"


def answers(system: System, recordings: int, count: int) -> dict[str, Any]:
    """How long answers take, by who asks and by what they ask."""
    taken: dict[str, list[float]] = defaultdict(list)
    people = {"all": Asker(system, PARTICIPANT.subject), "one_percent": Asker(system, OUTSIDER.subject)}
    found = 0
    for number, (kind, question) in enumerate(islice(questions(recordings), WARM_UP + count)):
        who, asker = list(people.items())[number % 2]
        seconds, answer = asker.ask(question)
        found += bool(answer["items"])
        if number >= WARM_UP:
            for group in ("", who, kind):
                taken[group].append(seconds)
    figures = {group: _figures(seconds) for group, seconds in taken.items()}
    return {**figures.pop(""), "answered": round(found / (WARM_UP + count), 2), "by": figures}


def _figures(seconds: Sequence[float]) -> dict[str, float]:
    return {
        "p50_ms": round(1000 * median(seconds), 1),
        "p95_ms": round(1000 * quantiles(seconds, n=20)[-1], 1),
    }


STOCK = """
    select recording_id from stock where lexemes @@ websearch_to_tsquery(%(configuration)s, %(question)s)
    order by ts_rank(lexemes, websearch_to_tsquery(%(configuration)s, %(question)s)) desc limit %(limit)s
"""

RANKS = """
    select recording_id, max(ts_rank(lexemes, websearch_to_tsquery(%(configuration)s, %(question)s)))
    from stock where lexemes @@ websearch_to_tsquery(%(configuration)s, %(question)s) group by recording_id
"""


def stock(connection: Connection, ours: Asker, recordings: int, count: int) -> dict[str, Any]:
    """The usual way, over the same words: of one language, by one person who sees everything."""
    connection.execute("drop table if exists stock")
    connection.execute(
        "create table stock as select recording_id, "
        "to_tsvector(case language when 'fr' then 'french' else 'english' end::regconfig, text) as lexemes "
        "from passages join searched using (recording_id)"
    )
    connection.execute("create index on stock using gin (lexemes)")
    connection.execute("vacuum (analyze) stock")
    taken: dict[str, list[float]] = defaultdict(list)
    agreement = []
    usual = ((kind, text) for kind, text in questions(recordings) if kind in ("rare", "common", "two words"))
    for kind, question in islice(usual, count):
        configuration = _configuration(question)
        given = {"configuration": configuration, "question": question, "limit": PAGE}
        started = time.perf_counter()
        connection.execute(STOCK, given).fetchall()
        taken["stock"].append(time.perf_counter() - started)
        seconds, answer = ours.ask(question)
        taken["ours"].append(seconds)
        if kind == "rare" and answer["items"] and answer["complete"]:
            ranks = {str(row[0]): float(row[1]) for row in connection.execute(RANKS, given).fetchall()}
            least = sorted(ranks.values(), reverse=True)[: len(answer["items"])][-1]
            shown = [ranks.get(one["recording"]["id"], 0.0) for one in answer["items"]]
            agreement.append(mean(rank >= least for rank in shown))
    figures = {name: _figures(seconds) for name, seconds in taken.items()}
    ratio = figures["ours"]["p95_ms"] / figures["stock"]["p95_ms"]
    return {**figures, "ratio_p95": round(ratio, 2), "agreement": round(mean(agreement), 3)}


def _configuration(question: str) -> str:
    french = set(corpus().languages[0].words)
    return "french" if set(question.split(" ")) <= french else "english"


async def measure(segments: Sequence[int], count: int) -> dict[str, Any]:
    figures: dict[str, Any] = {}
    environment = {
        "MINUTIER_LOG_LEVEL": "warning",
        "MINUTIER_QUERY_REQUESTS_PER_MINUTE": "1000000",
        "MINUTIER_QUERY_SEARCHES_PER_MINUTE": "1000000",
    }
    async with running(services=["query"], environment=environment) as system:
        loader = Loader(system)
        loaded = 0
        for size in segments:
            recordings = size // SEGMENTS
            started = time.perf_counter()
            await asyncio.to_thread(loader.load, range(loaded, recordings))
            loaded = recordings
            built = time.perf_counter() - started
            answered = await asyncio.to_thread(answers, system, recordings, count)
            figures[str(size)] = {"recordings": recordings, "built_s": round(built, 1), **answered}
        asker = Asker(system, PARTICIPANT.subject)
        compared = await asyncio.to_thread(stock, loader.connection, asker, loaded, count // 5)
    first, last = (figures[str(size)]["p95_ms"] for size in (segments[0], segments[-1]))
    return {
        "benchmark": "search",
        "questions": count,
        "segments": figures,
        "growth_p95": round(last / first, 2),
        "stock": compared,
    }


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.search", description=__doc__)
    parser.add_argument("--segments", type=int, nargs="+", default=[100_000, 1_000_000])
    parser.add_argument("--questions", type=int, default=QUESTIONS)
    arguments = parser.parse_args()
    print(json.dumps(asyncio.run(measure(sorted(arguments.segments), arguments.questions))))


if __name__ == "__main__":
    main()
