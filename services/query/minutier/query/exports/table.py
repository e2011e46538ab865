"""Comma-separated values (RFC 4180) that a spreadsheet shows and never computes."""

import csv
import io

from minutier.query.exports.domain import Exported
from minutier.query.exports.words import WORDS
from minutier.shared.documents.cells import inert
from minutier.shared.rendering import clock, labels_of, line

COLUMNS = ("segment", "time", "start", "end", "speaker", "text", "doubts")


def render(exported: Exported) -> bytes:
    """With a byte order mark: without one, Excel reads accents in the code page of the machine."""
    labels, unknown = labels_of(exported.transcript), WORDS[exported.language].unknown
    written = io.StringIO()
    rows = csv.writer(written)
    rows.writerow(COLUMNS)
    for segment in exported.transcript.segments:
        rows.writerow(
            (
                segment.id,
                clock(segment.start),
                f"{segment.start:.3f}",
                f"{segment.end:.3f}",
                inert(labels.get(segment.speaker) or unknown),
                inert(line(segment.text)),
                " ".join(segment.doubts),
            )
        )
    return written.getvalue().encode("utf-8-sig")
