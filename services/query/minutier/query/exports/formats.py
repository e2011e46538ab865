"""Every format there is, by its name."""

from collections.abc import Callable
from dataclasses import dataclass

from minutier.query.exports import docx, ebu_tt_d, markdown, pdf, podcast, table
from minutier.query.exports.domain import Exported
from minutier.query.exports.words import WORDS
from minutier.schemas.documents import TranscriptDocument
from minutier.shared import rendering


@dataclass(frozen=True)
class Export:
    """A format; ``render`` takes a while and a processor, so it is called in a thread.

    It raises `minutier.query.exports.domain.Unrenderable`.
    """

    name: str
    media_type: str
    suffix: str
    render: Callable[[Exported], bytes]


def _text(exported: Exported) -> bytes:
    return rendering.text(exported.transcript, unknown=WORDS[exported.language].unknown).encode()


def _json(exported: Exported) -> bytes:
    return exported.transcript.model_dump_json(exclude_none=True).encode()


def _of_transcript(render: Callable[[TranscriptDocument], str]) -> Callable[[Exported], bytes]:
    return lambda exported: render(exported.transcript).encode()


_WORD = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"

FORMATS: dict[str, Export] = {
    export.name: export
    for export in (
        Export("txt", "text/plain; charset=utf-8", "txt", _text),
        Export("markdown", "text/markdown; charset=utf-8", "md", markdown.render),
        Export("json", "application/json", "json", _json),
        Export("vtt", "text/vtt; charset=utf-8", "vtt", _of_transcript(rendering.vtt)),
        Export("srt", "application/x-subrip; charset=utf-8", "srt", _of_transcript(rendering.srt)),
        Export("rttm", "text/plain; charset=utf-8", "rttm", _of_transcript(rendering.rttm)),
        Export("csv", "text/csv; charset=utf-8; header=present", "csv", table.render),
        Export("docx", _WORD, "docx", docx.render),
        Export("pdf", "application/pdf", "pdf", pdf.render),
        Export("podcast", "application/json", "podcast.json", podcast.render),
        Export("ebu-tt-d", 'application/ttml+xml; codecs="etd1"', "ttml", ebu_tt_d.render),
    )
}
