"""EBU-TT-D (EBU Tech 3380), the subtitles that European broadcasters distribute; also an IMSC 1 text."""

from collections.abc import Iterator
from itertools import cycle
from xml.sax.saxutils import escape, quoteattr

from minutier.query.exports.domain import Exported
from minutier.query.exports.outline import title_of
from minutier.shared.documents.scripts import direction
from minutier.shared.rendering import Cue, cues, labels_of, timestamp

# Voices are told apart by colour, in the order that subtitlers use; all are legible on black.
_COLOURS = {"white": "#FFFFFF", "yellow": "#FFFF00", "cyan": "#00FFFF", "green": "#00FF00"}

_HEAD = """\
<?xml version="1.0" encoding="UTF-8"?>
<tt:tt xmlns:tt="http://www.w3.org/ns/ttml" xmlns:ttp="http://www.w3.org/ns/ttml#parameter"
 xmlns:tts="http://www.w3.org/ns/ttml#styling" xmlns:ttm="http://www.w3.org/ns/ttml#metadata"
 xmlns:ebuttm="urn:ebu:tt:metadata" xmlns:ebutts="urn:ebu:tt:style"
 ttp:timeBase="media" ttp:cellResolution="32 15" xml:lang={language}>
<tt:head>
<tt:metadata>
<ttm:title>{title}</ttm:title>
<ebuttm:documentMetadata>
<ebuttm:conformsToStandard>urn:ebu:tt:distribution:2018-04</ebuttm:conformsToStandard>
<ebuttm:conformsToStandard>http://www.w3.org/ns/ttml/profile/imsc1/text</ebuttm:conformsToStandard>
</ebuttm:documentMetadata>
{agents}</tt:metadata>
<tt:styling>
<tt:style xml:id="lines" tts:direction="{direction}" tts:unicodeBidi="embed" tts:textAlign="center"
 tts:fontFamily="proportionalSansSerif" tts:fontSize="160%" tts:lineHeight="125%"
 tts:wrapOption="wrap" ebutts:linePadding="0.5c" ebutts:multiRowAlign="center"/>
{styles}</tt:styling>
<tt:layout>
<tt:region xml:id="bottom" tts:origin="10% 10%" tts:extent="80% 80%" tts:displayAlign="after"
 tts:overflow="visible"/>
</tt:layout>
</tt:head>
"""


def render(exported: Exported) -> bytes:
    return "".join(_document(exported)).encode()


def _document(exported: Exported) -> Iterator[str]:
    transcript = exported.transcript
    names = dict.fromkeys(filter(None, labels_of(transcript).values()))
    agents = {name: f"agent{number}" for number, name in enumerate(names, 1)}
    colours = dict(zip(names, cycle(_COLOURS), strict=False))
    yield _HEAD.format(
        language=quoteattr(transcript.language),
        title=escape(title_of(exported)),
        direction=direction(transcript.language),
        agents="".join(
            f'<ttm:agent type="person" xml:id="{agent}">'
            f'<ttm:name type="alias">{escape(name)}</ttm:name></ttm:agent>\n'
            for name, agent in agents.items()
        ),
        styles="".join(
            f'<tt:style xml:id="{name}" tts:color="{code}" tts:backgroundColor="#000000"/>\n'
            for name, code in _COLOURS.items()
        ),
    )
    paragraphs = [_paragraph(number, cue, agents, colours) for number, cue in enumerate(cues(transcript), 1)]
    if paragraphs:
        yield '<tt:body>\n<tt:div style="lines">\n'
        yield from paragraphs
        yield "</tt:div>\n</tt:body>\n"
    yield "</tt:tt>\n"


def _paragraph(number: int, cue: Cue, agents: dict[str, str], colours: dict[str, str]) -> str:
    """As in SubRip, a name precedes the first words of each segment: colours alone tell nobody who it is."""
    speaker = cue.speaker or ""
    agent = f' ttm:agent="{agents[speaker]}"' if speaker else ""
    shown = f"{speaker}: {cue.text}" if speaker and cue.first else cue.text
    return (
        f'<tt:p xml:id="cue{number}" region="bottom" '
        f'begin="{timestamp(cue.start)}" end="{timestamp(cue.end)}"{agent}>'
        f'<tt:span style="{colours.get(speaker, "white")}">{escape(shown)}</tt:span></tt:p>\n'
    )
