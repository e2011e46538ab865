"""Text, subtitles, turns, JSON, a table and a podcast's transcript, as programs of others read them."""

import csv
import io
import json
from pathlib import Path

import pysubs2
import pytest
import webvtt
from hypothesis import given, settings
from pyannote.database.util import load_rttm

from minutier.query.exports import table
from minutier.query.exports.domain import Exported
from minutier.query.exports.formats import FORMATS
from minutier.shared.rendering import cues
from tests.support.contracts import validator
from tests.support.exports import AWKWARD, awkward, exports, meeting, shown
from tests.support.node import node
from tests.support.query_events import RECORDING, transcript

FEW = settings(max_examples=25, deadline=None)
FORMULA = ("=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠")


def rendered(name: str, exported: Exported) -> str:
    return FORMATS[name].render(exported).decode()


def test_text_names_whom_nobody_knows_in_the_reader_s_language() -> None:
    lines = rendered("txt", meeting()).splitlines()
    assert lines[:3] == [
        "[0:00:00] Anna Lindqvist: Bonjour à tous.",
        "[0:00:00] Anna Lindqvist: Le budget est adopté.",
        "[0:00:02] Inconnu: Vraiment ?",
    ]


@FEW
@given(exports())
def test_text_has_every_word_on_a_line_of_its_segment(exported: Exported) -> None:
    lines = rendered("txt", exported).split("\n")[:-1]
    segments = exported.transcript.segments
    assert len(lines) == len(segments)
    assert all(
        line.endswith(f": {shown(segment.text)}") for line, segment in zip(lines, segments, strict=True)
    )


@FEW
@given(exports())
def test_json_is_the_transcript_of_the_contract(exported: Exported) -> None:
    document = json.loads(rendered("json", exported))
    validator("transcript").validate(document)
    assert [segment["text"] for segment in document["segments"]] == [
        segment.text for segment in exported.transcript.segments
    ]


@FEW
@given(exports())
def test_webvtt_has_every_cue(exported: Exported) -> None:
    captions = webvtt.from_string(rendered("vtt", exported)).captions
    assert len(captions) == len(list(cues(exported.transcript)))


def test_webvtt_has_voices() -> None:
    captions = webvtt.from_string(rendered("vtt", meeting())).captions
    assert [caption.voice for caption in captions] == [
        "Anna Lindqvist",
        "Anna Lindqvist",
        None,
        "Bérénice d’Arc",
    ]
    assert captions[3].text == "J’envoie le tableau vendredi."


@FEW
@given(exports())
def test_subrip_has_every_cue(exported: Exported) -> None:
    parsed = pysubs2.SSAFile.from_string(rendered("srt", exported), format_="srt")
    expected = sorted((cue.start, cue.end) for cue in cues(exported.transcript))
    assert sorted((event.start, event.end) for event in parsed) == expected


def test_rttm_has_every_turn(tmp_path: Path) -> None:
    file = tmp_path / "one.rttm"
    file.write_bytes(FORMATS["rttm"].render(meeting()))
    annotation = load_rttm(file)[str(RECORDING)]  # type: ignore[no-untyped-call]
    assert annotation.labels() == ["Anna_Lindqvist", "Bérénice_d_Arc", "unknown"]


@FEW
@given(exports())
def test_a_table_has_a_row_for_each_segment_and_computes_nothing(exported: Exported) -> None:
    body = FORMATS["csv"].render(exported).decode("utf-8-sig")
    header, *rows = csv.reader(io.StringIO(body, newline=""), strict=True)
    assert tuple(header) == table.COLUMNS
    segments = exported.transcript.segments
    assert [(row[0], len(row)) for row in rows] == [(segment.id, len(header)) for segment in segments]
    assert [row[5].replace("'", "") for row in rows] == [
        shown(segment.text).replace("'", "") for segment in segments
    ]
    assert not any(cell.startswith(FORMULA) for row in rows for cell in row)


@pytest.mark.parametrize(
    "said",
    [
        "=1+1",
        "+33 1 23",
        "-2",
        "@x",
        "＝1+1",
        " \t=1+1",
        "a;=1+1;b",
        'a; "=1+1;b',
        'a;"=1+1"',
        '=HYPERLINK("x")',
        "=cmd|' /C calc'!A0",
    ],
)
@pytest.mark.parametrize("separator", [",", ";"])
def test_no_cell_begins_a_formula_whatever_separator_a_spreadsheet_takes(said: str, separator: str) -> None:
    body = FORMATS["csv"].render(awkward(said)).decode("utf-8-sig")
    for row in csv.reader(io.StringIO(body, newline=""), delimiter=separator):
        assert not any(cell.strip().startswith(FORMULA) for cell in row)


def test_a_table_begins_with_a_byte_order_mark_and_keeps_what_is_no_formula() -> None:
    body = FORMATS["csv"].render(meeting())
    assert body.startswith(b"\xef\xbb\xbfsegment,time,start,end,speaker,text,doubts\r\n")
    rows = list(csv.DictReader(io.StringIO(body.decode("utf-8-sig"), newline="")))
    assert rows[2] == {
        "segment": "s3",
        "time": "0:00:02",
        "start": "2.100",
        "end": "2.700",
        "speaker": "Inconnu",
        "text": "Vraiment ?",
        "doubts": "low_probability no_speech",
    }


@FEW
@given(exports())
def test_a_podcast_has_a_segment_for_each_cue(exported: Exported) -> None:
    document = json.loads(rendered("podcast", exported))
    assert document["version"] == "1.0.0"
    expected = list(cues(exported.transcript))
    assert [
        (segment.get("speaker"), segment["startTime"], segment["endTime"], segment["body"])
        for segment in document["segments"]
    ] == [(cue.speaker or None, cue.start / 1000, cue.end / 1000, cue.text) for cue in expected]


READ_PODCASTS = """
const { convertFile, determineFormat } = require("transcriptator");
const documents = JSON.parse(require("fs").readFileSync(0, "utf8"));
console.log(JSON.stringify(documents.map((text) => [determineFormat(text), convertFile(text)])));
"""


def test_podcast_players_read_whatever_was_said() -> None:
    said = [awkward(text) for text in AWKWARD.values()] + [meeting()]
    documents = [rendered("podcast", exported) for exported in said]
    read = json.loads(node("-e", READ_PODCASTS, stdin=json.dumps(documents)))
    assert [kind for kind, _ in read] == ["json"] * len(said)
    for exported, (_, segments) in zip(said, read, strict=True):
        bodies = [segment["body"] for segment in segments]
        assert bodies == [cue.text for cue in cues(exported.transcript)]
    assert [segment.get("speaker") for segment in read[-1][1]] == [
        "Anna Lindqvist",
        "Anna Lindqvist",
        None,
        "Bérénice d’Arc",
    ]


READ_CAPTIONS = """
const { convertFile } = require("transcriptator");
const documents = JSON.parse(require("fs").readFileSync(0, "utf8"));
console.log(JSON.stringify(documents.map((text) => convertFile(text))));
"""


def test_another_parser_reads_the_captions_too() -> None:
    exported = Exported(transcript(("speaker-1", "Hello there."), labels={"speaker-1": "Anna"}))
    documents = [rendered("vtt", exported), rendered("srt", exported)]
    for segments in json.loads(node("-e", READ_CAPTIONS, stdin=json.dumps(documents))):
        (segment,) = segments
        assert (segment["speaker"], segment["body"]) == ("Anna", "Hello there.")
        assert (segment["startTime"], segment["endTime"]) == (0, 0.6)
